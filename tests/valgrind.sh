#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit tests under valgrind, as root: tests/valgrind.sh BUILD [NAME...]
#
# BUILD is without sanitizers and has had its "make check". A fault is what memcheck calls an error, or memory that
# nobody knows any more; its text is in BUILD/valgrind/NAME.log.
set -u
build=${1:?usage: tests/valgrind.sh BUILD [NAME...]}

# What valgrind cannot follow, and is not started:
# - a program behind walls, for valgrind makes system calls of its own, which the walls do not allow
left_out="test_sandbox"
# - tests of a program, by their names: valgrind does not tell who spawns or executes that the program is missing or may
#   not be executed, has no openat2(2), and lets threads that race run one at a time, and for long
left_out_of() {
	case $1 in
	test_grant) echo test_claims_while_grants_are_replaced ;;
	test_hooks) echo test_failures_are_one_line_each ;;
	test_keyline) echo test_failing_commands ;;
	test_wrap_modules) echo 'programs*' ;;
	esac
}

# One test, by a call of this script of its own: several run at a time.
if [ "${QKNOCK_VALGRIND_ONE-}" = yes ]; then
	name=$2
	QKNOCK_TEST_LEAVE_OUT=$(left_out_of "$name")
	[ -z "$QKNOCK_TEST_LEAVE_OUT" ] && unset QKNOCK_TEST_LEAVE_OUT || export QKNOCK_TEST_LEAVE_OUT
	# With a bpf file system of its own.
	unshare --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' sh timeout 900 ./libtool --silent \
		--mode=execute valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		--child-silent-after-fork=yes --suppressions="$top_srcdir/tests/valgrind.supp" \
		"tests/unit/$name" >"valgrind/$name.log" 2>&1 && echo "ok - $name" ||
		echo "not ok - $name: valgrind/$name.log"
	exit 0
fi

cd "$build" || exit 2
shift
top_builddir=$(pwd)
top_srcdir=$(cd "$(sed -n 's/^abs_top_srcdir = //p' Makefile)" && pwd) || exit 2
QKNOCK_VALGRIND_ONE=yes
export top_builddir top_srcdir QKNOCK_VALGRIND_ONE
command -v valgrind >/dev/null || { echo "tests/valgrind.sh: valgrind is not installed" >&2; exit 2; }

# Those that take longest first, or the last one would run alone at the end.
names() {
	for t in tests/unit/test_failing tests/unit/test_requests tests/unit/test_grant tests/unit/test_*; do
		case $t in *.*) continue ;; esac
		[ -f "$t" ] && [ -x "$t" ] && basename "$t"
	done | awk -v left_out=" $left_out " '!index(left_out, " " $0 " ") && !told[$0]++'
}

rm -rf valgrind
mkdir valgrind
{ [ $# -gt 0 ] && printf '%s\n' "$@" || names; } >valgrind/names
[ -s valgrind/names ] || { echo "tests/valgrind.sh: $build has no unit tests: make check" >&2; exit 2; }
xargs -n 1 -P "$(nproc)" "$top_srcdir/tests/valgrind.sh" . <valgrind/names >valgrind/results
grep '^not ok' valgrind/results
passed=$(grep -c '^ok' valgrind/results)
# Whatever said nothing has failed too.
failed=$(($(wc -l <valgrind/names) - passed))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
