#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two users and two services at once: each knock opens its own service for its own address.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
services="http:80 alt:8080"
two_hosts
address client e0 172.17.12.21/24
web_server 80 8080
daemon
firewall
register alice
register bob

issue alice
issue bob 172.17.12.21
# Packet by packet in turn, alice's for http, bob's for alt.
for i in $(shuf -i 0-11); do
	user=alice send -s http knock "$i"
	user=bob send -S 172.17.12.21 -s alt knock $((11 - i))
done
granted() { ctl grants | grep "$1" | grep "$2" | grep -q "$3"; }
check "alice has http" wait_until 2 granted alice http $CLIENT
check "bob has alt" wait_until 2 granted bob alt 172.17.12.21
check "http is open for alice's address" reachable 80
check "alt is not" refused 8080
check "there are two grants" counter_is grants_given 2

revoke alt 172.17.12.21
check "revoking bob's leaves alice's" reachable 80
issue bob $CLIENT
user=bob send -s http knock $EVEN
user=bob send -s alt knock $FORWARD
check "packets for another service with the same key spoil nothing" wait_until 2 reachable 8080
user=bob send -s http knock $ODD
daemon_has_seen
check "the key was for one service only" counter_is grants_given 3

issue alice
user=alice send -s http knock $EVEN
user=alice send -w 0 -s http knock $ODD
daemon_has_seen
check "halves of two widths don't make a knock" counter_is grants_given 3
user=alice send -w 0 -s http knock $EVEN
check "the width's own other half does" wait_until 2 counter_is grants_given 4
finish
