#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon's processes: who they are and what they may, that each is replaced when it dies, with pending key and grant
# untouched, and that they end with the one that started them. What their walls stop is test_sandbox's to show.
. "$(dirname "$0")/lib.sh"
isolate "$@"
kernel_filter=false # see daemon_has_seen
validity=600
grant_time=60
two_hosts
web_server
# A service manager.
start server nc -lkuU "$work/manager" >"$work/told"
wait_until 5 [ -S "$work/manager" ] || bail "nc does not listen"
told() { grep -q "$1" "$work/told"; }
daemon_environment=(NOTIFY_SOCKET="$work/manager" WATCHDOG_USEC=2000000)
daemon
check "the manager is told when it is ready" wait_until 5 told READY=1
check "and that it lives" wait_until 5 told WATCHDOG=1
daemon_environment=()
firewall
register alice

another() { [ -n "$(child_of "$1")" ] && [ "$(child_of "$1")" != "$2" ]; }

# Loading modules, raw memory, debugging, administration, booting, mounting: none of its business.
has_none_of() {
	local bit capabilities

	capabilities=$((0x$(field "$daemon_pid" CapPrm)))
	for bit in "$@"; do
		[ $((capabilities >> bit & 1)) = 0 ] || return 1
	done
}
check "root's process has few capabilities" has_none_of 1 3 16 17 19 21 22 25 38
check "the daemon has three children" [ "$(children | wc -w)" = 3 ]
for process in verifier capture checker; do
	pid=$(child_of $process)
	check "$process: there is one" [ "$(wc -w <<<"$pid")" = 1 ]
	check "$process: is a user of its own" not grep -q '\b0\b' <<<"$(field "$pid" Uid; field "$pid" Gid)"
	check "$process: in no other group" [ -z "$(field "$pid" Groups | tr -d ' ')" ]
	check "$process: no capability, now or ever" \
		[ "$(for c in CapInh CapPrm CapEff CapBnd CapAmb; do field "$pid" $c; done | sort -u)" = 0000000000000000 ]
	check "$process: gains no privilege" [ "$(field "$pid" NoNewPrivs)" = 1 ]
	check "$process: has an allow-list of system calls" [ "$(field "$pid" Seccomp)" = 2 ]
	check "$process: starts no other" grep -q '^Max processes *0 *0 ' "/proc/$pid/limits"
	check "$process: leaves no core" grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
done
check "verifier and capture are different users" \
	[ "$(field "$(child_of verifier)" Uid)" != "$(field "$(child_of capture)" Uid)" ]
check "the verifier alone has the store open" \
	[ "$(for p in $(children) $daemon_pid; do ls -l "/proc/$p/fd" | grep -c 'qknock\.db$'; done | sort | paste -sd' ')" = "0 0 0 1" ]
check "no child has a network socket but the capture its own" \
	not grep -q 'socket' < <(for p in $(child_of verifier) $(child_of checker); do
		ls -l "/proc/$p/fd" | sed -n 's/.*socket:\[\([0-9]*\)\]/\1/p' | while read -r i; do
			grep -qs " $i\b" "/proc/$p/net/tcp" "/proc/$p/net/udp" "/proc/$p/net/raw" "/proc/$p/net/packet" && echo socket
		done
	done)
check "the store is the verifier's alone" [ "$(stat -c '%U %a' "$work/store" "$work/store/qknock.db" | paste -sd' ')" = "qknock 700 qknock 600" ]
check "status tells of the sandbox" grep -q '"sandbox": "landlock seccomp"' < <(ctl --json status)

# dies PROCESS: with a pending key and half of its knock sent, and another user's grant.
dies() {
	local pid

	pid=$(child_of "$1")
	issue alice
	send knock $EVEN
	daemon_has_seen
	log_mark
	kill -KILL "$pid"
	check "$1 dies: it is said" wait_until 5 logged "process ended process=$2 .*signal=9"
	check "$1: and there is another" wait_until 10 another "$1" "$pid"
	check "$1: the daemon answers" wait_until 10 daemon_answers
	check "$1: the key is still pending" grep -q alice < <(ctl pending)
	send knock $FORWARD
	check "$1: and opens" wait_until 5 reachable
	send knock $FORWARD
	daemon_has_seen
	pid=$(child_of "$1")
	kill -KILL "$pid"
	check "$1 dies again: the grant stays" reachable
	check "$1: another" wait_until 15 another "$1" "$pid"
	check "$1: the grant is known" wait_until 15 eval "ctl grants 2>/dev/null | grep -q alice"
	check "$1: revoked" revoked
	send knock $FORWARD
	daemon_has_seen
	check "$1: the key was used once" refused
}
dies capture capture
dies checker pass-codes
dies verifier verifier

# Half a knock before, the other half while there is no verifier: it waits in the capture's socket.
issue alice
send knock $EVEN
daemon_has_seen
must kill -STOP "$(child_of verifier)"
send knock $FORWARD
must kill -CONT "$(child_of verifier)"
check "a verifier that was held up loses no packet" wait_until 5 reachable
check "revoked" revoked

