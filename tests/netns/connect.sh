# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# After lib.sh and sshd.sh: ssh through "qknock connect", with the lines of qknock(1).

# stanza NUMBER: that one of the lines for ssh_config that stand in qknock(1): 1 passes the descriptor, 2 relays.
stanza() {
	awk -v want="$1" '/^\.Sh/ { ssh = $2 == "SSH" } /^\.Ed/ { shown = 0 } shown { print }
		ssh && /^\.Bd -literal/ { shown = ++n == want }' "$NETNS_DIR/../../doc/qknock.1"
}

# ssh_config FILE NUMBER [OPTION...]: that stanza for the host of this test, with options for qknock.
ssh_config() {
	local file=$1 number=$2

	shift 2
	stanza "$number" | sed "s|gw.example.net|gw.example|; s|qknock connect|& $*|" >"$file"
	grep -q 'ProxyCommand qknock connect' "$file" || bail "qknock(1) has no such lines for ssh_config"
	cat >>"$file" <<-EOF
		Host *
			User alice
			IdentityFile $work/id
			IdentityAgent none
			UserKnownHostsFile /dev/null
			StrictHostKeyChecking no
			LogLevel ERROR
			KexAlgorithms curve25519-sha256
	EOF
}

# person COMMAND...: as $user (alice), who has qknock in PATH.
person() {
	local home=$work/home-${user:-alice}

	on "${person_host:-client}" env HOME="$home" XDG_CONFIG_HOME="$home" PATH="$QKNOCK_BUILD/qknock:$PATH" "$@"
}

# run COMMAND...: by a person; exit code, output and messages are kept.
run() {
	person timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
}
exits() { [ "$code" = "$1" ] || { note "exit code $code:" && sed 's/^/#   /' "$work/err" && return 1; }; }
says() { grep -q -- "$1" "$work/err" || { sed 's/^/#   /' "$work/err" && return 1; }; }
prints() { [ "$(cat "$work/out")" = "$1" ]; }

# json NAME: a member of what --json printed among the messages.
json() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$work/err"; }
json_is() { [ "$(json "$1")" = "$2" ] || { note "$1: $(json "$1")" && return 1; }; }

# A server with sshd behind the packet filter, whose name is gw.example, and alice's key for it.
ssh_server() {
	accounts
	printf '%s gw.example\n' "${gateway:-$SERVER}" >>/etc/hosts
	sshd 'UsePAM no' 'Subsystem sftp internal-sftp' 'PerSourceMaxStartups none'
	: ${services:=ssh:22}
	daemon
}

# fresh_key [ADDRESS]: no grant, no older key, and a key.
fresh_key() {
	must ctl user disable "${user:-alice}" >/dev/null
	must ctl user enable "${user:-alice}" >/dev/null
	issue "${user:-alice}" "${1:-$CLIENT}"
	chmod 600 "$work/key-${user:-alice}"
}
