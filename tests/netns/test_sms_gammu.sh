#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A one-time key by SMS with the real gammu-smsd on its dummy device, as doc/examples/gammu-smsdrc has it.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$NETNS_DIR/sms.sh"
sms_server gammu

spool=$place/spool modem=$place/modem
must mkdir $spool $spool/{inbox,outbox,sent,error} $modem
must chown -R gammu: $spool $modem
sed -e "s,^device = .*,port = $modem\nmodel = dummy," -e 's/^connection = .*/connection = none/' \
	-e "s,/var/spool/gammu,$spool,; s,/usr/sbin/qknock-sms,$(adapter_program)," \
	-e "s,^logfile = .*,logfile = $spool/log," "$EXAMPLES/gammu-smsdrc" >$place/smsdrc

smsd() {
	start server env -C $spool gammu-smsd --user=gammu -c $place/smsdrc >/dev/null 2>&1
	smsd_pid=$started
}

# deliver SENDER TEXT: the dummy modem receives a message.
deliver() {
	must as_adapter gammu -c $place/smsdrc savesms TEXT -folder 1 -unread -sender "$1" -autolen 1000 \
		-textutf8 "$2" >/dev/null
}

# reply_to NUMBER SECONDS: the text of a message sent since the last call, in $reply.
sent_to() { compgen -G "$spool/sent/OUT*_$1_*" >/dev/null; }
reply_to() {
	reply=
	wait_until "$2" sent_to "$1" || return 1
	reply=$(cat "$spool"/sent/OUT*_"$1"_*)
	rm "$spool"/sent/*
}
handled() { [ "$(counter requests)" -ge "$1" ]; }

smsd
deliver $PHONE "$(request_of)"
check "the answer is sent to the telephone" reply_to $PHONE 30
check "it is a key" is_key "$reply"
check "from a daemon without privileges" [ "$(ps -o user= -p "$smsd_pid")" = gammu ]
check "closed before the knock" refused
check "the client knocks with it" knock_with_reply
check "the port opens" wait_until 2 reachable
check "no secret is in the log" no_secret_in_log
check "nor in the SMS daemon's" not grep -qF -e "$PASS_CODE" -e "$(cut -d' ' -f2 "$work/key-alice")" $spool/log

deliver $PHONE "  request otp  alice $PASS_CODE 2001:db8:c::20   "
check "lower case, blanks and an IPv6 address will do" reply_to $PHONE 30
check "a key again" is_key "$reply"
first=$reply
deliver $PHONE "$(request_of 172.17.12.21)"
check "another address is refused with a reason" reply_to $PHONE 30
check "which says why" grep -q 'for another address is pending' <<<"$reply"

# The daemon dies after its handler ran and before it took note: the handler runs again.
daemon_end_of_smsd() { kill -KILL "$smsd_pid" && wait "$smsd_pid"; }
daemon_end_of_smsd 2>/dev/null
must sed -i.good -E 's/^(runonreceive = )exec (.*) #/\1\2; kill -KILL $PPID #/' $place/smsdrc
smsd
deliver $PHONE "$(request_of 2001:db8:c::20)"
smsd_gone() { ! kill -0 "$smsd_pid" 2>/dev/null; }
check "the SMS daemon is killed behind its handler" wait_until 30 smsd_gone
must mv $place/smsdrc.good $place/smsdrc
smsd
replies() { [ "$(find "$spool/sent" -type f | wc -l)" = "$1" ]; }
check "the handler runs twice" wait_until 30 replies 2
for file in "$spool"/sent/*; do
	check "which is sent again" [ "$(cat "$file")" = "$first" ]
done
rm "$spool"/sent/*

must ctl user disable alice
must ctl user enable alice
deliver $PHONE "$(printf '%160s' '')$(request_of 2001:db8:c::20)"
check "a message of several parts is answered" reply_to $PHONE 30
check "with a key" is_key "$reply"

taken=$(counter requests)
deliver 'x;touch PWN;y' "$(request_of)"
deliver "\$(touch PWN)" "$(request_of)"
deliver +447911123457 "$(request_of)"
deliver $PHONE "Request OTP alice \$(touch${IFS}PWN);\`touch PWN\` 10.0.0.1"
deliver +447911123458 "$(head -c 1500 /dev/zero | tr '\0' x)"
deliver +447911123459 'Запрос OTP alice'
check "hostile senders and texts come through to the daemon" wait_until 30 handled $((taken + 6))
check "nothing of them was run" [ -z "$(find $place -name "PWN*")" ]
check "nobody of them is answered" [ -z "$(find "$spool/sent" "$spool/outbox" -type f)" ]
finish
