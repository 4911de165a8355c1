# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who is compared: qknockd, with and without its filter in the kernel, fwknopd, which captures or has a UDP socket,
# knockd, and a host without any of them. Each has a client and a server of its own, alike in all else, so that all
# run at the same time and can be measured by turns. Sourced after tests/netns/lib.sh and isolate.

contestants=${BENCH_CONTESTANTS:-none qknockd qknockd-plain fwknopd fwknopd-udp knockd}
declare -A pid_of reason # reason: why one cannot be measured
KNOCKERS=10              # addresses of the client that knock, from 172.17.20.1 on
RACERS=200               # and those of the races, from 172.17.21.1 on
SPA_PORT=62201
KNOCKD_PORTS=8802,8801,8803
SERVICE_PORT=80
home=$work

peers_installed() {
	local p missing=

	for p in fwknopd:fwknop-server fwknop:fwknop-client knockd:knockd knock:knockd; do
		command -v "${p%:*}" >/dev/null || missing="$missing ${p#*:}"
	done
	[ -z "$missing" ] || bail "not installed:$missing; ./quickstart bench installs them, or apt-get install$missing"
}

# A client and a server for the contestant.
arena() {
	local i

	host "client-$1"
	host "server-$1"
	mkdir -p "$home/$1"
	enter "$1"
	join_hosts
	must ip -n server route add 172.17.0.0/16 dev e0
	for ((i = 1; i <= KNOCKERS; i++)); do echo "address add 172.17.20.$i/32 dev e0"; done >"$work/addresses"
	for ((i = 1; i <= RACERS; i++)); do echo "address add 172.17.21.$i/32 dev e0"; done >>"$work/addresses"
	must ip -n client -batch "$work/addresses"
	web_server $SERVICE_PORT
	services=
	firewall
	case $1 in qknockd*)
		must xtables -A INPUT -p tcp --dport $SERVICE_PORT -m knock --service http --knock-table "$1" -j ACCEPT ;;
	esac
	if [ "$1" = fwknopd-udp ]; then
		must xtables -A INPUT -p udp --dport $SPA_PORT -j ACCEPT
		# Else random sources fill the table of connections, and the flood is over before it reaches the daemon.
		must xtables -t raw -A PREROUTING -p udp --dport $SPA_PORT -j CT --notrack
	fi
	must xtables -N OPENED
	must xtables -A INPUT -j OPENED
}

# enter NAME: from here on "client" and "server" are this contestant's, for all functions of lib.sh.
enter() {
	ln -sfn "client-$1" /run/netns/client
	ln -sfn "server-$1" /run/netns/server
	contestant=$1
	work=$home/$1
	conf=$work/qknock.conf
	daemon_pid=${pid_of[$1]-}
}

# The processes of the contestant: its daemon and all descendants.
processes() {
	local all=${pid_of[$contestant]-} generation

	generation=$all
	while [ -n "$generation" ]; do
		generation=$(pgrep -d, -P "$generation") || break
		all=$all,$generation
	done
	echo "${all//,/ }"
}

# On the last processor, which the flood leaves alone, as $schedule says: before all others when processor time is
# measured, so that neighbours on the machine do not count.
settle() {
	local p

	for p in $(processes); do
		taskset -acp $((processors - 1)) "$p" >/dev/null
		# shellcheck disable=SC2086 # two arguments
		chrt -a -p $schedule "$p"
	done 2>/dev/null
}

# pause and resume: one that still works off a flood takes no time from those who are measured after it.
pause() { signal STOP; }
resume() { signal CONT; }
signal() {
	local p

	for p in $(processes); do kill -s "$1" "$p" 2>/dev/null; done
}

# processor_time: nanoseconds of all processes so far.
processor_time() {
	local p

	for p in $(processes); do cat "/proc/$p/schedstat" 2>/dev/null; done | awk '{ns += $1} END {printf "%.0f", ns}'
}

# It no longer works off packets of a flood that is over: knockd needs seconds for them, and hears no knock meanwhile.
caught_up() {
	local before

	before=$(processor_time)
	sleep 0.2
	[ $(($(processor_time) - before)) -lt 50000000 ]
}

# Its daemon has not ended; waited for or not.
alive() { [ -z "${pid_of[$contestant]-}" ] || grep -q '^State:[[:blank:]]*[^Z]' "/proc/${pid_of[$contestant]}/status" 2>/dev/null; }

