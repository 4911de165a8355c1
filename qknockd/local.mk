# SPDX-License-Identifier: GPL-2.0-or-later
# All of the daemon but main.c is a convenience library, so that tests and benchmarks link the same objects.
noinst_LTLIBRARIES += qknockd/libverifier.la

qknockd_libverifier_la_SOURCES = \
	qknockd/accounts.c qknockd/accounts.h \
	qknockd/capture.c qknockd/capture.h \
	qknockd/captures.c qknockd/captures.h \
	qknockd/checker.c qknockd/checker.h \
	qknockd/child.c qknockd/child.h \
	qknockd/control_call.c qknockd/control_call.h \
	qknockd/control_server.c qknockd/control_server.h \
	qknockd/control_sheets.c qknockd/control_sheets.h \
	qknockd/control_socket.c qknockd/control_socket.h \
	qknockd/control_users.c qknockd/control_users.h \
	qknockd/control_verbs.c qknockd/control_verbs.h \
	qknockd/daemon.c qknockd/daemon.h qknockd/daemon_state.h \
	qknockd/daemon_children.c qknockd/daemon_reload.c \
	qknockd/dbfile.c qknockd/dbfile.h \
	qknockd/dbrow.c qknockd/dbrow.h \
	qknockd/engine.c qknockd/engine.h qknockd/engine_issue.c qknockd/engine_state.h qknockd/engine_users.c \
	qknockd/expected.c qknockd/expected.h qknockd/expected_bpf.h \
	qknockd/feed.c qknockd/feed.h \
	qknockd/filter.c qknockd/filter.h \
	qknockd/frame.c qknockd/frame.h \
	qknockd/granter.c qknockd/granter.h qknockd/granter_places.c qknockd/granter_state.h \
	qknockd/handles.c qknockd/handles.h \
	qknockd/hasher.c qknockd/hasher.h \
	qknockd/hooks.c qknockd/hooks.h \
	qknockd/keyring.c qknockd/keyring.h \
	qknockd/localaddr.c qknockd/localaddr.h \
	qknockd/loglimit.c qknockd/loglimit.h \
	qknockd/logger.c qknockd/logger.h \
	qknockd/news.c qknockd/news.h \
	qknockd/notify.c qknockd/notify.h \
	qknockd/packethash.c qknockd/packethash.h \
	qknockd/performer.c qknockd/performer.h \
	qknockd/place.c qknockd/place.h \
	qknockd/placed.c qknockd/placed.h \
	qknockd/policy.c qknockd/policy.h \
	qknockd/privop.c qknockd/privop.h \
	qknockd/remote.c qknockd/remote.h \
	qknockd/requests.c qknockd/requests.h \
	qknockd/sandbox.c qknockd/sandbox.h \
	qknockd/session.c qknockd/session.h \
	qknockd/sheets.c qknockd/sheets.h \
	qknockd/store.h qknockd/store_sheets.c qknockd/store_sqlite.c qknockd/store_sqlite.h \
	qknockd/slice.c qknockd/slice.h \
	qknockd/storedir.c qknockd/storedir.h \
	qknockd/table.h \
	qknockd/throttle.c qknockd/throttle.h \
	qknockd/verifier.c qknockd/verifier.h \
	qknockd/vmarray.c qknockd/vmarray.h
nodist_qknockd_libverifier_la_SOURCES = qknockd/expected_code.h
qknockd_libverifier_la_CPPFLAGS = $(AM_CPPFLAGS) $(CAPNG_CFLAGS) $(CRYPT_CFLAGS) $(PCAP_CFLAGS) \
	$(SECCOMP_CFLAGS) $(SQLITE_CFLAGS)
qknockd_libverifier_la_LIBADD = libcore/libcore.la xt_knock/libknockmap.la $(CAPNG_LIBS) $(CRYPT_LIBS) $(PCAP_LIBS) \
	$(SECCOMP_LIBS) $(SQLITE_LIBS)

sbin_PROGRAMS += qknockd/qknockd
qknockd_qknockd_SOURCES = qknockd/main.c
qknockd_qknockd_LDADD = qknockd/libverifier.la

# The kernel's filter of expected packets, made a header of as the match program is (xt_knock/local.mk).
EXTRA_DIST += qknockd/expected.bpf.c
BUILT_SOURCES += qknockd/expected_code.h
CLEANFILES += qknockd/expected_code.h qknockd/expected.bpf.o

qknockd/expected.bpf.o: qknockd/expected.bpf.c qknockd/expected_bpf.h
	@$(MKDIR_P) qknockd
	$(AM_V_GEN)$(BPF_COMPILE) -c $(top_srcdir)/qknockd/expected.bpf.c -o $@

qknockd/expected_code.h: qknockd/expected.bpf.o xt_knock/bpf2h.sh
	$(AM_V_GEN)$(top_srcdir)/xt_knock/bpf2h.sh expected qknockd/expected.bpf.o $(BPF_OBJCOPY) $(BPF_READELF) >$@.tmp && \
		mv $@.tmp $@
