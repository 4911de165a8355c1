#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A sheet of one-time keys: printed, used in order from wherever the client is, by SYNs and datagrams, from behind NAT,
# replayed by an observer, over restarts of the daemon.
. "$(dirname "$0")/lib.sh"
isolate "$@"

# client c0 -- e0 nat s0 -- e0 server e1 -- o0 observer: the client's addresses are 192.168.7.20 and what NAT makes of
# it; by IPv6 there is no NAT.
OBSERVER=172.17.99.66
host client
host nat
host server
host observer
cable client c0 nat n0
cable nat s0 server e0
cable observer o0 server e1
address client c0 192.168.7.20/24
address client c0 $CLIENT6/64
address nat n0 192.168.7.1/24
address nat n0 2001:db8:c::1/64
address nat s0 $CLIENT/24
address nat s0 2001:db8:5::1/64
address server e0 $SERVER/24
address server e0 $SERVER6/64
address server e1 172.17.99.1/24
must ip -n client route add default via 192.168.7.1
must ip -n client route add default via 2001:db8:c::1
must ip -n server route add default via 2001:db8:5::1
must on nat sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must on nat iptables -t nat -A POSTROUTING -o s0 -p tcp -j SNAT --to-source $CLIENT:1024-65535
must on nat iptables -t nat -A POSTROUTING -o s0 -j SNAT --to-source $CLIENT

for i in 66 67 68 69 70; do
	address observer o0 172.17.99.$i/24
done

web_server
global_settings='sheet_days = 2'
configure
sed -i 's/^interfaces = .*/interfaces = {"e0", "e1"}/' "$conf"
daemon_again
firewall
firewall -6
register alice

sheet() { must ctl --json issue alice --count "$1" | sed -n 's/^ *"\([0-9]*\/[0-9]* .*\)",*$/\1/p' >"$work/sheet"; }
line() { sed -n "$1p" "$work/sheet" >"$work/key-alice"; }
left() { ctl sheet list | grep -Eq "^alice +[0-9]+ +$1 "; }
closed() { must ctl revoke --all >/dev/null; }

# uses LINE [OPTION...]: the client knocks with it, as from behind NAT.
uses() {
	line "$1"
	shift
	knock http --address $CLIENT --gap 1 "$@" >"$work/said" 2>&1
}
said() { grep -q -e "$1" "$work/said"; }

# words LINE: port and word of what the client sends with it, the announcement first.
words() {
	line "$1"
	knock http --address $CLIENT --dry-run --show-words |
		sed -n 's/.*→ \([0-9]*\).*=0x\([0-9a-f]*\)$/\1 \2/p'
}
# observer LAST: sends these, as datagrams, from its address that ends so.
observer() {
	on observer perl -MIO::Socket::INET -e '
		while (<STDIN>) {
			my ($port, $word) = split;
			my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => $ARGV[0],
				PeerAddr => $ARGV[1], PeerPort => $port) or die;
			$s->send(pack("H8", $word));
		}' "172.17.99.$1" 172.17.99.1
}
# dealt_with: what was sent before has been, because this announcement of the line after next came later.
mark=0
dealt_with() {
	local line

	line=$(($(ctl sheet list | awk '$1 == "alice" { print $4 }') + 2))
	mark=$((mark + 1))
	log_mark
	words $line | head -n 1 | observer $((67 + mark % 4))
	wait_until 5 logged "sheet line announced user=alice line=$line/" || bail "qknockd sees no packets"
}
opens_nothing() { dealt_with && counter_is grants_live 0 && refused; }

must ctl issue alice --count 3 >"$work/paper"
check "a sheet is printed" [ "$(grep -Ec '^ [1-3]/3  [0-9]{10}  ' "$work/paper")" = 3 ]
check "valid as long as configured" grep -q "valid until $(date -d '+2 days' +%Y-%m-%d)" "$work/paper"
grep '^ 1/3' "$work/paper" >"$work/key-alice"
check "the client reads a line as it stands on paper" knock http --address $CLIENT --gap 1
check "open" wait_until 2 reachable
closed
sheet 24
check "a new one takes its place" left 24

