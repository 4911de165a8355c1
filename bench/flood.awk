# SPDX-License-Identifier: GPL-2.0-or-later
# The tables of bench_flood.sh from its samples, one a line; with -v json=1 the same as JSON. For any awk.

function value(name,   i, pair) {
	for (i = 1; i <= NF; i++)
		if (split($i, pair, "=") == 2 && pair[1] == name)
			return pair[2]
	return ""
}
function add(key, v) { sample[key, ++count[key]] = v }
# quantile(KEY, SHARE): "" when there are no samples.
function quantile(key, share,   n, i, j, v, sorted, at) {
	n = count[key]
	if (n == 0)
		return ""
	for (i = 1; i <= n; i++) {
		v = sample[key, i] + 0
		for (j = i - 1; j >= 1 && sorted[j] > v; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = v
	}
	at = int(n * share + 0.999999)
	return sorted[at < 1 ? 1 : at > n ? n : at]
}
function median(key) { return quantile(key, 0.5) }
function shown(v, form) { return v == "" ? "-" : sprintf(form, v) }
function ratio(a, b) { return a == "" || b == "" || b <= 0 ? "" : a / b }

# By how much a packet took longer in its network than in that of "none", when neither had a daemon.
function lies_elsewhere(name, rate, kind,   own, none) {
	own = median("base" SUBSEP name SUBSEP rate SUBSEP kind)
	none = median("base" SUBSEP "none" SUBSEP rate SUBSEP kind)
	return own == "" || none == "" ? 0 : own - none
}

$1 == "conditions" { sub(/^conditions /, ""); conditions = $0; next }
$1 == "note" { sub(/^note /, ""); notes[++note_count] = $0; next }
$1 == "missing" { where = $2; users = $3; sub(/^missing [^ ]* [^ ]* /, ""); missing[where, users] = $0; next }
$1 == "base" { add("base" SUBSEP $2 SUBSEP $3 SUBSEP $4, value("send_ns")); next }
$1 == "cost" {
	if (!($3 in seen_users)) { seen_users[$3]; user_counts[++users_n] = $3 }
	key = $2 SUBSEP $3 SUBSEP $4
	baseline = "none" SUBSEP $3 SUBSEP $4 SUBSEP $5
	send = value("send_ns")
	if ($2 == "none")
		key = baseline
	add(key SUBSEP "send", send)
	add(key SUBSEP "rate", value("rate"))
	if ($2 == "none")
		next
	cpu = value("cpu_ns"); user = cpu * value("user_share")
	add(key SUBSEP "cpu", cpu)
	add(key SUBSEP "user", user)
	add(key SUBSEP "busy", value("busy") * 100)
	# Of the same round: what the machine does otherwise is in both. And between the same networks.
	before = sample[baseline SUBSEP "send", count[key SUBSEP "send"]]
	if (before != "") {
		before += lies_elsewhere($2, $4, $5)
		add(key SUBSEP "receive", send - before)
		add(key SUBSEP "kernel", send - before + cpu - user)
		add(key SUBSEP "all", send - before + cpu)
	}
	if (value("split") != "sampled")
		by_ticks = 1
	next
}
$1 == "memory" { memory[$2, $3] = $4; next }
$1 == "opens" { opened[$2, $3] = $4; knocked[$2, $3] = $5; flood_rate[$2, $3] = value("rate"); next }
$1 == "race" { if ($3 == "lost") lost[$2]++; else add("race" SUBSEP $2, $3); next }
$1 == "start" { add("start", $3 / 1e6); next }

function reason(name,   u) { u = user_counts[1]; return missing[name, u] }
function cost(name, users, rate, what) { return median(name SUBSEP users SUBSEP rate SUBSEP what) }

function print_costs(   i, name, u, mark) {
	u = user_counts[1]
	printf "\nA stranger's packet, %s user%s: nanoseconds of the program, of the kernel over no daemon, of that to receive it\n", u, u == 1 ? "" : "s"
	printf "  %-14s %32s   %44s   %s\n", "", "50,000 packets/s", "as fast as they are sent", "program, ratio"
	printf "  %-14s %8s %8s %8s %5s   %10s %8s %8s %8s %5s   %s\n", "", "program", "kernel", "receive", "busy", \
		"packets/s", "program", "kernel", "receive", "busy", "to " reference
	for (i = 2; i <= names; i++) {
		name = order[i]
		if (reason(name) != "") {
			printf "  %-14s not measured: %s\n", name, reason(name)
			continue
		}
		printf "  %-14s %8s %8s %8s %4s%%   %10s %8s %8s %8s %4s%%   %s\n", name, \
			shown(cost(name, u, 50000, "user"), "%.1f"), shown(cost(name, u, 50000, "kernel"), "%.0f"), \
			shown(cost(name, u, 50000, "receive"), "%.0f"), shown(cost(name, u, 50000, "busy"), "%.0f"), \
			shown(cost(name, u, 0, "rate"), "%.0f"), shown(cost(name, u, 0, "user"), "%.1f"), \
			shown(cost(name, u, 0, "kernel"), "%.0f"), shown(cost(name, u, 0, "receive"), "%.0f"), \
			shown(cost(name, u, 0, "busy"), "%.0f"), \
			shown(ratio(cost(name, u, 50000, "user"), cost(reference, u, 50000, "user")), "%.0f")
	}
	printf "  %-14s SYN: %s ns to send and receive one at 50,000/s, %s as fast as possible (%s packets/s)\n", "none", \
		shown(cost("none", u, 50000, "syn" SUBSEP "send"), "%.0f"), \
		shown(cost("none", u, 0, "syn" SUBSEP "send"), "%.0f"), \
		shown(cost("none", u, 0, "syn" SUBSEP "rate"), "%.0f")
}
function print_users(   i, j, name, u, first, this) {
	printf "\nProgram and kernel together, nanoseconds a stranger's packet at 50,000 packets/s, by users; memory, MB\n"
	printf "  %-14s", ""
	for (j = 1; j <= users_n; j++)
		printf " %9s %6s %7s", user_counts[j], "ratio", "MB"
	printf "\n"
	for (i = 2; i <= names; i++) {
		name = order[i]
		printf "  %-14s", name
		first = cost(name, user_counts[1], 50000, "all")
		for (j = 1; j <= users_n; j++) {
			u = user_counts[j]
			this = cost(name, u, 50000, "all")
			printf " %9s %6s %7s", shown(this, "%.0f"), shown(ratio(this, first), "%.2f"), \
				shown(memory[name, u] == "" ? "" : memory[name, u] / 1024, "%.1f")
		}
		printf "\n"
		for (j = 2; j <= users_n; j++)
			if (missing[name, user_counts[j]] != "" && reason(name) == "")
				printf "  %-14s %s users: not measured: %s\n", "", user_counts[j], missing[name, user_counts[j]]
	}
}
function opens(name, flood) {
	return knocked[name, flood] == "" ? "-" : opened[name, flood] " of " knocked[name, flood]
}
function print_opens(   i, name) {
	printf "\nKnocks that opened during the flood; microseconds from the last packet to the open port, without flood\n"
	printf "  %-14s %10s %10s %10s %10s %10s   %8s %8s %6s %s\n", "", "no flood", "50,000/s", "fastest", "packets/s", "spoofed", "median", "p99", \
		"ratio", "lost"
	for (i = 2; i <= names; i++) {
		name = order[i]
		if (reason(name) != "")
			continue
		printf "  %-14s %10s %10s %10s %10s %10s   %8s %8s %6s %4d\n", name, opens(name, "none"), opens(name, "50k"), opens(name, "line"), \
			shown(flood_rate[name, "line"], "%.0f"), opens(name, "spoofed"), \
			shown(median("race" SUBSEP name), "%.0f"), shown(quantile("race" SUBSEP name, 0.99), "%.0f"), \
			shown(ratio(median("race" SUBSEP name), median("race" SUBSEP reference)), "%.1f"), lost[name]
	}
}

# aim(TEXT, FIGURE, LIMIT, FORMAT): a figure that is not there is not met either.
function aim(text, figure, limit, form) {
	aim_text[++aims] = text
	aim_figure[aims] = shown(figure, form)
	aim_result[aims] = figure == "" ? "not measured" : figure <= limit ? "met" : "missed"
}
# Less than a nanosecond, or less than no daemon, is what cannot be told from nothing.
function at_least_1(v) { return v != "" && v < 1 ? 1 : v }
function worst_ratio(name,   j, r, worst) {
	worst = ""
	for (j = 2; j <= users_n; j++) {
		r = ratio(at_least_1(cost(name, user_counts[j], 50000, "all")), \
			at_least_1(cost(name, user_counts[1], 50000, "all")))
		if (r != "" && (worst == "" || r > worst))
			worst = r
	}
	return worst
}
function not_opened(name,   i, n, floods, all) {
	n = split("none 50k line spoofed", floods, " ")
	all = 0
	for (i = 1; i <= n; i++) {
		if (knocked[name, floods[i]] == "")
			return ""
		all += knocked[name, floods[i]] - opened[name, floods[i]]
	}
	return all
}
function judge(   u) {
	u = user_counts[1]
	aim("qknockd: program, at most 10 ns a stranger's packet", cost("qknockd", u, 50000, "user"), 10, "%.2f ns")
	aim("qknockd-plain: program, at most 300 ns", cost("qknockd-plain", u, 50000, "user"), 300, "%.0f ns")
	aim("qknockd: kernel, at most 350 ns over no daemon", cost("qknockd", u, 50000, "kernel"), 350, "%.0f ns")
	aim("qknockd-plain: kernel, at most 350 ns", cost("qknockd-plain", u, 50000, "kernel"), 350, "%.0f ns")
	aim("qknockd: flat within 1.1 over all numbers of users", worst_ratio("qknockd"), 1.1, "%.2f")
	aim("qknockd-plain: flat within 1.1", worst_ratio("qknockd-plain"), 1.1, "%.2f")
	aim("qknockd: every knock opens in every flood", not_opened("qknockd"), 0, "%d did not")
	aim("qknockd-plain: every knock opens", not_opened("qknockd-plain"), 0, "%d did not")
	aim("last packet to open port, median at most 500 us", median("race" SUBSEP reference), 500, "%.0f us")
	aim("start with 1,000 users, under 0.3 s", median("start"), 0.3, "%.2f s")
}
function print_aims(   i) {
	printf "\nAims\n"
	for (i = 1; i <= aims; i++)
		printf "  %-56s %-14s %s\n", aim_text[i], aim_figure[i], aim_result[i]
	printf "bench/README.md says of a missed aim what the limit is and how that was found; a busy machine misses more.\n"
}

function quoted(text) { gsub(/[\\"]/, "\\\\&", text); gsub(/[[:cntrl:]]/, " ", text); return "\"" text "\"" }
function number(v) { return v == "" ? "null" : sprintf("%.6g", v) }
function json_cost(name, u, rate) {
	return sprintf("{\"packets_s\": %s, \"program_ns\": %s, \"kernel_ns\": %s, \"receive_ns\": %s, \"busy_percent\": %s}", \
		number(cost(name, u, rate, "rate")), number(cost(name, u, rate, "user")), \
		number(cost(name, u, rate, "kernel")), number(cost(name, u, rate, "receive")), \
		number(cost(name, u, rate, "busy")))
}
function print_json(   i, j, k, n, name, u, floods) {
	n = split("none 50k line spoofed", floods, " ")
	printf "{\"conditions\": %s,\n \"rounds\": %d,\n \"contestants\": {", quoted(conditions), rounds
	for (i = 2; i <= names; i++) {
		name = order[i]
		printf "%s\n  %s: {\"users\": {", (i > 2 ? "," : ""), quoted(name)
		for (j = 1; j <= users_n; j++) {
			u = user_counts[j]
			printf "%s\n    %s: {\"missing\": %s, \"pss_kb\": %s,\n      \"at_50000\": %s,\n      \"fastest\": %s}", \
				(j > 1 ? "," : ""), quoted(u), (missing[name, u] == "" ? "null" : quoted(missing[name, u])), \
				number(memory[name, u]), json_cost(name, u, 50000), json_cost(name, u, 0)
		}
		printf "},\n   \"opens\": {"
		for (k = 1; k <= n; k++)
			printf "%s%s: {\"opened\": %s, \"knocks\": %s, \"packets_s\": %s}", (k > 1 ? ", " : ""), quoted(floods[k]), \
				number(opened[name, floods[k]]), number(knocked[name, floods[k]]), number(flood_rate[name, floods[k]])
		printf "},\n   \"open_us\": {\"median\": %s, \"p99\": %s, \"lost\": %d}}", number(median("race" SUBSEP name)), \
			number(quantile("race" SUBSEP name, 0.99)), lost[name]
	}
	printf "},\n \"start_seconds\": %s,\n \"notes\": [", number(median("start"))
	for (i = 1; i <= note_count; i++)
		printf "%s%s", (i > 1 ? ", " : ""), quoted(notes[i])
	printf "],\n \"aims\": ["
	for (i = 1; i <= aims; i++)
		printf "%s\n  {\"aim\": %s, \"figure\": %s, \"result\": %s}", (i > 1 ? "," : ""), quoted(aim_text[i]), \
			quoted(aim_figure[i]), quoted(aim_result[i])
	printf "]}\n"
}

END {
	names = split("none qknockd qknockd-plain fwknopd fwknopd-udp knockd", order, " ")
	reference = reason("qknockd") == "" ? "qknockd" : "qknockd-plain"
	if (by_ticks)
		notes[++note_count] = "no sampling of processors (perf_event_open): program and kernel are told apart by ticks"
	judge()
	if (json) {
		print_json()
		exit
	}
	printf "Strangers' packets; medians of %d rounds; kernel %s\n", rounds, conditions
	print_costs()
	print_users()
	print_opens()
	printf "\nStart with 1,000 users and keys: %s s, median\n", shown(median("start"), "%.2f")
	print_aims()
	for (i = 1; i <= note_count; i++)
		printf "note: %s\n", notes[i]
}
