# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind the real super-servers.
check_PROGRAMS += tests/netns/wrap_client
tests_netns_wrap_client_SOURCES = tests/netns/wrap_client.c
tests_netns_wrap_client_LDADD = libcore/libgrant.la
