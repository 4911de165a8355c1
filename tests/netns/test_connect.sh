#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ssh, scp, sftp, rsync and git with the lines of qknock(1) in ssh_config; a port that stays shut; qknock exec.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/connect.sh"
two_hosts
services='ssh:22 http:80 dead:81 once:82'
grant_time=60
global_settings='service "vpn" { protocol = udp port = 1194 grant_time = 60 }'
web_server 80 82
ssh_server
services='ssh:22 http:80 dead:81' firewall
must xtables -A INPUT -p tcp --dport 82 -m knock --service once --single-use -j ACCEPT
register alice
key=$work/key-alice
ssh_config "$work/passing" 1 --key-file "$key"
ssh_config "$work/relaying" 2 --key-file "$key"
ssh_config "$work/hasty" 1 --timeout 2 --key-file "$key"
ssh_config "$work/keyless" 1 --key-file /nonexistent

# alice's own place on the server.
there=$work/there
install -d -o 20001 -g 20001 "$there"
head -c 24M /dev/urandom >"$work/large"
git init -q "$work/repository"
git -C "$work/repository" -c user.name=a -c user.email=a@b commit -q --allow-empty -m first
chown -R 20001:20001 "$work/repository"

# no_knock COMMAND...: nothing is sent to the knock ports meanwhile.
no_knock() {
	capture_start "$work/knock.pcap" "portrange $KNOCK_PORTS"
	"$@"
	local result=$?
	capture_stop
	[ $result = 0 ] && ! captured "$work/knock.pcap" 1
}
echoes() { [ "$(person timeout 60 ssh -F "$1" gw cat <"$work/large" | sha256sum)" = "$(sha256sum <"$work/large")" ]; }
copies() {
	rm -rf "${there:?}"/* "$work/back"
	run "$@" && cmp -s "$work/large" "$(find "$there" "$work/back" -type f 2>/dev/null)"
}
clones() {
	rm -rf "$work/clone"
	run env GIT_SSH_COMMAND="ssh -F $1" git clone -q "gw:$work/repository" "$work/clone" &&
		[ "$(git -C "$work/clone" log --format=%s)" = first ]
}

for way in passing relaying; do
	config=$work/$way
	fresh_key
	check "$way: the port is closed" refused 22
	run ssh -F "$config" gw 'echo in; exit 7'
	check "$way: ssh knocks and is in" prints in
	check "$way: with its own exit status" exits 7
	check "$way: silently, where no terminal is" [ ! -s "$work/err" ]
	check "$way: 24 MB there and back" echoes "$config"
	check "$way: scp" copies scp -q -F "$config" "$work/large" "gw:$there/copy"
	check "$way: sftp" copies sftp -q -F "$config" "gw:$work/large" "$work/back"
	check "$way: rsync" copies rsync -e "ssh -F $config" "$work/large" "gw:$there/copy"
	check "$way: git clone" clones "$config"
done
check "a host that has its grant is not asked for a key, and does not knock" no_knock run ssh -F "$work/keyless" gw true
check "and is in" exits 0

run ssh -F "$work/keyless" -o ControlMaster=yes -o ControlPath="$work/master" -fN gw
ctl revoke --address $CLIENT >/dev/null
check "the grant is gone" wait_until 5 refused 22
run ssh -F "$work/keyless" -o ControlPath="$work/master" gw 'echo in'
check "through a master connection nothing is needed" prints in
person ssh -F "$work/keyless" -o ControlPath="$work/master" -O exit gw 2>/dev/null
run ssh -F "$work/keyless" gw true
check "without one, a key is" exits 255
check "which is said" says '/nonexistent: No such file'

# --- where nobody can be asked

ssh_config "$work/asking" 1
run setsid -w ssh -F "$work/asking" gw true
check "without a terminal there is no key line" exits 255
check "and it is said where else one can come from" says 'no terminal to ask.*otp_command in qknock_config'
fresh_key
mkdir -p "$work/home-alice/qknock"
echo "otp_command = {\"cat\", \"$key\"}" >"$work/home-alice/qknock/config"
run setsid -w ssh -F "$work/asking" gw 'echo in'
check "such as otp_command" prints in
rm "$work/home-alice/qknock/config"
ctl revoke --address $CLIENT >/dev/null

# --- with a line of a sheet

must ctl --json issue alice --count 2 | sed -n 's/^ *"\([0-9]*\/[0-9]* .*\)",*$/\1/p' | head -n 1 >"$key"
run ssh -F "$work/passing" gw 'echo in'
check "with a line of a sheet ssh is in as well" prints in
ctl revoke --address $CLIENT >/dev/null

# --- a port that stays shut

issue alice $CLIENT
sed -i 's/ .\{8\}/ AAAAAAAA/' "$key" # a key that the server does not know
start=$(now_ms)
run qknock connect --json --timeout 3 --key-file "$key" gw.example 22
took=$(($(now_ms) - start))
check "a port that never opens: exit code" exits 8
check "in bounded time ($took ms)" within $took 3000 15000
check "says so" says "port 22 of $SERVER did not open within 3 s"
check "and what was tried" says "Tried: the knock for ssh as $CLIENT ([0-9]* packets, syn), then [0-9]* connections"
check "and what may be the cause" says "- the server sees another address than $CLIENT (NAT): use --address"
check "JSON tells it as well" json_is open false
check "with the exit code" json_is exit_code 8
check "the set was sent again meanwhile" [ "$(json sent)" -ge 36 ]
run ssh -F "$work/hasty" gw true
check "ssh ends, too" exits 255
check "and shows the reason" says 'did not open within 2 s'
fresh_key
run qknock exec dead --timeout 2 --host $SERVER --key-file "$key" -- true
check "an open port where nothing listens" exits 208
check "is told from one that is shut" says 'nothing listens on that port'

# --- exec

fresh_key
page="curl -s --noproxy * -m 5 http://$SERVER/index.htm"
run qknock exec http --json --host gw.example --key-file "$key" -- $page
check "exec opens the service and runs the command" prints 'It works'
check "whose exit status is the own one" exits 0
check "JSON tells of the knock" json_is distinct 12
check "and of the connection" json_is open true
check "and only the command prints" [ "$(wc -l <"$work/out")" = 1 ]
run qknock exec http --host gw.example --key-file /nonexistent -- sh -c 'exit 9'
check "once granted no key is needed; another exit status" exits 9
run qknock exec http --host gw.example -- /nonexistent
check "a command that is not there" exits 127
run qknock exec http --host gw.example -- "$work"
check "one that cannot be run" exits 126
run qknock exec nonesuch -- true
check "own failures are told from the command's" exits 203
run sh -c 'qknock exec http --host gw.example -- sh -c "kill -TERM \$\$"'
check "a signal that ends the command is seen as such" exits 143
ctl revoke --address $CLIENT >/dev/null
fresh_key
run qknock exec vpn --json --host gw.example --key-file "$key" -- true
check "a udp service: the command runs when the knock is sent" exits 0
check "no connection was tried" json_is attempts 0
check "and it is granted" wait_until 5 grep -q vpn < <(ctl grants)
fresh_key
log_mark
run qknock exec http --no-wait --host gw.example --key-file "$key" -- $page
check "--no-wait" prints 'It works'

# --- grants of single use

fresh_key
get='printf "GET /index.htm HTTP/1.0\r\n\r\n" | qknock connect --json --key-file "$0" gw.example 82'
run sh -c "$get" "$key"
check "a grant of single use is the connection's, whichever of the attempts it is" grep -q 'It works' "$work/out"
run sh -c "$get --timeout 1" "$key"
check "and serves once" exits 8
fresh_key
once="curl -s --noproxy * -m 2 http://$SERVER:82/index.htm"
run qknock exec once --no-wait --host gw.example --key-file "$key" -- $once
check "exec --no-wait leaves it to the command" prints 'It works'
fresh_key
run qknock exec once --host gw.example --key-file "$key" -- $once
check "where exec alone would have used it up" exits 28

# --- options

run qknock connect gw.example 2222
check "a port that no service has" exits 3
check "is answered with those there are" says 'no tcp service on port 2222.* ssh (tcp 22) '
run qknock connect --fdpass gw.example 22
check "--fdpass without a socket to pass it through" exits 2
fresh_key
run sh -c 'exec qknock connect --key-file "$0" gw.example 80 <&-' "$key"
check "a closed standard input is an empty one" exits 0
fresh_key
run qknock connect --always-knock --json --key-file "$key" gw.example 22
check "--always-knock on a closed port" json_is open true
check "knocks" json_is distinct 12
fresh_key
must xtables -I INPUT -p tcp --dport 22 -j ACCEPT
run qknock connect --json --key-file "$key" gw.example 22
check "a port that is open anyway" json_is knock null
run qknock connect --always-knock --json --key-file "$key" gw.example 22
check "is knocked for when told so" json_is distinct 12
check "with all sets, since a connection proves nothing" json_is sent 24

# --- an ordinary user, who may open no raw sockets

xtables -D INPUT -p tcp --dport 22 -j ACCEPT
chown -R 20001:20001 "$work/home-alice" "$work/id"
for number in 1 2; do
	fresh_key
	chown 20001 "$key"
	ssh_config "$work/user" $number --json --key-file "$key"
	run setpriv --reuid=20001 --regid=20001 --clear-groups ssh -F "$work/user" gw 'head -c 3000000 /dev/zero'
	check "without privileges, stanza $number: ssh is in" [ "$(wc -c <"$work/out")" = 3000000 ]
	check "by datagrams" json_is carrier '"udp"'
done
chown -R 0:0 "$work/home-alice" "$work/id" "$key"

# --- sshd that answers everyone, and pam_knock behind it

pam_stack
sshd 'UsePAM yes'
must xtables -I INPUT -p tcp --dport 22 -j ACCEPT
ctl revoke --all >/dev/null
fresh_key
run ssh -F "$work/passing" gw 'echo in'
check "pam_knock: who only tries whether the port answers is refused" exits 255
ssh_config "$work/always" 1 --always-knock --key-file "$key"
run ssh -F "$work/always" gw 'echo in'
check "pam_knock: with --always-knock alice is in" prints in
finish
