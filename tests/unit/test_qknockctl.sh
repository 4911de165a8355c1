#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qknockctl as people and scripts use it, against the daemon's own parts on a socket in a temporary directory.
# No root, no network.
set -u
. "$(dirname "$0")/qr.sh"
. "$(dirname "$0")/cli.sh"
ctl=$top_builddir/qknockctl/qknockctl
dir=$(mktemp -d /tmp/qk-store-XXXXXX) || exit 99

cat >"$dir/qknock.conf" <<END
server_id = "gw.example"
host = "gw.example.net"
store = "$dir/qknock.db"
control = "$dir/run/control"
grants_dir = "$dir/grants"
table = none
log = stderr
service "ssh" { protocol = tcp  port = 22  grant_time = 30 }
service "web" { protocol = tcp  port = 443  grant_time = 3600 }
END

mkfifo "$dir/in" "$dir/ready" || exit 99
"$top_builddir/tests/unit/ctl_daemon" "$dir/qknock.conf" <"$dir/in" >"$dir/ready" 2>"$dir/log" &
daemon=$!
exec 3>"$dir/in"
trap 'exec 3>&-; wait $daemon; rm -rf "$dir"' EXIT
read -r ready <"$dir/ready"
[ "$ready" = ready ] || { cat "$dir/log" >&2; exit 99; }

# run CODE ARGUMENT...
run() {
	wanted=$1
	shift
	run_program "$wanted" "$ctl" -c "$dir/qknock.conf" "$@"
}

# Users.
run 0 user list; says 'no users'
run 0 user list --json; says '[]'
run 0 user add alice --p 11 --q 17 --no-pass-code; says ''
input='secret-17
' run 0 user add bob --services ssh --widths 64,0 --json; says '{}'
run 0 user list; says "\
USER   ENABLED  PASS-CODE  LOCKED  SERVICES  NUMBERS  WIDTHS                     N
alice  yes      no         no      all       none     0 8 64                   187
bob    yes      yes        no      ssh       none     64 0    $(printf %20s "$("$ctl" -s "$dir/run/control" --json user show bob |
	sed -n 's/.*"n": "\(.*\)".*/\1/p')")"
run 0 user show alice; says 'User:       alice
Enabled:    yes
Pass-code:  no
Locked:     no
Failures:   0
Services:   all
Logins:     none
Numbers:    none
Hop widths: 0 8 64
N:          187
P:          11
Q:          17'
run 0 --json user show alice; says '{
  "user": "alice",
  "enabled": true,
  "pass_code": false,
  "locked": false,
  "failures": 0,
  "services": [],
  "logins": [],
  "numbers": [],
  "widths": [
    0,
    8,
    64
  ],
  "n": "187",
  "p": "11",
  "q": "17"
}'
run 1 user add alice --no-pass-code; complains 'user add: user exists already'
input='never-read' run 1 user add alice; complains 'user alice exists already'
run 1 user add carol --p 11 --q 17 --no-pass-code; complains 'another user has these P and Q'
run 1 user add carol --p 11 --q 18 --no-pass-code; complains 'two different primes'
run 2 user add carol --p 11 --no-pass-code; complains 'belong together'
run 1 user add carol --services ftp --no-pass-code; complains 'no service "ftp"'
run 1 user add carol --widths 7 --no-pass-code; complains 'hop width'
run 1 user add Carol --no-pass-code; complains 'user id must be'
input='two words
' run 1 user add carol; complains 'pass-code must be'
run 1 user show carol; complains 'there is no user carol'

input='other-code' run 0 user passwd alice; run 0 user list; has '^alice  yes      yes '
input='other-code' run 1 user passwd nobody; complains 'there is no user nobody'
run 0 user set alice --no-pass-code --services ssh,web; run 0 user list; has '^alice  yes      no         no      ssh web '
run 0 user set alice --all-services --p 13 --q 19; run 0 user list; has '^alice  yes      no         no      all .* 247$'
run 2 user set alice --services ssh --all-services; complains 'either --services or --all-services'
run 0 user set alice --logins root,www-data; run 0 user show alice; has '^Logins:     root www-data$'
run 0 user set alice --logins ''; run 0 user show alice; has '^Logins:     none$'
run 1 user set alice --logins -rf; complains 'account names'
run 2 user set alice; complains 'nothing to set'
run 0 grants; has '^ssh      192.0.2.1  alice  '
run 0 user disable alice; run 1 issue alice 192.0.2.9; complains 'user is disabled'
! "$ctl" -s "$dir/run/control" grants | grep -q alice || { echo "FAIL: disabled, but granted"; fails=$((fails + 1)); }
run 0 user enable alice

# The hash is where it belongs and nowhere else.
run 0 user show bob --json
! grep -q 'secret-17\|\$y\$' "$dir/out" "$dir/log" || { echo "FAIL: the pass-code or its hash got out"; fails=$((fails + 1)); }

