# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of one-time keys by SMS share, after lib.sh: a server that takes requests, an account that hands
# them in, and telephones.
PHONE=+447911123456
PASS_CODE=Secret-17
EXAMPLES=$NETNS_DIR/../../doc/examples

# sms_server ACCOUNT: alice is registered with her telephone. $place is where that account reaches what it needs.
sms_server() {
	adapter=$1
	place=/mnt
	two_hosts
	web_server
	must mount -t tmpfs -o mode=755 sms $place
	must chmod 755 "$work"
	must mkdir $place/work
	must mount --bind "$work" $place/work
	must cp "$QKNOCK_BUILD/qknockctl/qknock-sms" $place/qknock-sms
	global_settings="group = \"$adapter\"
		requests_adapter = \"$adapter\"
		requests_country = 44
		requests_per_hour = 3600
		requests_user_per_hour = 3600
		requests_per_minute = ${requests_per_minute:-600}
		requests_lock_after = 3"
	daemon
	firewall
	register alice --numbers '+44 7911 123456'
	set_pass_code alice $PASS_CODE
}

set_pass_code() { printf '%s\n' "$2" | must ctl user passwd "$1"; }

adapter_program() { echo "$place/qknock-sms -s $place/work/control"; }

# as_adapter COMMAND...: with the rights of the account that hands in requests.
as_adapter() { setpriv --reuid "$adapter" --regid "$adapter" --init-groups env -i PATH="$PATH" "$@"; }

# hand_in NUMBER TEXT: the plain shape, without any SMS daemon.
hand_in() { printf 'From: %s\n\n%s\n' "$1" "$2" | as_adapter $(adapter_program); }

request_of() { echo "Request OTP alice ${2:-$PASS_CODE} ${1:-$CLIENT}"; }

# is_key TEXT: a line as protocol section 2 has it.
is_key() { [[ "$1" =~ ^[0-9]{10}\ [A-Za-z0-9_-]{43}\ [0-9]+$ ]]; }

# A key in $reply is given to the client, who knocks.
knock_with_reply() {
	printf '%s\n' "$reply" >"$work/key-alice"
	knock http
}

locked() { ctl --json user show alice | grep -q '"locked": true'; }
no_secret_in_log() { ! grep -qF -e "$PASS_CODE" -e "$(cut -d' ' -f2 "$work/key-alice")" "$work/qknockd.log"; }
