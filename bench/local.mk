# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmarks: "make bench" runs all, "make bench-NAME" one. They print figures and are no tests.
EXTRA_PROGRAMS = bench/bench_session
CLEANFILES += $(EXTRA_PROGRAMS)
BENCHES = bench-session bench-open bench-wrap

bench_bench_session_SOURCES = bench/bench_session.c
bench_bench_session_LDADD = qknockd/libverifier.la

.PHONY: bench $(BENCHES)
bench: $(BENCHES)

bench-session: bench/bench_session
	bench/bench_session

# Needs root: between network namespaces.
EXTRA_DIST += bench/bench_open.sh
bench-open: all
	$(srcdir)/bench/bench_open.sh '$(abs_top_builddir)'

EXTRA_DIST += bench/bench_wrap.sh
bench-wrap: all tests/netns/wrap_client tests/netns/grant_tool
	$(srcdir)/bench/bench_wrap.sh '$(abs_top_builddir)'
