#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every way to log in to a real sshd, before a knock and after: password, keyboard-interactive and public key, IPv4
# and IPv6, client's name looked up or not, sshd started by itself, by xinetd, and on a pipe.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
two_hosts
address client e0 2001:db8:5::20/64
address server e0 $SERVER6/64
CLIENT6=2001:db8:5::20
accounts
pam_stack

for dns in no yes; do
	sshd "UseDNS $dns"
	for family in 4 6; do
		peer=$CLIENT target=$SERVER
		[ $family = 4 ] || peer=$CLIENT6 target=$SERVER6
		for method in $methods; do
			what="$method, IPv$family, UseDNS $dns"
			ungrant
			check "$what: refused before a knock" is_refused "$method"
			check "  and the log says who was" module_said "refused: no grant address=$peer service=ssh user=alice$"
			peer=192.0.2.9 grant
			check "$what: refused when another has knocked" is_refused "$method"
			: >"$work/rhost"
			grant
			check "$what: let in after a knock" passes "$method"
			check "  account was asked for too" module_said "account\): passed address=$peer "
			check "  the session says by which grant" wait_until 2 \
				module_said "session\): session opened address=$peer .*user=alice grant=$grant_id knocked=alice"
			case $dns:$method in
			*:publickey)
				check "  auth was not asked for" not module_said 'auth\): '
				continue
				;;
			no:*) name=$peer ;;
			yes:*) name=client.example ;;
			esac
			check "  auth was asked for, with PAM_RHOST=$name" grep -qx "auth $name" "$work/rhost"
			check "  and let in" module_said "auth\): passed address=$peer "
		done
	done
done
unset peer target

cat >"$work/xinetd.conf" <<END
service ssh-i
{
	type = UNLISTED
	port = 2222
	socket_type = stream
	protocol = tcp
	wait = no
	user = root
	flags = IPv6
	server = /usr/sbin/sshd
	server_args = -i -f $work/sshd_config
	instances = UNLIMITED
	per_source = UNLIMITED
	cps = 1000 1
}
END
start server xinetd -dontfork -f "$work/xinetd.conf" -pidfile "$work/xinetd.pid" 2>"$work/xinetd.err"
wait_until 5 on server bash -c ': <>/dev/tcp/localhost/2222' 2>/dev/null || bail "xinetd does not answer"
sshd_port=2222
for method in $methods; do
	ungrant
	check "$method, sshd -i: refused before a knock" is_refused "$method"
	grant
	check "$method, sshd -i: let in after a knock" passes "$method"
	grant single-use
	check "$method, sshd -i: a single-use grant lets one in" passes "$method"
	check "$method, sshd -i: and not another" is_refused "$method"
done
unset sshd_port

# No address at all: the server end of the connection is a pipe.
grant
pipe="ProxyCommand nsenter --net=/run/netns/server /usr/sbin/sshd -i -f $work/sshd_config"
for method in $methods; do
	check "$method, sshd -i on a pipe: refused, whoever has knocked" is_refused "$method" -o "$pipe"
	check "  and the log says why" module_said "refused: no client address address=unknown service=ssh"
done

# Whoever has knocked is asked for the password of an account that isn't there, and the log doesn't repeat its name.
login=mallory
said_mark
check "an account that isn't there is refused" refused_login password
check "  by pam_unix" wait_until 2 module_said "auth\): passed address=$CLIENT service=ssh grant="
check "  and the module doesn't log its name" not module_said mallory
ungrant
check "before a knock it is refused as any other" is_refused password
check "  and the module doesn't log its name" not module_said 'mallory|user='
finish
