#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bench of floods in its shortest form gives every figure that it promises, and qknockd opens in every flood.
. "$(dirname "$0")/lib.sh"
isolate "$@"
samples=$work/samples
table=$work/table

# Namespaces and temporary files of its own, as when it is started by hand.
bench() {
	env -u QKNOCK_ISOLATED -u QKNOCK_WORK BENCH_RESULTS="$samples" BENCH_USERS="1 2" BENCH_ROUNDS=1 BENCH_WINDOW=40 \
		BENCH_KNOCKS=2 BENCH_RACES=2 BENCH_STARTS=1 "$NETNS_DIR/../../bench/bench_flood.sh" "$@" "$QKNOCK_BUILD"
}
has() { grep -Eq -- "$1" "$samples"; }
figure='[0-9.]+'
# measured NAME USERS KIND: a sample at each rate, with packets sent and time used told.
measured() {
	local rate

	for rate in 50000 0; do
		has "^cost $1 $2 $rate $3 rate=[1-9][0-9]* sent=[1-9][0-9]* send_ns=$figure cpu_ns=$figure user_share=$figure " ||
			return 1
	done
}
raced() { [ "$(grep -Ec "^race $1 $figure$" "$samples")" = 2 ]; }

check "the bench runs to its end" bench >"$table"
check "no daemon: both kinds of packets are sent and received" eval "measured none 1 syn && measured none 1 spa"
based() { [ "$(grep -Ec "^base $1 (50000|0) (syn|spa) rate=[1-9][0-9]* sent=[1-9][0-9]* send_ns=$figure " "$samples")" = "$2" ]; }
check "no daemon: both rates in the networks of all" eval \
	"based none 4 && based qknockd 2 && based qknockd-plain 2 && based fwknopd 2 && based fwknopd-udp 2 && based knockd 2"
for name in qknockd qknockd-plain; do
	check "$name: processor time with one user" measured $name 1 syn
	check "$name: and with two" measured $name 2 syn
	check "$name: memory" has "^memory $name 1 [1-9]"
	for flood in none 50k line spoofed; do
		check "$name: all knocks open, flood: $flood" has "^opens $name $flood 2 2"
	done
	check "$name: time from the last packet to the open port" raced $name
done
for name in fwknopd fwknopd-udp knockd; do
	kind=spa
	[ $name != knockd ] || kind=syn
	check "$name: processor time with one user" measured $name 1 $kind
	check "$name: memory" has "^memory $name 1 [1-9]"
	check "$name: its own client opens without a flood" has "^opens $name none [12] 2"
	check "$name: time from its last packet to the open port" raced $name
	check "$name: knocks in a flood are counted" has "^opens $name line [0-2] [1-9]"
done
check "plain qknockd uses time for a stranger's packet" has '^cost qknockd-plain 1 50000 syn .* busy=0\.[0-9]*[1-9]'
check "time to start" has '^start qknockd [1-9]'
in_all_tables() {
	local name

	for name in qknockd qknockd-plain fwknopd fwknopd-udp knockd; do
		[ "$(grep -c "^  $name " "$table")" = 3 ] || return 1
	done
}
check "the three tables have all contestants" in_all_tables
verdicts() { [ "$(grep -Ec "$1")" = 10 ]; }
# 1,000 ns more than "none" without daemons, and 1,300 with them: 300 are qknockd's.
made_up() {
	printf '%s\n' "base none 50000 syn send_ns=3000 " "base qknockd 50000 syn send_ns=4000 " \
		"cost none 1 50000 syn rate=50000 send_ns=3100 " \
		"cost qknockd 1 50000 syn rate=50000 send_ns=4400 cpu_ns=0 user_share=0 busy=0 split=sampled" |
		awk -v rounds=1 -f "$NETNS_DIR/../../bench/flood.awk" | grep -Eq '^  qknockd +0\.0 +300 +300 '
}
check "networks that differ without daemons do not count" made_up
check "every aim has a verdict" verdicts ' (met|missed)$' <"$table"
as_json() { awk -v json=1 -v rounds=1 -f "$NETNS_DIR/../../bench/flood.awk" "$samples"; }
as_json >"$work/json"
check "in JSON too" verdicts '"result": "(met|missed)"' <"$work/json"
note "$(cat "$table")"
finish
