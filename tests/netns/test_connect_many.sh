#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hundred times ssh at once: from a host that has its grant, where none of them may ask for a key; and twenty users who
# each knock with a key of their own at the same time, from one address.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/connect.sh"
two_hosts
services=ssh:22
grant_time=120
ssh_server
firewall
register alice
ssh_config "$work/first" 1 --key-file "$work/key-alice"
fresh_key
run ssh -F "$work/first" gw true
check "one knock" exits 0

# at_once COUNT COMMAND...: so many beside each other, each told its number; the number of those that succeeded.
at_once() {
	local count=$1 i

	shift
	rm -f "$work"/done-*
	for i in $(seq "$count"); do
		"$@" "$i" >"$work/done-$i" 2>"$work/said-$i" </dev/null &
		pids[i]=$!
	done
	for i in $(seq "$count"); do
		wait "${pids[i]}"
	done
	grep -lx in "$work"/done-* | wc -l
}
came_in() { [ "$1" = "$2" ] || { cat "$work"/said-* | sort | uniq -c | sort -rn | head -n 5 | sed 's/^/#   /' && return 1; }; }

# Every other one passes the descriptor.
enter() { person timeout 100 ssh -F "$work/way$(($1 % 2 + 1))" gw 'echo in'; }
ssh_config "$work/way1" 1 --key-file /nonexistent
ssh_config "$work/way2" 2 --key-file /nonexistent
check "100 at once, with a grant" came_in 100 "$(at_once 100 enter)"

knock_and_enter() {
	user=u$1 person timeout 100 ssh -F "$work/u$1" gw 'echo in'
}
users=20
for i in $(seq $users); do
	register "u$i"
	issue "u$i"
	chmod 600 "$work/key-u$i"
	ssh_config "$work/u$i" $((i % 2 + 1)) --always-knock --key-file "$work/key-u$i"
done
log_mark
check "$users knocks at once" came_in $users "$(at_once $users knock_and_enter)"
granted() { [ "$(tail -n "+$log_from" "$work/qknockd.log" | grep -Eo 'grant user=u[0-9]+ ' | sort -u | wc -l)" = $users ]; }
check "and each key was used" wait_until 5 granted
finish
