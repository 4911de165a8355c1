#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long a client waits for "no": without a knock, and with a wrong password.
#
# libpam varies the delay by up to a half either way, all alike that begin in the same second; sshd then rounds what
# it took up to the next of a series that doubles, which differs from account to account. So the two are started side
# by side, early in each second, and their distributions compared.
. "$(dirname "$0")/lib.sh"
isolate "$@"
. "$(dirname "$0")/sshd.sh"
two_hosts
accounts
address client e0 172.17.12.21/24
pairs=16
clients=()

# time_login FILE ADDRESS: milliseconds until a login with a wrong password, from this address, has failed.
time_login() {
	local start

	start=$(now_ms)
	answers=wrong refused_login password -b "$2" && echo $(($(now_ms) - start)) >>"$1"
}

# figures FILE: what people look at. figure FILE NAME: one of them.
figures() {
	sort -n "$1" | awk '{ v[NR] = $1; sum += $1 }
		END { printf "n=%d min=%d p25=%d median=%d p75=%d max=%d mean=%d", NR, v[1], v[int((NR + 3) / 4)],
			(v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[int((3 * NR + 3) / 4)], v[NR], sum / NR }'
}
figure() { figures "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

# distance FILE FILE: Kolmogorov and Smirnov's, in percent: the greatest gap between the shares of the two samples
# that took no longer than some time.
distance() {
	awk '{ v[FILENAME, ++n[FILENAME]] = $1; t[$1] }
		END { for (x in t) { split("", below)
			for (f in n) for (i = 1; i <= n[f]; i++) below[f] += v[f, i] <= x + 0
			d = below[ARGV[1]] / n[ARGV[1]] - below[ARGV[2]] / n[ARGV[2]]
			if (d < 0) d = -d
			if (d > m) m = d }
		printf "%d\n", 100 * m }' "$1" "$2"
}

# At 50 ms of the next second.
next_second() { sleep "$(awk -v t="$EPOCHREALTIME" 'BEGIN { f = t - int(t); print (f < 0.05 ? 0.05 : 1.05) - f }')"; }

pam_stack
sed -i 's/ delay=0//' /etc/pam.d/sshd
sshd
grant
for i in $(seq $pairs); do
	next_second
	# Each goes first as often as the other.
	if [ $((i % 2)) = 0 ]; then
		time_login "$work/wrong" $CLIENT &
		clients+=($!)
	fi
	time_login "$work/refused" 172.17.12.21 &
	clients+=($!)
	if [ $((i % 2)) = 1 ]; then
		time_login "$work/wrong" $CLIENT &
		clients+=($!)
	fi
done
wait "${clients[@]}"
gap=$(distance "$work/wrong" "$work/refused")
note "milliseconds, wrong password: $(figures "$work/wrong")"
note "milliseconds, no knock:       $(figures "$work/refused")"
note "distance of the two distributions: $gap %"
check "all came to an end" [ "$(cat "$work/wrong" "$work/refused" | wc -l)" = $((2 * pairs)) ]
check "none was quick" [ "$(figure "$work/refused" min)" -ge 1000 ]
# Two samples of one distribution are this far apart in less than one of a hundred trials.
check "nobody can tell the two apart by $pairs of each" [ "$gap" -lt 57 ]

# The comparison can tell: without the delay a refusal shows.
pam_stack
for i in $(seq $pairs); do
	time_login "$work/hasty" 172.17.12.21
done
note "milliseconds, no knock, delay=0: $(figures "$work/hasty")"
check "without the delay anybody could" [ "$(distance "$work/wrong" "$work/hasty")" -gt 90 ]
finish
