#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client's SYNs have the form of its kernel's own, whatever the host's settings: both are captured on the
# server's side of the same cable and compared byte by byte.
. "$(dirname "$0")/lib.sh"
isolate "$@"
host client
host server
cable client e0 server e0
address client e0 $CLIENT/24
address client e0 2001:db8::20/64
address server e0 $SERVER/24
address server e0 2001:db8::32/64
compare=$QKNOCK_BUILD/tests/netns/syn_compare

cat >"$work/profile" <<-END
	qknock-profile 1
	server-id gw.example
	user alice
	n 18446743979220271189
	ports $KNOCK_PORTS
	count 12
	validity 120
	widths 0 8 64
	service http tcp 80
END
key_line() { echo "$(date +%s) $(head -c 32 /dev/urandom | base64 | tr +/ -_ | tr -d =) 7777777777"; }

# The kernel's own, to ports below the knock ports; the server refuses each at once.
kernel_syns() {
	on client bash -c "for port in {7000..7024}; do : <>/dev/tcp/$to/\$port; done" 2>/dev/null
}

our_syns() {
	key_line | on client "$(program qknock)" knock http --profile "$work/profile" --host "$to" \
		--carrier syn --gap 6 "$@" >"$work/knock.out" 2>&1 || cat "$work/knock.out"
}

# same_form [hops|hops2]: the kernel's and ours, under the settings of now. With an argument ours come from elsewhere.
same_form() {
	local hop=--no-hop

	case ${1-}$to in hops*:*) hop=--hop=64 ;; hops*) hop=--hop=8 ;; esac
	capture_start "$work/both.pcap" "tcp and dst host $to"
	kernel_syns
	our_syns $hop
	sleep 0.05
	capture_stop
	"$compare" "$work/both.pcap" 24 "$@"
}

# under NAME=VALUE [COMMAND]: both families with a setting of the client's kernel, which is put back then.
under() {
	local name=${1%%=*} value=${1#*=} before

	before=$(on client sysctl -n "$name") || bail "no setting $name"
	on client sysctl -qw "$name=$value" || bail "cannot set $1"
	both "$1"
	on client sysctl -qw "$name=$before"
}

both() {
	to=$SERVER check "IPv4, $1" same_form
	to=2001:db8::32 check "IPv6, $1" same_form
}

both "settings as they are"
to=$SERVER check "IPv4, hops" same_form hops
to=2001:db8::32 check "IPv6, hops" same_form hops
must on client sysctl -qw net.ipv4.tcp_timestamps=2
to=$SERVER check "IPv4, hops, time stamps without offset" same_form hops2
to=2001:db8::32 check "IPv6, hops, time stamps without offset" same_form hops2
must on client sysctl -qw net.ipv4.tcp_timestamps=1
for setting in net.ipv4.tcp_timestamps=0 net.ipv4.tcp_timestamps=2 net.ipv4.tcp_sack=0 \
	net.ipv4.tcp_window_scaling=0 net.ipv4.tcp_ecn=1 net.ipv4.tcp_ecn=0 \
	"net.ipv4.tcp_rmem=4096 87380 6291456" "net.ipv4.tcp_rmem=4096 16384 100000" \
	"net.ipv4.tcp_rmem=4096 3000000 200000000" net.ipv4.tcp_workaround_signed_windows=1 \
	net.ipv4.tcp_fastopen=0 "net.ipv4.ip_local_port_range=20001 60000" net.ipv4.ip_default_ttl=128 \
	net.ipv4.ip_no_pmtu_disc=1; do
	under "$setting"
done
# The newer ways to ask for ECN, where the kernel knows them.
for ecn in 3 4 5; do
	! on client sysctl -qw net.ipv4.tcp_ecn=$ecn 2>/dev/null || both "net.ipv4.tcp_ecn=$ecn"
done
on client sysctl -qw net.ipv4.tcp_ecn=2
on client sysctl -qw net.ipv4.tcp_sack=0
under net.ipv4.tcp_timestamps=0
on client sysctl -qw net.ipv4.tcp_sack=1
for setting in net.ipv6.auto_flowlabels=0 net.ipv6.auto_flowlabels=2 net.ipv6.auto_flowlabels=3 \
	net.ipv6.flowlabel_state_ranges=1 net.ipv6.flowlabel_state_ranges=0 net.ipv6.conf.e0.hop_limit=99; do
	under "$setting"
done
for mtu in 1400 9000 1280; do
	must ip -n server link set e0 mtu $mtu
	must ip -n client link set e0 mtu $mtu
	both "MTU $mtu"
done
must ip -n server link set e0 mtu 1500
must ip -n client link set e0 mtu 1500
for metric in "mtu 1300" "mtu lock 1300" "advmss 1000" "window 20000" "initrwnd 4" "hoplimit 77" "features ecn"; do
	# shellcheck disable=SC2086 # a metric is two words
	must ip -n client route replace $SERVER/32 dev e0 src $CLIENT $metric &&
		must ip -n client -6 route replace 2001:db8::32/128 dev e0 $metric
	both "route with $metric"
done
finish
