#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGHUP takes over a new configuration and loses no key, no partial knock and no grant; SIGTERM ends cleanly.
. "$(dirname "$0")/lib.sh"
isolate "$@"
services="http:80 alt:8080"
grant_time=60
two_hosts
web_server 80 8080
daemon
firewall
register alice
register bob

reload() {
	log_mark
	configure
	daemon_signal HUP
	wait_until 3 logged 'loaded again|reload failed'
}

issue bob
user=bob send -s alt knock $FORWARD
check "bob's grant" wait_until 2 reachable 8080
issue alice
send knock $EVEN
grant_time=2
check "reloaded" reload
check "bob's grant is still there" reachable 8080
check "alice's key is still pending" grep -q alice < <(ctl pending)
send knock $ODD
check "the other half completes the knock" wait_until 2 reachable
check "the new grant time counts" wait_until 5 refused
check "and bob's grant keeps its own" reachable 8080

log_mark
echo 'frobnicate = yes' >>"$conf"
daemon_signal HUP
check "a bad configuration is named with its line" wait_until 3 logged 'qknock.conf:[0-9]+:.*frobnicate'
check "-t says so too" not on server "$(program qknockd)" -c "$conf" -t 2>/dev/null
issue alice
send knock $FORWARD
check "and the old one stays" wait_until 2 reachable

services="http:80 alt:8080 more:8081"
web_server 8081
check "reloaded with one service more" reload
firewall_for_more() { xtables -A INPUT -p tcp --dport 8081 -m knock --service more -j ACCEPT; }
check "its rule" firewall_for_more
profile_of alice
issue alice
send -s more knock $FORWARD
check "it opens" wait_until 2 reachable 8081

# A knock needs the key's sessions of the new service too, when the key was issued before.
issue bob
services="http:80 alt:8080 more:8081 late:8082"
check "reloaded again" reload
profile_of bob
user=bob send -s late knock $FORWARD
late() { ctl grants | grep -q late; }
check "a pending key opens a service that came later" wait_until 2 late

# A new grants directory that cannot be made: the rest of the configuration counts all the same.
echo "in the way" >"$work/elsewhere"
services="$services last:8083"
log_mark
configure
sed -i "s|^\(\s*grants_dir\) = .*|\1 = \"$work/elsewhere\"|" "$conf"
daemon_signal HUP
check "a reload that cannot write the grants says so" wait_until 3 logged 'reload is incomplete'
knows_last() { ctl profile alice | grep -q '^service last '; }
check "and has taken over the new services" knows_last
issue alice
profile_of alice
send -s last knock $FORWARD
check "a knock for one of them is granted" wait_until 3 logged 'grant user=alice service=last'

daemon_end TERM
check "SIGTERM ends the daemon" logged 'stopping on signal'
check "and its socket" [ ! -e "$work/control" ]
check "closed at the grant's end, the daemon gone" wait_until 5 refused 8081
finish
