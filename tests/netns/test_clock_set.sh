#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The system clock set back and forth by a day neither ends nor prolongs a key or a grant. The daemon's wall clock
# is moved under it by libfaketime (CLOCK_REALTIME has no namespace, and this machine has other work); the clocks
# that nobody sets are left alone.
. "$(dirname "$0")/lib.sh"
isolate "$@"
faketime=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null)
[ -n "$faketime" ] || bail "libfaketime is not installed: apt-get install faketime"
set_clock() { printf '%s\n' "$1" >"$work/clock.new" && mv "$work/clock.new" "$work/clock"; }
set_clock +0
daemon_environment=(LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$work/clock" FAKETIME_NO_CACHE=1
	FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1)
validity=4
two_hosts
web_server
daemon
firewall
register alice
day=86400
# What the daemon's clock says, by the time stamp of a key.
offset() { echo $(($(cut -d' ' -f1 "$work/key-alice") - EPOCHSECONDS)); }
about() { within "$1" $(($2 - 5)) $(($2 + 5)); }
no_key() { not grep -q alice < <(ctl pending); }

# survives FROM TO: with a key issued at one setting and the clock at another.
survives() {
	set_clock "$1"
	issue alice
	check "clock at $1: the key's time stamp says so" about "$(offset)" "$1"
	set_clock "$2"
	send knock $FORWARD
	check "clock set to $2: the key still opens" wait_until 2 reachable
	opened=$(now_ms)
	set_clock "$1"
	check "set back: the grant lives on" while_for 1 reachable
	set_clock "$2"
	check "and ends in its time" wait_until 4 refused
	check "not before" [ $(($(now_ms) - opened)) -ge $((grant_time * 1000 - 500)) ]

	set_clock "$1"
	issue alice
	set_clock "$2"
	check "a key that nobody uses expires in its time" wait_until 6 no_key
	send knock $FORWARD
	daemon_has_seen
	check "and opens nothing" refused
}
survives +0 +$day
survives +0 -$day
survives -$day +$day

set_clock +0
issue alice
daemon_end KILL
set_clock -$day
daemon_again
check "restarted at another time: the key is pending" grep -q alice < <(ctl pending)
check "and expires in its time" wait_until 6 no_key
issue alice
send knock $FORWARD
check "open" wait_until 2 reachable
daemon_end KILL
set_clock +$day
daemon_again
check "restarted a day later by the clock: the grant is still there" reachable
check "and ends in its time" wait_until 4 refused
finish
