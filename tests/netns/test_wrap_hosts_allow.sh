#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bridge to libwrap: a line in hosts.allow, for tcpd and for sshd as a daemon of its own. And to ForceCommand, as
# knockwrap(8) has it, for an account whose group may read the grants.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
cp "$EXAMPLES/hosts.allow" "$EXAMPLES/hosts.deny" "$work/etc"
bind_over hosts.allow
bind_over hosts.deny
echo "7 stream tcp nowait.600000 root /usr/sbin/tcpd /bin/cat" >"$work/inetd.conf"
ports=7 super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -i "$work/inetd.conf"
ports=22 super_server /usr/sbin/sshd -D -e
refused() { clients "$@" && ended_as served=0 bytes=0; }

check "tcpd: refused before a knock" refused $SERVER 7
check "sshd: no login before a knock" refused_login publickey
service=echo grant
check "tcpd: lines come back after it" echoes $SERVER 7
grant
check "sshd: a login" login publickey
check "and another" login publickey
peer=$CLIENT6 grant single-use
target=$SERVER6 check "sshd: a login, by IPv6" login publickey
target=$SERVER6 check "one, for a single-use grant" refused_login publickey
service=echo peer=$CLIENT6 grant
check "tcpd: by IPv6" echoes $SERVER6 7
grant_seconds=1 grant
sleep 1.1
check "sshd: no login when the grant has ended" refused_login publickey
rm -rf "$grants"
check "tcpd: refused without grants directory" refused $SERVER 7

kill "$super"
wait_until 5 not listens 22
: >"$work/etc/hosts.allow"
: >"$work/etc/hosts.deny"
echo 'ForceCommand /usr/sbin/knockwrap --check "${SSH_CONNECTION%% *}" --service ssh --peek && exec "$SHELL"' \
	>>"$work/etc/sshd_config"
ports=22 super_server /usr/sbin/sshd -D -e
must mkdir -m 750 "$grants"
shell() { [ "$(echo 'echo in' | on client ssh -T "${ssh_options[@]}" "alice@$SERVER" 2>>"$work/ssh.err")" = in ]; }
grant single-use
check "ForceCommand: no shell for an account that may not read grants" not shell
must chgrp -R alice "$grants"
check "ForceCommand: a shell" shell
check "and another, looking takes nothing" shell
grant_seconds=1 grant
must chgrp -R alice "$grants"
sleep 1.1
check "ForceCommand: none when the grant has ended" not shell
finish
