#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind xinetd.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
printf 'defaults\n{\n}\nincludedir %s\n' "$EXAMPLES/xinetd" >"$work/xinetd.conf"
super_server xinetd -dontfork -f "$work/xinetd.conf"
served_to_those_who_knocked
finish
