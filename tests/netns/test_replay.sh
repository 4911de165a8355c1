#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A captured knock opens nothing when it is sent again, and a stolen or forged one neither.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
two_hosts
web_server
daemon
firewall
register alice

issue alice
capture_start "$work/knock.pcap" 'tcp dst portrange 8800-8899'
check "the client knocks" knock http --hop 8
check "open" wait_until 2 reachable
check "the knock was captured" wait_until 2 captured "$work/knock.pcap" 12
capture_stop

tool replay "$work/knock.pcap" >/dev/null
daemon_has_seen
check "a replay while the grant lives changes nothing" counter_is grants_given 1
check "closed when the grant has ended" wait_until 5 refused
tool replay "$work/knock.pcap" >/dev/null
daemon_has_seen
check "a replay after the key's use opens nothing" while_for 1 refused

issue alice
send steal $FORWARD
daemon_has_seen
check "the words from another address open nothing" counter_is grants_given 1
send forge $FORWARD
daemon_has_seen
check "the addresses and ports with other words open nothing" counter_is grants_given 1
tool replay "$work/knock.pcap" >/dev/null
daemon_has_seen
check "an old knock opens nothing while a new key is pending" refused
send knock $FORWARD
check "the knock itself still does" wait_until 2 reachable
check "closed again" wait_until 5 refused

daemon_end TERM
daemon_again
tool replay "$work/knock.pcap" >/dev/null
daemon_has_seen
check "a replay after a restart opens nothing" refused
check "nothing was granted since" counter_is grants_given 0
finish
