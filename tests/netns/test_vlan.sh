#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Knocks in tagged frames, as a trunk port or a provider's bridge hands them over.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
daemon
firewall
register alice

check "closed before" refused
for tags in "-t 5" "-t 7 -t 5"; do
	issue alice
	send $tags knock "$(shuffled)"
	check "a knock in frames with $tags opens" wait_until 2 reachable
	check "closed again" wait_until 5 refused
	issue alice
	send $tags -u -w 0 knock "$(shuffled)"
	check "one of datagrams too" wait_until 2 reachable
	revoke http $CLIENT
	check "closed again" wait_until 5 refused
done
issue alice
send knock $EVEN
send -t 5 knock $ODD
check "tagged and untagged frames make one knock" wait_until 2 reachable
finish
