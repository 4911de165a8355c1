#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections a second through xinetd, with knockwrap, with tcpd and with nothing before the server:
# bench/bench_wrap.sh [BUILD [ROUNDS]]
#
# Client and server are network namespaces joined by a veth pair; both launchers log each connection to a syslog. The
# services take turns, for a few hundred connections each, four at a time; figures are medians over the rounds. cat is
# the worst case, because there is nothing but the start of processes; a connection of sshd ends at its banner. Then
# strangers, who are refused, and the memory of the process that does it, held by --reject drop or by the five seconds
# that tcpd sleeps.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
rounds=${2:-${ROUNDS:-7}}
. "$(dirname "$0")/../tests/netns/lib.sh"
isolate "$@"
. "$NETNS_DIR/sshd.sh"
. "$NETNS_DIR/wrap.sh"
wrap_hosts
echo 'stranger: ALL' >"$work/etc/hosts.deny"
bind_over hosts.deny
ln -s /bin/cat "$work/stranger"

# entry PORT SERVER ARGUMENT...: a service of xinetd. tcpd takes the real server for its name.
entry() {
	local port=$1 server=$2 flags=

	shift 2
	[ "$server" != /usr/sbin/tcpd ] || flags=NAMEINARGS
	cat <<-EOF
		service s$port
		{
			type = UNLISTED
			flags = IPv6 NOLIBWRAP $flags
			socket_type = stream
			protocol = tcp
			port = $port
			wait = no
			user = root
			server = $server
			server_args = $*
			instances = UNLIMITED
			cps = 1000000 1
			log_type = FILE /dev/null
		}
	EOF
}
{
	entry 71 /bin/cat -
	entry 72 $WRAP --service echo -- /bin/cat -
	entry 73 /usr/sbin/tcpd /bin/cat -
	entry 81 /usr/sbin/sshd -i
	entry 82 $WRAP --service ssh -- /usr/sbin/sshd -i
	entry 83 /usr/sbin/tcpd /usr/sbin/sshd -i
	entry 91 /bin/true -
	entry 92 $WRAP --service other -- /bin/cat -
	entry 93 /usr/sbin/tcpd "$work/stranger" -
	entry 94 $WRAP --service other --reject drop -- /bin/cat -
} >"$work/xinetd.conf"
ports='71 72 73 81 82 83 91 92 93 94' super_server xinetd -dontfork -f "$work/xinetd.conf"
grant_seconds=3600
service=echo grant
service=ssh grant

# measure PORT COUNT ENDING: one figure into the port's file.
measure() {
	clients $SERVER "$1" count="$2" parallel=4 ms=20000
	[ "$(ended_by "$3")" -ge $(($2 * 9 / 10)) ] || bail "port $1: not all ended by $3: $ended"
	echo "$2 ${ended##*seconds=}" | awk '{printf "%.1f\n", $1 / $2}' >>"$work/rate.$1"
}
for _ in $(seq "$rounds"); do
	for port in 71 72 73; do measure $port 400 served; done
	for port in 81 82 83; do measure $port 80 closed; done
	for port in 91 92; do measure $port 400 reset; done
done

# median NAME: of the figures in rate.NAME. ratio PORT PORT: median of the ratios of the rounds, because what else runs on
# the machine changes between rounds.
median() { sort -g "$work/rate.$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() {
	paste "$work/rate.$1" "$work/rate.$2" | awk '{print $1 / $2}' >"$work/rate.ratio"
	printf '%.2f' "$(median ratio)"
}
# figures SERVER NONE KNOCKWRAP TCPD: ports
figures() {
	printf '  %-10s none %6.0f   knockwrap %6.0f   tcpd %6.0f   none/knockwrap %s   none/tcpd %s\n' "$1" \
		"$(median "$2")" "$(median "$3")" "$(median "$4")" "$(ratio "$2" "$3")" "$(ratio "$2" "$4")"
}
aim() { awk "BEGIN {exit !($1)}" && echo met || echo missed; }
# memory NAME: kilobytes of the process of that name, its own and in proportion.
memory() {
	local pid

	pid=$(pgrep -xn "$1") || bail "no process of $1"
	awk '/^Private/ {own += $2} /^Pss:/ {pss = $2} END {printf "%d kB of its own, %d kB in proportion", own, pss}' \
		"/proc/$pid/smaps_rollup"
}

printf 'connections a second through xinetd, medians of %d rounds\n' "$rounds"
figures cat 71 72 73
figures sshd 81 82 83
printf '  strangers  exit at once %6.0f   knockwrap %6.0f   tcpd sleeps 5 s\n' "$(median 91)" "$(median 92)"
printf '  aim: faster than tcpd: cat %s, sshd %s; within 1.2 of none: cat %s, sshd %s\n' \
	"$(aim "$(ratio 72 73) > 1")" "$(aim "$(ratio 82 83) > 1")" \
	"$(aim "$(ratio 71 72) <= 1.2")" "$(aim "$(ratio 81 82) <= 1.2")"
clients $SERVER 94 mute ms=60000 >/dev/null &
wait_until 5 pgrep -xn knockwrap >/dev/null
sleep 0.5
printf 'memory of the refusing process\n  knockwrap %s\n' "$(memory knockwrap)"
clients $SERVER 93 mute ms=6000 >/dev/null &
wait_until 5 pgrep -xn tcpd >/dev/null
sleep 0.5
printf '  tcpd      %s\n' "$(memory tcpd)"
exit 0
