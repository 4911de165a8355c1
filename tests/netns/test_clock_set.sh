#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The system clock set back and forth by a day neither ends nor prolongs a key or a grant. CLOCK_REALTIME has no
# namespace and this machine has other work, so the daemon's wall clock is moved by a preloaded module, under the
# running process; the clocks that nobody sets are left alone.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
# In place: the daemon's processes have the file mapped.
set_clock() { printf '%-15s\n' "$1" 1<>"$work/clock"; }
set_clock +0
module=$QKNOCK_BUILD/tests/netns/.libs/wallclock.so
daemon_environment=(LD_PRELOAD="$module" WALLCLOCK="$work/clock")
validity=10
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
}
survives +0 +$day
survives +0 -$day
survives -$day +$day

# restarted TO: the daemon killed, the clock set meanwhile.
restarted() {
	daemon_end KILL
	set_clock "$1"
	daemon_again
}
set_clock +0
issue alice
restarted +$day
send knock $FORWARD
check "restarted a day later by the clock: the key opens" wait_until 2 reachable
restarted -$day
check "restarted two days earlier: the grant is still there" reachable
check "and ends in its time" wait_until 4 refused

issue alice
issued=$(now_ms)
set_clock -$((2 * day))
daemon_end KILL
daemon_again
check "set back a day, and restarted: the key is pending" not no_key
check "and expires in its time" wait_until $((validity + 2)) no_key
check "not before" [ $(($(now_ms) - issued)) -ge $((validity * 1000 - 1500)) ]
send knock $FORWARD
daemon_has_seen
check "it opens nothing then" refused
finish
