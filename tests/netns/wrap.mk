# SPDX-License-Identifier: GPL-2.0-or-later
# knockwrap behind the real super-servers.
check_PROGRAMS += tests/netns/wrap_client
tests_netns_wrap_client_SOURCES = tests/netns/wrap_client.c
tests_netns_wrap_client_LDADD = libcore/libgrant.la

EXTRA_DIST += tests/netns/wrap.sh \
	tests/netns/test_wrap_drop.sh tests/netns/test_wrap_flood.sh tests/netns/test_wrap_hostile.sh \
	tests/netns/test_wrap_hosts_allow.sh tests/netns/test_wrap_inetutils_inetd.sh tests/netns/test_wrap_knock.sh \
	tests/netns/test_wrap_links.sh tests/netns/test_wrap_openbsd_inetd.sh tests/netns/test_wrap_pam.sh \
	tests/netns/test_wrap_privileges.sh tests/netns/test_wrap_s6.sh tests/netns/test_wrap_systemd.sh \
	tests/netns/test_wrap_tcpserver.sh tests/netns/test_wrap_xinetd.sh
