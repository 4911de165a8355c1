#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which key opens what: not an expired one, not a used one, not another user's, not one for another address.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=10
two_hosts
address client e0 172.17.12.21/24
web_server
daemon
firewall
register alice
register bob

issue alice
capture_start "$work/expired.pcap" 'tcp dst portrange 8800-8899'
send knock 0,1,2,3,4,5
pending() { ctl pending | grep -q "$1"; }
check "the key is pending" pending alice
check "the key expires" wait_until 12 not pending alice
send knock $FORWARD
daemon_has_seen
check "an expired key opens nothing" refused
capture_stop
client_refuses() { knock http 2>&1 | grep -q 'was valid until'; }
check "the client refuses a stale key line" wait_until 3 client_refuses
tool replay "$work/expired.pcap" >/dev/null
daemon_has_seen
check "nor does its knock when it is captured and sent again" refused
check "nothing was granted" counter_is grants_given 0

validity=60
configure
daemon_signal HUP
check "the new validity is taken over" wait_until 3 logged 'loaded again'
profile_of alice
profile_of bob
issue alice
must cp "$work/key-alice" "$work/key-bob"
# With alice's N: her R may be too great for bob's.
must sed -i "s/^n .*/$(grep '^n ' "$work/profile-alice")/" "$work/profile-bob"
user=bob send knock $FORWARD
daemon_has_seen
check "alice's key with bob's name opens nothing" refused

check "no second key for another address while one is pending" not ctl issue alice 172.17.12.21 2>/dev/null
must ctl issue alice $CLIENT >"$work/again"
check "the same request gets the same reply" cmp -s "$work/key-alice" "$work/again"
must ctl issue alice $CLIENT >"$work/again"
check "at most three times" not ctl issue alice $CLIENT 2>/dev/null

send knock $FORWARD
check "alice's own opens" wait_until 2 reachable
check "closed again" wait_until 5 refused
send knock $FORWARD
daemon_has_seen
check "a used key opens nothing" refused

issue alice 172.17.12.21
send knock $FORWARD
daemon_has_seen
check "a key for another address opens nothing when one's own is sealed in" refused
send -S 172.17.12.21 knock $FORWARD
granted_to() { ctl grants | grep -q "$1"; }
check "the knock opens for the address that the key names" wait_until 2 granted_to 172.17.12.21
check "not for the host that sends it" refused

check "a user who isn't registered gets no key" not ctl issue mallory $CLIENT 2>/dev/null
must ctl user disable bob
check "a disabled user gets no key" not ctl issue bob $CLIENT 2>/dev/null
check "no key is in the log" not grep -qF -e "$(cut -d' ' -f2 "$work/key-alice")" "$work/qknockd.log"
check "nor a name that isn't registered" not grep -q mallory "$work/qknockd.log"
finish
