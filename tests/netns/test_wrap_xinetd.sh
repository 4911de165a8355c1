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

capture_start "$work/wire.pcap" "src host $SERVER and tcp src port $ECHO"
check "a stranger is reset" resets
wait_until 2 captured "$work/wire.pcap" 2
capture_stop
flags() { tcpdump -r "$work/wire.pcap" -n 2>/dev/null | sed -E 's/.*Flags (\[[^]]*\]).* length ([0-9]+).*/\1 \2/' | sort -u; }
# What the stranger had said may be acknowledged before the reset, or answered by another after it.
check "the wire has a SYN-ACK and the reset, no data and no FIN" \
	[ "$(flags | grep -Fvx -e '[.] 0' -e '[R] 0')" = "$(printf '%s\n' '[R.] 0' '[S.] 0')" ]
served_to_those_who_knocked
finish
