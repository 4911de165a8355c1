#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap in systemd's Accept=yes sockets. systemd is not the first process here: systemd-socket-activate does what
# the units say, ssh's by StandardInput=socket, echo's by LISTEN_FDS.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts

# setting UNIT NAME
setting() { sed -n "s/^$2=//p" "$EXAMPLES/systemd/$1"; }
# activate NAME: as its units have it.
activate() {
	local mode=()

	[ "$(setting "knock-$1@.service" StandardInput)" != socket ] || mode=(--inetd)
	[ "$(setting "knock-$1.socket" Accept)" = yes ] || bail "knock-$1.socket is not Accept=yes"
	ports=$(setting "knock-$1.socket" ListenStream) super_server systemd-socket-activate --accept "${mode[@]}" \
		-l "$(setting "knock-$1.socket" ListenStream)" $(setting "knock-$1@.service" ExecStart)
}

verified() { systemd-analyze verify --man=no "$EXAMPLES"/systemd/knock-*.socket "$EXAMPLES"/systemd/knock-*.service; }
check "the units are without fault" [ -z "$(verified 2>&1 | grep -F "$EXAMPLES")" ]
activate ssh
activate echo
served_to_those_who_knocked
finish
