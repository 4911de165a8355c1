#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What strangers' packets cost, and what still opens meanwhile: qknockd beside fwknopd, knockd and no daemon at all.
#
#     bench/bench_flood.sh [--json] [BUILD]
#
# bench/README.md says what each figure is. Shorter: BENCH_QUICK=1. By hand: BENCH_USERS="1 100", BENCH_ROUNDS,
# BENCH_WINDOW (milliseconds of flood for one sample), BENCH_KNOCKS, BENCH_RACES, BENCH_STARTS, BENCH_LIMIT (seconds;
# what is left out then is said).
here=$(cd "$(dirname "$0")" && pwd)
[ "${1-}" != --json ] || { export BENCH_JSON=1 && shift; }
export QKNOCK_BUILD=${QKNOCK_BUILD:-${1:-$PWD}}
. "$here/../tests/netns/lib.sh"
isolate "$@"

quick=${BENCH_QUICK-}
users_list=${BENCH_USERS:-${quick:+1 100}}
users_list=${users_list:-1 100 10000}
rounds=${BENCH_ROUNDS:-${quick:+2}}
rounds=${rounds:-12}
window=${BENCH_WINDOW:-${quick:+200}}
window=${window:-100}
knocks=${BENCH_KNOCKS:-${quick:+20}}
knocks=${knocks:-100}
races=${BENCH_RACES:-${quick:+15}}
races=${races:-60}
starts=${BENCH_STARTS:-${quick:+1}}
starts=${starts:-5}
limit=${BENCH_LIMIT:-${quick:+90}}
limit=${limit:-660}
RATE=50000
START_USERS=1000

