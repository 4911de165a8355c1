#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What super-servers may hand over: a million bytes of environment, listening and datagram sockets, names.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
cat >"$work/inetd.conf" <<-EOF
	7 stream tcp nowait.600000 root $WRAP knockwrap --service echo -- /usr/bin/env
	8 stream tcp wait.100 root $WRAP knockwrap --service echo -- /bin/cat
	9 dgram udp4 wait.100 root $WRAP knockwrap --service echo -- /bin/cat
	101 stream tcp nowait root $WRAP ../../../bin/sh -c id
	102 stream tcp nowait root $WRAP -h
	103 stream tcp nowait root $WRAP %s%s%n%n
	104 stream tcp nowait root $WRAP knockwrap --help
	105 stream tcp nowait root $WRAP knockwrap --service echo -- $WRAP --service echo -- /bin/cat
	106 stream tcp nowait root $WRAP knockwrap --service echo -- cat
	107 stream tcp nowait root $WRAP knockwrap --service ECHO -- /bin/cat
EOF
long=$(printf 'x%.0s' {1..100000})
for i in {1..10}; do export "LONG_$i=$long"; done
unset LANG LANGUAGE TZ "${!LC_@}"
export REMOTE_HOST=trusted QKNOCK_USER=root LD_BIND_NOW=1
ports=7 super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -E -i "$work/inetd.conf"
for i in {1..10}; do unset "LONG_$i"; done
descriptors_before=$(descriptors)
has_long_environment() { [ "$(wc -c <"/proc/$super/environ")" -gt 1000000 ]; }
environment() { on client busybox nc $SERVER 7 </dev/null >"$work/environment"; }

check "the super-server's environment has a million bytes" has_long_environment
service=echo grant
check "a server is started for who knocked" environment
check "with this environment and no more" diff - <(sed 's/^\(PATH\|REMOTE_PORT\)=.*/\1/' "$work/environment" | sort) <<-EOF
	PATH
	QKNOCK_SERVICE=echo
	QKNOCK_USER=alice
	REMOTE_HOST=$CLIENT
	REMOTE_PORT
EOF
for port in 101 102 103 105 106 107; do
	check "port $port: reset, not a byte" resets $SERVER $port
done
clients $SERVER 104
check "help is not for clients" ended_as served=0 silent=0 bytes=0
check "the log says what is wrong" wait_until 2 line 'called by a name that is neither'
check "and of the program that is itself" line 'knockwrap is knockwrap itself'
check "and of the relative path" line 'cat: the program must be an absolute path'

clients $SERVER 8 mute ms=300
check "a listening socket is not served" ended_as served=0 bytes=0
check "the log says so" wait_until 2 line 'listening socket: want "nowait"'
on client bash -c 'for i in 1 2 3; do echo hello >/dev/udp/$0/9; done; sleep 0.3' $SERVER
check "datagrams are refused, and the log says why" wait_until 2 line 'is a datagram socket: a launcher can.t guard it'
check "their waiting doesn't start us again and again" [ "$(grep -c 'datagram socket' "$authlog")" -le 3 ]
check "nothing is left" wait_until 5 nothing_left
finish
