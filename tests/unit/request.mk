# SPDX-License-Identifier: GPL-2.0-or-later
# How the client gets its keys.
REQUEST_TESTS = \
	tests/unit/test_ask \
	tests/unit/test_complete \
	tests/unit/test_hops \
	tests/unit/test_keytext \
	tests/unit/test_profile_uri \
	tests/unit/test_settings \
	tests/unit/test_terminal

check_PROGRAMS += $(REQUEST_TESTS)
TESTS += $(REQUEST_TESTS)

tests_unit_test_ask_SOURCES = tests/unit/test_ask.c tests/unit/unit.h
tests_unit_test_ask_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ask_LDADD = $(CLIENT_LIBS)

tests_unit_test_complete_SOURCES = tests/unit/test_complete.c tests/unit/unit.h
tests_unit_test_complete_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_complete_LDADD = $(UNIT_LIBS)

tests_unit_test_hops_SOURCES = tests/unit/test_hops.c tests/unit/unit.h
tests_unit_test_hops_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hops_LDADD = $(CLIENT_LIBS)

tests_unit_test_keytext_SOURCES = tests/unit/test_keytext.c tests/unit/unit.h
tests_unit_test_keytext_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keytext_LDADD = $(CLIENT_LIBS)

tests_unit_test_profile_uri_SOURCES = tests/unit/test_profile_uri.c tests/unit/unit.h
tests_unit_test_profile_uri_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_profile_uri_LDADD = $(UNIT_LIBS)

tests_unit_test_settings_SOURCES = tests/unit/test_settings.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_settings_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_settings_LDADD = $(CLIENT_LIBS)

tests_unit_test_terminal_SOURCES = tests/unit/test_terminal.c tests/unit/unit.h
tests_unit_test_terminal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_terminal_LDADD = $(CLIENT_LIBS) -lutil

# The QR codes as a telephone's camera sees them.
TESTS += tests/unit/test_qr.sh tests/unit/test_request.sh
EXTRA_DIST += tests/unit/qr.sh tests/unit/test_qr.sh tests/unit/test_request.sh

# Completion, in the shells themselves.
TESTS += tests/unit/test_completions.sh
EXTRA_DIST += tests/unit/test_completions.sh
