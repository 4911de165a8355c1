# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap's modules, and the program itself as far as it can be had without root and super-server.
check_PROGRAMS += tests/unit/test_wrap_options tests/unit/test_wrap_modules tests/unit/test_knockwrap
TESTS += tests/unit/test_wrap_options tests/unit/test_wrap_modules tests/unit/test_knockwrap

tests_unit_test_wrap_options_SOURCES = tests/unit/test_wrap_options.c tests/unit/unit.h
tests_unit_test_wrap_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_wrap_options_LDADD = knockwrap/libknockwrap.la $(CMOCKA_LIBS)

tests_unit_test_wrap_modules_SOURCES = tests/unit/test_wrap_modules.c tests/unit/grants.h tests/unit/sockets.h \
	tests/unit/unit.h
tests_unit_test_wrap_modules_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_wrap_modules_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=connect
tests_unit_test_wrap_modules_LDADD = knockwrap/libknockwrap.la $(CMOCKA_LIBS)

tests_unit_test_knockwrap_SOURCES = tests/unit/test_knockwrap.c tests/unit/grants.h tests/unit/sockets.h \
	tests/unit/unit.h
tests_unit_test_knockwrap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knockwrap_LDADD = $(UNIT_LIBS)
EXTRA_tests_unit_test_knockwrap_DEPENDENCIES = knockwrap/knockwrap
