#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks: at the beginning and the end of each grant, in order, with the environment promised and no shell; ends that
# were missed while the daemon was down are made up for.
. "$(dirname "$0")/lib.sh"
isolate "$@"
hook=$work/hook
cat >"$hook" <<-'END'
	#!/bin/bash
	{
		env | sort >"${0%/*}/hook.env"
		ls -l /proc/$$/fd | sed -n 's/.* \([0-9]*\) -> \(.*\)/\1 \2/p' >"${0%/*}/hook.fds"
		echo "$1 $2 $QKNOCK_USER $QKNOCK_SERVICE $QKNOCK_ADDRESS $QKNOCK_EXPIRES"
	} >>"${0%/*}/hook.out"
END
chmod 755 "$hook"
service_settings="	open = {\"$hook\", \"open\", \"a b; touch $work/pwned\"}
	close = {\"$hook\", \"close\", \"\$(touch $work/pwned)\"}"
export SECRET=leaked
two_hosts
web_server
daemon
firewall
register alice
lines() { [ "$(wc -l <"$work/hook.out")" -ge "$1" ]; }
line() { sed -n "$1p" "$work/hook.out"; }

issue alice
send knock $FORWARD
opened=$EPOCHSECONDS
touch "$work/hook.out"
check "the open hook runs" wait_until 2 lines 1
expires=$(line 1)
expires=${expires##* }
check "with the grant's user, service and address" \
	[ "$(line 1)" = "open a b; touch $work/pwned alice http $CLIENT $expires" ]
check "and when it ends" within $((expires - opened)) $((grant_time - 1)) $((grant_time + 1))
check "the environment is clean" [ "$(cut -d= -f1 "$work/hook.env" | grep -Ev '^(_|PWD|SHLVL)$' | paste -sd' ')" = \
	"PATH QKNOCK_ADDRESS QKNOCK_EXPIRES QKNOCK_SERVICE QKNOCK_USER" ]
check "no descriptor of the daemon's leaks" not grep -Evq '^([012] /dev/null|[0-9]+ (/proc|/dev/null|pipe|.*hook))' "$work/hook.fds"
check "the close hook runs at the end" wait_until 6 lines 2
check "for the same grant" [ "$(line 2)" = "close \$(touch $work/pwned) alice http $CLIENT $expires" ]
check "no shell looked at the arguments" [ ! -e "$work/pwned" ]

issue alice
send knock $FORWARD
check "the next grant opens" wait_until 2 lines 3
daemon_end KILL
check "its end falls into the daemon's absence" wait_until 6 refused
check "no hook runs then" [ "$(wc -l <"$work/hook.out")" = 3 ]
daemon_again
check "the restart makes up for it" wait_until 3 lines 4
check "by the close hook" grep -q '^close .* alice http' < <(line 4)
daemon_end TERM
daemon_again
check "once" while_for 1 [ "$(wc -l <"$work/hook.out")" = 4 ]

issue alice
send knock $FORWARD
check "open" wait_until 2 lines 5
revoke http $CLIENT
check "revoking runs the close hook" wait_until 2 lines 6

service_settings='	open = {"/nonexistent/hook"}
	close = {"/bin/false"}'
configure
log_mark
daemon_signal HUP
wait_until 3 logged 'loaded again'
issue alice
send knock $FORWARD
check "a hook that can't run keeps no port shut" wait_until 2 reachable
check "and is named in the log" wait_until 2 logged '/nonexistent/hook'
check "so is one that fails" wait_until 6 logged '/bin/false'
finish
