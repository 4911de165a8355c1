#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_xt_rules.sh BUILDDIR: rules of "-m knock" and what they leave in the kernel: listings, save and restore, a
# reboot, errors, pins shared by parallel commands, and their collection.
. "$(dirname "$0")/xt.sh"

knock() { printf -- '-m knock --service %s --knock-table %s' "$1" "$table"; }

# The names of the pins, on one line.
pinned() { ls "$pins" 2>/dev/null | tr '\n' ' '; }

# nft lets go of a deleted rule's program a moment later; the next command collects the pin.
settled() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.05
		"$tool" collect "$table"
		[ "$(pinned)" != "$1" ] || return 0
	done
	same "$1" pinned
}

refused_with() {
	status=$1 text=$2
	shift 2
	"$@" 2>"$tmp/message"
	got=$?
	cat "$tmp/message"
	[ $got = "$status" ] && grep -qF -- "$text" "$tmp/message"
}

listings() {
	check "$variant: add" ipt -A INPUT -p tcp --dport 22 -m knock --service ssh --max-age 30 --single-use \
		--knock-table "$table" -j ACCEPT
	check "$variant: add inverted" ipt -I INPUT -m knock ! --service ssh --knock-table "$table" -j DROP
	check "$variant: -S" same "-A INPUT -m knock ! --service ssh --knock-table $table -j DROP" ipt -S INPUT 1
	check "$variant: -L" sh -c 'grep -q "tcp dpt:22 knock service ssh max-age 30 single-use knock-table '"$table"'"' \
		<<-END
		$(ipt -nL INPUT)
	END
	check "$variant: -L inverted" sh -c 'grep -q " knock ! service ssh knock-table '"$table"'"' <<-END
		$(ipt -nL INPUT)
	END
	check "$variant: -C finds it" ipt -C INPUT -m knock ! --service ssh --knock-table "$table" -j DROP
	check "$variant: -C of other options does not" sh -c '! "$@"' - nsenter --net=/run/netns/"$server" \
		"$(command_name)" -C INPUT -m knock --service ssh --knock-table "$table" -j DROP
	check "$variant: -C left no pin" same "ssh_age30_once ssh_not " pinned
	check "$variant: -Z" ipt -Z INPUT
	check "$variant: pins are root's alone" same "600 600 " sh -c 'stat -c %a "$0"/* | tr "\n" " "' "$pins"
	check "$variant: -D" ipt -D INPUT -m knock ! --service ssh --knock-table "$table" -j DROP
	check "$variant: its pin goes, the other stays" settled "ssh_age30_once "
	check "$variant: -v reports the rule" sh -c 'grep -q "knock service web"' <<-END
		$(ipt -v -A INPUT $(knock web))
	END
	check "$variant: help" sh -c 'grep -q -- "--knock-table NAME"' <<-END
		$(ipt -m knock -h)
	END
	check "$variant: nothing is collected under another's xtables lock" refused_with 1 "in use" \
		flock --close "$XTABLES_LOCKFILE" "$tool" collect "$table"
	check "$variant: nor while another run relies on pins" refused_with 1 "in use" \
		flock --shared "$pins" "$tool" collect "$table"
	check "$variant: grants map stays" test -e "/sys/fs/bpf/qknock/$table/grants"
}

reboot() {
	ipt -A INPUT -p tcp --dport 22 $(knock ssh) --single-use -j ACCEPT
	ipt -A INPUT -p udp -m knock ! --service web --max-age 7 --knock-table "$table-b" -j DROP
	ipt_save >"$tmp/before"
	check "$variant: save has both rules" same 2 grep -c -- '-m knock' "$tmp/before"
	check "$variant: restore over itself" sh -c 'cat >"$0"' "$tmp/restore" <<-END
		$(ipt_restore <"$tmp/before" 2>&1)
	END
	check "$variant: is what was saved" same "$(cat "$tmp/before")" ipt_save
	ipt -F
	"$tool" force "$table"
	"$tool" force "$table-b"
	check "$variant: nothing is left before the boot" same "" ls /sys/fs/bpf/qknock
	check "$variant: restore after a reboot" ipt_restore <"$tmp/before"
	check "$variant: is what was saved before it" same "$(cat "$tmp/before")" ipt_save
	check "$variant: pins are there again" same "ssh_once " pinned
	check "$variant: unrelated commands work" ipt -A FORWARD -j ACCEPT
	check "$variant: a table in use is not unloaded" refused_with 1 "in use" "$tool" unload "$table"
	ipt -F
	sleep 0.2
	check "$variant: an unused one is" "$tool" unload "$table"
	check "$variant: and leaves nothing" test ! -e "/sys/fs/bpf/qknock/$table"
}

