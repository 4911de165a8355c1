#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_xt_match.sh BUILDDIR: what "-m knock" lets through, seen by real connections between two hosts and no daemon.
. "$(dirname "$0")/xt.sh"

serve() {
	for family in 4 6; do
		addresses
		on "$server" "$peer" serve $here 22 >"$tmp/ready" &
		server_pids="${server_pids-} $!"
		until grep -q ready "$tmp/ready"; do sleep 0.02; done
	done
}

# closed_but RULE...: both protocols of the port are closed but for what RULE accepts
closed_but() {
	for protocol in tcp udp; do
		ipt -A INPUT -p $protocol -m $protocol --dport 22 -m knock "$@" --knock-table "$table" -j ACCEPT
		ipt -A INPUT -p $protocol -m $protocol --dport 22 -j DROP
	done
}

# reach EXPECTED tcp|udp [option=value...]: so many connections of the client get an answer
reach() {
	expected=$1 protocol=$2
	shift 2
	same "$expected" on "$client" "$peer" "$protocol" $here 22 from=$friend "$@"
}

matched() { ipt -t "${1:-filter}" -nvxL "${2:-INPUT}" 1 | awk 'NR == 1 { print $1 }'; }

grants_open() {
	addresses
	closed_but --service ssh
	check "$variant: closed without a grant" reach 0 tcp ms=300
	grant web $friend 100
	grant ssh $stranger 100
	check "$variant: closed with another's grant or for another service" reach 0 tcp ms=300
	grant ssh $friend 100
	check "$variant: open with a grant" reach 1 tcp
	check "$variant: again and again" reach 20 tcp count=20
	check "$variant: by UDP as well" reach 1 udp
	check "$variant: in fragments as well" reach 1 udp size=4000
	check "$variant: only for the granted address" reach 1 tcp from=$stranger
	"$tool" remove "$table" ssh $stranger
	check "$variant: whose end closes" reach 0 tcp from=$stranger ms=300
	"$tool" remove "$table" ssh $friend
	check "$variant: closed after revocation" reach 0 tcp ms=300
}

grants_expire() {
	addresses
	closed_but --service ssh --max-age 3
	grant ssh $friend 1
	check "$variant: open before expiry" reach 1 tcp
	sleep 1
	check "$variant: the kernel closes at expiry" reach 0 tcp ms=300
	check "$variant: the entry is still there" sh -c '"$0" list "$1" | grep -q "^ssh '$friend' "' "$tool" "$table"
	grant ssh $friend 100 2
	check "$variant: open before the greatest age" reach 1 tcp
	sleep 1.1
	check "$variant: closed after it, though the grant lives" reach 0 tcp ms=300
}

inversion() {
	addresses
	ipt -A INPUT -p tcp --dport 22 -m knock ! --service ssh --knock-table "$table" -j DROP
	check "$variant: ! closes to strangers" reach 0 tcp ms=300
	grant ssh $friend 100
	check "$variant: ! spares the granted" reach 1 tcp
	check "$variant: ! still closes to others" reach 0 tcp from=$stranger ms=300
}

single_use() {
	addresses
	closed_but --service ssh --single-use
	grant ssh $friend 100
	check "$variant: 1 of 200 connections at once" reach 1 tcp count=200 ms=1500
	check "$variant: none later" reach 0 tcp ms=300
	check "$variant: nor by another protocol" reach 0 udp ms=300
	sleep 0.01
	grant ssh $friend 100
	check "$variant: a new grant opens once more" reach 1 tcp
	grant ssh $friend 100
	check "$variant: a connection with all its packets, without conntrack" reach 1 tcp size=8000
	grant ssh $friend 100
	check "$variant: 1 of 200 by UDP" reach 1 udp count=200
	check "$variant: the grant says whose it is" sh -c 'case $("$0" used "$1" ssh '$friend') in
		80000011????0016) ;; *) exit 1; esac' "$tool" "$table"
}

