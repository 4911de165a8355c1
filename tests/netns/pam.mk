# SPDX-License-Identifier: GPL-2.0-or-later
# pam_knock.so in the real sshd.
check_PROGRAMS += tests/netns/grant_tool
tests_netns_grant_tool_SOURCES = tests/netns/grant_tool.c
tests_netns_grant_tool_LDADD = libcore/libcore.la

EXTRA_DIST += tests/netns/sshd.sh tests/netns/test_pam_grants.sh tests/netns/test_pam_knock.sh tests/netns/test_pam_methods.sh \
	tests/netns/test_pam_parallel.sh tests/netns/test_pam_timing.sh
