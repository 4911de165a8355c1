#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iptables-legacy and iptables-nft with the daemon: a knock opens, rules survive saving and restoring to the letter
# and a reboot that takes the pins, "!" is the opposite, --max-age ends sooner and --single-use lets one in.
. "$(dirname "$0")/lib.sh"
isolate "$@"
two_hosts
web_server
daemon
register alice

opened() { issue alice && send knock $FORWARD && wait_until 2 reachable; }
saved() { on server "iptables-$kind-save" | grep -E '^-A'; }
flush() {
	must xtables -P INPUT ACCEPT
	must xtables -F INPUT
}

for kind in legacy nft; do
	firewall
	check "$kind: closed before" refused
	check "$kind: open after" opened
	check "$kind: revoked" revoked
	check "$kind: listed as it was written" grep -q -- '-m knock --service http -j ACCEPT' < <(xtables -S INPUT)

	saved >"$work/saved"
	on server "iptables-$kind-save" >"$work/rules"
	flush
	check "$kind: restored" on server "iptables-$kind-restore" "$work/rules"
	saved >"$work/saved-again"
	check "$kind: to the letter" cmp -s "$work/saved" "$work/saved-again"
	check "$kind: opens after it" opened
	check "$kind: revoked" revoked

	flush
	must xtables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
	must xtables -A INPUT -p tcp --dport 80 -m knock ! --service http -j DROP
	check "$kind: ! drops those without a grant" refused
	check "$kind: and no one else" opened
	check "$kind: revoked" revoked

	flush
	firewall --max-age 1
	check "$kind: --max-age opens" opened
	check "$kind: and closes while the grant still lives" wait_until 2 refused
	check "$kind: as it does" grep -q alice < <(ctl grants)
	revoke http $CLIENT

	flush
	firewall --single-use
	check "$kind: --single-use lets one connection in" opened
	check "$kind: and no second" refused
	revoke http $CLIENT

	flush
	firewall
	on server "iptables-$kind-save" >"$work/rules"
	flush
	daemon_end TERM
	must umount /sys/fs/bpf
	must mount -t bpf bpf /sys/fs/bpf
	check "$kind: restored before the daemon, the pins gone as after a reboot" \
		on server "iptables-$kind-restore" "$work/rules"
	daemon_again
	check "$kind: closed" refused
	check "$kind: opens" opened
	check "$kind: revoked" revoked
	flush
done

table=web-2
daemon_end TERM
daemon
firewall
check "a rule without --knock-table looks at the default table" not opened
flush
firewall --knock-table web-2
check "with it, at its own" reachable
finish
