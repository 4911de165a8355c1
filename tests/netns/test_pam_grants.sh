#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a grant is worth to the real sshd: until its end, once or often, for whom, and nothing at all when the
# directory can't be trusted.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
two_hosts
accounts
pam_stack
sshd

# --- its end ---
grant_seconds=3 grant
check "publickey: let in while the grant lives" passes publickey
command='sleep 5; echo in' ssh_as publickey >"$work/held" 2>/dev/null &
held=$!
check "publickey: refused after its end" wait_until 5 is_refused publickey
check "  and the log says why" module_said 'account\): refused: grant has expired'
check "password: refused after its end" is_refused password
check "keyboard-interactive: refused after its end" is_refused keyboard-interactive
wait $held
check "a session that was open goes on" grep -qx in "$work/held"
grant
check "let in by the next one" passes publickey
"$QKNOCK_BUILD/tests/netns/grant_tool" remove "$grants" ssh $CLIENT "$grant_id"
check "refused when it was revoked" is_refused publickey

# --- single use ---
for method in $methods; do
	grant single-use
	check "$method: a single-use grant lets one in" passes "$method"
	case $method in
	publickey) ;;
	*) check "  auth and account have both shown it" module_said_times 2 'passed address=.*'"$grant_id" ;;
	esac
	check "  the session says by which grant" wait_until 2 module_said "session\): session opened .*grant=$grant_id"
	for again in $methods; do
		check "  and not another by $again" is_refused "$again"
	done
	service=ssh grant
	check "  the next grant lets in again" passes "$method"
done

# A wrong password, then the right one, on one connection: sshd asks PAM in another process each time.
answers=$(printf 'wrong\n%s' "$PASSWORD")
for method in password keyboard-interactive; do
	grant single-use
	said_mark
	check "$method: the second try of the same connection is the same login" eval "prompts=2 login $method"
	check "  it was two tries" module_said_times 2 'auth\): passed '
	check "  and not another" is_refused publickey
done
answers="$(printf 'wrong\nwrong')"
grant single-use
said_mark
check "a client that gives up has used its grant" eval 'prompts=2 refused_login keyboard-interactive'
check "  it was asked for its password" module_said 'auth\): passed '
unset answers
check "  and must knock again" is_refused password
grant single-use
said_mark
check "two methods on one connection are one login" eval 'answers=wrong login keyboard-interactive,publickey'
check "  auth was asked by the first, account by the second" eval \
	"module_said_times 1 'auth.: passed ' && module_said_times 1 'account.: passed '"
check "  and not another" is_refused publickey

# single_use makes any grant such a one.
pam_stack single_use
grant
check "single_use: one login by any grant" passes password
check "single_use: and not another" is_refused password

# --- for whom ---
pam_stack match_user
grant
check "match_user: the grant's user is let in" passes publickey
login=bob
check "match_user: another is refused" is_refused password
check "  and the log says why" module_said "refused: grant is another user's address=$CLIENT service=ssh user=bob"
grant login=bob
check "match_user: an account that the user's record names is let in" passes password
grant single-use
check "match_user: another doesn't use it up" is_refused password
login=alice
check "  for the one whose it is" passes password
unset login
grant

# --- the ways round it of pam_knock(8) ---
pam_stack
sed -i "/^auth .*pam_knock/i auth [success=1 default=ignore] pam_succeed_if.so quiet user = bob
	/^account .*pam_knock/i account [success=1 default=ignore] pam_succeed_if.so quiet user = bob" /etc/pam.d/sshd
ungrant
check "break-glass: the account named before it logs in without a knock" eval 'login=bob login password'
check "break-glass: others don't" is_refused password
printf '+ : ALL : 192.0.2.0/24 %s\n- : ALL : ALL\n' $CLIENT >"$work/access.conf"
pam_stack
sed -i "/^auth .*pam_knock/i auth [success=1 default=ignore] pam_access.so accessfile=$work/access.conf
	/^account .*pam_knock/i account [success=1 default=ignore] pam_access.so accessfile=$work/access.conf" /etc/pam.d/sshd
check "break-glass: so does who comes from the management network" eval 'login password && login publickey'
echo '- : ALL : ALL' >"$work/access.conf"
check "break-glass: others don't" is_refused publickey

# --- what can't be trusted ---
pam_stack
for method in $methods; do
	grant
	chmod 757 "$grants"
	check "$method: refused when anyone can write grants" is_refused "$method"
	check "  and the log says why" module_said 'refused: grants directory is missing or unsafe'
	chmod 770 "$grants"
	check "$method: refused when a group can" is_refused "$method"
	chmod 750 "$grants"
	chown 12345 "$grants"
	check "$method: refused when the directory isn't root's" is_refused "$method"
	chown 0 "$grants"
	check "$method: let in when all is well" passes "$method"
	mv "$grants" "$work/elsewhere"
	ln -s "$work/elsewhere" "$grants"
	check "$method: refused when the directory is a link" is_refused "$method"
	rm "$grants"
	check "$method: refused when it is missing" is_refused "$method"
	check "  and the log says why" module_said 'refused: grants directory is missing or unsafe'
	mv "$work/elsewhere" "$grants"
	mv "$grants/ssh/$CLIENT" "$work/one"
	ln -s "$work/one" "$grants/ssh/$CLIENT"
	check "$method: refused when the grant is a link" is_refused "$method"
	rm "$grants/ssh/$CLIENT"
	cp "$work/one" "$grants/ssh/$CLIENT"
	echo more >>"$grants/ssh/$CLIENT"
	check "$method: refused when it is malformed" is_refused "$method"
	check "  and the log says why" module_said 'refused: malformed grant file'
done
grant
pam_stack nonsense
for method in $methods; do
	check "$method: refused when an argument is wrong" is_refused "$method"
	check "  and the log names it" module_said 'refused: bad argument "nonsense"'
done
finish
