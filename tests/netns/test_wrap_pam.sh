#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One single-use grant is enough for knockwrap and for pam_knock.so in the sshd behind it, because both look at the
# same connection; and for one login only.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
pam_stack
sshd_plain yes
printf 'defaults\n{\n}\nincludedir %s\n' "$EXAMPLES/xinetd" >"$work/xinetd.conf"
super_server xinetd -dontfork -f "$work/xinetd.conf"

check "no login before a knock" refused_login publickey
grant single-use
check "one login after it" login publickey
check "which the module passed" wait_until 2 module_said ": passed address=$CLIENT service=ssh"
check "for the same grant" line "service=ssh grant=$grant_id knocked=alice"
check "and no other" refused_login publickey
check "because knockwrap refused it" wait_until 2 line "refused connect from $CLIENT "
finish
