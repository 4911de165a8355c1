#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The store unwritable, its disk full, the grants directory missing: no grant without a key durably consumed, a
# line in the log that says why, and recovery without a restart.
. "$(dirname "$0")/lib.sh"
isolate "$@"
validity=600
two_hosts
web_server
mkdir -p "$work/store"
must mount -t tmpfs -o size=1m store "$work/store"
daemon
firewall
register alice
revoked() { ctl revoke http $CLIENT >/dev/null && wait_until 2 refused; }

# fails_and_recovers: with the store in a state where it can't be written, and after "mend".
fails_and_recovers() {
	log_mark
	send knock $FORWARD
	daemon_has_seen
	check "$1: no grant" while_for 0.5 refused 2>/dev/null
	check "$1: the log says why" logged 'no grant for a complete knock user=alice service=http: store failed'
	check "$1: the daemon answers" daemon_answers
	mend
	send knock 3
	check "$1: over, one packet sent again opens" wait_until 2 reachable
	check "$1: revoked" revoked
	send knock $FORWARD
	daemon_has_seen
	check "$1: the key was used once" refused
}

issue alice
must mount -o remount,ro "$work/store"
check "a key that cannot be stored isn't issued" not ctl issue bob $CLIENT 2>/dev/null
mend() { must mount -o remount,rw "$work/store"; }
fails_and_recovers "store read-only"

issue alice
dd if=/dev/zero of="$work/store/filler" bs=4k >/dev/null 2>&1
mend() { rm -f "$work/store/filler"; }
fails_and_recovers "disk full"

issue alice
mv "$work/store/qknock.db" "$work/store/away"
mend() { mv "$work/store/away" "$work/store/qknock.db"; }
log_mark
send knock $FORWARD
daemon_has_seen
mend
check "the store's file moved away: closed, or consumed where it went" logged 'store failed|grant'
refused || must revoked
ctl revoke http $CLIENT >/dev/null

log_mark
rm -rf "$work/grants"
issue alice 2>/dev/null || { daemon_end TERM && daemon_again && issue alice; }
send knock $FORWARD
check "grants directory removed: the knock opens" wait_until 2 reachable
check "and the directory is made again" wait_until 2 [ -e "$work/grants/http/$CLIENT" ]
check "revoked" revoked

rm -rf "$work/grants"
echo "in the way" >"$work/grants"
log_mark
issue alice
send knock $FORWARD
check "something in its place: the log says so" wait_until 2 logged 'grants'
consumed() { not grep -q alice < <(ctl pending); }
check "the key is consumed" consumed
rm -f "$work/grants"
check "out of the way: the grant's file comes after" wait_until 2 [ -e "$work/grants/http/$CLIENT" ]
check "closed at the grant's end" wait_until 5 refused
finish
