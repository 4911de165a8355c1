#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --reject drop: silence with a bound on time and on number, --reject close: an orderly end.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
cat >"$work/inetd.conf" <<-EOF
	7 stream tcp nowait.600000 root $WRAP knockwrap --service echo --reject drop --banner-timeout 3 --drop-limit 8 -- /bin/cat
	8 stream tcp nowait.600000 root $WRAP knockwrap --service echo --reject drop -- /bin/cat
	9 stream tcp nowait.600000 root $WRAP knockwrap --service echo --reject close -- /bin/cat
	10 stream tcp nowait.600000 root $WRAP knockwrap --service echo --reject drop --drop-limit 8 -- /bin/cat
EOF
ports='7 8 9 10' super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -i "$work/inetd.conf"
descriptors_before=$(descriptors)

clients $SERVER 7 ms=2500
check "silence" ended_as silent=1 bytes=0
clients $SERVER 7 ms=6000
check "then a reset" ended_as reset=1 bytes=0
check "after the time that was set" grep -Eq 'seconds=(2\.9|3\.)' <<<"$ended"
check "nothing is left" wait_until 5 nothing_left
clients $SERVER 8 ms=500 mute
check "a client that goes" ended_as silent=1 bytes=0
check "doesn't leave its connection behind" wait_until 2 nothing_left
clients $SERVER 9
check "close: an orderly end" ended_as closed=1 bytes=0

clients $SERVER 10 count=200 parallel=100 ms=8000
check "of 200 at once 8 are kept waiting, the others reset" ended_as silent=8 reset=192 bytes=0
check "nothing is left" wait_until 5 nothing_left
clients $SERVER 7 count=2000 rate=1000 parallel=500 ms=5000
note "$ended"
check "in a flood nobody gets a byte" ended_as served=0 closed=0 bytes=0
check "nothing is left of it" wait_until 10 nothing_left
service=echo grant
check "a client with a grant is served" echoes
finish
