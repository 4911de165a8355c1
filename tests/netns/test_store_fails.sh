#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The store unwritable, its disk full: no grant without a key durably consumed, a line in the log that says why, and
# recovery without a restart, with the knock still in memory.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=600
two_hosts
web_server
no_key() { not grep -q alice < <(ctl pending); }

# fails_and_recovers WHAT: alice's key was issued; "spoil" stops writing, "mend" lets it go on.
fails_and_recovers() {
	issue alice
	spoil
	log_mark
	send knock $FORWARD
	daemon_has_seen
	check "$1: no grant" while_for 1 refused
	check "$1: nor a file of one" [ ! -e "$work/grants/http/$CLIENT" ]
	check "$1: the log says why" logged 'no grant for a complete knock user=alice service=http: store failed'
	check "$1: the daemon answers" daemon_answers
	check "$1: and issues no key that it can't keep" not ctl issue bob $CLIENT 2>/dev/null
	mend
	send knock 3
	check "$1: over, one packet more opens" wait_until 2 reachable
	check "$1: revoked" revoked
	send knock $FORWARD
	daemon_has_seen
	check "$1: the key was used once" refused
	check "$1: and is gone" no_key
}

daemon
firewall
register alice
register bob
spoil() { must chattr +i "$work"/store/qknock.db "$work"/store/qknock.db-wal; }
mend() { must chattr -i "$work"/store/qknock.db "$work"/store/qknock.db-wal; }
fails_and_recovers "unwritable"

# A small file system of its own, filled to the last byte.
daemon_end TERM
rm -rf "$work/store"
mkdir "$work/store"
must mount -t tmpfs -o size=2m store "$work/store"
daemon
register alice
register bob
spoil() {
	dd if=/dev/zero of="$work/store/filler" bs=4k >/dev/null 2>&1
	dd if=/dev/zero of="$work/store/filler" bs=1 oflag=append conv=notrunc >/dev/null 2>&1
	# What the log of the database had in reserve is used up too.
	for i in $(seq 200); do
		ctl user add "filler$i" --no-pass-code >/dev/null 2>&1 || return
	done
	bail "the disk doesn't get full"
}
mend() { rm -f "$work/store/filler"; }
fails_and_recovers "disk full"

# The daemon dead, its file system read-only when it starts again: it says so and ends, and nothing was lost.
issue alice
daemon_end KILL
# Busy for as long as the verifier, which ends after the daemon that was killed, has the store open.
read_only() { mount -o remount,ro "$work/store" 2>/dev/null; }
must wait_until 10 read_only
log_mark
refuses() {
	timeout 20 nsenter --net=/run/netns/server -- "$(program qknockd)" -c "$conf" -f 2>>"$work/qknockd.log"
	[ $? = 1 ]
}
check "read-only at the start: the daemon refuses" refuses
check "the log says why" logged "can't start: $work/store/qknock.db: store failed"
must mount -o remount,rw "$work/store"
daemon_again
send knock $FORWARD
check "writable again: the key of before opens" wait_until 2 reachable
daemon_end TERM
umount -l "$work/store"
finish
