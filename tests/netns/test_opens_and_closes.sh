#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The port is closed before a knock, open after it and closed again, while an established connection lives on.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
daemon
firewall
register alice

check "closed before a key is issued" refused
issue alice
check "closed while a key is pending" refused
check "the client knocks" knock http
check "open after the knock" wait_until 2 reachable
opened=$(now_ms)
check "the page comes" serves
check "closed for another port" refused 81

mkfifo "$work/request"
on client busybox nc "$SERVER" 80 <"$work/request" >"$work/answer" &
exec 5>"$work/request"
established() { on server ss -Htn state established sport = :80 | grep -q .; }
check "a connection is established" wait_until 2 established

check "closed when the grant has ended" wait_until 5 refused
check "but not before" [ $(($(now_ms) - opened)) -ge $((grant_time * 1000 - 500)) ]
check "nor much later" [ $(($(now_ms) - opened)) -le $((grant_time * 1000 + 2000)) ]
printf 'GET /index.htm HTTP/1.0\r\n\r\n' >&5
check "the established connection is still served" wait_until 2 grep -q 'It works' "$work/answer"
check "the daemon says when the grant ended" logged 'grant.*end|end.*grant'
check "the key is gone" not grep -q alice < <(ctl pending)
finish
