# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmarks: "make bench" runs all, "make bench-NAME" one. They print figures and are no tests.
EXTRA_PROGRAMS = bench/bench_session bench/bench_load bench/bench_filter bench/bench_pam
CLEANFILES += $(EXTRA_PROGRAMS)
BENCHES = bench-session bench-load bench-filter bench-open bench-connect bench-wrap bench-pam bench-flood

bench_bench_session_SOURCES = bench/bench_session.c bench/median.c bench/median.h
bench_bench_session_LDADD = qknockd/libverifier.la

.PHONY: bench $(BENCHES)
bench: $(BENCHES)

bench-session: bench/bench_session
	bench/bench_session

bench_bench_load_SOURCES = bench/bench_load.c bench/load_store.c bench/load_store.h bench/median.c bench/median.h
bench_bench_load_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
bench_bench_load_LDADD = qknockd/libverifier.la $(SQLITE_LIBS) -lm

bench-load: bench/bench_load
	bench/bench_load

# Needs root, to load the filter.
bench_bench_filter_SOURCES = bench/bench_filter.c bench/median.c bench/median.h
bench_bench_filter_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
bench_bench_filter_LDADD = qknockd/libverifier.la

bench-filter: bench/bench_filter
	bench/bench_filter

# Needs root: between network namespaces.
EXTRA_DIST += bench/bench_open.sh
bench-open: all
	$(srcdir)/bench/bench_open.sh '$(abs_top_builddir)'

EXTRA_DIST += bench/bench_connect.sh
bench-connect: all
	$(srcdir)/bench/bench_connect.sh '$(abs_top_builddir)'

EXTRA_DIST += bench/bench_wrap.sh
bench-wrap: all tests/netns/wrap_client tests/netns/grant_tool
	$(srcdir)/bench/bench_wrap.sh '$(abs_top_builddir)'

bench_bench_pam_SOURCES = bench/bench_pam.c bench/median.c bench/median.h
bench_bench_pam_CPPFLAGS = $(AM_CPPFLAGS) $(PAM_CFLAGS)
bench_bench_pam_LDADD = libcore/libcore.la $(PAM_LIBS)

# -rpath: else libtool makes no shared object of what is not installed.
EXTRA_LTLIBRARIES = bench/pam_loop.la
bench_pam_loop_la_SOURCES = bench/pam_loop.c
bench_pam_loop_la_CPPFLAGS = $(AM_CPPFLAGS) $(PAM_CFLAGS)
bench_pam_loop_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
bench_pam_loop_la_LIBADD = $(PAM_LIBS)
CLEANFILES += bench/pam_loop.la

bench-pam: bench/bench_pam bench/pam_loop.la pam_knock/pam_knock.la
	bench/bench_pam pam_knock/.libs/pam_knock.so bench/.libs/pam_loop.so '$(pamdir)'

# Strangers' packets, and what they cost, beside other programs. Also for tests/netns/test_bench.sh, hence in "make".
EXTRA_DIST += bench/README.md bench/bench_flood.sh bench/contestants.sh bench/flood.awk
bench-flood: all
	$(srcdir)/bench/bench_flood.sh '$(abs_top_builddir)'

noinst_PROGRAMS += bench/flood bench/users
bench_flood_SOURCES = bench/flood.c bench/meter.c bench/meter.h tests/netns/wire.c tests/netns/wire.h
bench_flood_LDADD = libcore/libcore.la

# Users with keys, by the thousand.
bench_users_SOURCES = bench/users.c
bench_users_LDADD = libcore/libcore.la
