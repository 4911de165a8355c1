#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real knock, by the client and qknockd, opens what xinetd and knockwrap serve; the daemon's end closes nothing early
# and opens nothing.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
services='ssh:22 echo:7'
grant_time=5
wrap_hosts
mkdir -m 750 "$work/grants"
must mount --bind "$work/grants" "$grants"
printf 'defaults\n{\n}\nincludedir %s\n' "$EXAMPLES/xinetd" >"$work/xinetd.conf"
super_server xinetd -dontfork -f "$work/xinetd.conf"
daemon
register alice

check "reset before a key is issued" resets
issue alice
check "reset while a key is pending" resets
check "the client knocks" knock echo
check "lines come back" wait_until 2 echoes
opened=$(now_ms)
check "ssh, for which nobody knocked, is reset" resets $SERVER $SSH
daemon_end KILL
check "open while the daemon is dead" echoes
check "closed when the grant has ended" wait_until 7 resets
check "but not before" [ $(($(now_ms) - opened)) -ge $((grant_time * 1000 - 700)) ]
daemon_again
issue alice
check "the client knocks for ssh" knock ssh
check "a login" wait_until 2 login publickey
check "echo is reset" resets
revoke ssh $CLIENT
check "no login when the grant is revoked" wait_until 2 refused_login publickey
finish
