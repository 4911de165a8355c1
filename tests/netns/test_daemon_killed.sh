#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL before, during and after a knock, and a restart: a pending key works once, a consumed one never again, a
# grant lasts until its end and no longer, be the daemon there or not.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=600
two_hosts
web_server
daemon
firewall
register alice


issue alice
daemon_end KILL
daemon_again
check "killed before the knock: closed" refused
send knock "$(shuffled)"
check "the pending key still opens" wait_until 2 reachable
check "revoked" revoked

issue alice
send knock $EVEN
daemon_end KILL
check "killed in the middle: closed" refused
daemon_again
send knock $FORWARD
check "the whole knock, sent again, opens" wait_until 2 reachable
send knock $FORWARD
daemon_has_seen
check "once" counter_is grants_given 1
check "revoked" revoked

issue alice
send knock $FORWARD
check "open" wait_until 2 reachable
opened=$(now_ms)
daemon_end KILL
check "killed after the knock: open while the grant lasts" reachable
daemon_again
check "after the restart too" reachable
check "the grant is listed" grep -q alice < <(ctl grants)
send knock $FORWARD
daemon_has_seen
check "the key is consumed" counter_is grants_given 0
check "closed at the grant's end" wait_until 5 refused
check "which the restart didn't move" [ $(($(now_ms) - opened)) -le $((grant_time * 1000 + 2000)) ]

issue alice
send knock $FORWARD
check "open" wait_until 2 reachable
daemon_end KILL
check "with the daemon dead the port closes at the grant's end" wait_until 5 refused
check "the grant's file is still there" grep -q . "$work/grants/http/$CLIENT"
daemon_again
gone() { [ ! -e "$work/grants/http/$CLIENT" ]; }
check "the restart removes it" wait_until 2 gone
check "and opens nothing" while_for 1 refused
check "no grant is listed" not grep -q alice < <(ctl grants)

# At any moment: the kill falls somewhere between the first packet and the hook.
at_any_moment() {
	for i in $(seq 15); do
		issue alice
		(
			sleep "0.00$((i % 10))"
			daemon_signal KILL
		) &
		send knock $FORWARD
		wait $!
		wait_until 5 daemon_gone || return 1
		wait "$daemon_pid" 2>/dev/null
		daemon_again
		send knock $FORWARD
		wait_until 2 reachable || {
			note "kill $i: neither pending nor granted"
			return 1
		}
		revoked || return 1
		send knock $FORWARD
		daemon_has_seen
		refused || {
			note "kill $i: the key opened twice"
			return 1
		}
	done
}
check "killed at any moment, a key opens exactly once" at_any_moment
finish
