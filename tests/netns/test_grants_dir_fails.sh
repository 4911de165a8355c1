#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The grants directory missing or in the way of something: said in the log, made up for without a restart.
. "$(dirname "$0")/lib.sh"
isolate "$@"
grant_time=6
two_hosts
web_server
daemon
firewall
register alice
file=$work/grants/http/$CLIENT
revoked() { revoke http $CLIENT && wait_until 2 refused && [ ! -e "$file" ]; }
no_key() { not grep -q alice < <(ctl pending); }

issue alice
send knock $FORWARD
check "open" wait_until 2 reachable
check "the grant's file, which comes behind, names user and service" wait_until 2 grep -qs alice "$file"
check "it is root's alone to write" [ "$(stat -c '%U %a' "$work/grants" "$work/grants/http" | sort -u)" = "root 750" ]
check "revoked" revoked

rm -rf "$work/grants"
issue alice
send knock $FORWARD
check "directory removed: the knock opens" wait_until 2 reachable
check "and the directory is made again" wait_until 2 [ -e "$file" ]
check "revoked" revoked

rm -rf "$work/grants"
echo "in the way" >"$work/grants"
log_mark
issue alice
send knock $FORWARD
check "a file in its place: the key is consumed" wait_until 2 no_key
check "the log says what is wrong" wait_until 2 logged 'grants'
rm -f "$work/grants"
check "out of the way: the grant's file comes after" wait_until 3 [ -e "$file" ]
check "open by the kernel's table too" reachable
check "revoked" revoked

mkdir "$work/grants.real" && rm -rf "$work/grants" && ln -s grants.real "$work/grants"
log_mark
issue alice
send knock $FORWARD
check "a symbolic link in its place isn't followed" wait_until 2 logged 'grants'
check "nothing was written there" [ -z "$(ls "$work/grants.real")" ]
rm -f "$work/grants"
check "the link removed: the grant's file comes" wait_until 3 [ -e "$file" ]
check "the file goes with the grant" wait_until $((grant_time + 1)) [ ! -e "$file" ]
check "and the port is closed" refused
finish
