# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests between network namespaces are written with. A test reads:
#
#     . "$(dirname "$0")/lib.sh"
#     isolate "$@"
#     two_hosts; web_server; firewall; daemon; register alice
#     check "closed before the knock" refused
#     issue alice
#     knock http
#     check "open after it" wait_until 2 reachable
#     finish
#
# isolate starts the test again in mount, process and network namespaces of its own, with its own bpf file system
# and its own /run/netns: nothing that a test does reaches the machine's firewall, pins or hosts, any number of
# tests run at once, and all of it is gone when the test's first process is, however that ended.

set -u
shopt -s lastpipe

NETNS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLIENT=172.17.12.20
SERVER=172.17.12.32
CLIENT_MAC=02:00:ac:11:0c:14
SERVER_MAC=02:00:ac:11:0c:20
CLIENT6=2001:db8:c::20
SERVER6=2001:db8:5::32
KNOCK_PORTS=8800-8899

# --- frame of a test -------------------------------------------------------------------------------------------

note() { printf '# %s\n' "$*"; }

# The test cannot run: says why and counts as a failure.
bail() {
	printf 'Bail out! %s\n' "$*"
	exit 99
}

must() { "$@" || bail "failed: $*"; }

isolate() {
	if [ -z "${QKNOCK_ISOLATED-}" ]; then
		[ "$(id -u)" = 0 ] || bail "needs root, to make network namespaces"
		: "${QKNOCK_BUILD:=$PWD}"
		[ -x "$QKNOCK_BUILD/tests/netns/knock_tool" ] ||
			bail "QKNOCK_BUILD=$QKNOCK_BUILD is no build directory with tests/netns/knock_tool in it"
		QKNOCK_BUILD=$(cd "$QKNOCK_BUILD" && pwd)
		export QKNOCK_BUILD QKNOCK_ISOLATED=1
		unset SUDO_UID SUDO_GID SUDO_USER # run by sudo, qknock would become that user
		exec unshare --mount --propagation private --net --pid --fork --kill-child --mount-proc \
			bash "$0" "$@"
	fi
	work=${QKNOCK_WORK:-$(mktemp -d)}
	checks=0 passes=0
	mkdir -p "$work"
	trap 'on_exit $?' EXIT
	trap 'exit 130' INT TERM HUP
	must mkdir -p /run/netns
	must mount -t tmpfs -o mode=755 netns /run/netns
	must mount -t bpf bpf /sys/fs/bpf
	must ip link set lo up
	chmod 755 "$work" # others than root have to find their own files below it
	system_users
	export XTABLES_LOCKFILE=$work/xtables.lock
	# Sanitized programs run as they are, a sanitized plugin inside of iptables doesn't: $QKNOCK_PLUGINS.
	XTABLES_LIBDIR=${QKNOCK_PLUGINS:-$QKNOCK_BUILD/xt_knock/.libs}:$(pkg-config --variable=xtlibdir xtables)
	export XTABLES_LIBDIR
	conf=$work/qknock.conf
	settings_default
}

# The users that the daemon's processes become, in a copy of the files: the host needs not have them.
system_users() {
	local n=900 user

	cp /etc/passwd "$work/passwd"
	cp /etc/group "$work/group"
	for user in qknock qknock-capture; do
		n=$((n + 1))
		grep -q "^$user:" "$work/passwd" ||
			echo "$user:x:$n:$n::/nonexistent:/usr/sbin/nologin" >>"$work/passwd"
		grep -q "^$user:" "$work/group" || echo "$user:x:$n:" >>"$work/group"
	done
	must mount --bind "$work/passwd" /etc/passwd
	must mount --bind "$work/group" /etc/group
}

