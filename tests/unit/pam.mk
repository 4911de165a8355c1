# SPDX-License-Identifier: GPL-2.0-or-later
# The real module, loaded by the real libpam.
check_PROGRAMS += tests/unit/test_pam
TESTS += tests/unit/test_pam
tests_unit_test_pam_SOURCES = tests/unit/test_pam.c tests/unit/pam.h tests/unit/grants.h tests/unit/unit.h
tests_unit_test_pam_CPPFLAGS = $(UNIT_CPPFLAGS) $(PAM_CFLAGS) -U_FORTIFY_SOURCE
tests_unit_test_pam_LDADD = $(UNIT_LIBS) $(PAM_LIBS)
EXTRA_tests_unit_test_pam_DEPENDENCIES = pam_knock/pam_knock.la

check_PROGRAMS += tests/unit/pam_cycles
EXTRA_DIST += tests/unit/test_pam_module.sh
TESTS += tests/unit/test_pam_module.sh
tests_unit_pam_cycles_SOURCES = tests/unit/pam_cycles.c tests/unit/pam.h tests/unit/grants.h tests/unit/unit.h
tests_unit_pam_cycles_CPPFLAGS = $(UNIT_CPPFLAGS) $(PAM_CFLAGS) -U_FORTIFY_SOURCE
tests_unit_pam_cycles_LDADD = $(UNIT_LIBS) $(PAM_LIBS)

EXTRA_DIST += tests/unit/test_pam_check.sh
TESTS += tests/unit/test_pam_check.sh
