#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The QR codes of requests, as a telephone finds them.
set -u
. "$(dirname "$0")/qr.sh"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
qknock=${top_builddir:-.}/qknock/qknock
failures=0

# expect WHAT TEXT: the code in the file "out" holds it.
expect() {
	local found

	found=$(qr_read "$work/out" "$work")
	[ "$found" = "$2" ] && return
	echo "$1: found \"$found\", expected \"$2\""
	cat "$work/out" "$work/zbar.err"
	failures=$((failures + 1))
}

# never WHAT COMMAND...: the command succeeds where it must not.
never() {
	local what=$1

	shift
	"$@" || return
	echo "$what"
	failures=$((failures + 1))
}

export XDG_CONFIG_HOME=$work LC_ALL=C.UTF-8
unset NO_COLOR
profile() {
	cat <<-END
		qknock-profile 1
		server-id gw.example
		host 127.0.0.1
		user alice
		n 18446743979220271189
		ports 8800-8899
		count 12
		validity 120
		widths 0 8 64
		service http tcp 80
		$1
	END
}
profile "" >"$work/profile"
profile "number +441632960123" >"$work/numbered"
chmod 600 "$work/profile" "$work/numbered"
request() { "$qknock" request --profile "$work/$1" --address 203.0.113.7 "${@:2}"; }
# On a terminal of the size given.
on_screen() {
	local size=$1

	shift
	script -qec "stty $size; $*" /dev/null </dev/null | tr -d '\r'
}

request numbered --qr >"$work/out" 2>"$work/err"
expect "with the gateway's number" "SMSTO:+441632960123:Request OTP alice <pass-code> 203.0.113.7"
never "the number is not shown" test -z "$(grep -x 'Send to +441632960123:' "$work/err")"
never "the message is not the first line" test "$(head -n 1 "$work/out")" != "Request OTP alice <pass-code> 203.0.113.7"
request profile --qr >"$work/out" 2>/dev/null
expect "without a number" "sms:?body=Request%20OTP%20alice%20%3Cpass-code%3E%20203.0.113.7"
request profile --qr --number +15550100 >"$work/out" 2>/dev/null
expect "with another number" "SMSTO:+15550100:Request OTP alice <pass-code> 203.0.113.7"

echo 'Secret;:,1' | request numbered --qr --pass-code >"$work/out" 2>"$work/err"
expect "with the pass-code" "SMSTO:+441632960123:Request OTP alice Secret;:,1 203.0.113.7"
never "the pass-code is printed" grep -q 'Secret' "$work/out" "$work/err"
never "it is not said that it is in the code" test -z "$(grep 'holds your pass-code' "$work/err")"
echo 'Secret' | request numbered --pass-code >"$work/out" 2>"$work/err"
never "a pass-code without a QR code is no error" test $? != 2
never "the pass-code is printed" grep -q 'Secret' "$work/out" "$work/err"

request numbered >"$work/out"
never "there is a QR code in a pipe" grep -q '█' "$work/out"

mkdir -p "$work/qknock" && echo "qr = always" >"$work/qknock/config"
request numbered >"$work/out" 2>/dev/null
expect "always, by the settings" "SMSTO:+441632960123:Request OTP alice <pass-code> 203.0.113.7"
request numbered --no-qr >"$work/out"
never "there is one against --no-qr" grep -q '█' "$work/out"
rm "$work/qknock/config"

on_screen "cols 80 rows 40" "$qknock" request --profile "$work/numbered" --address 203.0.113.7 >"$work/out"
expect "on a terminal" "SMSTO:+441632960123:Request OTP alice <pass-code> 203.0.113.7"
never "it has no colour of its own" test -z "$(grep -F $'\033[30;47m' "$work/out")"
on_screen "cols 40 rows 40" "$qknock" request --profile "$work/numbered" --address 203.0.113.7 >"$work/out"
never "it is shown where it does not fit" grep -q '▀' "$work/out"
never "nor is it said" test -z "$(grep 'has 40 columns and the QR code needs 41' "$work/out")"
NO_COLOR=1 on_screen "cols 80 rows 40" "$qknock" request --profile "$work/numbered" --address 203.0.113.7 >"$work/out"
expect "without colour" "SMSTO:+441632960123:Request OTP alice <pass-code> 203.0.113.7"

[ $failures = 0 ]
