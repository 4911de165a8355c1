#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Milliseconds from the first packet of a knock to a connection: bench/bench_connect.sh [BUILD [KNOCKS]]
#
# "qknock exec" (the same code as "qknock connect") beside what a script would do without it: "qknock knock", and then
# a program that connects (nc), whose SYN the kernel sends again after a second if it came before the port was open.
# By turns in one run, between network namespaces; real qknockd and iptables, keys from a file, gaps of 4 ms in the mean.
# Also the time that a host with a grant loses by the question whether it has one: "qknock exec" beside nc alone.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
knocks=${2:-${KNOCKS:-50}}
. "$(dirname "$0")/../tests/netns/lib.sh"
isolate "$@"
. "$(dirname "$0")/../tests/netns/connect.sh"

grant_time=60
two_hosts
web_server
daemon
firewall
register alice
key=$work/key-alice

# timed COMMAND...: milliseconds that it takes, in $ms
timed() {
	local start

	start=$(now_ms)
	must run "$@"
	[ "$code" = 0 ] || bail "exit code $code: $* $(cat "$work/err")"
	ms=$(($(now_ms) - start))
}
member() { sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" "$2" | head -n 1; }

for ((i = 0; i < knocks; i++)); do
	fresh_key
	timed qknock exec http --json --host $SERVER --key-file "$key" -- true
	member wait_ms "$work/err" >>"$work/connect"
	timed qknock exec http --host $SERVER -- true
	echo $ms >>"$work/granted"
	timed nc -z $SERVER 80
	echo $ms >>"$work/plain"
	fresh_key
	timed qknock knock http --json --host $SERVER --key-file "$key"
	sent=$(member duration_ms "$work/out")
	timed nc -z -w 10 $SERVER 80
	echo $((sent + ms)) >>"$work/then"
done

# figures FILE TEXT
figures() {
	sort -g "$1" | awk -v text="$2" '{ v[NR] = $1 } $1 >= 900 { late++ }
		END { printf "  %-44s median %5d   p90 %5d   max %5d   a second late %d\n", text,
			v[int((NR + 1) / 2)], v[int(NR * 0.9 + 0.999)], v[NR], late }'
}
printf 'first packet of the knock to the connection, %d knocks each, milliseconds\n' "$knocks"
figures "$work/connect" "qknock exec, qknock connect"
figures "$work/then" "qknock knock, then a connection"
printf 'a host that has its grant, milliseconds of the whole program\n'
figures "$work/granted" "qknock exec"
figures "$work/plain" "a connection"
daemon_end TERM
exit 0
