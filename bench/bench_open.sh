#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Microseconds from the last packet of a knock to a SYN accepted: bench/bench_open.sh [BUILD [KNOCKS]]
#
# Client and server are network namespaces joined by a veth pair; real qknockd, its grants in memory as in /run; real
# iptables. All packets of the knock but one are sent and dealt with; then the clock starts, the last one leaves, and
# from that moment on a SYN from a new port every 50 us. The clock stops when the first SYN-ACK is received, so that
# the figure includes a round trip and up to 50 us of waiting for the next SYN.
#
# Baselines in the same run, taken in turn with the knocks: the same race for a port that is open to all, and one
# page written durably to the store's disk, because no grant is given without that. The store is on the disk of the
# build directory, then in memory, which shows what is left without the disk.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
knocks=${2:-${KNOCKS:-100}}
. "$(dirname "$0")/../tests/netns/lib.sh"
[ -n "${QKNOCK_WORK-}" ] || QKNOCK_WORK=$(mktemp -d "$QKNOCK_BUILD/bench-open.XXXXXX")
export QKNOCK_WORK
isolate "$@"

grant_time=60
mkdir "$work/grants" "$work/memory"
must mount -t tmpfs -o mode=750 grants "$work/grants"
must mount -t tmpfs memory "$work/memory"
two_hosts
web_server 80 81
firewall
must xtables -A INPUT -p tcp --dport 81 -j ACCEPT

# measure NAME DIRECTORY: with the store there; into the files NAME, NAME.connect and NAME.sync
measure() {
	local i

	mkdir "$2/store"
	ln -sfn "$2/store" "$work/store"
	daemon
	register alice
	for ((i = 0; i < knocks; i++)); do
		must tool connect 81 >>"$work/$1.connect"
		must tool sync "$work/store/page" >>"$work/$1.sync"
		issue alice
		send race 80 >>"$work/$1"
		revoke http $CLIENT
		must wait_until 2 refused
	done
	daemon_end TERM
}
mkdir "$work/disk"
measure on-disk "$work/disk"
measure in-memory "$work/memory"

# figures FILE TEXT: median and 99th percentile; the median stays in $median
figures() {
	sort -g "$1" | awk '{v[NR] = $1} END {printf "%.0f %.0f\n", v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.999)]}' |
		read -r median high
	printf '  %-44s median %6d   p99 %6d\n' "$2" "$median" "$high"
}
printf 'last knock packet to SYN accepted, %d knocks each, microseconds\n' "$knocks"
figures "$work/on-disk.connect" "port open to all (SYN to SYN-ACK)"
floor=$median
figures "$work/on-disk.sync" "one page on the store's disk"
floor=$((floor + median))
figures "$work/on-disk" "port opened by the knock, store on disk"
printf '  ratio to the sum of both baselines: %s; aim, median under 2000: %s\n' \
	"$(awk "BEGIN {printf \"%.2f\", $median / $floor}")" "$([ "$median" -lt 2000 ] && echo met || echo missed)"
figures "$work/in-memory" "port opened by the knock, store in memory"
umount "$work/grants" "$work/memory"
rm -rf "$work"
exit 0
