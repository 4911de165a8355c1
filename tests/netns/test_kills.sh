#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL, 200 times, at any moment, while four users ask for keys, knock, knock again with keys that are used up, and
# have grants revoked. Of several processes a single one is killed as often as all of them.
#
# Witnesses: triggers in the store, which write down what was committed and nothing else; the open hook; the daemon's
# log; the grants' files and the kernel's table; and the users, who keep every key that they ever got.
. "$(dirname "$0")/lib.sh"
isolate "$@"
KILLS=${QKNOCK_KILLS:-200}
RANDOM=${QKNOCK_SEED:-$$}
note "QKNOCK_SEED=${QKNOCK_SEED:-$$}"
users="u1 u2 u3 u4"
address_of() { echo "172.17.12.4${1#u}"; }
validity=600
grant_time=600
cat >"$work/hook" <<END
#!/bin/sh
echo "\$QKNOCK_USER" >>"$work/hooked"
END
chmod 755 "$work/hook"
service_settings="	open = {\"$work/hook\"}"
: >"$work/hooked"
two_hosts
web_server
for u in $users; do
	address client e0 "$(address_of "$u")/24"
done
daemon
firewall
for u in $users; do
	register "$u"
done
daemon_end TERM
db=$work/store/qknock.db
must sqlite3 "$db" "
	CREATE TABLE audit (n INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, id INTEGER, user TEXT);
	CREATE TRIGGER audit_key AFTER DELETE ON pending
		BEGIN INSERT INTO audit (what, id, user) VALUES ('key', old.id, old.user); END;
	CREATE TRIGGER audit_grant AFTER INSERT ON live_grant
		BEGIN INSERT INTO audit (what, id, user) VALUES ('grant', new.id, new.user); END;"

# --- the users -------------------------------------------------------------------------------------------------

# The daemon may be dead at any of these steps; then the user just goes on.
live() {
	local u=$1 address line n=0

	RANDOM=$2
	address=$(address_of "$u")
	mkdir "$work/keys-$u"
	while [ ! -e "$work/stop" ]; do
		line=$(ctl issue "$u" "$address" 2>/dev/null)
		if [ -n "$line" ] && ! grep -Fxqs -- "$line" "$work/keys-$u/$n"; then
			n=$((n + 1))
			printf '%s\n' "$line" >"$work/keys-$u/$n"
		fi
		[ "$n" -gt 0 ] || continue
		with_key "$u" "$n" $FORWARD
		# Of those before none may open any more, and this one not again.
		[ $((RANDOM % 3)) != 0 ] || with_key "$u" $((RANDOM % n + 1)) $REVERSE
		[ $((RANDOM % 4)) != 0 ] || ctl revoke --service http --address "$address" >/dev/null 2>&1
		[ $((RANDOM % 4)) != 0 ] || with_key "$u" "$n" $TWICE
	done
	printf '%d\n' "$n" >"$work/keys-$u/count"
}

# with_key USER NUMBER ORDER: the whole knock
with_key() { tool -p "$work/profile-$1" -k "$work/keys-$1/$2" -S "$(address_of "$1")" -w 8 knock "$3" 2>/dev/null; }

# --- the kills -------------------------------------------------------------------------------------------------

# In a process group of its own, which hooks leave.
rise() {
	log_mark
	setsid nsenter --net=/run/netns/server -- "$(program qknockd)" -c "$conf" -f 2>>"$work/qknockd.log" &
	daemon_pid=$!
	wait_until 20 daemon_answers
}

# One process of the daemon or all; what then is left must end by itself or go on by itself.
strike() {
	local all victim

	all=$(pgrep -g "$daemon_pid")
	# shellcheck disable=SC2086 # a list
	victim=$(shuf -n 1 -e $all)
	if [ "$(wc -w <<<"$all")" -gt 1 ] && [ $((RANDOM % 2)) = 0 ] && [ "$victim" != "$daemon_pid" ]; then
		kill -KILL "$victim" 2>/dev/null
		singles=$((singles + 1))
		wait_until 20 ended_or_goes_on || return 1
		daemon_gone || return 0
	fi
	kill -KILL -- "-$daemon_pid" 2>/dev/null
	wait "$daemon_pid" 2>/dev/null
	wait_until 20 nobody_left
}
nobody_left() { ! pgrep -g "$daemon_pid" >/dev/null; }
ended_or_goes_on() { daemon_gone || daemon_answers; }

