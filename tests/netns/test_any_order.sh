#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Order, duplicates and loss don't matter: the knock counts when its last packet is in, and not before.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=600
two_hosts
web_server
daemon
# A refusal that answers, so that hundreds of checks take no time; the tests of silence are elsewhere.
firewall
must xtables -A INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset
register alice

closed() {
	probe
	[ $? = 2 ]
}

# opens ORDER...: a new key; closed until the last of the orders was sent, open then; revoked afterwards.
opens() {
	local order

	issue alice
	for order; do
		wait_until 2 closed || return 1
		send knock "$order"
	done
	wait_until 2 reachable && revoke http $CLIENT
}

random_orders() {
	for i in $(seq 200); do
		opens "$(shuffled)" || {
			note "random order $i"
			return 1
		}
	done
}

check "in order" opens $FORWARD
check "reversed" opens $REVERSE
check "200 random orders" random_orders
check "each packet twice" opens $TWICE
check "the whole knock twice" opens "$FORWARD,$FORWARD"
check "half of them, the other half later" opens $EVEN $ODD
check "half of them lost, then all sent again" opens $EVEN $FORWARD
check "all but one, then that one" opens 0,1,2,3,4,5,6,7,8,9,10 11
check "one at a time" opens 7 3 0 11 5 1 9 10 2 8 4 6

issue alice
send knock 0,1,2,3,4,5,6,7,8,9,10
daemon_has_seen
check "eleven packets of twelve open nothing" closed
send knock 0,0,0,0,0,0,0,0,0,0,0,0
daemon_has_seen
check "one packet often is no substitute for another" closed
check "every knock was counted once" counter_is grants_given 208
finish
