#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ssh through what lies between: NAT that many share, and a router between IPv6 networks with reverse-path filtering
# on the router and on both hosts.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/connect.sh"

# client e0 -- c0 router s0 -- e0 server, with IPv4 behind MASQUERADE; the server's side of the router is $CLIENT.
routed_hosts
address client e0 192.168.7.20/24
address router c0 192.168.7.1/24
address router s0 $CLIENT/24
address server e0 $SERVER/24
must ip -n client route add default via 192.168.7.1
must on router sysctl -qw net.ipv4.ip_forward=1
for h in client router server; do
	must on $h sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
	on $h sysctl -aN 2>/dev/null | grep -E '^net.ipv4.conf.(c0|s0|e0).rp_filter$' | while read -r name; do
		must on $h sysctl -qw "$name=1"
	done
done
for h in client server; do # the router's stands in lib.sh
	must on $h ip6tables -t raw -A PREROUTING ! -s fe80::/10 -m rpfilter --invert -j DROP
done
must on router iptables -t nat -A POSTROUTING -o s0 -j MASQUERADE --random-fully
# All that comes from the server's network belongs to a connection that began inside.
must on router iptables -P FORWARD DROP
must on router iptables -A FORWARD -i c0 -j ACCEPT
must on router iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
services=ssh:22
grant_time=60
gateway=$SERVER
ssh_server
firewall
firewall -6
register alice
key=$work/key-alice

# goes_in OPTIONS...: ssh with these for qknock gets in, by a knock.
goes_in() {
	log_mark
	ssh_config "$work/config" 1 --json --key-file "$key" "$@"
	run ssh -F "$work/config" gw 'echo $SSH_CONNECTION'
	exits 0 && json_is distinct 12 && logged 'grant user=alice service=ssh'
}
came_from() { [ "$(cut -d' ' -f1 "$work/out")" = "$1" ] || { note "came from $(cat "$work/out")" && return 1; }; }

for carrier in syn udp; do
	fresh_key
	check "NAT, carrier $carrier" goes_in --address $CLIENT --carrier $carrier
	check "seen as the router" came_from $CLIENT
done
fresh_key
check "the address inside is not the one to knock for" not goes_in --address 192.168.7.20 --timeout 1
check "which is what is said" says "another address than 192.168.7.20 (NAT): use --address"

# The first three sets are lost altogether.
fresh_key
must on router iptables -I FORWARD -p tcp --dport 8800:8899 -j DROP
lost() { on router iptables -nvxL FORWARD | awk '/dpts:8800/ {exit !($1 >= 36)}'; }
goes_in --address $CLIENT --timeout 60 &
check "36 packets are lost on the way" wait_until 20 lost
must on router iptables -D FORWARD 1
wait $!
check "the set is sent again, until it opens" [ $? = 0 ]

sed "s/^$SERVER gw.example/$SERVER6 gw.example/" /etc/hosts >"$work/hosts" && cat "$work/hosts" >/etc/hosts
target=$SERVER6
for how in '--hop 64 --carrier syn' '--no-hop --carrier syn' '--hop 64 --carrier udp'; do
	fresh_key $CLIENT6
	check "IPv6: closed" refused 22
	# shellcheck disable=SC2086 # words
	check "IPv6 through a router, $how" goes_in $how
	check "seen as the client" came_from $CLIENT6
done
dropped() { on "$1" ip6tables -t raw -nvxL PREROUTING | awk '/DROP/ {exit !($1 > 0)}'; }
for h in client router server; do
	check "no packet failed the reverse-path filter of the $h" not dropped $h
done
finish
