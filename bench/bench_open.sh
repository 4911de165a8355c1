#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Microseconds from the last packet of a knock to a SYN accepted: bench/bench_open.sh [BUILD [KNOCKS]]
#
# Client and server are network namespaces joined by a veth pair; real qknockd with its store on the disk of the
# build directory (or of $BENCH_STORE) and its grants in memory, as in /run; real iptables. All packets of the knock
# but one are sent and dealt with; then the clock starts, the last one leaves, and from that moment on a SYN from a
# new port every 50 us. The clock stops when the first SYN-ACK is received, so that the figure includes a round trip
# and up to 50 us of waiting for the next SYN.
#
# Baselines in the same run, taken in turn with the knocks: the same race for a port that is open to all, and one
# page written durably to the same disk, because no key may be consumed without that.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
knocks=${2:-${KNOCKS:-100}}
. "$(dirname "$0")/../tests/netns/lib.sh"
[ -n "${QKNOCK_WORK-}" ] || QKNOCK_WORK=$(mktemp -d "$QKNOCK_BUILD/bench-open.XXXXXX")
export QKNOCK_WORK
isolate "$@"

grant_time=60
store_on=$(mktemp -d "${BENCH_STORE:-$work}/store.XXXXXX")
ln -s "$store_on" "$work/store"
mkdir "$work/grants"
must mount -t tmpfs -o mode=750 grants "$work/grants"
two_hosts
web_server 80 81
daemon
firewall
must xtables -A INPUT -p tcp --dport 81 -j ACCEPT
register alice

for _ in $(seq "$knocks"); do
	must tool connect 81 >>"$work/baseline"
	must tool sync "$work/store/page" >>"$work/sync"
	issue alice
	send race 80 >>"$work/open"
	revoke http $CLIENT
	must wait_until 2 refused
done

# figures FILE TEXT: median and 99th percentile; the median stays in $median
figures() {
	sort -g "$1" | awk '{v[NR] = $1} END {printf "%.0f %.0f\n", v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.999)]}' |
		read -r median high
	printf '  %-44s median %6d   p99 %6d\n' "$2" "$median" "$high"
}
printf 'last knock packet to SYN accepted, %d knocks, microseconds\n' "$knocks"
figures "$work/baseline" "port open to all (SYN to SYN-ACK)"
floor=$median
figures "$work/sync" "one page on the store's disk"
floor=$((floor + median))
figures "$work/open" "port opened by the knock"
printf '  ratio to the sum of both baselines %s; aim: median under 2000: %s\n' \
	"$(awk "BEGIN {printf \"%.2f\", $median / $floor}")" "$([ "$median" -lt 2000 ] && echo met || echo missed)"
daemon_end TERM
umount "$work/grants"
rm -rf "$store_on" "$work"
exit 0
