#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand strangers a second leave nothing behind: no process, no zombie, no descriptor, no connection.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
printf 'defaults\n{\n}\nincludedir %s\n' "$EXAMPLES/xinetd" >"$work/xinetd.conf"
super_server xinetd -dontfork -f "$work/xinetd.conf"
service=echo grant_seconds=600 peer=$CLIENT6 grant
check "a client with a grant is served before" echoes $SERVER6
check "nothing is left of it" wait_until 5 eval descriptors_before=9999 nothing_left
descriptors_before=$(descriptors)

# On a busy machine some are still in the listener's queue when they give up.
clients $SERVER $ECHO count=10000 rate=1000 parallel=4000 ms=5000
note "$ended"
check "10,000 strangers get nothing, not a byte" ended_as served=0 closed=0 gone=0 bytes=0
check "those who were accepted a reset" [ "$(ended_by reset)" -ge 2000 ]
check "nothing is left of them" wait_until 10 nothing_left
clients $SERVER $ECHO count=2000 parallel=100 abort ms=5000
# knockwrap may be quicker with its own reset.
check "2,000 reset their connections at once" ended_as served=0 closed=0 bytes=0
check "nothing is left of them" wait_until 5 nothing_left
clients $SERVER6 $ECHO count=500 parallel=50 abort ms=5000
check "500 who have a grant reset theirs" ended_as served=0 reset=0 closed=0 bytes=0
check "nothing is left of them" wait_until 5 nothing_left
check "a client with a grant is served after" echoes $SERVER6
check "the super-server is the same" kill -0 "$super"
finish