# in_proportion: memory of all processes, kB, shared pages divided among those who share them.
in_proportion() {
	local p

	for p in $(processes); do cat "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '/^Pss:/ {sum += $2} END {print sum}'
}

# --- qknockd -----------------------------------------------------------------------------------------------------

# begin_qknockd USERS: all with a key that waits for its knock. The second one takes over the first one's store.
begin_qknockd() {
	validity=3600 services=http:$SERVICE_PORT table=$contestant grant_time=60
	kernel_filter=true
	[ "$contestant" = qknockd ] || kernel_filter=false
	rm -rf "$work/store" "$work/grants"
	if [ -s "$home/store-$1/qknock.db" ]; then
		cp -r "$home/store-$1" "$work/store"
		daemon
	else
		daemon
		"$QKNOCK_BUILD/bench/users" "$work/control" u "$1" 11.0.0.1 add >"$work/keys" || bail "no $1 users"
		daemon_end TERM
		cp -r "$work/store" "$home/store-$1"
		daemon_again
	fi
	pid_of[$contestant]=$daemon_pid
	[ "$contestant" != qknockd ] || [ "$(ctl --json status | sed -n 's/^ *"filter": "\(.*\)",*$/\1/p')" = kernel ] ||
		reason[$contestant]="this kernel refuses the filter of expected packets"
}

prepare_qknockd() {
	local i

	for ((i = 1; i <= KNOCKERS; i++)); do register "k$i"; done
	register racer
}
key_qknockd() { issue "k$1" "172.17.20.$1"; }
knock_qknockd() { user=k$1 knock http --address "172.17.20.$1" --quiet; }
close_qknockd() { ctl revoke --all >/dev/null 2>&1; }
race_key_qknockd() { issue racer "172.17.21.$1"; }
race_qknockd() { user=racer CLIENT=172.17.21.$1 send race $SERVICE_PORT; }

# --- others ------------------------------------------------------------------------------------------------------

# A packet socket, or one for UDP, is in the server's network.
listens() {
	alive && { [ "$(on server cat /proc/net/packet | wc -l)" -gt 1 ] || on server grep -q ": 00000000:F2F9 " /proc/net/udp; }
}

# Within 20 seconds, and still there afterwards: the socket comes before the filter.
listens_soon() {
	wait_until 20 listens && sleep 0.5 && alive
}

# does_not_start COMMAND: the reason is in what it says when tried once more.
does_not_start() {
	reason[$contestant]="does not start: $(on server timeout 5 "$@" 2>&1 | tail -n 1 | cut -c 1-120)"
}

# --- fwknopd -----------------------------------------------------------------------------------------------------
# As fast as it can be told to be: a filter for its port and address alone, as many packets a call as there are, its
# shortest sleep between two calls; no digest file and no log.

# begin_fwknopd USERS: the one who knocks is in the middle of the stanzas, which are tried one after the other.
begin_fwknopd() {
	head -c $(($1 * 30)) /dev/urandom | base64 -w 40 >"$work/keys"
	head -c $(($1 * 60)) /dev/urandom | base64 -w 80 >"$work/hmac-keys"
	(
		umask 077
		paste "$work/keys" "$work/hmac-keys" | awk '{print "SOURCE ANY\nREQUIRE_SOURCE_ADDRESS Y\nFW_ACCESS_TIMEOUT 60"
			print "KEY_BASE64 " $1 "\nHMAC_KEY_BASE64 " $2}' >"$work/access.conf"
		cat >"$work/fwknopd.conf" <<-END
			FWKNOP_RUN_DIR $work;
			FWKNOP_PID_FILE $work/fwknopd.pid;
			ENABLE_DIGEST_PERSISTENCE N;
			RULES_CHECK_THRESHOLD 0;
			$fwknopd_settings
		END
	)
	key=$(sed -n "$((($1 + 1) / 2))p" "$work/keys")
	hmac_key=$(sed -n "$((($1 + 1) / 2))p" "$work/hmac-keys")
	echo "--key-base64-rijndael $key --key-base64-hmac $hmac_key" >"$work/client-keys"
	start server fwknopd -f -c "$work/fwknopd.conf" -a "$work/access.conf" >/dev/null 2>&1
	pid_of[$contestant]=$started
	listens_soon || does_not_start fwknopd -f -c "$work/fwknopd.conf" -a "$work/access.conf"
}
fwknopd_settings_fwknopd="PCAP_INTF e0;
PCAP_FILTER udp dst port $SPA_PORT and dst host $SERVER;
PCAP_DISPATCH_COUNT 1000000;
PCAP_LOOP_SLEEP 1000;"
fwknopd_settings_fwknopd_udp="ENABLE_UDP_SERVER Y;
UDPSERV_PORT $SPA_PORT;"

