#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit tests under valgrind, as root, some minutes: tests/valgrind.sh BUILD [NAME...]
#
# BUILD is without sanitizers and has had its "make check". A fault is what memcheck calls an error, or memory that
# nobody knows any more; its text is in BUILD/valgrind/NAME.log.
set -u
cd "${1:?usage: tests/valgrind.sh BUILD [NAME...]}" || exit 2
shift
top_builddir=$(pwd)
top_srcdir=$(cd "$(sed -n 's/^abs_top_srcdir = //p' Makefile)" && pwd) || exit 2
export top_builddir top_srcdir
command -v valgrind >/dev/null || { echo "tests/valgrind.sh: valgrind is not installed" >&2; exit 2; }

# Not with valgrind: it makes system calls of its own, which the walls do not allow; it does not tell who spawns that the
# program is missing; and it does not know what bpf(2) reads and writes.
left_out="test_sandbox test_hooks test_keyline test_wrap_modules
	test_expected test_expected_program test_granter_table test_knockmap test_knockmatch"

names() {
	for t in tests/unit/test_*; do
		case $t in *.*) continue ;; esac
		[ -f "$t" ] && [ -x "$t" ] && basename "$t"
	done
}

passed=0 failed=0
mkdir -p valgrind
for t in ${*:-$(names)}; do
	case " $(echo $left_out) " in
	*" $t "*)
		echo "left out - $t"
		continue
		;;
	esac
	if unshare --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' sh timeout 600 ./libtool --silent \
		--mode=execute valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		--child-silent-after-fork=yes "tests/unit/$t" >"valgrind/$t.log" 2>&1; then
		passed=$((passed + 1))
	else
		echo "not ok - $t: valgrind/$t.log"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
