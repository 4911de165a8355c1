#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Microseconds from the last packet of a knock to a SYN accepted: bench/bench_open.sh [BUILD [KNOCKS]]
#
# Client and server are network namespaces joined by a veth pair; real qknockd with its store on the disk of the
# build directory, real iptables. All packets of the knock but one are sent and dealt with; then the clock starts,
# the last one leaves, and from that moment on a SYN from a new port every 50 us. The clock stops when the first
# SYN-ACK is received, so that the figure includes a round trip and up to 50 us of waiting for the next SYN.
# Baseline in the same run: the same race for a port that is open to all.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
knocks=${2:-${KNOCKS:-100}}
. "$(dirname "$0")/../tests/netns/lib.sh"
[ -n "${QKNOCK_WORK-}" ] || QKNOCK_WORK=$(mktemp -d "$QKNOCK_BUILD/bench-open.XXXXXX")
export QKNOCK_WORK
isolate "$@"

grant_time=60
two_hosts
web_server 80 81
daemon
firewall
must xtables -A INPUT -p tcp --dport 81 -j ACCEPT
register alice

for _ in $(seq "$knocks"); do
	must tool connect 81 >>"$work/baseline"
	issue alice
	send race 80 >>"$work/open"
	revoke http $CLIENT
	must wait_until 2 refused
done

# figures FILE: median and 99th percentile
figures() { sort -g "$1" | awk '{v[NR] = $1} END {printf "%.0f %.0f\n", v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.999)]}'; }
read -r base base99 < <(figures "$work/baseline")
read -r open open99 < <(figures "$work/open")
printf 'last knock packet to SYN accepted, %d knocks, microseconds\n' "$knocks"
printf '  %-44s median %6d   p99 %6d\n' "port open to all (SYN to SYN-ACK)" "$base" "$base99" \
	"port opened by the knock" "$open" "$open99"
printf '  ratio of the medians %.1f; aim: median under 2000 us: %s\n' "$(awk "BEGIN {print $open / $base}")" \
	"$([ "$open" -lt 2000 ] && echo met || echo missed)"
rm -rf "$work"
exit 0
