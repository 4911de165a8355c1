# SPDX-License-Identifier: GPL-2.0-or-later
# The launcher: libc alone. All of it but main.c is a convenience library, so that tests link the same objects.
noinst_LTLIBRARIES += knockwrap/libknockwrap.la
sbin_PROGRAMS += knockwrap/knockwrap

knockwrap_libknockwrap_la_SOURCES = \
	knockwrap/environ.c knockwrap/environ.h \
	knockwrap/launch.c knockwrap/launch.h \
	knockwrap/options.c knockwrap/options.h \
	knockwrap/peer.c knockwrap/peer.h \
	knockwrap/privileges.c knockwrap/privileges.h \
	knockwrap/program.c knockwrap/program.h \
	knockwrap/refuse.c knockwrap/refuse.h \
	knockwrap/report.c knockwrap/report.h \
	knockwrap/status.c knockwrap/status.h
knockwrap_libknockwrap_la_LIBADD = libcore/libgrant.la

knockwrap_knockwrap_SOURCES = knockwrap/main.c
knockwrap_knockwrap_LDADD = knockwrap/libknockwrap.la

# Configurations of super-servers, which tests/netns/test_wrap_* run as they are.
wrapexamplesdir = $(docdir)/examples/knockwrap
dist_wrapexamples_DATA = \
	knockwrap/examples/hosts.allow knockwrap/examples/hosts.deny \
	knockwrap/examples/inetd-links.conf \
	knockwrap/examples/inetutils-inetd.conf \
	knockwrap/examples/openbsd-inetd.conf
wrapxinetddir = $(wrapexamplesdir)/xinetd
dist_wrapxinetd_DATA = knockwrap/examples/xinetd/ssh knockwrap/examples/xinetd/echo
wrapsystemddir = $(wrapexamplesdir)/systemd
dist_wrapsystemd_DATA = \
	knockwrap/examples/systemd/knock-echo.socket knockwrap/examples/systemd/knock-echo@.service \
	knockwrap/examples/systemd/knock-ssh.socket knockwrap/examples/systemd/knock-ssh@.service
wraptcpserverdir = $(wrapexamplesdir)/tcpserver
dist_wraptcpserver_SCRIPTS = knockwrap/examples/tcpserver/ssh knockwrap/examples/tcpserver/echo
wraps6dir = $(wrapexamplesdir)/s6/ssh
dist_wraps6_SCRIPTS = knockwrap/examples/s6/ssh/run
