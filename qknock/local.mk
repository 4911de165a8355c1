# SPDX-License-Identifier: GPL-2.0-or-later
# The conformance check, apart from main.c so that its tests link the same objects.
noinst_LTLIBRARIES += qknock/libvectors.la

qknock_libvectors_la_SOURCES = qknock/vectors.c qknock/vectors.h
qknock_libvectors_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
qknock_libvectors_la_LIBADD = libcore/libcore.la $(JANSSON_LIBS)

# The client: all of it but main.c is a convenience library, so that tests link the same objects.
noinst_LTLIBRARIES += qknock/libclient.la
bin_PROGRAMS += qknock/qknock

qknock_libclient_la_SOURCES = \
	qknock/ask.c qknock/ask.h \
	qknock/client.h \
	qknock/clipboard.c qknock/clipboard.h \
	qknock/completer.c qknock/completer.h \
	qknock/configdir.c qknock/configdir.h \
	qknock/connect.c \
	qknock/connector.c qknock/connector.h \
	qknock/enroll.c \
	qknock/exec.c \
	qknock/fdpass.c qknock/fdpass.h \
	qknock/hops.c qknock/hops.h \
	qknock/interrupt.c qknock/interrupt.h \
	qknock/key.c qknock/key.h \
	qknock/keyline.c qknock/keyline.h \
	qknock/keytext.c qknock/keytext.h \
	qknock/knock.c \
	qknock/knock_options.c qknock/knock_options.h \
	qknock/knock_report.c qknock/knock_report.h \
	qknock/knock_send.c qknock/knock_send.h \
	qknock/knocker.c qknock/knocker.h \
	qknock/opening.c qknock/opening.h \
	qknock/peer.c qknock/peer.h \
	qknock/plan.c qknock/plan.h \
	qknock/privilege.c qknock/privilege.h \
	qknock/profile_show.c qknock/profile_show.h \
	qknock/profile_store.c qknock/profile_store.h \
	qknock/profiles.c \
	qknock/relay.c qknock/relay.h \
	qknock/request.c \
	qknock/route_metrics.c qknock/route_metrics.h \
	qknock/say.c qknock/say.h \
	qknock/secret.c qknock/secret.h \
	qknock/settings.c qknock/settings.h \
	qknock/sender.h qknock/sender_syn.c qknock/sender_udp.c \
	qknock/status.c qknock/status.h \
	qknock/syn_flow.c qknock/syn_flow.h \
	qknock/syn_form.c qknock/syn_form.h \
	qknock/syn_settings.c qknock/syn_settings.h \
	qknock/target.c qknock/target.h \
	qknock/terminal.c qknock/terminal.h
qknock_libclient_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CAPNG_CFLAGS)
qknock_libclient_la_LIBADD = libcore/libqr.la libcore/libcore.la $(JANSSON_LIBS) $(CAPNG_LIBS)

qknock_qknock_SOURCES = qknock/main.c
qknock_qknock_LDADD = qknock/libclient.la qknock/libvectors.la

# Raw sockets for everyone who runs it; it gives the capability up as soon as these are open.
INSTALL_EXEC_HOOKS += install-client-capability
EXTRA_DIST += qknock/give-capability

.PHONY: install-client-capability
install-client-capability:
	@$(srcdir)/qknock/give-capability '$(DESTDIR)$(bindir)/'`echo qknock | sed '$(transform)'` '$(DESTDIR)'
