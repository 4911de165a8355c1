#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole way: a real knock, verified by qknockd, lets the client log in to a real sshd.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
two_hosts
address client e0 172.17.12.21/24
accounts
services=ssh:22
grant_time=6
daemon
register alice --logins bob
pam_stack match_user
sshd

for method in $methods; do
	check "$method: refused before a knock" is_refused "$method"
done
issue alice
check "refused while a key is pending" is_refused publickey
check "the client knocks" knock ssh
check "let in after the knock" wait_until 2 passes publickey
id=$(said | sed -n 's/.*account.: passed .*grant=\([0-9a-f]*\) knocked=alice$/\1/p' | tail -1)
check "by the grant that the daemon has" grep -q "$id" <<<"$(ctl --json grants)"
check "another account that alice's record names is let in" eval 'login=bob passes publickey'
check "one that it doesn't name is not" eval 'login=root is_refused publickey'
check "  and the log says why" module_said "refused: grant is another user's"
check "another host is refused" is_refused publickey -b 172.17.12.21
check "  because it has not knocked" module_said 'refused: no grant address=172.17.12.21 '
check "let in by password" passes password
check "let in by keyboard-interactive" passes keyboard-interactive
check "refused when the grant has ended" wait_until 8 is_refused publickey
for method in $methods; do
	check "$method: refused now" is_refused "$method"
done

issue alice
knock ssh
check "let in after the next knock" wait_until 2 passes publickey
opened=$(now_ms)
daemon_end KILL
for method in $methods; do
	check "$method: let in while the daemon is dead" passes "$method"
done
check "refused at the grant's end with the daemon dead" wait_until 8 is_refused publickey
check "  because it has expired" module_said 'refused: grant has expired'
check "  not later than that" [ $(($(now_ms) - opened)) -le $((grant_time * 1000 + 1500)) ]

grant_time=60
service_settings='single_use = true'
daemon
issue alice
knock ssh
check "a single-use grant lets one in" wait_until 2 passes password
check "  and not another" is_refused publickey
daemon_end KILL
daemon_again
check "  not after the daemon was killed and started again either" is_refused publickey
check "  while it lives" [ "$(find "$grants/ssh" -name '.used.*' | wc -l)" = 1 ]
revoke ssh $CLIENT
check "nothing of it is left when it was revoked" [ -z "$(find "$grants/ssh" ! -type d)" ]
issue alice
knock ssh
check "the next knock lets in again" wait_until 2 passes publickey
finish
