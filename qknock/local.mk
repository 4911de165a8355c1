# SPDX-License-Identifier: GPL-2.0-or-later
# The conformance check, apart from main.c so that its tests link the same objects.
noinst_LTLIBRARIES += qknock/libvectors.la

qknock_libvectors_la_SOURCES = qknock/vectors.c qknock/vectors.h
qknock_libvectors_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
qknock_libvectors_la_LIBADD = libcore/libcore.la $(JANSSON_LIBS)
