#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 logins at once on one single-use grant: one gets in. By public key, whose account hook alone decides.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
two_hosts
accounts
pam_stack
sshd
logins=200

# Before the module is asked, each waits at a gate, until all are there.
mkfifo "$work/gate"
mkdir "$work/waiting"
printf '#!/bin/sh\n: >%s/$$\n: <%s\n' "$work/waiting" "$work/gate" >"$work/wait"
chmod 755 "$work/wait"
sed -i "/^account .*pam_knock/i account optional pam_exec.so quiet $work/wait" /etc/pam.d/sshd
all_wait() { [ "$(find "$work/waiting" -type f | wc -l)" = $logins ]; }

ungrant
said_mark
for i in $(seq $logins); do
	ssh_as publickey >"$work/out.$i" 2>/dev/null &
	clients[i]=$!
done
check "$logins logins are under way" wait_until 60 all_wait
grant single-use
: >"$work/gate"
wait "${clients[@]}"
decided() { [ "$(said | grep -Ec 'pam_knock\(sshd:account\): (passed|refused)')" = $logins ]; }
check "all $logins were decided on" wait_until 5 decided
check "one was let in" module_said_times 1 'account\): passed '
check "  and the rest refused" module_said_times $((logins - 1)) 'account\): refused: '
check "one client saw its command run" [ "$(cat "$work"/out.* | grep -cx in)" = 1 ]
note "refused as: $(said | sed -n -E 's/.*pam_knock.*(refused: [a-z ]*) address.*/\1/p' | sort | uniq -c | paste -sd';')"
check "the grant is marked as used" [ "$(find "$grants/ssh" -name '.used.*' | wc -l)" = 1 ]
check "  and is no more" [ ! -e "$grants/ssh/$CLIENT" ]
finish