# The manager hears that the daemon lives only while verifier and capture do.
times_told() { grep -o WATCHDOG=1 "$work/told" | wc -l; }
told_more_than() { [ "$(times_told)" -gt "$1" ]; }
# hangs PROCESS: what it had said before may still count, twice at most, where there would be one each second.
hangs() {
	local pid told

	check "$1 lives: so it is said" wait_until 20 told_more_than "$(times_told)"
	pid=$(child_of "$1")
	must kill -STOP "$pid"
	told=$(times_told)
	check "$1 hangs: it is not said that it lives" not wait_until 6 told_more_than $((told + 2))
	must kill -CONT "$pid"
	check "$1 goes on: it is said again" wait_until 20 told_more_than $((told + 2))
}
hangs verifier
hangs capture

# A capture that has lost its interface is replaced when it is there again.
pid=$(child_of capture)
log_mark
must ip -n server link del e0
check "an interface that goes is said" wait_until 5 logged 'lost.*interface=e0'
cable client e0 server e0
must ip -n client link set e0 address $CLIENT_MAC
must ip -n server link set e0 address $SERVER_MAC
address client e0 $CLIENT/24
address server e0 $SERVER/24
check "it comes back, with another process" wait_until 15 another capture "$pid"
check "which listens" wait_until 15 logged 'listening interface=e0'
issue alice
send knock $FORWARD
check "and hears" wait_until 5 reachable
check "revoked" revoked

# A reload in the middle.
issue alice
send knock $EVEN
daemon_has_seen
log_mark
sed -i 's/^\(\s*interfaces\) = .*/\1 = {"e0", "lo"}/' "$conf"
daemon_signal HUP
check "another interface by reload" wait_until 5 logged 'loaded again'
check "the manager is told" wait_until 5 told RELOADING=1
check "has its process" [ "$(child_of capture | wc -w)" -ge 2 ]
send knock $ODD
check "no packet of before is lost" wait_until 5 reachable

pids=$(children)
gone() { ! kill -0 $pids 2>/dev/null; }
daemon_end TERM
check "stopped: its children end with it" wait_until 5 gone
check "cleanly" not logged 'process ended'
daemon_again
pids=$(children)
daemon_end KILL
check "killed: so too" wait_until 5 gone

# A store that root has had, from before there was a user for it.
must chown -R root:root "$work/store"
must chmod 755 "$work/store"
daemon_again
check "a store of root's becomes the verifier's" \
	[ "$(stat -c '%U %a' "$work/store" "$work/store/qknock.db" | paste -sd' ')" = "qknock 700 qknock 600" ]
check "with who is in it" grep -q alice < <(ctl user list)
daemon_end TERM
must chmod 750 "$work/store"
daemon_again
check "nobody else may look into it" [ "$(stat -c %a "$work/store")" = 700 ]
daemon_end TERM

# What it cannot start with.
starts() { on server timeout 30 "$(program qknockd)" -c "$conf" -f 2>"$work/start.err"; }
says() { grep -q "$1" "$work/start.err"; }
fails_with() {
	not starts && says "$1"
}
must chown -R root:root "$work/store"
must ln "$work/store/qknock.db" "$work/second"
check "a store that has a second name does not become the verifier's" fails_with 'cannot become'
must rm "$work/second"
must chown nobody "$work/store"
check "nor one in another user's directory" fails_with "is another user's: path=$work/store"
must chown -R qknock:qknock "$work/store"
sed -i '/^capture_user/d; /^user/d' "$conf"
{ echo 'user = "nosuchuser"'; cat "$conf"; } >"$conf.new" && mv "$conf.new" "$conf"
check "a user that there is not: the log names the command" fails_with 'adduser --system .*nosuchuser'
sed -i 's/^user = .*/user = "root"/' "$conf"
check "nor does it run as root" fails_with 'other than root'
sed -i 's/^user = .*/user = "qknock-capture"/' "$conf"
check "nor as one user" fails_with 'two different users'
sed -i '/^user = /d' "$conf"
must mkdir "$work/shared"
touch "$work/shared/precious"
sed -i "s|^\(\s*store\) = .*|\1 = \"$work/shared/qknock.db\"|" "$conf"
check "a directory that others use does not become the verifier's" fails_with 'holds=precious'
check "and stays root's" [ "$(stat -c %U "$work/shared")" = root ]
rm "$work/shared/precious"
must mkdir "$work/empty"
ln -s "$work/empty" "$work/link"
chown -h nobody "$work/link"
sed -i "s|/shared/qknock.db|/link/qknock.db|" "$conf"
check "nor does one that another user's link leads to" fails_with 'cannot be used'
sed -i "s|/link/qknock.db|/shared/qknock.db|" "$conf"
ln -s /etc/passwd "$work/shared/qknock.db"
check "nor does what a link leads to" fails_with 'cannot become'
check "which stays root's" [ "$(stat -c %U /etc/passwd)" = root ]
finish
