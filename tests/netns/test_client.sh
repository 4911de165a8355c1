#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client by itself: what it sends, what it refuses and how it says so, its privileges, and NAT on the way.
. "$(dirname "$0")/lib.sh"
isolate "$@"

# client e0 -- n0 nat s0 -- e0 server
host client
host nat
host server
cable client e0 nat n0
cable nat s0 server e0
address client e0 192.168.7.20/24
address client e0 2001:db8:c:7::20/64
address nat n0 192.168.7.1/24
address nat n0 2001:db8:c:7::1/64
address nat s0 $CLIENT/24
address nat s0 2001:db8:5::1/64
address server e0 $SERVER/24
address server e0 $SERVER6/64
must ip -n client route add default via 192.168.7.1
must ip -n client route add default via 2001:db8:c:7::1
must ip -n server route add default via 2001:db8:5::1
must on nat sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must on nat iptables -t nat -A POSTROUTING -o s0 -p tcp -j SNAT --to-source $CLIENT:1024-65535
must on nat iptables -t nat -A POSTROUTING -o s0 -j SNAT --to-source $CLIENT

profile_by_hand
chmod 711 "$work"
key=$(head -c 32 /dev/urandom | base64 | tr +/ -_ | tr -d =)

# key_line [AGE [R]]: the one key, issued AGE seconds ago; always the same second, so that all knocks are alike.
now=$(date +%s)
key_line() { echo "$((now - ${1:-0})) $key ${2:-7777777777}"; }

# qknock ARGUMENT...: the client, as whoever $as makes of it; its exit code in $code, its words in the file "said".
as=()
qknock() {
	on client env XDG_CONFIG_HOME="$work/home" "${as[@]}" "${binary:-$(program qknock)}" "$@" >"$work/said" 2>&1
	code=$?
}
knocks() { key_line | qknock knock http --profile "$work/profile" --gap 1 --address $CLIENT "$@"; }
said() { grep -q -- "$1" "$work/said"; }
exits() { [ "$code" = "$1" ] || { note "exit code $code:" && sed 's/^/#   /' "$work/said" && return 1; }; }

# seen COMMAND...: what arrives at the server meanwhile, in the file $work/seen.pcap.
seen() {
	capture_start "$work/seen.pcap" "portrange $KNOCK_PORTS and src host not $SERVER and src host not $SERVER6"
	"$@"
	sleep 0.2
	capture_stop
}
arrived() { [ "$(tcpdump -r "$work/seen.pcap" -n 2>/dev/null | wc -l)" = "$1" ]; }

# Port and word of each packet, sorted: as captured, and as --show-words tells.
captured_words() {
	tcpdump -r "$work/seen.pcap" -n -x 2>/dev/null | awk -v udp="${1-}" '
		function done() { if (hex != "") print hex }
		/^\t/ { for (i = 2; i <= NF; i++) hex = hex $i; next }
		{ done(); hex = "" }
		END { done() }' | while read -r hex; do
		ip=40 && [ "${hex:0:1}" = 6 ] && ip=80
		word=$((ip + (${1:-0} ? 16 : 8)))
		echo "$((16#${hex:ip+4:4})) 0x${hex:word:8}"
	done | sort -u
}
planned_words() {
	sed -n 's/.*\* → \([0-9]*\).*=\(0x[0-9a-f]*\)$/\1 \2/p' "$work/planned" | sort -u
}

# --- what it sends

knocks --dry-run --show-words
mv "$work/said" "$work/planned"
check "a dry run shows twelve words when asked" [ "$(planned_words | wc -l)" = 12 ]
knocks --dry-run
check "and none when not" not said 0x
check "but the packets" [ "$(grep -c "192.168.7.20  *$SERVER  *TCP  *\* → 88[0-9][0-9] \[SYN\]\$" "$work/said")" = 12 ]

same_words() { [ "$(captured_words "${1-}")" = "$(planned_words)" ]; }
from_nat() { ! tcpdump -r "$work/seen.pcap" -n 2>/dev/null | grep -qv "IP $CLIENT\."; }
seen knocks --carrier syn
check "SYNs from behind NAT: exit 0" exits 0
check "each twice" arrived 24
check "with the words that were planned" same_words
check "from the address that NAT has" from_nat
seen knocks --carrier udp --repeat 3
check "datagrams from behind NAT: exit 0" exits 0
check "each three times, though the server calls each port unreachable" arrived 36
check "with the words that were planned" same_words 1
check "from the address that NAT has" from_nat

