# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests of "-m knock" with the build tree as first argument: two hosts in network namespaces, a grants
# table of their own, plugins from the build tree. Each case is a line "ok - NAME" or "not ok - NAME".

builddir=$(cd "${1:-${top_builddir:-.}}" && pwd)
srcdir=$(cd "$(dirname "$0")/../.." && pwd)
tool=$builddir/tests/netns/knockmap_tool
peer=$builddir/tests/netns/xt_peer
server=server client=client
failures=0

[ "$(id -u)" = 0 ] || { echo "# skipped: network namespaces need root"; exit 77; }
for program in "$tool" "$peer" "$builddir/xt_knock/.libs/libxt_knock.so"; do
	[ -e "$program" ] || { echo "not ok - $program is not built"; exit 1; }
done
# Namespaces and a bpf file system of our own: tests don't meet, and nothing is left however they end. Not the
# table's name: programs are known by their paths, to the whole kernel.
if [ -z "${XT_TABLE-}" ]; then
	export XT_TABLE=xt-$$
	exec unshare --mount --pid --fork --kill-child --mount-proc sh "$0" "$@"
fi
table=$XT_TABLE
pins=/sys/fs/bpf/qknock/$table/match
tmp=$(mktemp -d)
mkdir -p /run/netns
mount -t tmpfs netns /run/netns && mount -t bpf bpf /sys/fs/bpf || exit 1

export XTABLES_LIBDIR="$builddir/xt_knock/.libs:$(pkg-config --variable=xtlibdir xtables)"
export XTABLES_LOCKFILE="$tmp/xtables.lock"

cleanup() {
	[ -z "${server_pids-}" ] || kill $server_pids 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# check NAME COMMAND...: its exit status decides; its output is shown when it fails
check() {
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/#   /' "$tmp/out"
		failures=$((failures + 1))
	fi
}

# same EXPECTED COMMAND...: the command's output is this
same() {
	expected=$1
	shift
	got=$("$@" 2>&1)
	[ "$got" = "$expected" ] || { printf 'expected: %s\n     got: %s\n' "$expected" "$got"; return 1; }
}

finish() {
	[ $failures = 0 ] || echo "# $failures failed"
	[ $failures = 0 ]
	exit
}

# ip netns exec would hide /sys/fs/bpf.
on() {
	ns=$1
	shift
	nsenter --net=/run/netns/"$ns" "$@"
}

# ipt ARGUMENTS, ipt_save, ipt_restore: iptables of $kind (legacy, nft) and $family (4, 6) on the server
ipt() { on "$server" "$(command_name)" "$@"; }
ipt_save() { on "$server" "$(command_name)-save" 2>/dev/null | sed '/^#/d; s/\[[0-9]*:[0-9]*\]/[0:0]/'; }
ipt_restore() { on "$server" "$(command_name)-restore"; }
command_name() { [ "$family" = 6 ] && echo "ip6tables-$kind" || echo "iptables-$kind"; }

# each_variant CASES...: for both kinds of iptables and both families; nft first, because it warns where legacy was.
each_variant() {
	for kind in nft legacy; do
		for family in 4 6; do
			variant="$kind IPv$family"
			for cases in "$@"; do
				$cases
				forget
			done
		done
	done
}

# No rule, grant or pin of an earlier case remains.
forget() {
	ipt -F
	ipt -t raw -F
	for t in /sys/fs/bpf/qknock/*; do
		[ ! -d "$t" ] || "$tool" force "${t##*/}"
	done
}

grant() { "$tool" put "$table" "$@"; }

make_hosts() {
	ip netns add "$server" && ip netns add "$client" || exit 1
	ip -n "$server" link add eth0 type veth peer name eth0 netns "$client"
	for host in "$server 1" "$client 2" "$client 3"; do
		set -- $host
		ip -n "$1" addr add 10.99.7.$2/24 dev eth0
		ip -n "$1" addr add fd00:99::$2/64 dev eth0 nodad
	done
	for ns in "$server" "$client"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
	done
	on "$server" sysctl -q net.ipv4.tcp_syncookies=0 net.core.somaxconn=512
}

# The addresses of this family.
addresses() {
	case $family in
	4) here=10.99.7.1 friend=10.99.7.2 stranger=10.99.7.3 ;;
	6) here=fd00:99::1 friend=fd00:99::2 stranger=fd00:99::3 ;;
	esac
}
