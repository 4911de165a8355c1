#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind openbsd-inetd.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -i "$EXAMPLES/openbsd-inetd.conf"
served_to_those_who_knocked
finish
