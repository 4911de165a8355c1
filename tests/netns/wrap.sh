# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# After lib.sh, isolate and sshd.sh: knockwrap behind real super-servers on the server. The files of
# knockwrap/examples are used as they are, because in the mount namespace of the test /usr/sbin/knockwrap is the one
# that was built and the directories that were compiled in are the test's own. A test reads:
#
#     wrap_hosts
#     super_server xinetd -dontfork -f "$work/xinetd.conf"
#     served_to_those_who_knocked
#     finish

EXAMPLES=$(cd "$NETNS_DIR/../../knockwrap/examples" && pwd)
SUPERSERVERS=$(cd "$NETNS_DIR/../.." && pwd)/build/superservers
WRAP=/usr/sbin/knockwrap
CLIENT6=2001:db8:c::20
SERVER6=2001:db8:c::32
SSH=22 ECHO=7
ssh_options=(-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR
	-o IdentityAgent=none -o IdentitiesOnly=yes -i "$work/id" -o ConnectTimeout=10)

# compiled_in PATTERN: a path of the help text.
compiled_in() { "$QKNOCK_BUILD/knockwrap/knockwrap" --help | grep -Eo "$1"; }

# show DIRECTORY AT: the machine's own, to read only: whoever removes the test's directory must not remove these.
show() {
	must mkdir -p "$2"
	must mount --rbind "$1" "$2"
	must mount -o remount,bind,ro "$2"
}

# room DIRECTORY: for mounts that the end of the test takes away with this one.
room() {
	must mkdir -p "$1"
	must mount -t tmpfs -o mode=755 room "$1"
}

# graft DIRECTORY: what is in it stays, what the test adds is gone with it.
graft() {
	local orig=$work/graft$1

	[ -d "$work/graft" ] || room "$work/graft"
	show "$1" "$orig"
	must mount -t tmpfs -o mode=755 graft "$1"
	find "$orig" -mindepth 1 -maxdepth 1 -exec ln -s -t "$1" {} +
}

# A directory that the test may fill, from the first parent on that the machine has.
own_dir() {
	local there=$1

	until [ -d "$there" ]; do there=$(dirname "$there"); done
	[ "$there" = /run ] && must mount -t tmpfs -o mode=755 run /run && must mkdir -p /run/netns /run/sshd
	[ "$there" = /run ] || graft "$there"
	must mkdir -p "$1"
}

# Two hosts with both families; accounts, sshd's configuration, the program in its place.
wrap_hosts() {
	local run etc

	grants=$(compiled_in '/.*/qknock/grants')
	servers=$(dirname "$(compiled_in '/.*/qknock/servers/LINK')")
	own_dir "$(dirname "$grants")"
	two_hosts
	address client e0 $CLIENT6/64
	address server e0 $SERVER6/64
	accounts
	own_dir "$(dirname "$servers")"
	graft /usr/sbin
	cp "$QKNOCK_BUILD/knockwrap/knockwrap" "$WRAP"
	chown alice: "$work/home"
	sshd_plain no
	must mkdir -m 750 "$grants"
}

# sshd_plain no|yes: sshd without or with PAM; login by alice's key.
sshd_plain() {
	cat >"$work/etc/sshd_config" <<-EOF
		HostKey $work/host_key
		UsePAM $1
		PasswordAuthentication no
		AuthorizedKeysFile $work/authorized_keys
		StrictModes no
		PrintMotd no
		PrintLastLog no
		LogLevel VERBOSE
		Subsystem sftp internal-sftp
	EOF
	bind_over ssh/sshd_config
}

bind_over() { must mount --bind "$work/etc/$(basename "$1")" "/etc/$1"; }

answers() { on server bash -c ": <>/dev/tcp/localhost/$1" 2>/dev/null; }

# super_server COMMAND...: on the server, until it listens on $ports. $super is its process.
super_server() {
	local port

	nsenter --net=/run/netns/server -- "$@" >>"$work/super.log" 2>&1 </dev/null &
	super=$!
	for port in ${ports:-$SSH $ECHO}; do
		wait_until 5 listens "$port" || bail "$1 does not listen on port $port: $(tail -3 "$work/super.log")"
	done
}
listens() { on server ss -Hltn "sport = :$1" | grep -q .; }

