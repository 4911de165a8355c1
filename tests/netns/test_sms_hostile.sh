#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What anyone may send, and how much of it, through the plain shape of qknock-sms and an account of its own.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$NETNS_DIR/sms.sh"
requests_per_minute=40
sms_server gammu

# silent NUMBER TEXT: no answer, and no error either.
silent() { [ -z "$(hand_in "$@")" ]; }
# bytes FORMAT: any bytes as the whole message.
bytes() {
	# shellcheck disable=SC2059 # the format is what is tested
	printf "$1" | as_adapter $(adapter_program) 2>/dev/null
}
no_message() {
	bytes "$1" >"$work/out"
	[ $? = 65 ] && [ ! -s "$work/out" ]
}
answer() { hand_in "$@" | sed 1,2d; }

check "a stranger's number" silent +447911123457 "$(request_of)"
check "a name instead of a number" silent VODAFONE "$(request_of)"
check "a number that is a command" silent '$(touch PWN);x' "$(request_of)"
check "an unknown user" silent +447900000006 "Request OTP mallory $PASS_CODE $CLIENT"
check "10 KB" silent +447900000001 "$(head -c 10240 /dev/zero | tr '\0' x)"
check "a good request with 10 KB of blanks and more" silent +447900000002 "$(request_of)$(printf '%10240s' x)"
check "no sender" no_message 'Subject: x\n\nRequest OTP alice x 10.0.0.1\n'
check "no text" no_message "From: $PHONE\n"
check "a sender with a NUL" no_message "From: +44791\0001123456\n\n$(request_of)\n"
check "an empty sender before the good one" no_message "From:\nFrom: $PHONE\n\n$(request_of)\n"
check "a second sender in the text" [ -z "$(bytes "From: +447900000003\n\nFrom: $PHONE\n\n$(request_of)\n")" ]
check "NUL, UTF-8 and bytes that are none" [ -z "$(bytes 'From: +447900000004\n\nRequest \000\377\303\050 \320\227 OTP\n')" ]
check "nothing of it was run" [ -z "$(find $place -name "PWN*")" ]
check "the daemon goes on" daemon_answers

reply=$(answer $PHONE "$(request_of)")
check "the telephone gets a key" is_key "$reply"
check "which opens" eval 'knock_with_reply && wait_until 2 reachable'
SEND=$place/send
printf '#!/bin/sh\necho "$1"; cat\n' >"$SEND"
printf '#!/bin/sh\nexec %s\n' "$(adapter_program)" >"$place/adapter"
must mkdir "$place/bin"
must mv "$place/adapter" "$place/bin/qknock-sms"
must chmod 755 "$SEND" "$place/bin/qknock-sms"
must cp "$EXAMPLES/sms-command" "$place"
by_command() { request_of "" | as_adapter env SEND="$SEND" PATH="$place/bin:$PATH" sh "$place/sms-command" "$@"; }
check "the example for any channel answers the telephone" \
	eval '[ "$(by_command "07911 123456" | head -1)" = $PHONE ] && is_key "$(by_command $PHONE | sed 1d)"'
check "and nobody else" [ -z "$(by_command "+447900000005
From: $PHONE")" ]
must ctl user disable alice
must ctl user enable alice
check "closed again" wait_until 5 refused

# Two processes at the same instant.
for i in 1 2; do answer $PHONE "$(request_of)" >"$work/instant$i" & pids[i]=$!; done
wait "${pids[@]}"
check "two requests at the same instant" is_key "$(cat "$work/instant1")"
check "get one key" cmp "$work/instant1" "$work/instant2"