on_exit() {
	if [ "$1" != 0 ]; then
		note "logs are in $work, the end of the daemon's:"
		[ ! -s "$work/qknockd.log" ] || tail -n 25 "$work/qknockd.log" | sed 's/^/#   /'
	elif [ -z "${QKNOCK_WORK-}" ]; then
		umount -l "$work"/* 2>/dev/null
		# A file below that is mounted there, and has others mounted upon it, could not be removed.
		while umount -l /etc/passwd /etc/group; do :; done 2>/dev/null
		rm -rf "$work"
	fi
}

# check TEXT COMMAND...: one result.
check() {
	local text=$1

	shift
	checks=$((checks + 1))
	if "$@"; then
		printf 'ok %d - %s\n' "$checks" "$text"
		passes=$((passes + 1))
	else
		printf 'not ok %d - %s\n' "$checks" "$text"
		note "failed: $*"
	fi
}

# Not by counting failures: a check that a fault in the test cut short has not passed either.
all_passed() { [ "$checks" -gt 0 ] && [ "$passes" = "$checks" ]; }

finish() {
	[ -z "${daemon_pid-}" ] || daemon_end TERM
	printf '1..%d\n' "$checks"
	all_passed
	exit
}

not() { ! "$@"; }
within() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; } # NUMBER LOW HIGH

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# wait_until SECONDS COMMAND...: tries until the command succeeds; fails when the time is over.
wait_until() {
	local end=$(($(now_ms) + $1 * 1000))

	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# while_for SECONDS COMMAND...: the command succeeds each time in that span.
while_for() {
	local end=$(($(now_ms) + $1 * 1000))

	shift
	while [ "$(now_ms)" -lt "$end" ]; do
		"$@" || return 1
		sleep 0.02
	done
}

# --- hosts -----------------------------------------------------------------------------------------------------

# on HOST COMMAND...: "ip netns exec" would hide /sys/fs/bpf.
on() {
	local host=$1

	shift
	nsenter --net="/run/netns/$host" -- "$@"
}

# start HOST COMMAND...: in the background; $started is its process.
start() {
	local host=$1

	shift
	nsenter --net="/run/netns/$host" -- "$@" &
	started=$!
}

host() {
	must ip netns add "$1"
	must ip -n "$1" link set lo up
	on "$1" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
		net.ipv4.ip_nonlocal_bind=0
}

# cable HOST INTERFACE HOST INTERFACE
cable() {
	must ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
	must ip -n "$1" link set "$2" up
	must ip -n "$3" link set "$4" up
}

# address HOST INTERFACE ADDRESS/LENGTH
address() {
	must ip -n "$1" address add "$3" dev "$2"
}

# client e0 -- e0 server, on one network.
two_hosts() {
	host client
	host server
	join_hosts
}

join_hosts() {
	cable client e0 server e0
	must ip -n client link set e0 address $CLIENT_MAC
	must ip -n server link set e0 address $SERVER_MAC
	address client e0 $CLIENT/24
	address server e0 $SERVER/24
}

# client e0 -- c0 router s0 -- e0 server: the client's /64 is another than the server's, and the router lets no
# packet through whose source isn't on the side that it came from.
routed_hosts() {
	host client
	host router
	host server
	cable client e0 router c0
	cable router s0 server e0
	address client e0 $CLIENT6/64
	address router c0 2001:db8:c::1/64
	address router s0 2001:db8:5::1/64
	address server e0 $SERVER6/64
	must on router sysctl -qw net.ipv6.conf.all.forwarding=1
	must on router ip6tables -t raw -A PREROUTING ! -s fe80::/10 -m rpfilter --invert -j DROP
	must ip -n client route add default via 2001:db8:c::1
	must ip -n server route add default via 2001:db8:5::1
}

# --- the server: service, firewall, daemon ---------------------------------------------------------------------

# A real web server on each port given (80), on the host given by its name in $web_host (server).
web_server() {
	mkdir -p "$work/htdocs"
	echo 'It works' >"$work/htdocs/index.htm"
	for port in "${@:-80}"; do
		start "${web_host:-server}" busybox httpd -f -p "$port" -h "$work/htdocs"
		wait_until 5 on "${web_host:-server}" bash -c ": <>/dev/tcp/localhost/$port" 2>/dev/null ||
			bail "busybox httpd does not answer on port $port"
	done
}

# xtables [-6] ARGUMENT...: iptables on the server, of the kind $kind (nft or legacy).
kind=nft
xtables() {
	if [ "$1" = -6 ]; then
		shift
		on server "ip6tables-$kind" "$@"
	else
		on server "iptables-$kind" "$@"
	fi
}

# The rules of README: established connections go on, a service opens by its match, the rest is silence.
# firewall [-6] [MATCH OPTION...]
firewall() {
	local family='' s

	[ "${1-}" = -6 ] && family=-6 && shift
	must xtables $family -P INPUT DROP
	must xtables $family -A INPUT -i lo -j ACCEPT
	[ -z "$family" ] || must xtables -6 -A INPUT -p ipv6-icmp -j ACCEPT
	must xtables $family -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
	for s in $services; do
		must xtables $family -A INPUT -p tcp --dport "${s#*:}" -m knock --service "${s%:*}" "$@" -j ACCEPT
	done
}

settings_default() {
	services=http:80 # NAME:PORT, all tcp
	table=default
	kernel_filter=true
	interface=e0
	grant_time=3
	validity=60
	global_settings=
	service_settings=
	daemon_environment=()
}

# The configuration, from the settings above; global_settings and service_settings are lines to add.
configure() {
	local s

	{
		cat <<-EOF
			server_id = "gw.example"
			interfaces = {"$interface"}
			knock_ports = "$KNOCK_PORTS"
			validity = $validity
			store = "$work/store/qknock.db"
			control = "$work/control"
			grants_dir = "$work/grants"
			table = "$table"
			kernel_filter = $kernel_filter
			log = "stderr"
			log_level = "debug"
			$global_settings
		EOF
		for s in $services; do
			printf 'service "%s" {\n\tprotocol = tcp\n\tport = %s\n\tgrant_time = %s\n%s\n}\n' \
				"${s%:*}" "${s#*:}" "$grant_time" "$service_settings"
		done
	} >"$conf"
	mkdir -p "$work/store"
}

program() { echo "$QKNOCK_BUILD/$1/$1"; }
ctl() { on server "$(program qknockctl)" -s "$work/control" "$@"; }
daemon_answers() { ctl status >/dev/null 2>&1; }
daemon_gone() { ! kill -0 "$daemon_pid" 2>/dev/null; }

# daemon: writes the configuration and starts qknockd. daemon_again: starts it as it was.
daemon() {
	configure
	daemon_again
}

daemon_again() {
	start server env "${daemon_environment[@]}" "$(program qknockd)" -c "$conf" -f 2>>"$work/qknockd.log"
	daemon_pid=$started
	wait_until 5 daemon_answers || bail "qknockd does not answer on its control socket"
}

# daemon_signal NAME; daemon_end NAME also waits for its end, which must be a clean one after TERM.
daemon_signal() { kill -s "$1" "$daemon_pid"; }
daemon_end() {
	local pid=$daemon_pid status

	daemon_signal "$1"
	wait_until 5 daemon_gone || bail "qknockd is still there after SIG$1"
	daemon_pid=
	wait "$pid" 2>/dev/null
	status=$?
	[ "$1" != TERM ] || [ $status = 0 ] || bail "qknockd ended with exit $status after SIGTERM"
}

# children: the daemon's processes. field PROCESS NAME: of /proc/PROCESS/status.
children() { cat "/proc/$daemon_pid/task/$daemon_pid/children"; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
# child_of verifier|capture|checker: such a process; told apart by their users and what they have open.
child_of() {
	local pid

	for pid in $(children); do
		case $1:$(id -un "$(field "$pid" Uid | cut -f1)") in
		verifier:qknock) echo "$pid" ;;
		capture:qknock-capture) ls -l "/proc/$pid/fd" | grep -q 'anon_inode:.*timerfd' && echo "$pid" ;;
		checker:qknock-capture) ls -l "/proc/$pid/fd" | grep -q 'anon_inode:.*timerfd' || echo "$pid" ;;
		esac
	done
}

# logged PATTERN: a line since the last log_mark.
log_from=1
log_mark() { log_from=$(($(wc -l <"$work/qknockd.log") + 1)); }
logged() { tail -n "+$log_from" "$work/qknockd.log" | grep -Eq -- "$1"; }

# counter NAME: from the daemon's status.
counter() { ctl --json status | sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p"; }
counter_is() { [ "$(counter "$1")" = "$2" ]; }
counter_reaches() { [ "$(counter "$1")" -ge "$2" ]; }

# --- users, keys, knocks ---------------------------------------------------------------------------------------

# register USER [OPTION...]: adds the user, and the profile to the client's home.
register() {
	local user=$1

	shift
	must ctl user add "$user" --no-pass-code "$@" >"$work/user-$user.out"
	profile_of "$user"
}

# profile_of USER: the user's profile as the server now tells it, imported by the client.
profile_of() {
	must ctl profile "$1" >"$work/profile-$1"
	must as_user "$1" enroll --replace --quiet "$work/profile-$1"
}

# profile_by_hand [WIDTHS]: writes $work/profile without a daemon, for what the client does by itself.
profile_by_hand() {
	cat >"$work/profile" <<-END
		qknock-profile 1
		server-id gw.example
		host $SERVER
		user alice
		n 18446743979220271189
		ports $KNOCK_PORTS
		count 12
		validity 120
		widths ${1-0 8 64}
		service http tcp 80
	END
}

# as_user USER ARGUMENT...: the client program, on the client, with this user's home.
as_user() {
	local user=$1

	shift
	on client env HOME="$work/home-$user" XDG_CONFIG_HOME="$work/home-$user" "$(program qknock)" "$@"
}

# issue USER [ADDRESS [OPTION...]]: a key line, kept for knock and send.
issue() {
	local user=$1 address=${2:-$CLIENT}

	shift $(($# > 2 ? 2 : $#))
	must ctl issue "$user" "$address" "$@" >"$work/key-$user"
}

# knock SERVICE [OPTION...]: the client's own, as $user (alice).
knock() {
	local service=$1

	shift
	as_user "${user:-alice}" knock "$service" --host "${knock_host:-$SERVER}" "$@" <"$work/key-${user:-alice}"
}

# tool ARGUMENT...: knock_tool on the client, see its usage.
tool() { on client "$QKNOCK_BUILD/tests/netns/knock_tool" -m $SERVER_MAC -S $CLIENT -D $SERVER "$@"; }

# send [OPTION...] knock|forge|steal ORDER: packets of the knock of $user's key, of width 8 unless told.
send() {
	must tool -p "$work/profile-${user:-alice}" -k "$work/key-${user:-alice}" -w 8 "$@"
}

# revoke SERVICE ADDRESS
revoke() { must ctl revoke --service "$1" --address "$2" >/dev/null; }
revoked() { revoke http $CLIENT && wait_until 2 refused; }

FORWARD=0,1,2,3,4,5,6,7,8,9,10,11
REVERSE=11,10,9,8,7,6,5,4,3,2,1,0
TWICE=0,0,1,1,2,2,3,3,4,4,5,5,6,6,7,7,8,8,9,9,10,10,11,11
EVEN=0,2,4,6,8,10
ODD=1,3,5,7,9,11
shuffled() { shuf -i 0-11 | paste -sd,; }

# daemon_has_seen: all that was sent to the knock ports before has been dealt with. A packet that is sent now comes
# after them, and the counter says when it arrived; if the kernel lets it, that is with kernel_filter=false.
daemon_has_seen() {
	local seen

	seen=$(counter packets_seen)
	tool scan 8800-8863
	wait_until 5 counter_reaches packets_seen $((seen + 64)) || bail "qknockd sees no packets"
}

# --- what a client finds ---------------------------------------------------------------------------------------

# reachable [PORT]: a TCP connection from the client comes about. refused: silence, as from a host that isn't there.
probe() { on "${probe_host:-client}" "$QKNOCK_BUILD/tests/netns/knock_tool" \
	-D "${target:-$SERVER}" probe "${1:-80}" 300; }
reachable() { probe "$@"; }
refused() {
	probe "$@"
	[ $? = 1 ]
}

# serves [PORT]: the page comes.
serves() { on client curl -s --noproxy '*' -m 2 "http://${url_host:-$SERVER}:${1:-80}/index.htm" | grep -q 'It works'; }

# capture_start FILE [FILTER]: frames at the server's interface; capture_stop ends it.
capture_start() {
	local file=$1

	shift
	start server tcpdump -i e0 -n -U -Z root --immediate-mode -w "$file" "$@" 2>"$work/tcpdump.err"
	capture_pid=$started
	wait_until 5 grep -q 'listening on' "$work/tcpdump.err" || bail "tcpdump: $(cat "$work/tcpdump.err")"
}

capture_stop() {
	kill "$capture_pid"
	wait "$capture_pid" 2>/dev/null
}

# captured FILE COUNT: so many frames are in the file.
captured() { [ "$(tcpdump -r "$1" -n 2>/dev/null | wc -l)" -ge "$2" ]; }
