#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What keeps the daemon from starting in the background is said to who starts it, whatever the log is; the exit code
# tells as well.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts

# fails WHAT LOG SED-EXPRESSION PATTERN: with this change of the configuration.
fails() {
	configure
	sed -i -e "s,^log = .*,log = \"$2\"," -e "$3" "$conf"
	on server timeout 30 "$(program qknockd)" -c "$conf" >"$work/out" 2>"$work/said"
	check "$1: exit code 1" [ $? = 1 ]
	check "$1: said" grep -q -- "$4" "$work/said"
}

for log in syslog "$work/log"; do
	fails "no such user, log ${log##*/}" "$log" '/^server_id/a user = "nobodyhere"' \
		'^qknockd: user = nobodyhere: there is no such user; make it: adduser '
	fails "no such group, log ${log##*/}" "$log" '/^server_id/a group = "nobodyhere"' 'group nobodyhere does not exist'
	fails "no such interface, log ${log##*/}" "$log" 's/^interfaces.*/interfaces = {none9}/' 'none9: no such interface'
done
check "the log has it as well" grep -q 'error: user = nobodyhere' "$work/log"
fails "a log that can't be" /nowhere/log '' 'log /nowhere/log: No such file'
fails "log = stderr" stderr '' 'add -f'

# What is not there, or not yet: said, but no fault of the configuration.
missing() {
	configure
	sed -i -e '/^server_id/a user = "nobodyhere"' -e '/^server_id/a group = "nogrouphere"' \
		-e 's/^interfaces.*/interfaces = {"e0", "none9"}/' "$conf"
	on server "$(program qknockd)" -c "$conf" -t >"$work/out" 2>"$work/said"
}
check "-t: users and interfaces that there are not make no bad configuration" missing
for text in 'user = nobodyhere: there is no such user' 'group nogrouphere does not exist' 'there is no none9 now'; do
	check "-t: but it is said: $text" grep -q "$text" "$work/said"
done
check "-t: others are not" not grep -q 'e0\|capture_user' "$work/said"

# Of two interfaces one: it starts, and says that it looks for the other one. None: it does not pretend to.
check "no interface: nobody says that it will listen" not grep -q 'will listen' "$work/log"
interface='e0", "none9'
daemon
check "one interface of two: it will listen on the other one" logged 'will listen when it can interface=none9'
daemon_end TERM
interface=e0

daemon
fails "a second daemon" syslog '' 'in use by another daemon'
fails "one with another control socket" syslog 's,^control = .*,control = "'"$work"'/run2/control",' 'in use by another daemon'
fails "one with another store" syslog 's,^store = .*,store = "'"$work"'/store2/qknock.db",' 'another daemon answers there'
check "the first one answers still" daemon_answers
daemon_end TERM

configure
sed -i 's,^log = .*,log = "syslog",' "$conf"
check "a good one starts" on server "$(program qknockd)" -c "$conf" -p "$work/pid" 2>"$work/said"
check "in silence" [ ! -s "$work/said" ]
daemon_pid=$(cat "$work/pid")
check "and answers" daemon_answers
kill "$daemon_pid"
check "and ends" wait_until 5 daemon_gone
daemon_pid=
finish
