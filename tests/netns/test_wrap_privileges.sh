#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --user and --chroot: nothing of root is left in the server, and nothing outside of the directory.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/wrap.sh"
wrap_hosts
cat >"$work/probe" <<-'EOF'
	#!/bin/sh
	echo "$(id -u) $(id -g) $(id -G)"
	grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status | cut -f2 | sort -u | paste -sd' '
	echo "$USER $HOME $(umask) $(ls /proc/self/fd | paste -sd' ')"
EOF
chmod 755 "$work/probe"
echo 'friends:x:20009:alice' >>"$work/etc/group"
room "$work/jail"
for d in bin lib lib64 usr; do show "/$d" "$work/jail/$d"; done
echo inside >"$work/jail/where"
# Where tests/coverage.sh looks for the counters, which are written before the server runs.
[ -z "${QKNOCK_COVERAGE-}" ] || { must mkdir -p "$work/jail$QKNOCK_COVERAGE" &&
	must mount --bind "$QKNOCK_COVERAGE" "$work/jail$QKNOCK_COVERAGE"; }
cat >"$work/inetd.conf" <<-EOF
	201 stream tcp nowait root $WRAP knockwrap --service echo --user alice -- $work/probe
	202 stream tcp nowait root $WRAP knockwrap --service echo --user alice:daemon --umask 077 -- $work/probe
	203 stream tcp nowait root $WRAP knockwrap --service echo --user 4242:4243 -- $work/probe
	204 stream tcp nowait root $WRAP knockwrap --service echo --chroot $work/jail --user alice -- /bin/cat where
	205 stream tcp nowait root $WRAP knockwrap --service echo --chroot $work/jail -- /etc/passwd
	206 stream tcp nowait alice $WRAP knockwrap --service echo --user nobody -- /bin/cat
	207 stream tcp nowait root $WRAP knockwrap --service echo --chroot $work/jail -- /usr/sbin/knockwrap --help
EOF
ports='201 202 203 204 205 206 207' super_server "$SUPERSERVERS/openbsd-inetd/usr/sbin/inetd" -i "$work/inetd.conf"
says() { on client busybox nc $SERVER "$1" </dev/null; }
nothing=0000000000000000
service=echo grant

check "an account, with its groups" [ "$(says 201)" = "20001 20001 20001 20009
$nothing
alice $work/home 0022 0 1 2 3" ]
check "an account with another group, and that one alone" [ "$(says 202)" = "20001 1 1
$nothing
alice $work/home 0077 0 1 2 3" ]
check "a number that is nobody's" [ "$(says 203 | head -1)" = "4242 4243 4243" ]
check "a root directory" [ "$(says 204)" = inside ]
check "nothing outside of it" resets $SERVER 205
check "no account without root" resets $SERVER 206
check "knockwrap is known for itself inside" resets $SERVER 207
check "the log says so" wait_until 2 line '/usr/sbin/knockwrap is knockwrap itself'
service=echo grant single-use
check "a server that can't be started" resets $SERVER 205
check "doesn't spend a single-use grant" [ "$(says 204)" = inside ]
check "which is spent by one that can" resets $SERVER 204
finish
