#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 with hops of 64 bits crosses a router that checks sources, since they are all the client's own /64.
. "$(dirname "$0")/lib.sh"
isolate "$@"
routed_hosts
web_server
daemon
firewall -6
register alice
target=$SERVER6 url_host="[$SERVER6]" knock_host=$SERVER6

opens() {
	issue alice $CLIENT6
	capture_start "$work/knock.pcap" 'ip6 and dst portrange 8800-8899'
	knock http "$@" && wait_until 2 reachable && wait_until 2 captured "$work/knock.pcap" 12
	local result=$?
	capture_stop
	return $result
}
sources() { tcpdump -r "$work/knock.pcap" -n 2>/dev/null | awk '{sub(/\.[0-9]+$/, "", $3); print $3}' | sort -u; }

check "closed before" refused
check "IPv6 with hops of 64 bits" opens --hop 64
check "from twelve addresses" [ "$(sources | wc -l)" = 12 ]
check "all of the client's own /64" not grep -qv '^2001:db8:c:0:' < <(sources)
check "the page comes" serves
check "closed again" wait_until 5 refused
check "and so by itself" opens
check "from twelve addresses" [ "$(sources | wc -l)" = 12 ]
check "closed again" wait_until 5 refused
check "IPv6 without hops" opens --no-hop
check "from the client's address" [ "$(sources)" = $CLIENT6 ]
check "closed again" wait_until 5 refused
check "IPv6 by datagrams" opens --carrier udp --no-hop
check "closed again" wait_until 5 refused

issue alice $CLIENT6
must ip -n client address add 2001:db8:bad::1/128 dev e0
dropped() { on router ip6tables -t raw -nvxL PREROUTING | awk '/DROP/ {exit !($1 > 0)}'; }
check "the router has let everything through so far" not dropped
target=$SERVER6 on client "$QKNOCK_BUILD/tests/netns/knock_tool" -m "$(ip -n router -o link show c0 |
	sed 's/.*ether \([0-9a-f:]*\).*/\1/')" -S 2001:db8:bad::1 -D $SERVER6 scan $KNOCK_PORTS
check "and drops what isn't the client's" wait_until 2 dropped
finish
