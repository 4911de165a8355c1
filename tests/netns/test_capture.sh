#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the capture sees of frames on real interfaces, and what becomes of it when these come and go. Frames are
# injected as they are, so that no host on either side needs to know VLANs or extension headers.
. "$(dirname "$0")/lib.sh"
isolate "$@"
tool=$QKNOCK_BUILD/tests/netns/capture_tool
out=$work/knocks
word=0

# listen INTERFACE...: on the server, until hush. filter is -k for the kernel's filter of expected packets.
filter=
listen() {
	start server "$tool" listen $filter "$@" >"$out"
	listener=$started
	must wait_until 5 grep -q '^ready' "$out"
}

hush() {
	kill -TERM "$listener"
	wait "$listener"
}

# inject HOST INTERFACE KIND: with a word of its own.
inject() {
	word=$((word + 1))
	must on "$1" "$tool" send "$2" "$3" "$(printf %x $word)"
}

heard() { grep -q "^knock .* $(printf %08x $word) " "$out"; }
seen_with() { inject "$@" && wait_until 2 heard; }

# Silence is known once the frame behind it was heard.
unheard() {
	local silent

	inject "$1" "$2" "$3"
	silent=$word
	seen_with "$1" "$2" syn4 || return 1
	! grep -q "^knock .* $(printf %08x "$silent") " "$out"
}

logged() { grep -q "^log .*$1" "$out"; }

two_hosts
must ip -n server tuntap add mode tun tun0
must ip -n server link set tun0 up

KNOCKS="syn4 syn6 udp4 udp6 options ecn vlan4 vlan6 svlan oldqinq qinq4 qinq6 qinq-options oldqinq2 hopbyhop routing
	atomic auth destination qinq-destination"
OTHERS="ack synack otherport qinq-ack long truncated"

check_kinds() {
	local interface=$1 kind

	listen $interface
	for kind in $KNOCKS; do
		check "$interface: $kind is seen" seen_with client e0 "$kind"
	done
	for kind in $OTHERS; do
		check "$interface: $kind is not" unheard client e0 "$kind"
	done
	must on server "$tool" send e0 syn4 fffffff0
	check "$interface: nor what the server sends itself" unheard client e0 ack
	check "$interface: indeed" not grep -q ' fffffff0 ' "$out"
	hush
	check "$interface: only the truncated frame was malformed" \
		grep -q '^counters .* other=0 malformed=1 dropped=0' "$out"
}

check_other_links() {
	local kind

	listen tun0 lo
	for kind in syn4 syn6 udp4 udp6 options destination; do
		check "a link without header: $kind is seen" seen_with server tun0 $kind
	done
	check "loopback: seen" seen_with server lo syn4
	check "loopback: once" test "$(grep -c "$(printf %08x $word)" "$out")" = 1
	hush
}

check_kinds e0
check_kinds any
check_other_links
# The kernel's own reading of them is another program.
filter=-k
check_kinds e0
check "the filter was the kernel's" logged "interface=e0 .*filter=kernel"
check_kinds any
check_other_links
filter=

# Two interfaces, one of them missing.
listen e0 e1
check "a missing interface is said" logged "interface=e1: no such interface"
check "the other works" seen_with client e0 syn4
cable client e1 server e1
check "it is found when it comes" wait_until 3 logged "listening interface=e1"
check "and works" seen_with client e1 syn4
must ip -n server link set e1 down
check "down is said" wait_until 3 logged "down interface=e1"
check "the other works still" seen_with client e0 syn4
must ip -n server link set e1 up
must ip -n client link set e1 up
check "up is said" wait_until 3 logged "up again interface=e1"
check "it works again" seen_with client e1 syn4
must ip -n server link del e1
check "gone is said" wait_until 3 logged "lost.*interface=e1"
check "the other works still" seen_with client e0 udp4
cable client e1 server e1
check "found again" wait_until 3 eval '[ "$(grep -c "listening interface=e1" "$out")" = 2 ]'
check "it works again" seen_with client e1 syn4
must ip -n server link set e1 down
must ip -n server link set e1 name old
must ip -n server link set old up
check "a new name is another interface" wait_until 3 eval '[ "$(grep -c "lost.*interface=e1" "$out")" = 2 ]'
cable client e2 server e1
check "the old name on another one is heard" wait_until 3 eval '[ "$(grep -c "listening interface=e1" "$out")" = 3 ]'
check "it works" seen_with client e2 syn4
check "each loss was said once" test "$(grep -c '^log warning capture: lost' "$out")" = 2
check "an interface that stays away is said once" test "$(grep -c 'cannot listen' "$out")" = 1
hush

starts() { on server "$tool" listen "$@" >"$out"; }
check "no interface at all is an error" not starts nope nothing
check "each of them is said" test "$(grep -c 'no such interface' "$out")" = 2

# A flood from strangers: the daemon looks once a millisecond then, and hears knocks all the same.
listen e0
start client "$tool" flood e0 2 50000 >"$work/flood"
flood=$started
sleep 0.5
for n in 1 2 3 4 5; do
	check "knock $n in a flood is heard" seen_with client e0 syn4
done
wait "$flood"
sleep 0.1
check "and one after it" seen_with client e0 syn4
hush
sent=$(sed -n 's/^sent //p' "$work/flood")
check "nothing was dropped" grep -q "^counters seen=$((sent + 6)) other=0 malformed=0 dropped=0" "$out"
note "$sent strangers' packets: $(grep '^cpu' "$out")"
finish