# Requests by SMS, with qknock-sms or any other command in its place.
PATH=$top_builddir/qknockctl:$PATH
run 0 user set bob --numbers '+44 7911-123456,0049 151 1234'; run 0 user show bob
has '^Numbers:    +447911123456 +491511234$'
run 0 user list --json; has '"+447911123456"'
run 1 user set bob --numbers 07911123456; complains '"07911123456": telephone number must be'
run 1 user set bob --numbers +4411,,+4412
run 1 user set bob --numbers +4411,+4412,+4413,+4414,+4415; complains 'does not fit'
sed -i 's/^table/requests_country = 44 requests_lock_after = 2\n&/' "$dir/qknock.conf"
run 0 reload
run 0 user set bob --numbers 07911123456; run 0 user show bob; has '^Numbers:    +447911123456$'
input=secret-17 run 0 sms test bob 192.0.2.7
says 'To:   +447911123456
Key:  yes
Text: a one-time key, not shown'
run 0 pending; has '^bob  *192.0.2.7 '
input=secret-17 run 1 sms test bob 192.0.2.8 --json; has '"key": false'; has 'for another address is pending'
cat >"$dir/adapter" <<'END'
#!/bin/sh
case $1 in
again) exit 75 ;;
fails) exit 3 ;;
mute) cat >/dev/null ;;
raves) echo 'From: +44' ;;
echoes) sed 's/^From/To/' ;;
esac
END
chmod 755 "$dir/adapter"
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/adapter" again; complains 'try again later'
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/adapter" fails; complains 'exit code 3'
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/adapter" mute; complains 'no answer would be sent'
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/adapter" raves; complains 'what is no message'
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/adapter" echoes; has '^Text: Request OTP bob secret-17 192.0.2.7$'
input=secret-17 run 1 sms test bob 192.0.2.7 -- "$dir/nothing"; complains 'exit code 127'
input=secret-17 run 1 sms test bob localhost; complains 'not a numeric'
run 1 sms test alice 192.0.2.7; complains 'no telephone number'
run 1 sms test nobody 192.0.2.7; complains 'there is no user nobody'
input=secret-18 run 1 sms test bob 192.0.2.7; complains 'no answer would be sent'
sleep 1.1
input=secret-18 run 1 sms test bob 192.0.2.7
run 0 user show bob; has '^Locked:     yes$'; has '^Failures:   2$'
run 0 user unlock bob; run 0 user show bob; has '^Locked:     no$'
input=secret-17 run 0 sms test bob 192.0.2.7
run 1 user unlock nobody; complains 'there is no user nobody'
! grep -q 'secret-1' "$dir/log" || { echo "FAIL: a pass-code is in the log"; fails=$((fails + 1)); }
run 0 user disable bob; run 0 user enable bob

# Profiles and keys.
run 0 profile bob; has '^qknock-profile 1$'; has '^host gw.example.net$'; has '^service ssh tcp 22$'; has '^widths 0 64$'
! grep -q web "$dir/out" || { echo "FAIL: the profile offers what is not allowed"; fails=$((fails + 1)); }
run 0 profile bob --json; has '"profile": "qknock-profile 1\\nserver-id gw.example\\n'
has '"uri": "qknock:1?i=gw.example&h=gw.example.net&u=bob&n='
run 0 profile bob --uri; has '^qknock:1?i=gw.example&h=gw.example.net&u=bob&n=[0-9]*&w=0,64&s=ssh,tcp,22$'
uri=$(cat "$dir/out")
run 0 profile bob --qr
[ "$(qr_read "$dir/out" "$dir")" = "$uri" ] || { echo "FAIL: the QR code is not the URI"; fails=$((fails + 1)); }
XDG_CONFIG_HOME=$dir "$top_builddir/qknock/qknock" enroll --quiet "$uri" &&
	run 0 profile bob && cmp "$dir/out" "$dir/qknock/profiles/gw.example" ||
	{ echo "FAIL: the URI is not the profile"; fails=$((fails + 1)); }
run 1 profile nobody; complains 'profile: there is no user nobody'
run 0 issue alice 192.0.2.9 --r 7; has '^[0-9]* [A-Za-z0-9_-]\{43\} 7$'
line=$(cat "$dir/out")
run 0 issue alice 192.0.2.9; says "$line"
run 0 issue alice 192.0.2.9 --json; says "{
  \"reply\": \"$line\"
}"
run 1 issue alice 192.0.2.9; complains 'given out as often as allowed'
run 1 issue alice 192.0.2.10; complains 'for another address is pending'
run 1 issue bob 192.0.2.9 --r 1; complains 'random number R must be'
run 1 issue bob localhost; complains 'not a numeric'

