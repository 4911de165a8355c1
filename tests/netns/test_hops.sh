#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The hop width that the client chooses by itself over IPv4: what it says, where its packets come from, and that they
# open. IPv6 is in test_ipv6.sh.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
daemon
firewall
register alice

opens() {
	issue alice $CLIENT
	capture_start "$work/knock.pcap" "dst host $SERVER and portrange 8800-8899"
	knock http --explain "$@" 2>"$work/said" >/dev/null &&
		wait_until 2 reachable && wait_until 2 captured "$work/knock.pcap" 12
	local result=$?
	capture_stop
	return $result
}
said() { grep -q -- "$1" "$work/said" || { sed 's/^/# /' "$work/said" && return 1; }; }
sources() { tcpdump -r "$work/knock.pcap" -n 2>/dev/null | awk '{sub(/\.[0-9]+$/, "", $3); print $3}' | sort -u; }
from_neighbours() { [ "$(sources | wc -l)" -gt 6 ] && ! sources | grep -qv '^172\.17\.12\.'; }
from_client() { [ "$(sources)" = $CLIENT ]; }
again() { revoke http $CLIENT && wait_until 2 refused; }

check "in the server's own network the knock opens" opens
check "over the neighbours' addresses" from_neighbours
check "it says whose address that is" said "^address $CLIENT: this host's own towards the server"
check "why it hops" said "^hop width 8: the server is in this host's own network"
check "and why with SYNs" said "^carrier syn: raw sockets are to be had"
check "closed" again
check "not when told so" opens --no-hop
check "but from its own" from_client
check "as it says" said "^hop width 0: as --no-hop says"
check "closed" again
check "not with datagrams" opens --carrier udp
check "but from its own" from_client
check "as it says" said "^hop width 0: datagrams can't be sent from neighbours' addresses"
check "closed" again
issue alice $CLIENT
check "nor when told to" not knock http --carrier udp --hop 8 2>"$work/said"
check "as it says" said "it is not this host's address; use --no-hop or --carrier syn"
check "with the key unused" grep -q alice < <(ctl pending)

must ctl user set alice --widths 0,64
profile_of alice
check "not what the user may not" opens
check "but from its own" from_client
check "as it says" said "^hop width 0: the profile allows no other"
check "closed" again
must ctl user set alice --widths 0,8,64
profile_of alice

must ip -n client address del $CLIENT/24 dev e0
must ip -n client address add $CLIENT/26 dev e0
check "not from a smaller network" opens
check "but from its own" from_client
check "as it says" said "^hop width 0: this host's network has fewer than 256 addresses"
check "closed" again
finish