prepare_fwknopd() { :; }
# fwknop_client ADDRESS OPTION...
fwknop_client() {
	local address=$1

	shift
	# shellcheck disable=SC2046 # options of the client, each a word
	on client env HOME="$work" fwknop -A tcp/$SERVICE_PORT -a "$address" -D $SERVER --use-hmac --no-rc-file --no-save-args \
		$(cat "$work/client-keys") "$@" >/dev/null
}
key_fwknopd() { :; }
knock_fwknopd() { fwknop_client "172.17.20.$1"; }
close_fwknopd() { xtables -F FWKNOP_INPUT; }
race_key_fwknopd() {
	rm -f "$work/spa"
	fwknop_client "172.17.21.$1" --test -B "$work/spa"
	tr -d '\n' <"$work/spa" >"$work/spa-packet"
}
race_fwknopd() { CLIENT=172.17.21.$1 tool race-datagram "$work/spa-packet" $SPA_PORT $SERVICE_PORT; }

# --- knockd ------------------------------------------------------------------------------------------------------

# knockd_ports USERS: where the sequences are, three ports each; of one user, or of the ports that qknockd has too.
knockd_ports() { [ "$1" = 1 ] && echo 8801-8803 || echo 8800-8899; }

begin_knockd() {
	{
		printf '[options]\n\tlogfile = /dev/null\n\tinterface = e0\n'
		awk -v users="$1" -v first=$KNOCKD_PORTS 'BEGIN {
			for (i = 0; i < users; i++) {
				ports = first
				while (i > 0) {
					a = int(rand() * 100); b = int(rand() * 100); c = int(rand() * 100)
					ports = 8800 + a "," 8800 + b "," 8800 + c
					if (a != b && b != c && a != c && !(ports in used))
						break
				}
				used[ports]
				printf "[u%d]\n\tsequence = %s\n\tseq_timeout = 5\n\ttcpflags = syn\n", i, ports
				print "\tcommand = /usr/sbin/iptables -I OPENED -s %IP% -p tcp --dport '$SERVICE_PORT' -j ACCEPT"
			}
		}'
	} >"$work/knockd.conf"
	start server knockd -c "$work/knockd.conf" >/dev/null 2>&1
	pid_of[$contestant]=$started
	listens_soon || does_not_start knockd -c "$work/knockd.conf"
}
prepare_knockd() { :; }
key_knockd() { :; }
knock_knockd() {
	must ip -n client route replace $SERVER dev e0 src "172.17.20.$1"
	# shellcheck disable=SC2086 # one argument a port
	on client knock $SERVER ${KNOCKD_PORTS//,/ } >/dev/null
}
close_knockd() { xtables -F OPENED; }
race_key_knockd() { :; }
race_knockd() { CLIENT=172.17.21.$1 tool race-ports $KNOCKD_PORTS $SERVICE_PORT; }

# --- all ---------------------------------------------------------------------------------------------------------

# kind: the contestant's name without what it is told by.
kind_of() { echo "${1%%-*}"; }

# begin USERS, and have "reason" if it is not to be measured.
begin() {
	local settings

	enter "$1"
	unset "reason[$1]"
	case $1 in
	none) return ;;
	fwknopd*)
		settings=fwknopd_settings_${1//-/_}
		fwknopd_settings=${!settings}
		;;
	esac
	"begin_$(kind_of "$1")" "$2"
	settle
}

end() {
	local p all

	enter "$1"
	[ -n "${pid_of[$1]-}" ] || return
	all=$(processes)
	for p in $all; do kill "$p" 2>/dev/null; kill -CONT "$p" 2>/dev/null; done
	for p in $all; do wait_until 5 not kill -0 "$p" 2>/dev/null || kill -KILL "$p"; done
	wait "${pid_of[$1]}" 2>/dev/null
	pid_of[$1]= daemon_pid=
}
