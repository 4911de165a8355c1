#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration: a knock between two hosts in network namespaces, shown as it was captured on the wire, in the
# manner and with the values of the paper's Figure 5: tests/netns/demo.sh [BUILD]. Exits with 0 only if each
# step went as it should.
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"

bold='' plain='' green='' red=''
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m' green=$'\e[32m' red=$'\e[31m'
heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '  %s$ %s%s\n' "$bold" "$*" "$plain"; }

# step TEXT COMMAND...: like check, for people.
step() {
	local text=$1

	shift
	if "$@"; then
		printf '  %s✓ %s%s\n' "$green" "$text" "$plain"
	else
		printf '  %s✗ %s%s\n' "$red" "$text" "$plain"
		exit 1
	fi
}

table_of_wire() { tcpdump -r "$work/wire.pcap" -n -S 2>/dev/null | awk -f "$NETNS_DIR/figure.awk" | sed 's/^/  /'; }
sources() { tcpdump -r "$work/knock.pcap" -n 2>/dev/null | awk '{split($3, a, "."); print a[4]}'; }
same_set() { [ "$(sort -n <<<"$1")" = "$(tr ' ' '\n' <<<"$2" | sort -n)" ]; }

figure5="19 34 191 39 64 201 140 218 189 52 113 39"
grant_time=4

heading "Two hosts: a client $CLIENT, a server $SERVER with a web server behind iptables"
two_hosts
web_server
services='http:80 ssh:22'
daemon
services=http:80 firewall
show "iptables -S INPUT"
xtables -S INPUT | sed 's/^/  /'
step "the web server runs" on server curl -s --noproxy '*' -o /dev/null http://localhost/index.htm

heading "1. Nobody has knocked: the port is silent"
capture_start "$work/wire.pcap" 'tcp'
step "GET http://$SERVER/index.htm is refused" not serves
wait_until 2 captured "$work/wire.pcap" 1
capture_stop
table_of_wire

heading "2. A user is registered and gets a one-time key; P=11, Q=17 and R=7 as in the paper"
show "qknockctl user add alice --p 11 --q 17"
register alice --p 11 --q 17
show "qknock enroll alice.profile                  (on the client)"
show "qknockctl issue alice $CLIENT --r 7"
issue alice $CLIENT --r 7
sed -E 's/^([0-9]+ .{6}).* /\1... /; s/^/  /; s/$/          (the key is shown in part)/' "$work/key-alice"

heading "3. The knock: twelve SYNs from as many neighbours, to ports that never answer"
show "qknock knock http --hop 8 --repeat 1"
capture_start "$work/wire.pcap" 'tcp'
step "sent" knock http --hop 8 --repeat 1
wait_until 2 captured "$work/wire.pcap" 12

heading "4. The port is open for $CLIENT"
show "curl http://$SERVER/index.htm"
step "it answers" wait_until 2 serves
wait_until 2 captured "$work/wire.pcap" 20
capture_stop
table_of_wire
tcpdump -r "$work/wire.pcap" -w "$work/knock.pcap" 'dst portrange 8800-8899' 2>/dev/null
printf '\n  last octets as sent:    %s\n' "$(sources | paste -sd' ')"
printf '  in the chain'\''s order:   %s\n' "$figure5"
step "the captured SYNs have the source addresses of Figure 5" same_set "$(sources)" "$figure5"
step "the server answered none of them" \
	[ -z "$(tcpdump -r "$work/wire.pcap" -n 'src portrange 8800-8899' 2>/dev/null)" ]
step "one key, one grant" grep -q alice < <(ctl grants)
show "qknockctl grants"
ctl grants | sed 's/^/  /'

heading "5. The grant lasts $grant_time seconds; then the port is silent again"
step "new connections are refused" wait_until $((grant_time + 2)) refused
capture_start "$work/wire.pcap" 'tcp'
printf '  %s\n' "someone who listened sends the captured knock again"
tool replay "$work/knock.pcap" >/dev/null
step "it opens nothing: its key is consumed" refused
wait_until 2 captured "$work/wire.pcap" 13
capture_stop
table_of_wire
heading "6. SSH, guarded by PAM instead: the port answers, but nobody who has not knocked logs in"
accounts
pam_stack
sshd
must xtables -A INPUT -p tcp --dport 22 -j ACCEPT
show "cat /etc/pam.d/sshd"
printf '  %s\n' "auth     requisite  pam_knock.so" "account  required   pam_knock.so" "..."
show "ssh alice@$SERVER"
step "refused, although alice's public key is in authorized_keys" is_refused publickey
show "qknockctl issue alice $CLIENT"
issue alice
show "qknock knock ssh"
step "sent" knock ssh
show "ssh alice@$SERVER"
step "she is in" wait_until 2 passes publickey
wait_until $((grant_time + 2)) [ ! -e "$grants/ssh/$CLIENT" ]
step "when the grant has ended she is refused again" is_refused publickey
show "grep pam_knock /var/log/auth.log"
sed -n '/asked/d; s/.*\(pam_knock(\)/  \1/p' "$authlog"

heading "qknockd's log"
sed 's/^/  /' "$work/qknockd.log"
echo