check "its first line knocks, by SYNs through NAT" uses 1 --carrier syn
check "the client says which line it was" said 'line 1 of 24 of the sheet'
check "open" wait_until 2 reachable
check "for the address that the announcement came from" grep -q "^http *$CLIENT " <(ctl grants)
check "the line is used" left 23
closed
uses 1 --carrier syn
check "it is used once" opens_nothing
check "the second line knocks, by datagrams through NAT" uses 2 --carrier udp
check "open" wait_until 2 reachable
closed

line 3
check "the third by IPv6, hopping" knock http --host $SERVER6 --hop 64 --gap 1
check "open" wait_until 2 eval "target=$SERVER6 reachable"
check "for the address alone" grep -q "^http *$CLIENT6 " <(ctl grants)
closed

check "two lines were crossed out: the third behind them knocks" uses 6
check "open" wait_until 2 reachable
check "they are void with it" left 18
closed
for i in 4 5 6; do
	uses $i
done
check "and open nothing" opens_nothing
uses 11
check "neither does one that is too far away" opens_nothing

words 7 >"$work/words"
check "the announcement and the knock are 13 packets" [ "$(sort -u "$work/words" | wc -l)" = 13 ]
log_mark
head -n 1 "$work/words" | observer 66
check "an observer announces himself with another's words" wait_until 5 logged "line=7/24 address=$OBSERVER"
observer 66 <"$work/words"
check "and opens nothing with them" opens_nothing
check "the line is still good for its owner" uses 7
check "open" wait_until 2 reachable
check "but not for him" not grep -q $OBSERVER <(ctl grants)
check "who is refused" eval 'probe_host=observer target=172.17.99.1 refused'
closed
observer 66 <"$work/words"
check "afterwards he opens nothing either" opens_nothing

daemon_end KILL
daemon_again
check "killed and restarted, the daemon has the sheet" left 17
check "and what the kernel lets through is exact" grep -q '"filter": "kernel"' <(ctl --json status)
uses 7
check "a used line stays used" opens_nothing
line 8
got() {
	{ printf 'GET /index.htm HTTP/1.0\r\n\r\n' && sleep 1; } |
		as_user alice connect --profile gw.example --address $CLIENT --gap 1 --key-file "$work/key-alice" --json \
			$SERVER 80 2>"$work/said" | grep -q 'It works'
}
check "the next one connects" got
check "which says the line, too" said '"sheet_line": 8'
check "it is used" left 16
closed

# R of a line was drawn without the address: with the chain that it gives here the knock may have to do without hops.
profile_by_hand "0 8"
hops() { # R [WIDTHS]
	sed -i "s/^widths .*/widths ${2:-0 8}/" "$work/profile"
	echo "1/1 $(date +%s) $(cut -d' ' -f3 "$work/key-alice") $1" |
		as_user alice knock http --profile "$work/profile" --address 192.168.7.20 --hop 8 --dry-run --json >"$work/said" 2>&1
}
hops 1234568
check "a line whose chain is a good one hops" said '"hop_width": 8'
hops 7777781
check "one whose chain repeats does not" said '"hop_width": 0'
check "which is said" said 'it knocks without hopping'
hops 7777781 8
check "but where the policy wants hops it has them" said '"hop_width": 8'

# At any moment: the kill falls somewhere between the announcement and the grant.
at_any_moment() {
	local i

	for i in $(seq 9 12); do
		uses "$i" --repeat 1 &
		sleep "0.0$((i % 5))"
		daemon_end KILL
		wait $!
		daemon_again
		uses "$i" --repeat 4
		wait_until 2 reachable || {
			note "kill $i: neither good nor granted"
			return 1
		}
		closed
		uses "$i"
		opens_nothing || {
			note "kill $i: the line opened twice"
			return 1
		}
	done
}
check "killed at any moment, a line opens exactly once" at_any_moment

must ctl user disable alice
must ctl user enable alice
check "disabling the user voids the sheet" grep -qx 'no sheets' <(ctl sheet list)
sheet 4
must ctl sheet revoke alice
uses 1
sheet 4
check "a revoked one opens nothing" opens_nothing
finish
