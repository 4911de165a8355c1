#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A one-time key by SMS with the real smsd of smstools on a simulated modem, as doc/examples/smsd.conf has it.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$NETNS_DIR/sms.sh"
sms_server smsd

spool=/var/spool/sms modem=$place/modem
must mount -t tmpfs -o mode=755 spool $spool
must mkdir -p $spool/{incoming,outgoing,checked,failed,log} $modem/incoming
must chown -R smsd: $spool
# What the example calls with the daemon's default socket.
printf '#!/bin/sh\nexec %s "$@"\n' "$(adapter_program)" >$place/handler
must chmod 755 $place/handler
sed -e "s,/dev/ttyUSB0,$modem/tty,; s,/usr/sbin/qknock-sms,$place/handler,; s,/var/log/smstools,$spool/log," \
	"$EXAMPLES/smsd.conf" >$place/smsd.conf

modem_tool() { "$QKNOCK_BUILD/tests/netns/modem_tool" "$@"; }
start server "$QKNOCK_BUILD/tests/netns/modem_tool" run $modem
must wait_until 5 test -e $modem/tty

smsd() {
	start server smsd -c $place/smsd.conf -u smsd -g smsd -p $spool/pid -i $spool/working -t >"$work/smsd.out" 2>&1
	smsd_pid=$started
}

delivered=0
# deliver SENDER TEXT [ALPHABET [PARTS]]: a message reaches the modem, complete.
deliver() {
	printf %s "$2" | modem_tool pdu "$1" "${3:-gsm7}" "${4:-1}" >$modem/incoming/.new || bail "no PDU"
	must mv $modem/incoming/.new $modem/incoming/$((++delivered))
}

# reply_to NUMBER: the text of the next message that the modem sent, in $reply.
replies=0 reply=
sent_is() { [ -e $modem/sent ] && [ "$(wc -l <$modem/sent)" -ge "$1" ]; }
reply_to() {
	wait_until 30 sent_is $((++replies)) || return 1
	read -r number reply <<<"$(sed -n ${replies}p $modem/sent)"
	[ "$number" = "$1" ]
}

smsd
deliver $PHONE "$(request_of)"
check "the answer is sent to the telephone" reply_to $PHONE
check "it is a key" is_key "$reply"
check "from a daemon without privileges" [ "$(ps -o user= -p "$smsd_pid")" = smsd ]
check "closed before the knock" refused
check "the client knocks with it" knock_with_reply
check "the port opens" wait_until 2 reachable
deliver $PHONE "request otp alice $PASS_CODE 2001:db8:c::20" ucs2
check "UCS-2 will do" reply_to $PHONE
check "a key again" is_key "$reply"
first=$reply
deliver $PHONE "   $(request_of 2001:db8:c::20)   " gsm7 2
check "and so does a message of two parts" reply_to $PHONE
check "the same key" [ "$reply" = "$first" ]
deliver $PHONE "Request OTP alice $PASS_CODE $(printf '%40s' '') 2001:db8:c::20" ucs2 3
check "of three in UCS-2" reply_to $PHONE
check "the same key once more" [ "$reply" = "$first" ]
no_secret() {
	no_secret_in_log &&
		! grep -rqF -e $PASS_CODE -e "$(cut -d' ' -f2 <<<"$first")" -e "$(cut -d' ' -f2 "$work/key-alice")" \
			$spool/log "$work/smsd.out"
}
check "no secret is in a log" no_secret
check "what was received is for smsd alone" [ -z "$(find $spool/incoming -type f -perm /077)" ]

check "smsd has no complaint about its handler, for any event" not grep -rq eventhandler $spool/log

# The daemon dies after its handler ran and before it took the message from the modem: the handler runs again.
must ctl user disable alice
must ctl user enable alice
must cp $place/handler $place/handler.good
# The handler's parent is a shell, whose parent is the process of the modem.
printf '#!/bin/sh\n%s "$@"\nkill -KILL $(cat %s/pid) $(ps -o ppid= -p $PPID)\n' "$(adapter_program)" $spool \
	>$place/handler
deliver $PHONE "$(request_of)"
smsd_gone() { ! kill -0 "$smsd_pid" 2>/dev/null; }
check "smsd is killed behind its handler" wait_until 30 smsd_gone
wait "$smsd_pid" 2>/dev/null
must cp $place/handler.good $place/handler
smsd
check "a handler that ran before smsd was killed runs again" reply_to $PHONE
first=$reply
check "and answers" reply_to $PHONE
check "the same" [ "$reply" = "$first" ]

received() { find $spool/incoming -type f | wc -l; }
taken=$(counter requests) received=$(received)
deliver $PHONE "$(request_of $CLIENT Wrong-1)"
deliver +447911123457 "$(request_of)"
deliver 447911123456 "$(request_of)"
deliver VODAFONE "$(request_of)"
deliver '`touch PWN`' "$(request_of)"
deliver '$(touch PWN' "$(request_of)"
deliver +447911123458 "$(head -c 1500 /dev/zero | tr '\0' x)"
deliver +447911123459 "$(printf '\nFrom: %s\nFrom_TOA: 91\n\n%s' $PHONE "$(request_of)")"
received_are() { [ "$(received)" = "$1" ]; }
check "hostile senders and texts come through" wait_until 40 received_are $((received + 8))
# Of those the number of an international telephone is the sender's in four cases: the rest never reaches the daemon.
check "the daemon is asked about telephones" wait_until 30 counter_is requests $((taken + 4))
must ctl user unlock alice # the number waits for a second after a wrong pass-code
check "a good request behind them" deliver $PHONE "$(request_of)"
check "is answered" reply_to $PHONE
check "and nothing else was" not sent_is $((replies + 1))
check "nothing of it was run" [ -z "$(find $place $spool -name 'PWN*')" ]
kill "$smsd_pid"
finish