lengths() { tcpdump -r "$work/seen.pcap" -n 2>/dev/null | sed 's/.*length //' | sort -nu; }
bounded() { [ "$(lengths | head -n 1)" -ge 4 ] && [ "$(lengths | tail -n 1)" -le 36 ]; }
check "of 4 to 36 bytes, not all alike" [ "$(lengths | wc -l)" -gt 4 ]
check "and no other length" bounded

knocks --carrier syn --json
json() { tr -d ' \n' <"$work/said"; }
check "JSON says what was done" grep -q '"service":"http",.*"client":"'$CLIENT'","carrier":"syn",.*"distinct":12,"sent":24,"failed":0,' <(json)
knocks --quiet
check "quiet is silent" [ ! -s "$work/said" ]

# --- IPv6: hops need no privilege with datagrams

knocks6() { key_line | qknock knock http --profile "$work/profile" --gap 1 --host $SERVER6 "$@"; }
sources() { tcpdump -r "$work/seen.pcap" -n 2>/dev/null | awk '{sub(/\.[0-9]+$/, "", $3); print $3}' | sort -u; }
own_prefix() { [ "$(sources | wc -l)" = 12 ] && ! sources | grep -qv "^2001:db8:c:7:"; }
as=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all)
seen knocks6 --hop 64
check "unprivileged datagrams hop over IPv6" exits 0
check "from twelve addresses of the client's /64" own_prefix
as=()
seen knocks6 --hop 64 --carrier syn
check "and so do SYNs" own_prefix

# --- what it refuses, before a packet is sent

refuses() { # CODE TEXT COMMAND...
	local wanted=$1 text=$2

	shift 2
	seen "$@"
	exits "$wanted" && said "$text" && arrived 0
}
with_line() { printf '%s\n' "$1" | qknock knock http --profile "$work/profile" --address $CLIENT; }
stale() { key_line 121 | qknock knock http --profile "$work/profile" --address $CLIENT "$@"; }
check "an expired key" refuses 5 "was valid until" stale
stale --ignore-age
check "unless told to ignore its age" exits 0
check "a line that is none" refuses 4 "malformed key line" with_line "hello"
check "a key that is too short" refuses 4 "43 characters" with_line "$now ${key:1} 7"
check "an R that does not fit the profile" refuses 4 "not for profile" with_line "$now $key 18446744073709551615"
check "an empty line" refuses 4 "no line" with_line ""
check "an unknown service" refuses 3 "no service smtp, only http" \
	qknock knock smtp --profile "$work/profile" --address $CLIENT
check "an unknown profile" refuses 3 "no profile other" qknock knock http --profile other
check "a key as an argument" refuses 2 "never is an argument" qknock knock http "$(key_line)"
check "hopping from behind NAT" refuses 2 "this host's own" knocks --hop 8
check "an IPv6 width on IPv4" refuses 2 "does not fit" knocks --hop 64
check "an address of the other family" refuses 7 "looked for IPv6" \
	qknock knock http --profile "$work/profile" --address $SERVER6
ip -n client route del default via 192.168.7.1
check "a server without a route" refuses 7 "no way to $SERVER: Network is unreachable" knocks
ip -n client route add default via 192.168.7.1

# --- a firewall on the client

must on client iptables -A OUTPUT -p tcp --dport "${KNOCK_PORTS%-*}:8899" -j DROP
seen knocks --carrier syn
check "packets that a local rule drops are an error" exits 7
check "which is named" said "Operation not permitted; a firewall rule of this host"
check "and counted" said "only 0 of 12 packets could be sent"
must on client iptables -F OUTPUT

# --- privileges

no_raw=(setpriv --bounding-set=-net_raw --inh-caps=-net_raw)
as=("${no_raw[@]}")
check "SYNs without CAP_NET_RAW" refuses 6 "CAP_NET_RAW.*setcap cap_net_raw+ep.*--carrier udp" knocks --carrier syn
seen knocks --verbose
check "without it, datagrams are chosen" exits 0
check "and that is said" said "carrier udp, because raw sockets were refused"
check "and they arrive" arrived 24
cp "$(program qknock)" "$work/qknock" && must setcap cap_net_raw+ep "$work/qknock"
as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
binary=$work/qknock
seen knocks --carrier syn
check "a file capability is enough for SYNs" exits 0
check "and they arrive" arrived 24

