# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += qknockctl/qknockctl

# All of the command but main.c, so that tests link the same objects.
noinst_LTLIBRARIES += qknockctl/libctl.la
qknockctl_libctl_la_SOURCES = \
	qknockctl/completer.c qknockctl/completer.h \
	qknockctl/ctl.c qknockctl/ctl.h \
	qknockctl/daemon.c qknockctl/daemon.h \
	qknockctl/grants.c \
	qknockctl/kernel.c \
	qknockctl/key.c \
	qknockctl/link.c qknockctl/link.h \
	qknockctl/listing.c qknockctl/listing.h \
	qknockctl/metrics.c \
	qknockctl/output.c qknockctl/output.h \
	qknockctl/pamcheck.c \
	qknockctl/pamstack.c qknockctl/pamstack.h \
	qknockctl/passcode.c qknockctl/passcode.h \
	qknockctl/sheet.c qknockctl/sheet.h \
	qknockctl/smstest.c \
	qknockctl/user.c
qknockctl_libctl_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPT_CFLAGS)
qknockctl_libctl_la_LIBADD = libcore/libqr.la libcore/libcore.la xt_knock/libknockkernel.la $(JANSSON_LIBS) $(CRYPT_LIBS)

qknockctl_qknockctl_SOURCES = qknockctl/main.c
qknockctl_qknockctl_LDADD = qknockctl/libctl.la

# The adapter between SMS daemons and qknockd.
sbin_PROGRAMS += qknockctl/qknock-sms
noinst_LTLIBRARIES += qknockctl/libsms.la
qknockctl_libsms_la_SOURCES = qknockctl/smsdaemon.c qknockctl/smsdaemon.h qknockctl/smstext.c qknockctl/smstext.h
qknockctl_libsms_la_LIBADD = libcore/libcore.la
qknockctl_qknock_sms_SOURCES = qknockctl/sms.c
qknockctl_qknock_sms_LDADD = qknockctl/libsms.la
