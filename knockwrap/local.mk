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
