#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_xt_t.sh BUILDDIR [FILE.t...]: runs files in the .t format of netfilter's own tests, under legacy and nft, IPv4
# and IPv6. A line is RULE;SAVED;RESULT; SAVED is "=" when the rule is saved as it was written, RESULT is OK, FAIL (the
# command must fail, with exit status 2 and a message) or NOMATCH; ":CHAIN,..." and "*TABLE" say where.
. "$(dirname "$0")/xt.sh"
[ $# = 0 ] || shift

refuse() {
	ipt "$@" 2>"$tmp/message"
	[ $? = 2 ] || { echo "exit status is not 2: $*"; return 1; }
	[ -s "$tmp/message" ] || { echo "no message"; return 1; }
}

accept() {
	ipt -t "$t_table" -A "$@" && ipt -t "$t_table" -C "$@"
}

# Quotes in rules are for the shell, as in netfilter's runner.
run_line() {
	rule=$1 saved=$2 result=$3
	[ "$saved" != = ] || saved=$rule
	for chain in $chains; do
		label="$variant $t_table $chain: $rule"
		eval "set -- $rule"
		if [ "$result" = FAIL ]; then
			check "refused: $label" refuse -t "$t_table" -A "$chain" "$@"
			continue
		fi
		check "added: $label" accept "$chain" "$@"
		ipt_save >"$tmp/save"
		if [ "$result" = NOMATCH ]; then
			check "not saved so: $label" sh -c '! grep -qxF -- "$1" "$2"' - "-A $chain $saved" "$tmp/save"
		else
			check "saved: $label" grep -xF -- "-A $chain $saved" "$tmp/save"
		fi
		check "deleted: $label" ipt -t "$t_table" -D "$chain" "$@"
	done
}

run_file() {
	chains=INPUT t_table=filter
	while IFS= read -r line; do
		case $line in
		'#'* | '') ;;
		:*) chains=$(echo "${line#:}" | tr ',' ' ') ;;
		\**) t_table=${line#\*} ;;
		*) run_line "${line%%;*}" "$(echo "$line" | cut -d ';' -f 2)" "${line##*;}" ;;
		esac
	done <"$file"
}

ip netns add "$server" || exit 1
for file in "${@:-$srcdir/xt_knock/libxt_knock.t}"; do
	each_variant run_file
done
finish