# clients ARGUMENT...: wrap_client on the client; its line is in $ended.
clients() { ended=$(on client "$QKNOCK_BUILD/tests/netns/wrap_client" "$@"); }
# ended_as NAME=N...: so many connections ended so.
ended_as() {
	local want

	echo "$ended" >>"$work/ended.log"
	for want; do
		[[ " $ended " = *" $want "* ]] || return 1
	done
}
# How many ended so.
ended_by() { sed -E "s/.*\b$1=([0-9]+).*/\1/" <<<"$ended"; }
echoes() { clients "${1:-$SERVER}" "${2:-$ECHO}" && ended_as served=1; }
# By RST, and not a byte came.
resets() { clients "${1:-$SERVER}" "${2:-$ECHO}" && ended_as reset=1 bytes=0; }

# line PATTERN: in the system log, or what the super-server's standard error was.
line() { cat "$authlog" "$work/super.log" | grep -Eq -- "$1"; }

# A file of $1 megabytes goes to the server and comes back the same.
copies() {
	local from=$work/from to=$work/home/to back=$work/back same=1

	head -c "${1}M" /dev/urandom >"$from"
	on client scp -q -B "${ssh_options[@]}" "$from" "alice@$SERVER:$to" >>"$work/scp.log" 2>&1 &&
		on client scp -q -B "${ssh_options[@]}" "alice@$SERVER:$to" "$back" >>"$work/scp.log" 2>&1 &&
		cmp "$from" "$to" && cmp "$from" "$back" && same=0
	rm -f "$from" "$to" "$back"
	return $same
}

# Everything that each super-server has to do, for both services.
# served_to_those_who_knocked [FAMILY]: 4 if the super-server has no IPv6.
served_to_those_who_knocked() {
	check "ssh: reset before a knock" resets $SERVER $SSH
	check "echo: reset before a knock" resets $SERVER $ECHO
	check "ssh: no login before a knock" refused_login publickey
	check "the log says so in tcpd's form" wait_until 2 \
		line "sshd\[[0-9]+\]: refused connect from $CLIENT \($CLIENT\): no grant service=ssh"
	grant
	check "ssh: a login after it" login publickey
	check "ssh: and another" login publickey
	check "ssh: 100 MB there and back" copies 100
	check "the log says who" wait_until 2 \
		line "sshd\[[0-9]+\]: connect from $CLIENT \($CLIENT\) service=ssh grant=$grant_id knocked=alice"
	check "echo: reset, the grant is ssh's" resets
	service=echo grant
	check "echo: lines come back" echoes
	grant_seconds=1 grant
	sleep 1.1
	check "ssh: reset when the grant has ended" resets $SERVER $SSH
	service=echo grant single-use
	clients $SERVER $ECHO count=200 parallel="${parallel:-200}" ms=20000
	check "echo: of 200, ${parallel:-200} at once, one is served" ended_as served=1 reset=199 bytes=0
	[ "${1-}" = 4 ] || served_by_ipv6
}

served_by_ipv6() {
	check "echo: reset before a knock, by IPv6" resets $SERVER6
	service=echo peer=$CLIENT6 grant
	check "echo: lines come back, by IPv6" echoes $SERVER6
	peer=$CLIENT6 grant
	target=$SERVER6 check "ssh: a login, by IPv6" login publickey
	check "echo: by IPv4 reset" resets $SERVER
}

# Nothing of it is left: no process of the server's, no zombie, no connection, as many descriptors as before.
processes() { ps -eo stat=,comm= | grep -Ec 'knockwrap|cat|sshd|^Z' || true; }
descriptors() { find "/proc/$super/fd" -mindepth 1 | wc -l; }
connections() { on server ss -Htn | wc -l; }
nothing_left() { [ "$(processes)" = 0 ] && [ "$(connections)" = 0 ] && [ "$(descriptors)" -le "$descriptors_before" ]; }