# In memory: no disk is measured here, and whatever happens nothing stays. What failed leaves its logs.
must mount -t tmpfs -o mode=755 bench "$work"
export HOME=$work
trap 'clean_up $?' EXIT
clean_up() {
	local logs=$QKNOCK_BUILD/bench-flood.failed

	if [ "$1" != 0 ]; then
		rm -rf "$logs"
		mkdir -p "$logs" && cp "$results" "$home/errors" "$home"/*/*.log "$logs" 2>/dev/null
		note "logs are in $logs" >&2
	fi
	umount -l "$home"
	[ -n "${QKNOCK_WORK-}" ] || rm -rf "$home"
}
. "$here/contestants.sh"
peers_installed
processors=$(nproc)
unsettled=
results=${BENCH_RESULTS:-$home/results}
: >"$results"

progress() { [ ! -t 2 ] || printf '\r\033[K%4d s  %s' "$SECONDS" "$*" >&2; }
result() { echo "$*" >>"$results"; }
failed() { result "missing $1 $2"; }
measurable() { [ -z "${reason[$1]-}" ]; }
time_is_over() { [ "$SECONDS" -ge "$limit" ]; }

# flood OPTION...: strangers at the contestant, from the first processor.
flood() {
	# shellcheck disable=SC2086 # two arguments
	on client chrt $generator_schedule "$QKNOCK_BUILD/bench/flood" \
		-i e0 -m $SERVER_MAC -D $SERVER -c 0 "$@"
}

# kinds NAME USERS: packets as its knocks are, at the ports where those go, KIND:PORTS. A host without daemon gets all:
# the baseline of each.
kinds() {
	case $1 in
	none) echo "syn:$KNOCK_PORTS spa:$SPA_PORT-$SPA_PORT" ;;
	fwknopd*) echo "spa:$SPA_PORT-$SPA_PORT" ;;
	knockd) echo "syn:$(knockd_ports "$2")" ;;
	*) echo "syn:$KNOCK_PORTS" ;;
	esac
}

# --- processor time of a stranger's packet -----------------------------------------------------------------------

# sample KIND:PORTS RATE [PROCESS...]: what a packet takes, of these processes too. With and without daemons alike,
# since the one is taken from the other.
sample() {
	local kind=$1 rate=$2

	shift 2
	flood -p "${kind#*:}" -k "${kind%:*}" -r "$rate" -t "$window" "$@" 2>>"$home/errors"
}

# bases: what a packet takes in each one's network before its daemon is there. All networks are alike, but where their
# parts lie in memory differs, and that makes up to a tenth of a packet's time.
bases() {
	local round rate name kind line

	for ((round = 1; round <= rounds; round++)); do
		for rate in $RATE 0; do
			for name in $contestants; do
				progress "without daemons, round $round of $rounds, $name"
				enter "$name"
				for kind in $(kinds "$name" 1); do
					line=$(sample "$kind" "$rate") && result "base $name $rate ${kind%:*} $line"
				done
			done
		done
	done
}

# cost NAME USERS RATE: a sample for each kind.
cost() {
	local kind line

	enter "$1"
	resume
	for kind in $(kinds "$1" "$2"); do
		# shellcheck disable=SC2046 # one process an argument
		line=$(sample "$kind" "$3" $(processes))
		alive || { reason[$1]="it has ended" && return; }
		[ -n "$line" ] || { result "note $1, $2 users: a sample is missing: $(tail -n 1 "$home/errors")" && continue; }
		result "cost $1 $2 $3 ${kind%:*} $line"
	done
	pause
}

costs() {
	local users=$1 round rate name

	for name in $contestants; do enter "$name" && pause; done
	for ((round = 1; round <= rounds; round++)); do
		for rate in $RATE 0; do
			for name in $contestants; do
				progress "$users users, round $round of $rounds, $name"
				! measurable "$name" || cost "$name" "$users" "$rate"
				measurable "$name" || failed "$name" "$users ${reason[$name]}"
			done
		done
		! time_is_over || { result "note $users users: $round rounds of $rounds, the time was over" && break; }
	done
	for name in $contestants; do
		enter "$name"
		[ "$name" = none ] || ! measurable "$name" || result "memory $name $users $(in_proportion)"
	done
}

# --- knocks during the flood -------------------------------------------------------------------------------------

# catch_up WHAT: the contestant is ready for that.
catch_up() {
	resume
	wait_until 30 caught_up || result "note $contestant, $1: 30 s after the last flood it still works it off"
}

# opens NAME FLOOD [FLOOD-OPTION...]: knocks of real clients, ten at once, each from an address of its own; open is
# what a client can connect to within two seconds. Three rounds without success are enough to know.
opens() {
	local name=$1 which=$2 open=0 sent=0 generator=

	shift 2
	enter "$name"
	catch_up "flood $which"
	"close_$who"
	: >"$work/flood.out"
	if [ $# -gt 0 ]; then
		flood -t 0 "$@" >"$work/flood.out" 2>>"$home/errors" &
		generator=$!
		wait_until 20 grep -q started "$work/flood.out" || bail "no flood: $(tail -n 1 "$home/errors")"
	fi
	while [ "$sent" -lt "$knocks" ] && ! time_is_over && { [ "$open" -gt 0 ] || [ "$sent" -lt $((3 * KNOCKERS)) ]; }; do
		progress "flood: $which, $name: $open of $sent opened"
		knock_round $((knocks - sent < KNOCKERS ? knocks - sent : KNOCKERS))
	done
	if [ -n "$generator" ]; then
		pkill -TERM -x flood
		wait $generator
	fi
	result "opens $name $which $open $sent $(grep rate= "$work/flood.out")"
	pause
}

# knock_round COUNT: adds to open and sent.
knock_round() {
	local i jobs=() job

	for ((i = 1; i <= $1; i++)); do must "key_$who" $i; done
	for ((i = 1; i <= $1; i++)); do
		# knock takes its address from the route, which is set for one after the other.
		[ "$who" != knockd ] || knock_knockd $i
		knocked_and_open $i &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do ! wait "$job" || open=$((open + 1)); done
	sent=$((sent + $1))
	"close_$who"
}
knocked_and_open() {
	[ "$who" = knockd ] || "knock_$who" "$1"
	wait_until 2 probe_from "172.17.20.$1"
}
probe_from() { on client "$QKNOCK_BUILD/tests/netns/knock_tool" -S "$1" -D $SERVER probe $SERVICE_PORT 100; }

floods() {
	local name who ports packets

	for name in $contestants; do
		[ "$name" != none ] && measurable "$name" || continue
		who=$(kind_of "$name") packets=$(kinds "$name" 1)
		ports=${packets#*:} packets=${packets%:*}
		opens "$name" none
		opens "$name" 50k -p "$ports" -k "$packets" -r $RATE
		opens "$name" line -p "$ports" -k "$packets" -r 0
		# All three of its ports in any order would complete the sequence of knockd every few packets, and open.
		[ "$name" != knockd ] || ports=8801-8802
		opens "$name" spoofed -p "$ports" -k "$packets" -r $RATE -S 172.17.20.1-172.17.20.$KNOCKERS
	done
}

# --- from the last packet to the open port -----------------------------------------------------------------------

races() {
	local i name who us

	for name in $contestants; do
		enter "$name"
		catch_up races
		[ "$name" = none ] || ! measurable "$name" || "close_$(kind_of "$name")"
	done
	for ((i = 1; i <= races; i++)); do
		for name in $contestants; do
			[ "$name" != none ] && measurable "$name" || continue
			progress "from the last packet to the open port, $i of $races, $name"
			enter "$name"
			who=$(kind_of "$name")
			"race_key_$who" $i
			us=$("race_$who" $i 2>>"$home/errors") || us=lost
			result "race $name $us"
		done
		! time_is_over || { result "note races: $i of $races, the time was over" && break; }
	done
}

# --- start-up ----------------------------------------------------------------------------------------------------

starts() {
	local i start

	enter qknockd-plain
	begin_qknockd $START_USERS
	for ((i = 1; i <= starts; i++)); do
		progress "start with $START_USERS users, $i of $starts"
		daemon_end TERM
		start=${EPOCHREALTIME/./}
		daemon_again
		result "start qknockd $((${EPOCHREALTIME/./} - start))"
	done
	pid_of[$contestant]=$daemon_pid
	end "$contestant"
}

# --- in order ----------------------------------------------------------------------------------------------------

result "conditions $(uname -r), $processors processors, load $(cut -d ' ' -f 1 /proc/loadavg), $(date +%F)"
for name in $contestants; do
	progress "setting up $name"
	arena "$name"
done
real_time='-f 1'
# shellcheck disable=SC2086
chrt $real_time true 2>/dev/null || real_time='-o 0' unsettled=1
stage=0 schedule=$real_time generator_schedule=$real_time
bases
for users in $users_list; do
	stage=$((stage + 1))
	for name in $contestants; do
		progress "starting $name with $users users"
		begin "$name" "$users"
		measurable "$name" || failed "$name" "$users ${reason[$name]}"
	done
	if [ $stage = 1 ]; then
		for name in $contestants; do
			enter "$name"
			[ "$name" = none ] || ! measurable "$name" || "prepare_$(kind_of "$name")"
		done
	fi
	costs "$users"
	if [ $stage = 1 ]; then
		generator_schedule='-o 0' # the clients need a processor too
		floods
		generator_schedule=$real_time
		races
	fi
	for name in $contestants; do end "$name"; done
done
starts
[ -z "$unsettled" ] || result "note no real-time scheduling: what else runs on the machine is part of the figures"
progress
awk -v rounds="$rounds" -v json="${BENCH_JSON-}" -f "$here/flood.awk" "$results"
