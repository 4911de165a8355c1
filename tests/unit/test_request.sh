#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where a key line comes from, what a wrong one is told, and what the terminal shows meanwhile. No packet is sent.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
qknock=$(realpath "${top_builddir:-.}")/qknock/qknock
export XDG_CONFIG_HOME=$work LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY
failures=0
mkdir -p "$work/qknock/profiles"
profile=$work/qknock/profiles/home
cat >"$profile" <<-END
	qknock-profile 1
	server-id gw.example
	host 127.0.0.1
	number +441632960123
	user alice
	n 18446743979220271189
	ports 8800-8899
	count 12
	validity 120
	widths 0 8 64
	service http tcp 80
END
chmod 600 "$profile"
key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
line() { echo "$(date +%s) $key 7777777777"; }
wrapped() { printf '%s\r\n%s\r\n%s\r\n77777\r\n77777\r\n' "$(date +%s)" "${key:0:17}" "${key:17}"; }

fail() {
	echo "not as expected: $*"
	sed 's/^/    /' "$work/said"
	failures=$((failures + 1))
}

# knock CODE TEXT ARGUMENT...: the exit code, and what is said then.
knock() {
	local code=$1 text=$2 status

	shift 2
	"$qknock" knock http --dry-run "$@" >"$work/said" 2>&1
	status=$?
	[ $status = "$code" ] || fail "exit code $status, not $code: $*"
	grep -q -e "$text" "$work/said" || fail "\"$text\" is not said: $*"
	! grep -q "${key:0:12}" "$work/said" || fail "the key is shown: $*"
}

packets="No\. *Source"
knock 0 "$packets" < <(line)
knock 0 "$packets" < <(wrapped)
knock 0 "$packets" --key-file - < <(wrapped)
wrapped >"$work/key" && chmod 600 "$work/key"
knock 0 "$packets" --key-file "$work/key" </dev/null
knock 0 "$packets" --otp-command "cat  $work/key" </dev/null
knock 2 "expected a program" --otp-command "  " </dev/null
knock 4 "No such file" --otp-command "/nonexistent/program" </dev/null
knock 4 "failed with exit code 1" --otp-command "false" </dev/null

# What each fault is told.
knock 5 "was valid until" < <(echo "$(($(date +%s) - 200)) $key 7")
knock 5 "was valid until.*or is the time stamp mistyped" < <(echo "1100000000 $key 7")
knock 0 "or the time stamp mistyped" < <(echo "$(($(date +%s) + 1000000)) $key 7")
knock 4 "not for profile home: it was made for another user or server" < <(echo "$(date +%s) $key 18446743979220271189")
knock 4 "malformed key line: character 1 of the one-time key is '+'" < <(echo "$(date +%s) +${key:1} 7")
knock 4 "42 of its 43 characters: 1 missing" < <(echo "$(date +%s) ${key:1} 7")
knock 4 "this is the request" < <(echo "Request OTP alice <pass-code> 127.0.0.1")
knock 0 "$packets" < <(echo "3/10 1100000000 $key 7") # a sheet has a life of its own

# The settings, and what commands are told.
cat >"$work/otp" <<-END
	#!/bin/sh
	echo "\$QKNOCK_PROFILE \$QKNOCK_SERVER_ID \$QKNOCK_USER \$QKNOCK_ADDRESS" >"$work/told"
	cat "\$1"
END
chmod 700 "$work/otp"
echo "otp_command = {\"$work/otp\", \"$work/key\"}" >"$work/qknock/config"
knock 0 "$packets" </dev/null
[ "$(cat "$work/told")" = "home gw.example alice 127.0.0.1" ] || fail "the command was told: $(cat "$work/told")"
knock 4 "malformed" --key-file - < <(echo nonsense) # an option goes before the settings
chmod 666 "$work/qknock/config"
knock 1 "chmod go-w" </dev/null
chmod 600 "$work/qknock/config"
echo "qr = perhaps" >"$work/qknock/config"
knock 1 "config:1: qr = perhaps: expected auto, always or never" </dev/null
rm "$work/qknock/config"

# The clipboard.
PATH=/usr/bin:/bin knock 2 "no command that prints the clipboard" --clipboard </dev/null
mkdir "$work/bin" && printf '#!/bin/sh\ncat %s\n' "$work/key" >"$work/bin/wl-paste" && chmod 700 "$work/bin/wl-paste"
WAYLAND_DISPLAY=wayland-0 PATH=$work/bin:$PATH knock 0 "$packets" --clipboard </dev/null
echo "clipboard_command = {cat, \"$work/key\"}" >"$work/qknock/config"
knock 0 "$packets" --clipboard </dev/null
rm "$work/qknock/config"

# On a terminal, where TEXT is typed once the prompt is there. What is shown goes to "said", the exit code to $code.
typed() { # TEXT ARGUMENT...
	local text=$1

	shift
	: >"$work/screen"
	{
		for ((i = 0; i < 1000; i++)); do
			grep -q 'One-time key line' "$work/screen" && break
			sleep 0.02
		done
		sleep 0.1
		printf '%b' "$text"
		sleep 0.5
	} | script -qefc "stty cols 80 rows 40; '$qknock' knock http --dry-run $*" "$work/screen" >"$work/said" 2>&1
	code=$?
	! grep -q "${key:0:12}" "$work/said" || fail "the key is shown: $*"
}
now=$(date +%s)
typed "$now ${key:0:20}\r${key:20}\r777 777\r7777\r"
[ $code = 0 ] || fail "a wrapped paste: exit code $code"
grep -q "$packets" "$work/said" || fail "no packets from a wrapped paste"
grep -q '^To get a key, send to +441632960123:' "$work/said" || fail "the number is not shown"
grep -q '^  Request OTP alice <pass-code> 127.0.0.1' "$work/said" || fail "the message is not shown"
grep -q '▀' "$work/said" || fail "no QR code is shown"
grep -q 'One-time key line for alice at gw.example, issued for 127.0.0.1:' "$work/said" || fail "no prompt"
grep -Eq 'This key can be used for (1[01][0-9]|120|[1-9][0-9]) s more' "$work/said" || fail "the time left is not shown"
typed "$now $key 7\r" --quiet
grep -q 'Request OTP\|▀\|s more' "$work/said" && fail "quiet is not quiet"
echo "qr = never" >"$work/qknock/config"
typed "$now ${key:1} 7\r\r"
grep -q '▀' "$work/said" && fail "a QR code against the settings"
[ $code = 4 ] || fail "a mistyped key: exit code $code"
grep -q '42 of its 43 characters' "$work/said" || fail "the fault is not said"
[ $failures = 0 ]