cat >"$work/look" <<-'END'
	#!/bin/sh
	{ id -u; grep -E '^Cap(Prm|Eff|Inh|Amb)' /proc/$PPID/status; grep CapEff /proc/self/status; } >&2
	cat "$1"
END
chmod 755 "$work/look"
key_line >"$work/key" && chmod 644 "$work/key"
look() { qknock knock http --profile "$work/profile" --address $CLIENT "$@" --key-command "$work/look" "$work/key"; }
no_capabilities() { [ "$(grep -c '^Cap.*0000000000000000$' "$work/said")" = 5 ]; }
look --carrier syn
check "by then the capability is gone" no_capabilities
binary= as=()
look
check "root's are gone as well, and the key command has none" no_capabilities
check "and its key is used" exits 0
as=(env SUDO_UID=65534 SUDO_GID=65534)
look --carrier syn
check "run by sudo, it becomes the user again" [ "$(head -n 1 "$work/said")" = 65534 ]
check "without capabilities, SYNs being sent all the same" no_capabilities
check "with exit 0" exits 0
as=()

# --- the terminal

# typed LINE COMMAND...: on a terminal of its own, where LINE is typed after the prompt; what it shows is "said".
typed() {
	local line=$1

	shift
	{ wait_until 5 grep -q 'One-time key line' "$work/screen" && printf '%s\n' "$line" && sleep 0.5; } |
		on client script -qefc "trap : INT; $*; code=\$?; stty -a | grep -o -- '-\?\<echo\>'; exit \$code" "$work/screen" \
			>"$work/said" 2>&1
	code=$?
}
: >"$work/screen"
typed "$(key_line)" "$(program qknock)" knock http --profile "$work/profile" --address $CLIENT
check "a key line typed on the terminal works" exits 0
check "the prompt names the address it must be for" said "alice at gw.example, issued for $CLIENT"
check "the line is not echoed" not grep -q -e "${key:0:20}" "$work/screen"
check "echo is on again afterwards" grep -qx 'echo' <(tr -d '\r' <"$work/screen")
: >"$work/screen"
typed $'\003' "$(program qknock)" knock http --profile "$work/profile" --address $CLIENT
check "it can be interrupted" [ "$code" != 0 ]
check "and echo is on again" grep -qx 'echo' <(tr -d '\r' <"$work/screen")

# --- an address that NAT will change

public=203.0.113.5
address server e0 $public/32
must ip -n nat route add $public/32 via $SERVER
as=(setsid --wait)
key_line | qknock knock http --profile "$work/profile" --host $public --dry-run
check "a private address towards a public server is no address to knock for" exits 2
check "and why is said in a line" said "address 192.168.7.20 is private and $public is outside: NAT .* --address\$"
qknock request --profile "$work/profile" --host $public
check "nor one to request a key for" exits 2
qknock request --profile "$work/profile" --host $public --address $CLIENT --no-qr
check "unless it is given" said "^Request OTP alice <pass-code> $CLIENT\$"
as=()
prompts() { [ "$(grep -o "Your address as the server sees it" "$work/screen" | wc -l)" -ge "$1" ]; }
asked() { # ANSWER...
	local n=0

	: >"$work/screen"
	{
		for answer; do
			n=$((n + 1))
			wait_until 5 prompts $n
			sleep 0.1
			printf '%s\n' "$answer"
		done
		sleep 0.5
	} | on client script -qefc "$(program qknock) request --profile $work/profile --host $public --no-qr" "$work/screen" \
		>"$work/said" 2>&1
	code=$?
}
asked "$CLIENT"
check "on a terminal it is asked for" said "^Request OTP alice <pass-code> $CLIENT"
check "with exit 0" exits 0
asked "router.example" "2001:db8::1" "$CLIENT"
check "what is no address of the family is asked for again" said "^Request OTP alice <pass-code> $CLIENT"
check "saying why" said "no numeric address"
check "and why" said "other family"
asked ""
check "nothing typed is an error" exits 2
finish
