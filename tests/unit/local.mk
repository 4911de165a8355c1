# SPDX-License-Identifier: GPL-2.0-or-later
# One cmocka program per module, run by "make check" without root.
EXTRA_DIST += tests/vectors/vectors.json
AM_TESTS_ENVIRONMENT = top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)'; export top_srcdir top_builddir;

UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
UNIT_LIBS = libcore/libcore.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_address
TESTS += tests/unit/test_address
tests_unit_test_address_SOURCES = tests/unit/test_address.c tests/unit/unit.h
tests_unit_test_address_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_address_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_grant
TESTS += tests/unit/test_grant
tests_unit_test_grant_SOURCES = tests/unit/test_grant.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_grant_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_grant_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_knockmap
TESTS += tests/unit/test_knockmap
tests_unit_test_knockmap_SOURCES = tests/unit/test_knockmap.c tests/unit/unit.h
tests_unit_test_knockmap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knockmap_LDADD = xt_knock/libknockmap.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_login
TESTS += tests/unit/test_login
tests_unit_test_login_SOURCES = tests/unit/test_login.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_login_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_login_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_store
TESTS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/unit.h
tests_unit_test_store_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_store_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c tests/unit/unit.h
tests_unit_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_config_LDADD = $(UNIT_LIBS)