# Without the option the grant's own flag decides, and the source port that used it comes in again.
single_use_of_grant() {
	addresses
	closed_but --service ssh
	grant ssh $friend 100 once
	check "$variant: single use by the grant's flag" reach 1 tcp count=50 ms=1500
	grant ssh $friend 100 once
	check "$variant: from a chosen port" reach 1 udp port=4321
	check "$variant: the same port goes on" reach 1 udp port=4321
	check "$variant: another does not" reach 0 udp port=4322 ms=300
}

# Only a SYN may claim: RST, FIN or a stray ACK from the same address must not use a grant up.
retransmission() {
	addresses
	ipt -A INPUT -p tcp --dport 22 -m knock --service ssh --single-use --knock-table "$table" -j DROP
	ipt -A INPUT -p tcp --dport 22 -j DROP
	grant ssh $friend 100
	reach 0 tcp port=5000 ms=1500
	check "$variant: a retransmitted SYN matches too" same 2 matched
	ipt -F
	ipt -A INPUT -p tcp --dport 22 -j ACCEPT
	on "$client" "$peer" tcp $here 22 from=$friend >/dev/null
	ipt -F
	closed_but --service ssh --single-use
	grant ssh $friend 100
	on "$client" "$peer" tcp $here 22 from=$friend port=5001 count=1 ms=50 >/dev/null
	check "$variant: the first SYN claims" reach 0 tcp port=5002 ms=300
}

# What cannot be seen cannot claim: of a fragmented datagram only the first piece has ports.
fragments() {
	addresses
	ipt -t raw -A PREROUTING -m knock --service ssh --single-use --knock-table "$table"
	grant ssh $friend 100
	on "$client" "$peer" udp $here 22 from=$friend size=4000 ms=200 >/dev/null
	check "$variant: only the first of three fragments matches" same 1 matched raw PREROUTING
	ipt -t raw -F
	ipt -t raw -A PREROUTING -m knock --service ssh --knock-table "$table"
	on "$client" "$peer" udp $here 22 from=$friend size=4000 ms=200 >/dev/null
	check "$variant: all three without single use" same 3 matched raw PREROUTING
}

extension_headers() {
	[ $family = 6 ] || return 0
	addresses
	closed_but --service ssh --single-use
	grant ssh $friend 100
	check "$variant: 1 of 50 connections behind extension headers" reach 1 tcp options=1 count=50 ms=1500
	grant ssh $friend 100
	check "$variant: 1 of 50 by UDP" reach 1 udp options=1 count=50
}

after_a_reboot() {
	addresses
	closed_but --service ssh
	ipt_save >"$tmp/save"
	ipt -F
	"$tool" force "$table"
	ipt_restore <"$tmp/save"
	grant ssh $friend 100
	check "$variant: a restored rule sees new grants" reach 1 tcp
	check "$variant: of its address only" reach 0 tcp from=$stranger ms=300
}

# A pin whose program looks at a map that is no more must not be taken for this table's.
after_a_lost_map() {
	addresses
	"$tool" load "$table" ssh
	rm "/sys/fs/bpf/qknock/$table/grants"
	closed_but --service ssh
	grant ssh $friend 100
	check "$variant: a rule looks at the map that there is" reach 1 tcp
}

two_tables() {
	addresses
	ipt -A INPUT -p tcp --dport 22 -m knock --service ssh --knock-table "$table-b" -j ACCEPT
	closed_but --service ssh
	"$tool" put "$table-b" ssh $stranger 100
	check "$variant: one table opens for its own" reach 1 tcp from=$stranger
	check "$variant: and not for the other's" reach 0 tcp ms=300
	grant ssh $friend 100
	check "$variant: the other opens too" reach 1 tcp
	"$tool" remove "$table-b" ssh $stranger
	check "$variant: each closes alone" reach 0 tcp from=$stranger ms=300
}

make_hosts
serve
each_variant grants_open grants_expire inversion single_use single_use_of_grant retransmission fragments \
	extension_headers after_a_reboot after_a_lost_map two_tables
finish
