#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Strangers' packets end in the kernel, and knocks among them open; without the kernel's filter they open as well, and
# log and status say which it is.
. "$(dirname "$0")/lib.sh"
isolate "$@"
table=none # so that the daemon can do without bpf(2)
two_hosts
must ip -n server tuntap add mode tun tun0
must ip -n server link set tun0 up

given() { counter_is grants_given "$1"; }
filter_is() { ctl --json status | grep -q "\"filter\": \"$1\""; }
reason_is() { ctl --json status | grep -q "\"filter_reason\": \"$1"; }
flood() { start client "$QKNOCK_BUILD/tests/netns/capture_tool" flood e0 "$1" 50000 >"$work/flood"; }
flooding() { kill -0 "$started" 2>/dev/null; }
all_known() { [ "$(counter packets_seen)" = "$(counter packets_known)" ]; }

# knocks_in_flood ARGUMENT...: of send; opens while the flood goes on.
knocks_in_flood() {
	local before

	before=$(counter grants_given)
	issue alice
	send "$@" knock "$(shuffled)"
	wait_until 5 given $((before + 1)) && flooding
}

for interface in e0 any; do
	daemon
	[ $interface = e0 ] && register alice
	check "$interface: the log says that strangers end in the kernel" logged "filter=kernel"
	check "$interface: the status too" filter_is kernel
	flood 60
	check "$interface: SYNs in a flood open" knocks_in_flood
	check "$interface: datagrams in a flood open" knocks_in_flood -u -w 0
	check "$interface: so does a knock in tagged frames" knocks_in_flood -t 5
	check "$interface: and in twice tagged ones" knocks_in_flood -t 7 -t 5
	must tool noise 3000 $KNOCK_PORTS
	must tool scan $KNOCK_PORTS
	kill "$started"
	wait "$started" 2>/dev/null
	check "$interface: no stranger's packet was seen" all_known
	check "$interface: nothing was lost" counter_is packets_dropped 0
	check "$interface: nothing is expected any more" counter_is expected 0
	daemon_end TERM
done

# The verifier dies: the map outlives it, and its successor makes it equal to what it finds in the store.
verifier() { pgrep -P "$daemon_pid" -u qknock | head -n 1; }
replaced() { [ -n "$(verifier)" ] && [ "$(verifier)" != "$killed" ] && daemon_answers; }
has_filter_memory() { grep -q 'anon_inode:bpf-map' "/proc/$1/maps"; }
others_with_filter_memory() { for pid in $(pgrep -P "$daemon_pid" -u qknock-capture); do has_filter_memory "$pid" && echo "$pid"; done; }
interface=e0
daemon
check "the verifier has the memory that the filter goes by" has_filter_memory "$(verifier)"
check "strangers' bytes and pass-codes do not meet it" [ -z "$(others_with_filter_memory)" ]
issue alice
check "a key's packets are told to the kernel" counter_is expected 24
killed=$(verifier)
must kill -9 "$killed"
check "another verifier comes" wait_until 10 replaced
check "the same packets are expected" counter_is expected 24
check "strangers end in the kernel still" filter_is kernel
must tool noise 1000 $KNOCK_PORTS
send knock "$(shuffled)"
check "the knock opens" wait_until 5 given 1
check "no stranger's packet was seen" all_known
check "nothing is expected any more" counter_is expected 0
daemon_end TERM

# More packets than the map has room for: 1,280 of each key, so that some 200 of them are enough.
services="http:80 $(echo s{1..19} | sed 's/s\([0-9]*\)/s\1:90\1/g')"
global_settings="count = 32"
daemon
profile_of alice
for n in {1..208}; do
	must ctl user add "u$n" --no-pass-code >"$work/added"
	must ctl issue "u$n" 10.9.0.1 >"$work/issued"
done
check "too many packets: the status says so" reason_is "more than 262144 packets are expected"
check "the log too" logged "all that could be knocks leaves the kernel.*more than 262144"
issue alice
send knock "$(shuf -i 0-31 | paste -sd,)"
check "the knock opens" wait_until 5 given 1
for n in {1..33}; do
	must ctl user delete "u$n" >"$work/deleted"
done
check "with room again, strangers end in the kernel" filter_is kernel
# Of the packets of two widths some are the same: a hop may be the client's own address.
check "all keys that are left are known to it" within "$(counter expected)" $((175 * 1270)) $((175 * 1280))
issue alice
send knock "$(shuf -i 0-31 | paste -sd,)"
check "a knock opens" wait_until 5 given 2
daemon_end TERM
settings_default
table=none

# fall_back REASON: the daemon runs without the kernel's filter.
fall_back() {
	check "$1: the log says so" logged "all that could be knocks leaves the kernel: $2"
	check "$1: the interface too" logged "filter=plain"
	check "$1: the status too" filter_is plain
	check "$1: with the reason" reason_is "$2"
	flood 60
	check "$1: a knock in the flood opens" knocks_in_flood
	kill "$started"
	wait "$started" 2>/dev/null
	check "$1: strangers were seen" not all_known
	daemon_end TERM
}

log_mark
kernel_filter=false
daemon
profile_of alice
fall_back "switched off" "kernel_filter is false"

log_mark
kernel_filter=true
daemon_environment=(setpriv --bounding-set -bpf,-sys_admin)
daemon
fall_back "without the privilege" "the kernel refuses: Operation not permitted"
finish
