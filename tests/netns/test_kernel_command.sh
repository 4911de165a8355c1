#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qknockctl kernel: the table before there is a daemon or a rule, what a rule makes of it, and its end.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
table=k$(od -An -N4 -tx4 /dev/urandom | tr -d ' ') # the whole kernel knows programs by their tables' names
services='http:80 ssh:22'
grant_time=60
configure
kernel() { on server "$(program qknockctl)" -c "$conf" "${as_json[@]}" kernel "$@" >"$work/out" 2>"$work/said"; }
as_json=()
shows() { kernel show && grep -q -e "$1" "$work/out"; }
# refuses CODE TEXT ARGUMENT...
refuses() {
	local code=$1 text=$2

	shift 2
	kernel "$@"
	[ $? = "$code" ] && grep -q -e "$text" "$work/said"
}

check "there is no table yet" refuses 1 "there is no table $table" show
check "nor anything to unload" refuses 1 "there is no table $table" unload
check "a name that is no service loads nothing" refuses 1 'service name' load http Http
check "still no table" refuses 1 'there is no table' show
check "a pin for each service of the configuration" kernel load
check "http's" shows '--service http .*, kept'
check "ssh's" shows '--service ssh .*, kept'
check "no rule uses them" not shows 'in use'
check "no grant" shows "^table $table: map [0-9]*, 0 of [0-9]* grants"
check "again is no fault" kernel load
check "one by the name that a saved rule has" kernel load ssh_age30_once_not
check "is another" shows '! --service ssh --max-age 30 --single-use .*, kept'
as_json=(--json)
check "JSON" [ "$(kernel show && grep -cE '"(service)": "(http|ssh)"|"max_age": 30|"kept": true|"in_use": false' "$work/out")" = 10 ]
check "of a load" eval 'kernel load ssh && grep -qx "{}" "$work/out"'
as_json=()
check "of another table there is nothing" refuses 1 'there is no table another' show --table another
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
check "who is not root is told" grep -q 'Permission denied' \
	< <(as_nobody "$(program qknockctl)" kernel show --table $table 2>&1)

# A rule and a daemon that come later.
services=http:80 firewall --knock-table "$table"
check "a rule uses it" shows '--service http .*, in use'
check "closed" refused
services='http:80 ssh:22' daemon
register alice
issue alice
knock http
check "a daemon that comes later opens it" wait_until 5 reachable
check "one grant" shows ', 1 of'
check "not unloaded under a rule" refuses 1 'in use by rules' unload
check "the rule works still" reachable
daemon_end TERM

must xtables -F INPUT
check "unloaded without rules" wait_until 5 kernel unload # the kernel frees a rule in its own time
check "nothing is left" [ ! -e "/sys/fs/bpf/qknock/$table" ]
services=http:80 firewall --knock-table "$table"
check "a rule makes the table again" shows '--service http .*, in use$'
as_json=(--json)
check "forced" eval 'kernel unload --force && grep -qx "{}" "$work/out"'
as_json=()
check "under a rule, too" [ ! -e "/sys/fs/bpf/qknock/$table" ]

sed -i '/^table/d' "$conf"
sed -i '1i table = none' "$conf"
check "a configuration without a table needs --table" refuses 1 'names no table' show
check "which is taken" refuses 1 "there is no table $table" show --table "$table"
check "a configuration that is none" refuses 2 'none: No such file' -c "$work/none" load
finish
