# SPDX-License-Identifier: GPL-2.0-or-later
# libgrant.la needs libc alone, so that pam_knock.so and knockwrap link nothing else; libcore.la is everything.
noinst_LTLIBRARIES += libcore/libgrant.la libcore/libcore.la

libcore_libgrant_la_SOURCES = \
	libcore/address.c libcore/address.h \
	libcore/clock.c libcore/clock.h \
	libcore/connection.c libcore/connection.h \
	libcore/decimal.c libcore/decimal.h \
	libcore/error.c libcore/error.h \
	libcore/grant.c libcore/grant.h \
	libcore/log.c libcore/log.h \
	libcore/name.c libcore/name.h \
	libcore/number.c libcore/number.h \
	libcore/printable.c libcore/printable.h

libcore_libcore_la_SOURCES = \
	libcore/chain.c libcore/chain.h \
	libcore/complete.c libcore/complete.h \
	libcore/config.c libcore/config.h \
	libcore/conftext.c libcore/conftext.h \
	libcore/control.c libcore/control.h \
	libcore/crypto.c libcore/crypto.h \
	libcore/grantdir.c libcore/grantdir.h \
	libcore/keys.c libcore/keys.h \
	libcore/keyword.c libcore/keyword.h \
	libcore/message.c libcore/message.h \
	libcore/otp.c libcore/otp.h \
	libcore/profile.c libcore/profile.h \
	libcore/profile_uri.c libcore/profile_uri.h \
	libcore/sequence.c libcore/sequence.h \
	libcore/service.c libcore/service.h
libcore_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(CONFUSE_CFLAGS)
libcore_libcore_la_LIBADD = libcore/libgrant.la $(CRYPTO_LIBS) $(CONFUSE_LIBS)

# QR codes for those that print them: libqrencode is nothing that the daemon or a module should link.
noinst_LTLIBRARIES += libcore/libqr.la
libcore_libqr_la_SOURCES = libcore/qr.c libcore/qr.h
libcore_libqr_la_CPPFLAGS = $(AM_CPPFLAGS) $(QRENCODE_CFLAGS)
libcore_libqr_la_LIBADD = libcore/libcore.la $(QRENCODE_LIBS)