# However long the checks take: knocks and administrators don't wait for them.
checker=$(child_of checker)
opened() { [ -e "$work/grants/http/$CLIENT" ]; }
# knock_takes: into $took, the ms from the last packet to the grant; closed again afterwards.
knock_takes() {
	local start

	issue alice
	send knock $FORWARD
	start=$(now_ms)
	wait_until 5 opened || return 1
	took=$(($(now_ms) - start))
	revoke http $CLIENT
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
must ctl user disable alice
must ctl user enable alice
taken=$(counter requests)
must kill -STOP "$checker"
answer $PHONE "$(request_of 2001:db8:c::20)" >"$work/late" & late=$!
wait_until 5 counter_reaches requests $((taken + 1))
check "a knock opens while nothing is checked" knock_takes
must kill -CONT "$checker"
wait $late
check "the request is answered afterwards" is_key "$(cat "$work/late")"
must ctl user disable alice
must ctl user enable alice

# The burst: 1,000 strangers at once, knocks in the middle of it.
for i in 1 2 3 4 5; do knock_takes && before[i]=$took; done
# As gammu-smsd would hand them in, so that the program itself asks again what was put off.
must mkdir -m 777 $place/outbox
cat >"$place/burst" <<-EOF
	export SMS_MESSAGES=1 SMS_1_NUMBER=\$1 SMS_1_TEXT='Request OTP alice $PASS_CODE $CLIENT'
	$(adapter_program) --gammu --outbox $place/outbox
	echo \$?
EOF
taken=$(counter requests)
# The processes of the test itself shall not be what delays a knock.
seq -f '+4479%08.0f' 1000 | as_adapter nice -n 19 xargs -P 1000 -n 1 sh "$place/burst" >"$work/burst" 2>/dev/null &
burst=$!
wait_until 10 counter_reaches requests $((taken + 10))
for i in 1 2 3 4 5; do knock_takes && during[i]=$took; done
check "the 1,000 requests last longer than the knocks" kill -0 $burst
note "ms from knock to grant: ${before[*]} before, ${during[*]} in the burst"
check "which all open" [ "${#during[@]}" = 5 ]
check "and not later" [ "$(median "${during[@]}")" -lt $(($(median "${before[@]}") + 250)) ]
wait $burst
check "all 1,000 come to an end" [ "$(wc -l <"$work/burst")" = 1000 ]
check "none with an error" not grep -qv '^0$' "$work/burst"
check "or an answer" [ -z "$(ls -A $place/outbox)" ]
check "the daemon goes on" daemon_answers
check "and answers the telephone" is_key "$(answer $PHONE "$(request_of 2001:db8:c::20)")"

# Wrong pass-codes.
must ctl user disable alice
must ctl user enable alice
for i in {1..100}; do
	hand_in $PHONE "$(request_of $CLIENT "Wrong-$i")"
	sleep 0.04
done >"$work/wrong"
check "100 wrong pass-codes get no answer" [ ! -s "$work/wrong" ]
check "and lock the user" locked
check "the right one is not answered" silent $PHONE "$(request_of)"
must ctl user unlock alice
check "before the user is unlocked" is_key "$(answer $PHONE "$(request_of)")"
check "no pass-code is in the log" not grep -qE "$PASS_CODE|Wrong-|mallory" "$work/qknockd.log"

# The process that checks pass-codes is killed, as the kernel does when memory is short.
taken=$(counter requests)
must kill -STOP "$checker"
hand_in $PHONE "$(request_of $CLIENT Wrong-0)" 2>/dev/null & asked=$!
wait_until 5 counter_reaches requests $((taken + 1))
must kill -KILL "$checker"
wait $asked
check "what a killed checker was asked is to be asked again" [ $? = 75 ]
failures() { ctl --json user show alice | sed -n 's/^ *"failures": \([0-9]*\),*$/\1/p'; }
check "and counts as no wrong pass-code" [ "$(failures)" = 0 ]
check "a killed checker is replaced" wait_until 5 logged 'process that checks pass-codes has died'
check "and works" is_key "$(answer $PHONE "$(request_of)")"

# The account.
check "the account can't do anything else" \
	not as_adapter "$(program qknockctl)" -s $place/work/control user list 2>/dev/null
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
ends_with() {
	local code=$1

	shift
	"$@" >/dev/null 2>&1
	[ $? = "$code" ]
}
from_nobody() { printf 'From: %s\n\n%s\n' $PHONE "$(request_of)" | as_nobody $(adapter_program); }
check "others can't hand in requests" ends_with 75 from_nobody
daemon_end TERM
check "without a daemon: try again" ends_with 75 hand_in $PHONE "$(request_of)"
finish
