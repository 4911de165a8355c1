#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind inetutils-inetd, which puts what it knows of the client into the environment. IPv4 comes mapped.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
super_server "$SUPERSERVERS/inetutils-inetd/usr/sbin/inetutils-inetd" -d -p --environment \
	"$EXAMPLES/inetutils-inetd.conf"
check "the listener is one for both families" [ "$(on server ss -Hltn 'sport = :7' | wc -l)" = 1 ]
# Ten wait in its listener's queue; the kernel leaves more in the dark.
parallel=10
served_to_those_who_knocked
finish
