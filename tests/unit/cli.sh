# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests of programs as people and scripts use them: exit codes and words. $dir is a directory of the
# test's own; $fails counts.
fails=0

# run_program CODE PROGRAM ARGUMENT...: runs it with standard input "$input"; its output is then in out and err.
input=
run_program() {
	wanted=$1
	shift
	printf '%s' "$input" | "$@" >"$dir/out" 2>"$dir/err"
	code=$?
	input=
	[ "$code" = "$wanted" ] && return
	echo "FAIL: $*: exit code $code, not $wanted"
	sed 's/^/  /' "$dir/out" "$dir/err"
	fails=$((fails + 1))
}

# says TEXT: the output is exactly this; has TEXT and complains TEXT: it, or standard error, has a line like this.
says() {
	[ "$(cat "$dir/out")" = "$1" ] && return
	echo "FAIL: expected:"; printf '%s\n' "$1"; echo "got:"; cat "$dir/out" "$dir/err"
	fails=$((fails + 1))
}
has() {
	grep -q -e "$1" "$dir/out" && return
	echo "FAIL: no line with \"$1\" in:"; cat "$dir/out" "$dir/err"
	fails=$((fails + 1))
}
complains() {
	grep -q -e "$1" "$dir/err" && return
	echo "FAIL: standard error has no \"$1\":"; cat "$dir/out" "$dir/err"
	fails=$((fails + 1))
}
