#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a person sees: a shell on a terminal of tmux, whose screen is captured, and whose modes are compared. The shell is
# one that leaves the modes as its commands do.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
. "$(dirname "$0")/connect.sh"
two_hosts
services='ssh:22 http:80'
grant_time=60
web_server
ssh_server
firewall
register alice
ssh_config "$work/gw" 1
ssh_config "$work/gw2" 2
cd "$work" || bail "no $work"

export LC_ALL=C.UTF-8
terminal() { on client tmux -S "$work/tmux" "$@"; }
screen() { terminal capture-pane -p "$@" | sed 's/ *$//' | awk 'NF { last = NR } { line[NR] = $0 } END { for (i = 1; i <= last; i++) print line[i] }'; }
shows() { screen | grep -q -- "$1"; }
await() {
	wait_until "${2:-15}" shows "$1" && return
	note "not on the screen: $1; but:" && screen | sed 's/^/#   /'
	return 1
}
typed() { terminal send-keys -l "$1" && terminal send-keys Enter; }
press() { terminal send-keys "$1"; }
# command LINE: typed into an empty screen. ended: the shell prompts again, with the exit code.
command() { terminal send-keys -R && terminal clear-history && typed "$1"; }
prompts() { screen | tail -n 1 | grep -q '^\[[0-9]*\]$'; }
ended() { wait_until 15 prompts || await 'the prompt' 0; }
# last LINES: the last lines of the screen, with every number that varies as N.
last() {
	screen | sed -E 's/after [0-9]+ ms/after N ms/; s/, [0-9]+ ms\)/, N ms)/; s/[0-9]+ (packets, |connections)/N \1/g' |
		tail -n "$1"
}
expect() { [ "$(last "$(wc -l <<<"$1")")" = "$1" ] || { last 20 | sed 's/^/#   /' && return 1; }; }
modes() { stty -a <"$(terminal display-message -p '#{pane_tty}')" | sed 's/^speed[^;]*;//'; }
same_modes() { [ "$(modes)" = "$modes" ]; }

home=$work/home-alice
on client env HOME="$home" XDG_CONFIG_HOME="$home" PATH="$QKNOCK_BUILD/qknock:$PATH" \
	tmux -S "$work/tmux" -f /dev/null new-session -d -x 100 -y 40 "env ENV= PS1='[\$?] ' dash -i" || bail "no tmux"
await '^\[0\]' || bail "no shell"
modes=$(modes)

# --- the good case

fresh_key
command 'ssh -F gw -o ConnectTimeout=1 gw echo in'
check "ssh asks for the key" await 'One-time key line for alice'
sleep 1.5 # to type it takes longer than ssh would wait for a connection
typed "$(cat "$work/key-alice")"
check "and goes in" ended
check "one line tells what happened" expect 'qknock: sent 12/12, port 22 open after N ms
in
[0]'
check "the key is not on the screen" not shows "$(cut -d' ' -f2 "$work/key-alice" | cut -c 1-12)"
check "the modes of the terminal are as before" same_modes
check "the line is green" grep -q $'\e\\[32mqknock: sent 12/12' < <(screen -e)

command 'ssh -F gw2 gw echo in'
check "once granted, ssh is as always" ended
check "without a word more" expect 'in
[0]'
fresh_key
command 'NO_COLOR=1 qknock exec http -H gw.example -- curl -s http://gw.example/index.htm'
await 'One-time key line for alice'
typed "$(cat "$work/key-alice")"
check "exec, too" ended
check "says what happened" expect 'qknock: sent 12/12, port 80 open after N ms
It works
[0]'
check "without colour, if wished" not grep -q $'\e\\[32m' < <(screen -e)

# --- Ctrl-C where the key is asked for

ctl revoke --address $CLIENT >/dev/null
command 'qknock exec http -H gw.example -- true'
await 'One-time key line for alice'
terminal send-keys -l "17"
press C-c
check "Ctrl-C at the prompt ends it" ended
check "by that signal" shows '^\[130\]$'
check "and the modes are as before" same_modes
check "no process is left" not pgrep -x qknock
for config in gw gw2; do
	command "ssh -F $config gw"
	await 'One-time key line for alice'
	press C-c
	check "$config: Ctrl-C at ssh's prompt for the key ends it" ended
	check "$config: the modes are as before" wait_until 5 same_modes
	check "$config: no process is left" wait_until 5 not pgrep -x qknock
done

# ssh does not wait for ever for what it relays, and leaves qknock alone with the terminal.
command 'ssh -F gw2 -o ConnectTimeout=2 gw'
await 'One-time key line for alice'
check "ssh leaves before the key was typed" ended
check "the modes are as before" wait_until 5 same_modes
check "no process is left" wait_until 5 not pgrep -x qknock

# --- Ctrl-C while it waits

issue alice
unknown=$(sed 's/ .\{8\}/ AAAAAAAA/' "$work/key-alice")
command 'qknock exec http -H gw.example --timeout 60 -- true'
await 'One-time key line for alice'
typed "$unknown"
check "a port that stays shut is waited for" await '^qknock: sent 12/12, waiting for port 80 (0 s)$'
check "the line counts the seconds" await '^qknock: sent 12/12, waiting for port 80 ([1-9] s)$'
check "on one line" [ "$(screen | grep -c '^qknock: sent')" = 1 ]
press C-c
check "Ctrl-C ends it" ended
check "by that signal" shows '^\[130\]$'
check "and the modes are as before" same_modes

command 'qknock exec http -H gw.example --timeout 2 -- true'
await 'One-time key line for alice'
typed "$unknown"
check "when the time is over" ended
check "the status line gives way to the message" expect "qknock: port 80 of $SERVER did not open within 2 s
  Tried: the knock for http as $CLIENT (N packets, syn), then N connections.
  Likely causes:
  - the server sees another address than $CLIENT (NAT): use --address
  - the key was used or revoked meanwhile
  - a firewall on the way drops the packets: try --carrier udp
  - the network lets only assigned addresses pass, not those of hops: try --no-hop
  - qknockd does not run there
[208]"
check "which is all" not shows '^qknock: sent'

# --- elsewhere

fresh_key
command 'qknock knock http --no-hop -H gw.example --key-file key-alice'
check "knock" ended
check "leaves its result" expect "Knocked at $SERVER for http as $CLIENT: 12 of 12 packets sent (syn, N ms)
[0]" 
fresh_key
command 'TERM=dumb qknock exec http -H gw.example --key-file key-alice -- true 2>&1 | cat -v'
check "nothing where no terminal is" ended
check "that is, nothing" expect '[0]'
terminal kill-server
finish