# Sheets of keys.
run 0 sheet list; says 'no sheets'
run 0 sheet list --json; says '[]'
TZ=UTC; export TZ
run 0 issue alice --count 12
has '^One-time keys of alice for gw.example (gw.example.net)$'
has '^Printed 20[0-9-]* [0-9:]*, valid until 20[0-9-]* [0-9:]*\. As secret as a password\.$'
has '^ 1/12  [0-9]\{10\}  \([A-Za-z0-9_-]\{4\} \)\{10\}[A-Za-z0-9_-]\{3\}  [0-9]*$'
has '^12/12  '
has 'qknockctl sheet revoke alice$'
[ "$(grep -c '^[ 0-9][0-9]/12  ' "$dir/out")" = 12 ] || { echo "FAIL: not 12 lines"; fails=$((fails + 1)); }
[ "$(awk 'length > 120' "$dir/out")" = '' ] || { echo "FAIL: lines too long for paper"; fails=$((fails + 1)); }
run 0 issue bob --count 2 --json; has '"user": "bob"'; has '"server_id": "gw.example"'; has '"host": "gw.example.net"'
has '^    "1/2 [0-9]\{10\} [A-Za-z0-9_-]\{43\} [0-9]*",$'; has '^    "2/2 '
[ "$(($(sed -n 's/.*"expires_at": \([0-9]*\),*/\1/p' "$dir/out") - $(sed -n 's/.*"issued_at": \([0-9]*\),*/\1/p' "$dir/out")))" = 7776000 ] ||
	{ echo "FAIL: not 90 days"; fails=$((fails + 1)); }
key=$(sed -n 's/^    "1\/2 [0-9]* \([^ ]*\) .*/\1/p' "$dir/out")
grep -q -F -e "$key" "$dir/log" && { echo "FAIL: the log shows a key of a sheet"; fails=$((fails + 1)); }
run 0 sheet list; has '^USER   LINES  LEFT  NEXT  PRINTED   *VALID UNTIL$'; has '^alice     12    12     1  '; has '^bob        2     2     1  '
run 0 sheet list --json; has '"next_line": 1,'
run 0 status; has '^Sheets of keys: *2$'
run 2 issue alice --count; complains 'requires an argument'
run 1 issue alice --count 0; complains 'a sheet has 1 to 40 lines'
run 1 issue alice --count 41; complains 'a sheet has 1 to 40 lines'
run 2 issue alice 192.0.2.9 --count 3; complains 'issue takes a user and an address, or a user and --count N'
run 2 issue alice --count 3 --r 7; complains 'issue takes'
run 1 issue nobody --count 3; complains 'there is no user nobody'
run 2 pending --count 3; complains 'pending takes no --count'
run 0 sheet revoke bob; says ''
run 0 sheet revoke alice --json; says '{}'
run 1 sheet revoke alice; complains 'alice has no sheet'
run 0 sheet list; says 'no sheets'

run 0 pending; has '^USER   ADDRESS    ISSUED     *LEFT  REPLIES$'; has '^alice  192.0.2.9  .* [12]m[0-9]*s        3$'
run 0 pending --json; has '"seconds_left": 1[0-9][0-9]'
! grep -q -F -e "$(echo "$line" | cut -d' ' -f2)" "$dir/out" || { echo "FAIL: pending shows the key"; fails=$((fails + 1)); }

# Grants.
run 0 grants; has '^SERVICE  ADDRESS    USER  *LEFT  EXPIRES  *SINGLE-USE  ID$'
has '^ssh      192.0.2.2  dan   [0-9hms]* .* no          00000000000000c9$'
run 0 grants --json; has '"id": "00000000000000ca"'; has '"single_use": false'
run 2 revoke; complains 'either --all'
run 2 revoke --all --service ssh
run 0 revoke --service ssh --address 192.0.2.2; says '1 grant revoked'
run 1 revoke --service ssh --address 192.0.2.2; complains 'no grant'
run 1 revoke --address 192.0.2; complains 'not a numeric'
[ ! -e "$dir/grants/ssh/192.0.2.2" ] && [ -e "$dir/grants/web/192.0.2.2" ] ||
	{ echo "FAIL: the grants' files"; fails=$((fails + 1)); }
run 0 revoke --service web --json; has '"revoked": 2'
run 0 revoke --all; says '1 grant revoked'
run 0 revoke --all; says '0 grants revoked'
run 0 grants; says 'no grants'

