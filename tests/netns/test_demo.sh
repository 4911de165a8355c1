#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration succeeds and shows what it promises.
. "$(dirname "$0")/lib.sh"
isolate "$@"

must mkdir "$work/tmp"
# As it is started by hand, but for its temporary files.
demo() {
	env -u QKNOCK_ISOLATED -u QKNOCK_WORK TMPDIR="$work/tmp" \
		"$NETNS_DIR/demo.sh" "$QKNOCK_BUILD" >"$work/demo.out" 2>&1
}
shows() { grep -Eq -- "$1" "$work/demo.out"; }

check "the demonstration succeeds" demo
all_passed || sed 's/^/# /' "$work/demo.out"
check "a SYN from a hop to a knock port" shows '172\.17\.12\.191 +172\.17\.12\.32 +TCP +[0-9]+ → 88[0-9][0-9] \[SYN\]'
check "the port's SYN, ACK" shows '172\.17\.12\.32 +172\.17\.12\.20 +TCP +80 → [0-9]+ \[SYN, ACK\]'
check "the request" shows '172\.17\.12\.20 +172\.17\.12\.32 +HTTP +GET /index.htm HTTP/1'
check "the answer" shows '172\.17\.12\.32 +172\.17\.12\.20 +HTTP +HTTP/1\.[01] 200 OK'
check "the login that was refused" shows 'pam_knock\(sshd:account\): refused: no grant address=172\.17\.12\.20 service=ssh user=alice'
check "the login that the knock let in" shows 'pam_knock\(sshd:account\): passed address=172\.17\.12\.20 .* knocked=alice'
check "nothing is left of it" [ -z "$(ls -A "$work/tmp")" ]
check "no colours where there is no terminal" not shows $'\e'
finish
