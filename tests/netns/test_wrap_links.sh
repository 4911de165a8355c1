#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In tcpd's way: the name that inetd gives is the service, and a directory says what serves it.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
must mkdir -p "$servers"
must ln -s /usr/sbin/sshd "$servers/ssh"
must ln -s /bin/cat "$servers/echo"
super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -i "$EXAMPLES/inetd-links.conf"
descriptors_before=$(descriptors)

check "ssh: reset before a knock" resets $SERVER $SSH
check "echo: reset before a knock" resets
grant
check "ssh: a login after it" login publickey
check "echo: reset, the grant is ssh's" resets
service=echo grant
check "echo: lines come back" echoes

# serves_echo PROGRAM: what the entry leads to.
serves_echo() { ln -sfn "$1" "$servers/echo"; }
serves_echo $WRAP
check "reset when the entry is knockwrap itself" resets
check "the log says so" wait_until 2 line 'knockwrap is knockwrap itself'
check "and it did not start itself again and again" wait_until 2 nothing_left
ln -s $WRAP "$work/detour"
serves_echo "$work/detour"
check "reset when it is by a detour" resets
serves_echo /bin/no-such-server
check "reset when it is nothing" resets
check "the log says so" wait_until 2 line 'no-such-server: No such file'
rm "$servers/echo"
check "reset when it isn't there" resets
check "the log says so" wait_until 2 line "$servers/echo: No such file"
serves_echo /bin/cat
check "served again" echoes
chmod 777 "$servers"
check "reset when anybody might have put it there" resets
check "the log says so" wait_until 2 line 'a directory of root that none else can write to'
finish