# The daemon.
run 0 status; has '^Running for:  *1h02m$'; has '^Keys pending:  *1$'; has '^Keys issued:  *2$'
run 0 status --json; has '"keys_issued": 2'; has '"packets_known": 0'
run 0 metrics
has '^# TYPE qknock_keys_issued_total counter$'; has '^qknock_keys_issued_total 2$'
has '^# TYPE qknock_keys_pending gauge$'; has '^qknock_keys_pending 1$'
has '^qknock_uptime_seconds 3723$'; has '^qknock_info{version="[^"]*"} 1$'; has '^qknock_up 1$'
[ "$(grep -c '^# TYPE' "$dir/out")" = "$(grep -v '^#' "$dir/out" | wc -l)" ] && ! grep -v '^#' "$dir/out" |
	grep -v -q -E '^qknock_[a-z_]+(\{version="[^"]*"\})? [0-9]+$' || { echo "FAIL: metrics"; cat "$dir/out"; fails=$((fails + 1)); }
cp "$dir/out" "$dir/metrics"
run 0 metrics --output "$dir/qknock.prom"; says ''
cmp "$dir/metrics" "$dir/qknock.prom" && [ "$(stat -c %a "$dir/qknock.prom")" = 644 ] || fails=$((fails + 1))
run 1 metrics --output "$dir/nowhere/qknock.prom"; complains "$dir/nowhere/qknock.prom: No such file"
"$ctl" -s "$dir/nothing" metrics --output "$dir/qknock.prom" 2>"$dir/err"
[ $? = 3 ] && [ "$(grep -v '^#' "$dir/qknock.prom")" = 'qknock_up 0' ] ||
	{ echo "FAIL: metrics without a daemon"; fails=$((fails + 1)); }
[ "$(ls "$dir"/qknock.prom*)" = "$dir/qknock.prom" ] || { echo "FAIL: metrics leave files"; fails=$((fails + 1)); }
run 0 reload; says ''
echo 'colour = red' >>"$dir/qknock.conf"
"$ctl" -s "$dir/run/control" reload >"$dir/out" 2>"$dir/err" && { echo "FAIL: reload"; fails=$((fails + 1)); }
complains 'log says why'
run 2 status; complains 'qknock.conf:'
sed -i '$d' "$dir/qknock.conf"

# Many, over several pages and in order.
i=100
while [ $i -lt 230 ]; do
	"$ctl" -s "$dir/run/control" user add "user$i" --no-pass-code || fails=$((fails + 1))
	i=$((i + 1))
done
run 0 user list
[ "$(grep -c '^user' "$dir/out")" = 130 ] && sed 1d "$dir/out" | LC_ALL=C sort -c ||
	{ echo "FAIL: listing of many users"; fails=$((fails + 1)); }

# Wrong use.
run 2; complains 'which command'
run 2 user; complains 'unknown command "user"'
run 2 frobnicate; complains 'unknown command "frobnicate"'
run 2 status now; complains 'too many arguments'
run 2 issue alice; complains 'issue takes a user and an address, or'
run 2 status --all; complains 'status takes no --all'
run 2 --colour; complains 'qknockctl --help'
run 0 --help; has '^  user add NAME '
run 0 --version; has '^qknockctl [0-9]'
"$ctl" -s "$dir/nothing" status 2>"$dir/err"
[ $? = 3 ] || { echo "FAIL: exit code without a daemon"; fails=$((fails + 1)); }
complains "no daemon answers on $dir/nothing"
"$ctl" -s "$dir/run/control" user list >/dev/full 2>"$dir/err"
[ $? = 1 ] || { echo "FAIL: exit code with a full disk"; fails=$((fails + 1)); }

# Completion asks the daemon for its users.
run_program 0 "$ctl" complete -c "$dir/qknock.conf" -s "$dir/run/control" user show ''
[ "$(cut -f1 "$dir/out" | sort | paste -sd' ')" = "$("$ctl" -s "$dir/run/control" user list | sed 1d | cut -d' ' -f1 | sort | paste -sd' ')" ] ||
	{ echo "FAIL: users offered: $(cat "$dir/out")"; fails=$((fails + 1)); }
has '^alice$'
run_program 0 "$ctl" complete -c "$dir/qknock.conf" -s "$dir/nothing" user show ''; says ''

# The SMS adapter's command line.
sms=$top_builddir/qknockctl/qknock-sms
run_program 0 "$sms" --version; has '^qknock-sms [0-9]'
run_program 0 "$sms" --help; has '^Exit codes: 0 done'
run_program 64 "$sms" --frobnicate; complains 'frobnicate'
run_program 64 "$sms" RECEIVED; complains 'wrong arguments'
run_program 64 "$sms" --gammu; complains 'wrong arguments'
run_program 0 "$sms" SENT "$dir/none"; says ''
run_program 65 "$sms" RECEIVED "$dir/none"; complains 'no message: No such file'
input='hello' run_program 65 "$sms"; complains 'no message'
input='From: +441632960123

Request OTP alice secret-17 192.0.2.7
' run_program 75 "$sms" -s "$dir/nothing"; complains "$dir/nothing: "

[ $fails = 0 ]