# What the dead daemon has committed, from a copy: recovery is the next one's.
remember() {
	rm -f "$work"/copy.db*
	cp "$db" "$work/copy.db"
	cp "$db-wal" "$work/copy.db-wal" 2>/dev/null
	owed=$(sqlite3 "$work/copy.db" "SELECT printf('%016x', id) || ' ' || client FROM
		(SELECT id, (SELECT user FROM audit WHERE audit.id = live_grant.id AND what = 'grant') AS client
		FROM live_grant WHERE expires_ns > granted_ns)") || return 1
	keys=$(sqlite3 "$work/copy.db" "SELECT user FROM pending")
}

ended_since() { logged "grant ended .* id=$1"; }
in_table() { grep -q "id=$(printf %u "0x$1") " <<<"$in_kernel"; }

# Nothing of it is lost: it is there, or went in the meantime and the log says so.
kept() {
	local id user

	in_kernel=$("$QKNOCK_BUILD/tests/netns/knockmap_tool" list "$table")
	while read -r id user; do
		[ -n "$id" ] || continue
		grep -Eqs "^id $id" "$work/grants/http/$(address_of "$user")" && in_table "$id" && continue
		# A knock may be replacing it just now: the places come before the line in the log.
		wait_until 5 ended_since "$id" && continue
		note "grant $id of $user is lost"
		return 1
	done <<<"$owed"
	pending=$(ctl pending)
	for user in $keys; do
		grep -q "$user" <<<"$pending" || wait_until 5 logged "grant user=$user |key dropped user=$user " || {
			note "the key of $user is lost"
			return 1
		}
	done
}

killing() {
	until [ "$killed" = "$KILLS" ]; do
		[ $((SECONDS - begun)) -lt 120 ] || break # a slow machine
		killed=$((killed + 1))
		sleep "0.$(printf %03d $((RANDOM % 100)))"
		strike || return 1
		daemon_gone || continue
		remember || return 1
		rise || return 1
		kept || return 1
	done
}

singles=0 killed=0 begun=$SECONDS
rise || bail "qknockd does not start"
lives=()
for u in $users; do
	live "$u" $RANDOM &
	lives+=($!)
done
check "killed again and again: no committed grant and no pending key is lost" killing
touch "$work/stop"
wait "${lives[@]}"
note "$killed kills in $((SECONDS - begun)) s, $singles of them of a single process"

# --- the reckoning ---------------------------------------------------------------------------------------------

query() { sqlite3 "$db" "$1"; }
grants_committed() { query "SELECT count(*) FROM audit WHERE what = 'grant'"; }
committed_reaches() { [ "$(grants_committed)" -ge "$1" ]; }

# Keys of the past, once more, and a knock after them that tells when they were dealt with.
daemon_answers || rise
before=$(grants_committed)
for u in $users; do
	current=$(ctl pending | grep -c "$u")
	for n in $(seq $(($(cat "$work/keys-$u/count") - current))); do
		[ $((n % 10)) != 0 ] || with_key "$u" "$n" $FORWARD
	done
done
register u5
mkdir "$work/keys-u5"
must ctl issue u5 "$(address_of u5)" >"$work/keys-u5/1"
with_key u5 1 $FORWARD
check "a new key opens" wait_until 20 committed_reaches $((before + 1))
after=$(grants_committed)
check "keys that are used up open nothing" [ "$after" = $((before + 1)) ]
check "there were kills enough, and grants between them" [ "$killed" -ge $((KILLS / 4)) -a "$after" -ge $((killed / 4)) ]
check "each one by a key that was consumed in the same step" [ "$(query "SELECT count(*) FROM audit AS g WHERE what =
	'grant' AND NOT EXISTS (SELECT 1 FROM audit WHERE n = g.n - 1 AND what = 'key' AND user = g.user)")" = 0 ]
check "and no key was consumed without" [ "$(query "SELECT count(*) FROM audit AS k WHERE what =
	'key' AND NOT EXISTS (SELECT 1 FROM audit WHERE n = k.n + 1 AND what = 'grant' AND user = k.user)")" = 0 ]
check "no key twice" [ "$(query "SELECT count(*) - count(DISTINCT id) FROM audit WHERE what = 'key'")" = 0 ]
few_enough() {
	for u in $users; do
		granted=$(query "SELECT count(*) FROM audit WHERE what = 'grant' AND user = '$u'")
		hooked=$(grep -cx "$u" "$work/hooked")
		had=$(cat "$work/keys-$u/count")
		note "$u: $had keys, $granted grants, $hooked hooks"
		within "$granted" 1 "$had" && within "$hooked" 1 "$granted" || return 1
	done
}
check "no user has had more grants than keys, nor more hooks than grants" few_enough
sed -n 's/.*grant user=.* id=\([0-9a-f]*\) .*/\1/p' "$work/qknockd.log" | sort >"$work/logged"
check "no grant was announced twice" [ -z "$(uniq -d "$work/logged")" ]
query "SELECT printf('%016x', id) FROM audit WHERE what = 'grant'" | sort >"$work/committed"
check "nor one without a commit" [ -z "$(comm -23 "$work/logged" "$work/committed")" ]
note "$(comm -13 "$work/logged" "$work/committed" | wc -l) kills fell between the commit and the line in the log"
live=$(query "SELECT printf('%016x', id) FROM live_grant WHERE expires_ns > granted_ns" | sort)
check "the grants' files are those of the store" [ "$live" = "$(sed -n 's/^id //p' "$work"/grants/http/[0-9]* | sort)" ]
check "so is the kernel's table" [ "$(for id in $live; do printf '%u\n' "0x$id"; done | sort)" = \
	"$("$QKNOCK_BUILD/tests/netns/knockmap_tool" list "$table" | sed -n 's/.* id=\([0-9]*\) .*/\1/p' | sort)" ]
finish
