#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qknockctl pam-check: what stacks are told, and the exit code.
ctl=${top_builddir:-.}/qknockctl/qknockctl
dir=$(mktemp -d)
fails=0
trap 'rm -rf "$dir"' EXIT

# stack LINE...: the service's file.
stack() { printf '%s\n' "$@" >"$dir/sshd"; }

# expect CODE [TEXT...]: each text is in the answer; one that begins with ! is not.
expect() {
	code=$1
	shift
	"$ctl" pam-check "$dir/sshd" >"$dir/out" 2>&1
	rc=$?
	[ "$rc" = "$code" ] || { echo "FAIL: exit code $rc, not $code:"; cat "$dir/sshd" "$dir/out"; fails=$((fails + 1)); }
	for text; do
		case $text in
		!*) ! grep -qF -e "${text#!}" "$dir/out" ;;
		*) grep -qF -e "$text" "$dir/out" ;;
		esac || { echo "FAIL: \"$text\":"; cat "$dir/sshd" "$dir/out"; fails=$((fails + 1)); }
	done
}

good_auth='auth requisite pam_knock.so'
good_account='account required pam_knock.so'
unix='auth required pam_unix.so
account required pam_unix.so'

stack "$good_auth" "$good_account" "$unix"
expect 0 'auth asks for a grant, account does' '!Put' '!passes' '!different'
stack "$good_auth service=ssh match_user" "$unix"
expect 1 'Only auth asks for a grant' 'public keys' "    account required pam_knock.so service=ssh match_user" \
	"before the other account lines of $dir/sshd"
stack "$good_account" "$unix"
expect 0 'Only account asks for a grant' '    auth requisite pam_knock.so'
stack "$unix"
expect 1 'Nothing asks for a grant'
stack ''
expect 1 'Nothing asks for a grant'

# How the line may be written.
stack "  AUTH	requisite  /lib/security/pam_knock.so" "-account [success=ok default=die] pam_knock # comment" "$unix"
expect 0 '!Only'
stack "$good_auth" 'account \' '  required \' '  pam_knock.so' "$unix"
expect 0 '!Only'
stack "$good_auth" '#account required pam_knock.so' "account required pam_unix.so # pam_knock.so"
expect 1 'Only auth'
stack "$good_auth" 'account required pam_knockout.so' 'account required not_pam_knock.so'
expect 1 'Only auth'
stack "$good_auth" 'session required pam_knock.so' 'account' 'account required'
expect 1 'Only auth'

# Controls that do not heed a refusal.
for control in optional sufficient '[success=ok default=ignore]' '[success=ok perm_denied=ignore default=bad]' \
	'[default=1]' '[authinfo_unavail=ok default=die]'; do
	stack "$good_auth" "account $control pam_knock.so" "$unix"
	expect 1 'goes on when pam_knock refuses' 'Write "required"' 'Only auth' "$dir/sshd:2:"
done
for control in required requisite '[success=ok]' '[success=ok new_authtok_reqd=ok ignore=ignore default=bad]'; do
	stack "$good_auth" "account $control pam_knock.so" "$unix"
	expect 0 '!goes on'
done
stack "auth sufficient pam_knock.so" "$good_account" "$unix"
expect 0 'Write "requisite"' 'Only account'

# Files that are included.
mkdir "$dir/sub"
echo "$good_account" >"$dir/common-knock"
stack "$good_auth" '@include common-knock' "$unix"
expect 0 '!Only'
stack "$good_auth" 'account include common-knock' "$unix"
expect 0 '!Only'
stack "$good_auth" 'auth include common-knock' "$unix"
expect 1 'Only auth'
stack "$good_auth" 'account substack common-knock' "$unix"
expect 0 '!Only'
stack "$good_auth" "@include $dir/common-knock"
expect 0 '!Only'
stack "$good_auth" '@include missing'
expect 1 "$dir/missing: No such file"
stack '@include sshd'
expect 1 'without end'

# What passes it by.
stack "$good_auth" 'account sufficient pam_succeed_if.so user = root' "$good_account"
expect 0 "$dir/sshd:2: account passes pam_knock by when pam_succeed_if.so succeeds" 'emergencies'
stack "$good_auth" 'account [success=1 default=ignore] pam_access.so' "$good_account"
expect 0 'passes pam_knock by when pam_access.so'
stack "$good_auth" 'account [success=1 default=ignore] pam_access.so' 'account required pam_permit.so' "$good_account"
expect 0 '!passes'
stack "$good_auth" 'account [success=2 default=ignore] pam_access.so' 'account required pam_permit.so' "$good_account"
expect 0 'passes pam_knock by when pam_access.so'
echo 'account sufficient pam_permit.so' >"$dir/common-account"
stack "$good_auth" 'account substack common-account' "$good_account"
expect 0 '!passes'
stack "$good_auth" 'account include common-account' "$good_account"
expect 0 "$dir/common-account:1: account passes"

stack "$good_auth match_user" "$good_account"
expect 0 'different arguments, "match_user" and ""'

"$ctl" pam-check "$dir/nothing" >"$dir/out" 2>&1
[ $? = 1 ] && grep -q 'No such file' "$dir/out" || { echo "FAIL: missing file"; fails=$((fails + 1)); }
stack "$good_auth" "$unix"
"$ctl" --json pam-check "$dir/sshd" >"$dir/out"
[ $? = 1 ] && grep -q '"auth": true' "$dir/out" && grep -q '"account": false' "$dir/out" &&
	grep -q '"closed": false' "$dir/out" && grep -q '"Only auth asks' "$dir/out" ||
	{ echo "FAIL: JSON"; cat "$dir/out"; fails=$((fails + 1)); }
[ "$fails" = 0 ]