# A rule set that was saved without our listing names the pins themselves.
preloaded() {
	ipt -A INPUT $(knock ssh) --max-age 9 -j ACCEPT
	XTABLES_LIBDIR=${XTABLES_LIBDIR#*:} ipt_save >"$tmp/stock"
	check "$variant: saved by stock libraries" grep -q -- "-m bpf --object-pinned $pins/ssh_age9" "$tmp/stock"
	ipt -F
	"$tool" force "$table"
	check "$variant: load" "$tool" load "$table" ssh ssh_age9
	check "$variant: a loaded pin is not collected" "$tool" collect "$table"
	check "$variant: nor by other commands" ipt -A FORWARD $(knock web)
	check "$variant: they stay" same "ssh ssh_age9 web " pinned
	XTABLES_LIBDIR=${XTABLES_LIBDIR#*:}
	check "$variant: stock libraries restore it" ipt_restore <"$tmp/stock"
	XTABLES_LIBDIR=$builddir/xt_knock/.libs:$XTABLES_LIBDIR
	check "$variant: it is listed as -m knock" same "-A INPUT $(knock ssh) --max-age 9 -j ACCEPT" \
		sh -c 'sed "s/\(--knock-table [^ ]*\) -j/-j/; s/--max-age 9/--knock-table '"$table"' --max-age 9/"' <<-END
		$(ipt -S INPUT 1)
	END
	check "$variant: a rule's pin can be loaded too" "$tool" load "$table" web
	ipt -F
	sleep 0.2
	check "$variant: unused pins are collected" "$tool" collect "$table"
	check "$variant: but not the loaded ones" same "ssh ssh_age9 web " pinned
	check "$variant: load of a bad name" refused_with 1 "service name" "$tool" load "$table" ok ssh_agex
	check "$variant: loads nothing of it" test ! -e "$pins/ok"
}

errors() {
	check "$variant: no bpf file system" refused_with 2 "no bpf file system on /sys/fs/bpf" \
		unshare --mount sh -c 'mount -t tmpfs none /sys/fs/bpf && exec nsenter --net=/run/netns/"$0" "$@"' \
		"$server" "$(command_name)" -A INPUT $(knock ssh)
	check "$variant: not root" refused_with 2 "Operation not permitted (you must be root)" on "$server" \
		setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-all "$(command_name)" -A INPUT $(knock ssh)
	check "$variant: nothing was left behind" test ! -e "/sys/fs/bpf/qknock/$table"
	check "$variant: no such chain" refused_with 1 "No chain/target/match by that name" ipt -A NONE $(knock ssh)
	check "$variant: leaves no pin" settled ""
	mkdir -m 0777 "/sys/fs/bpf/qknock/$table-b"
	check "$variant: a directory that others may write" refused_with 2 "can be written by, another user" \
		ipt -A INPUT -m knock --service ssh --knock-table "$table-b"
	rmdir "/sys/fs/bpf/qknock/$table-b"
	check "$variant: translate needs no root" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$(command_name | sed 's/-.*//')-translate" -A INPUT $(knock other)
	mkdir -p "$pins"
	: >"$tmp/file"
	check "$variant: an outdated pin is replaced" sh -c 'mkdir -p "$0" && "$1" load xt-other ssh &&
		ln /sys/fs/bpf/qknock/xt-other/match/ssh "$0/ssh"' "$pins" "$tool"
	check "$variant: and the rule is accepted" ipt -A INPUT $(knock ssh)
	grant ssh "$friend" 100
	check "$variant: with a program of its own" sh -c '"$0" show "$1" | grep -q "/ssh.* knock service ssh"' "$tool" "$table"
}

parallel() {
	: >"$tmp/status"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		{ ipt -w -A INPUT $(knock ssh) -j ACCEPT; echo $? >>"$tmp/status"; } &
		{ ipt -w -A INPUT $(knock "web-$i") -j ACCEPT; echo $? >>"$tmp/status"; } &
	done 2>"$tmp/errors"
	wait
	check "$variant: 20 runs at once succeed" same 20 grep -cx 0 "$tmp/status"
	check "$variant: 20 rules" same 20 sh -c 'grep -c "^-A INPUT"' <<-END
		$(ipt -S INPUT)
	END
	check "$variant: 11 pins and nothing else" same 11 sh -c 'ls "$0" | wc -l' "$pins"
	check "$variant: all look at one map" same 1 sh -c '"$0" list "$1" >/dev/null; ls /sys/fs/bpf/qknock | wc -l' \
		"$tool" "$table"
	check "$variant: unrelated commands work" ipt -w -A FORWARD -j ACCEPT
}

# Rules come and go in two namespaces while a third, which has one all the time, commits unrelated changes: with
# iptables-legacy each such commit looks the pin up that the others would like to collect.
churn() {
	on "$client" "$(command_name)" -A INPUT $(knock ssh) -j ACCEPT
	: >"$tmp/errors"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		on "$client" "$(command_name)" -w -A FORWARD -j ACCEPT || echo unrelated
		on "$client" "$(command_name)" -w -D FORWARD -j ACCEPT || echo unrelated
	done >>"$tmp/errors" 2>&1 &
	for n in 1 2 3; do
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
			ipt -w -A INPUT $(knock ssh) -m mark --mark $n || echo add
			ipt -w -C INPUT $(knock "ssh-$n") 2>/dev/null
			ipt -w -D INPUT $(knock ssh) -m mark --mark $n || echo delete
		done >>"$tmp/errors" 2>&1 &
	done
	wait
	check "$variant: pins come and go without an error" same "" cat "$tmp/errors"
	check "$variant: the used one is there" test -e "$pins/ssh"
	check "$variant: and no other" settled "ssh "
	check "$variant: its rule can be changed" on "$client" "$(command_name)" -D INPUT $(knock ssh) -j ACCEPT
}

make_hosts
friend=10.99.7.2
each_variant listings reboot preloaded errors parallel churn
finish
