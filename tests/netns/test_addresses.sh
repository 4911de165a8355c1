#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client's own packets: IPv4 with hops and without, both carriers; the forms of a real kernel's SYN.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
daemon
firewall
register alice

opens() {
	issue alice
	capture_start "$work/knock.pcap" 'dst portrange 8800-8899'
	knock http "$@" && wait_until 2 reachable && wait_until 2 captured "$work/knock.pcap" 12
	local result=$?
	capture_stop
	revoke http $CLIENT
	return $result
}
sources() { tcpdump -r "$work/knock.pcap" -n 2>/dev/null | awk '{sub(/\.[0-9]+$/, "", $3); print $3}' | sort -u; }
many_sources() { [ "$(sources | wc -l)" -ge 8 ] && not grep -qv '^172\.17\.12\.' < <(sources); }
own_source() { [ "$(sources)" = $CLIENT ]; }
is_udp() { not grep -qv 'UDP' < <(tcpdump -r "$work/knock.pcap" -n 2>/dev/null); }

check "IPv4 with hops of 8 bits" opens --hop 8
check "from many addresses of the network" many_sources
check "IPv4 without hops" opens --no-hop
check "from the client's address" own_source
check "IPv4 by datagrams" opens --carrier udp --no-hop
check "which are datagrams" is_udp
check "from the client's address too" own_source
check "sent three times over" opens --hop 8 --repeat 3

# A SYN of the kernel's own, beside those of a knock: ttl, window, options and DF are alike.
issue alice
capture_start "$work/forms.pcap" 'tcp[tcpflags] & tcp-syn != 0'
probe 8850
knock http --no-hop --repeat 1
check "both were captured" wait_until 2 captured "$work/forms.pcap" 13
capture_stop
forms() {
	tcpdump -r "$work/forms.pcap" -nv 2>/dev/null | tr -d '\n' | sed 's/IP (/\nIP (/g' |
		sed -nE 's/.*ttl ([0-9]+),.*flags \[(.*)\], proto.*Flags (\[[^]]*\]).* win ([0-9]+), options \[(.*)\], length 0.*/\1 \2 \3 \4 \5/p' |
		sed -E 's/TS val [0-9]+ ecr/TS val N ecr/' | sort | uniq -c
}
forms >"$work/forms"
check "they have one form" [ "$(wc -l <"$work/forms")" = 1 ]
check "all of them" [ "$(awk '{print $1}' "$work/forms")" = 13 ]
all_passed || sed 's/^/# /' "$work/forms"
finish
