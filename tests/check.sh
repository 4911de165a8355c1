#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests, called by ./quickstart check: tests/check.sh BUILD SANITIZED-BUILD
# Ends with "N passed, N failed" alone on a line; a test that was skipped counts as failed.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$1
sanitized=$2
passed=0
failed=0

say() { printf '== %s\n' "$*"; }

# tally PASSED FAILED
tally() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# What automake counted as any of these in the log: count LOG 'PASS'
count() { sed -n -E "s/^# ($2): *//p" "$1" | awk '{ n += $1 } END { print n + 0 }'; }

# Skipped and broken tests are failures. In a mount namespace with a bpf file system of its own, so that tests of the
# kernel's table neither depend on the host's nor leave anything there.
make_check() {
	say "make check in ${1#"$top"/}"
	unshare --mount --propagation private sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' sh \
		make -C "$1" -s -j"$(nproc)" check >"$1/check.log" 2>&1
	rc=$?
	p=$(count "$1/check.log" 'PASS')
	f=$(count "$1/check.log" 'SKIP|XFAIL|FAIL|XPASS|ERROR')
	[ "$rc" = 0 ] || [ "$f" != 0 ] || f=1
	if [ "$f" != 0 ]; then
		grep -E '^(FAIL|SKIP|ERROR|XPASS)|error:' "$1/check.log"
		tail -100 "$1/test-suite.log" 2>/dev/null
	fi
	printf '%s passed, %s failed in make check\n' "$p" "$f"
	tally "$p" "$f"
}

# one NAME COMMAND...: a test of a single command
one() {
	name=$1
	shift
	if "$@" >"$build/one.log" 2>&1; then
		printf 'ok - %s\n' "$name"
		tally 1 0
	else
		printf 'not ok - %s\n' "$name"
		tail -30 "$build/one.log"
		tally 0 1
	fi
}

# The unit tests that make_check built.
under_valgrind() {
	say "unit tests under valgrind"
	"$top/tests/valgrind.sh" "$build" >"$build/valgrind.log" 2>&1
	cat "$build/valgrind.log"
	# What a test said that failed.
	sed -n 's/^not ok - .*: //p' "$build/valgrind.log" | while read -r log; do tail -30 "$build/$log"; done
	set -- $(sed -n -E 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$build/valgrind.log" | tail -1)
	tally "${1-0}" "${2-1}"
}

# Each script says ok or not ok for itself; its log is kept beside the build.
netns() {
	say "network namespaces"
	"$top/tests/netns/run" "$build" 2>&1 | tee "$build/netns.log"
	set -- $(sed -n -E 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$build/netns.log" | tail -1)
	tally "${1-0}" "${2-1}"
}

make_check "$build"
make_check "$sanitized"
under_valgrind
say "distribution and manual pages"
one "make dist, and what it holds builds and installs" "$top/tests/dist.sh" "$build"
one "manual pages are without fault" "$top/doc/lint.sh" "$build"
one "the model of keys and grants holds, and breaks without each guard" "$top/tests/model/check"
netns
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
