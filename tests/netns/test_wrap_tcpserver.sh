#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind tcpserver, which knows IPv4 alone.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
ports=$SSH super_server "$EXAMPLES/tcpserver/ssh"
ports=$ECHO super_server "$EXAMPLES/tcpserver/echo"
served_to_those_who_knocked 4
finish
