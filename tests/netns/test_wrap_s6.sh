#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap in a service directory of s6.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
cp -r "$EXAMPLES/s6" "$work/s6"
ports=$SSH super_server s6-svscan "$work/s6"
check "reset before a knock" resets $SERVER $SSH
check "no login before a knock" refused_login publickey
grant single-use
check "a login after it" login publickey
check "one" refused_login publickey
check "the supervisor's log says so" line 'sshd\[[0-9]+\]: refused connect from'
must s6-svc -wr -t -r "$work/s6/ssh"
grant
check "after a restart of the listener too" wait_until 5 login publickey
s6-svscanctl -t "$work/s6"
check "and all ends together" wait_until 5 not listens $SSH
finish
