#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Strangers' packets, be they from the client's own address, spoil no knock and get no answer.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=600
two_hosts
web_server
daemon
firewall
register alice

opened() {
	wait_until 2 reachable && revoked
}

capture_start "$work/wire.pcap" "src host $SERVER and not arp"
issue alice
tool scan $KNOCK_PORTS
check "a scan before the knock opens nothing" refused
send knock $FORWARD
check "the knock after a scan opens" opened

issue alice
send knock $EVEN
tool scan $KNOCK_PORTS
send knock $ODD
check "a scan in the middle of the knock spoils nothing" opened
tool scan $KNOCK_PORTS
daemon_has_seen
check "a scan after the grant's end opens nothing" refused

noise_and_knock() {
	local order i

	issue alice
	start client "$QKNOCK_BUILD/tests/netns/knock_tool" -m $SERVER_MAC -S $CLIENT -D $SERVER \
		noise 10000000 $KNOCK_PORTS
	noise=$started
	order=$(shuffled)
	for i in ${order//,/ }; do
		send knock "$i"
	done
	opened
	local result=$?
	kill -0 "$noise" || note "the noise was over too early"
	kill "$noise" && wait "$noise" 2>/dev/null
	return $result
}
check "noise from spoofed sources in the middle spoils nothing" noise_and_knock

issue alice
send forge $FORWARD
send knock $EVEN
send forge $FORWARD
send knock $ODD
check "forged packets with the knock's own sources and ports neither" opened

issue alice
tool -u scan $KNOCK_PORTS
send knock 0,1,2,3,4,5
send -u knock 6,7,8,9,10,11
check "half a knock by one carrier, half by the other" opened

capture_stop
answers() { tcpdump -r "$work/wire.pcap" -n "src portrange $KNOCK_PORTS or icmp" 2>/dev/null | grep -q .; }
check "the server answered no packet to a knock port" not answers
log_mark
tool noise 1000 $KNOCK_PORTS
tool scan $KNOCK_PORTS
daemon_has_seen
check "strangers leave no line in the log" not logged .
check "each knock was one grant" counter_is grants_given 5
finish
