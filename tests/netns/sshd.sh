# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# After lib.sh: a real sshd with pam_knock.so on the server, and logins from the client. A test reads:
#
#     . "$(dirname "$0")/lib.sh"
#     . "$(dirname "$0")/sshd.sh"
#     isolate "$@"
#     two_hosts; accounts; pam_stack; sshd
#     check "refused before a knock" refused_login password
#     grant; check "let in after it" login password
#     finish
#
# Accounts, PAM's files, /run/sshd and /dev are bound over in the mount namespace that isolate made.

PASSWORD='correct horse 7'
MODULE=$QKNOCK_BUILD/pam_knock/.libs/pam_knock.so
grants=$work/grants
methods='password keyboard-interactive publickey'

# The machine's /dev has no log socket, or one that others read.
private_dev() {
	local node

	mkdir -p "$work/dev"
	must mount -t tmpfs -o mode=755 dev "$work/dev"
	for node in null zero full random urandom tty; do
		: >"$work/dev/$node"
		must mount --bind "/dev/$node" "$work/dev/$node"
	done
	mkdir "$work/dev/pts" "$work/dev/shm"
	must mount -t devpts -o ptmxmode=666,mode=620,gid=5 devpts "$work/dev/pts"
	ln -s pts/ptmx "$work/dev/ptmx"
	ln -s /proc/self/fd "$work/dev/fd"
	must mount --rbind "$work/dev" /dev
	authlog=$work/auth.log
	: >"$authlog"
	busybox syslogd -n -S -O "$authlog" &
	wait_until 5 [ -S /dev/log ] || bail "no system log"
}

bind_over() { must mount --bind "$work/etc/$1" "/etc/$1"; }

# alice and bob, with passwords and alice's key; mallory has no account.
accounts() {
	local hash user n=20000

	private_dev
	mkdir -p "$work/etc/pam.d" "$work/home"
	must mkdir -p /run/sshd
	must mount -t tmpfs -o mode=755 sshd /run/sshd
	cp /etc/passwd /etc/group /etc/hosts "$work/etc"
	cp -p /etc/shadow "$work/etc"
	hash=$(perl -e 'print crypt($ARGV[0], q($y$j9T$F5Jx5fExrKuPp53xLKQ..1$))' "$PASSWORD")
	for user in alice bob; do
		n=$((n + 1))
		echo "$user:x:$n:$n::$work/home:/bin/sh" >>"$work/etc/passwd"
		echo "$user:x:$n:" >>"$work/etc/group"
		echo "$user:$hash:19000:0:99999:7:::" >>"$work/etc/shadow"
	done
	printf '%s client.example\n' "$CLIENT" "$CLIENT6" >>"$work/etc/hosts"
	cp /etc/pam.d/* "$work/etc/pam.d"
	for f in passwd group shadow hosts pam.d; do
		bind_over $f
	done
	ssh-keygen -q -t ed25519 -N '' -f "$work/id" <<<y
	ssh-keygen -q -t ed25519 -N '' -f "$work/host_key" <<<y
	cp "$work/id.pub" "$work/authorized_keys"
	printf '#!/bin/sh\necho "$PAM_TYPE $PAM_RHOST" >>%s\n' "$work/rhost" >"$work/note_rhost"
	chmod 755 "$work" "$work/note_rhost"
}

# pam_stack [ARGUMENT...]: of the module. delay=0 unless told, because it is only refused in most tests.
pam_stack() {
	local args="grants=$grants delay=0 debug $*"

	cat >"/etc/pam.d/sshd" <<-EOF
		auth     optional   pam_exec.so quiet $work/note_rhost
		auth     requisite  $MODULE $args
		auth     required   pam_unix.so
		account  required   $MODULE $args
		account  required   pam_unix.so
		session  optional   $MODULE $args
		session  required   pam_permit.so
	EOF
}

# sshd_config FILE [LINE...]
sshd_config() {
	local file=$1

	shift
	{
		cat <<-EOF
			HostKey $work/host_key
			PidFile none
			UsePAM yes
			PasswordAuthentication yes
			KbdInteractiveAuthentication yes
			AuthorizedKeysFile $work/authorized_keys
			StrictModes no
			MaxStartups 1000
			PrintMotd no
			PrintLastLog no
			LogLevel VERBOSE
		EOF
		printf '%s\n' "$@"
	} >"$file"
}

# sshd [LINE...]: starts it with these lines of configuration; once more: with others.
sshd() {
	if [ -n "${sshd_pid-}" ]; then
		must kill "$sshd_pid"
		wait "$sshd_pid" 2>/dev/null
	fi
	sshd_config "$work/sshd_config" "$@"
	start server /usr/sbin/sshd -D -f "$work/sshd_config"
	sshd_pid=$started
	wait_until 5 on server bash -c ': <>/dev/tcp/localhost/22' 2>/dev/null || bail "sshd does not answer"
}

# grant [ARGUMENT...]: for $service (ssh) and $peer, 60 seconds unless $grant_seconds says otherwise.
grant() {
	grant_id=$("$QKNOCK_BUILD/tests/netns/grant_tool" write "$grants" "${service:-ssh}" alice "${peer:-$CLIENT}" \
		"${grant_seconds:-60}" "$@") || bail "no grant"
}

ungrant() { rm -rf "$grants" && mkdir -m 750 "$grants" && mkdir -m 750 "$grants/ssh"; }

# ssh_as METHOD [OPTION...]: a login of $login (alice) that says "in" if it comes about. The passwords are those
# of $answers, one a line, asked for one after another.
ssh_as() {
	local method=$1

	shift
	on client env SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force ANSWERS="$(answers_file)" \
		timeout 60 ssh -F none -T -o BatchMode=no -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
		-o LogLevel=ERROR -o KexAlgorithms=curve25519-sha256 -o IdentityAgent=none -o IdentitiesOnly=yes -i "$work/id" -o ConnectTimeout=30 \
		-o PreferredAuthentications="$method" -o NumberOfPasswordPrompts="${prompts:-1}" -p "${sshd_port:-22}" \
		"$@" "${login:-alice}@${target:-$SERVER}" "${command:-echo in}" </dev/null
}

# A file of its own for each login: askpass takes the first line off.
answers_file() {
	local file

	if [ ! -e "$work/askpass" ]; then
		printf '#!/bin/sh\nsed -n 1p "$ANSWERS"\nsed -i 1d "$ANSWERS"\n' >"$work/askpass.new"
		chmod 755 "$work/askpass.new"
		mv "$work/askpass.new" "$work/askpass"
	fi
	file=$(mktemp "$work/answers.XXXXXX")
	printf '%s\n' "${answers:-$PASSWORD}" >"$file"
	echo "$file"
}

login() { [ "$(ssh_as "$@" 2>>"$work/ssh.err")" = in ]; }
refused_login() { ! login "$@"; }

# module_said PATTERN: in a line of the module since the last said_mark.
said_from=1
said_mark() { said_from=$(($(wc -l <"$authlog") + 1)); }
said() { tail -n "+$said_from" "$authlog"; }
module_said() { said | grep -E 'pam_knock\(sshd:[a-z]+\): ' | grep -Eq -- "$1"; }
module_said_times() { [ "$(said | grep -E 'pam_knock\(sshd:[a-z]+\): ' | grep -Ec -- "$2")" = "$1" ]; }

# passes METHOD, is_refused METHOD: and the module says so. The log is written by another process.
passes() {
	said_mark
	login "$@" && wait_until 2 module_said ': passed address='
}
is_refused() {
	said_mark
	refused_login "$@" && wait_until 2 module_said ': refused: ' && ! module_said ': passed '
}
