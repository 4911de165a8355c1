#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Which lines the tests reach, as root (lcov is needed: apt-get install lcov):
#
#     tests/coverage.sh [unit|all]    all (preset): with the tests between network namespaces
#
# Builds below build/coverage and writes build/coverage/report.txt, by file, and html/index.html. Processes without
# privileges write their counters too (tests/coverage.h), so that all users must be able to reach build/coverage. What
# a process had counted is lost when it is killed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build/coverage
what=${1-all}
# Tests between network namespaces that are left out: they measure, or kill what counts.
left_out="test_bench test_kills"

case $what in unit | all) ;; *) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;; esac
command -v lcov >/dev/null || { echo "tests/coverage.sh: lcov is not installed" >&2; exit 2; }

# Counters that all users may write, whoever of them is the first.
open_counters() {
	find . -name '*.gcno' | while read -r notes; do
		counters=${notes%.gcno}.gcda
		[ -e "$counters" ] || : >"$counters"
		chmod a+rw "$counters"
	done
}

chosen() {
	for file in "$top"/tests/netns/test_*.sh; do
		name=$(basename "$file" .sh)
		case " $left_out " in *" $name "*) ;; *) echo "$name" ;; esac
	done
}

mkdir -p "$build"
setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$build" ||
	{ echo "tests/coverage.sh: not all users can reach $build" >&2; exit 2; }
cd "$build"
[ -e Makefile ] || "$top/configure" --quiet --enable-coverage --disable-hardening >configure.log 2>&1
# All that the tests need is built before any of it runs.
make -s -j"$(nproc)" all >make.log 2>&1
make -s -j"$(nproc)" check TESTS= >>make.log 2>&1
find . -name '*.gcda' -delete
open_counters
# A mount namespace with a bpf file system of its own, as in tests/check.sh.
unshare --mount --propagation private sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' sh \
	make -s -k -j"$(nproc)" check >check.log 2>&1 || echo "some unit tests failed: build/coverage/check.log"
# shellcheck disable=SC2046 # names, each an argument
[ "$what" = unit ] || QKNOCK_COVERAGE=$build QKNOCK_TEST_SECONDS=600 "$top/tests/netns/run" "$build" $(chosen) >netns.log 2>&1 ||
	echo "some tests between network namespaces failed: build/coverage/netns.log"
find . -name '*.gcda' -empty -delete
# Without --base-directory the sources' names, which are relative to here, would be looked for elsewhere.
lcov --quiet --capture --directory . --base-directory "$build" --output-file all.info 2>lcov.log
lcov --quiet --remove all.info "$top/tests/*" "$top/bench/*" "$build/*" '/usr/*' --output-file report.info 2>>lcov.log
genhtml --quiet --output-directory html report.info 2>>lcov.log
awk -F: -v top="$top/" '
	function line(hit, lines, name) { printf "%5.1f%%  %5d of %5d  %s\n", 100 * hit / lines, hit, lines, name }
	/^SF:/ { name = substr($2, 1 + length(top)) }
	/^LF:/ { lines = $2 }
	/^LH:/ { hit = $2 }
	/^end_of_record/ && lines > 0 { line(hit, lines, name); all += lines; all_hit += hit }
	END { line(all_hit, all, "all") }' report.info | sort -n >report.txt
cat report.txt
