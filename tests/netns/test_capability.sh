#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client's file capability: how it is given, what it is good for, and that it is gone before anything is read.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
chmod 711 "$work"
give=$NETNS_DIR/../../qknock/give-capability
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
PATH=$PATH:/usr/sbin:/sbin

# give ARGUMENT...: the script that "make install" runs; its exit code in $code, its words in "said".
give() {
	"${as[@]}" "$give" "$@" >"$work/said" 2>&1
	code=$?
}
as=()
said() { grep -q -- "$1" "$work/said"; }
has_capability() { getcap "$work/qknock" | grep -q 'cap_net_raw=ep'; }

mkdir "$work/tree"
cp "$(program qknock)" "$work/qknock" && cp "$work/qknock" "$work/tree/qknock"
chmod 755 "$work/qknock"
give "$work/tree/qknock" "$work/tree"
check "a staged installation is left as it is" [ -z "$(getcap "$work/tree/qknock")" ]
check "what to do later is said" said 'run as root: setcap cap_net_raw+ep /qknock$'
check "and no failure" [ $code = 0 ]
as=("${nobody[@]}")
give "$work/qknock"
check "without root nothing is given" not has_capability
check "that is said, and no failure" said "only root can"
check "and no failure" [ $code = 0 ]
as=()
mkdir "$work/bin" && printf '#!/bin/sh\nexit 1\n' >"$work/bin/setcap" && chmod 755 "$work/bin/setcap"
as=(env "PATH=$work/bin:$PATH")
give "$work/qknock"
check "a file system without capabilities is no failure either" [ $code = 0 ]
check "but is said" said "setcap failed"
as=()
give "$work/qknock"
check "root gives it" has_capability
check "in silence" [ ! -s "$work/said" ]

profile_by_hand
chmod 644 "$work/profile"
mkfifo -m 666 "$work/key"

# Someone without privileges; the client waits for its key, so that one can look at it.
start client "${nobody[@]}" env HOME=/nonexistent "$work/qknock" knock http --profile "$work/profile" \
	--key-file "$work/key" --explain --no-hop >"$work/said" 2>&1
pid=$started
waits() { grep -q '^carrier' "$work/said"; }
check "someone without privileges gets as far as the key" wait_until 10 waits
check "raw sockets are to be had" said "^carrier syn: raw sockets are to be had"
none() { grep -E '^Cap(Inh|Prm|Eff|Amb):' "/proc/$pid/status" | grep -c '0000000000000000$' | grep -qx 4; }
check "while it waits it has no capability" none
check "as getpcaps sees it" grep -q '=$' <(getpcaps "$pid" 2>&1)
check "two raw sockets are open" [ "$(on client ss -Hwan | wc -l)" = 2 ]
check "no one else of that user may look into it" not "${nobody[@]}" cat "/proc/$pid/environ"
capture_start "$work/seen.pcap" "tcp portrange $KNOCK_PORTS and src host $CLIENT and tcp[tcpflags] & tcp-syn != 0"
key=$(head -c 32 /dev/urandom | base64 | tr +/ -_ | tr -d =)
echo "$(date +%s) $key 7777777777" >"$work/key"
wait "$pid"
check "it knocks" [ $? = 0 ]
check "with SYNs" wait_until 10 captured "$work/seen.pcap" 24
capture_stop

# A command that needs no raw sockets.
on client "${nobody[@]}" env HOME=/nonexistent "$work/qknock" profiles --json >"$work/said" 2>&1
check "other commands work too" said '^\[\]'
finish
