# SPDX-License-Identifier: GPL-2.0-or-later
# The programs between hosts in network namespaces; root only, hence not part of "make check". knock_tool is
# built by "make", because the demonstration and the benchmark use it too.
noinst_PROGRAMS += tests/netns/knock_tool
tests_netns_knock_tool_SOURCES = tests/netns/knock_tool.c tests/netns/wire.c tests/netns/wire.h
tests_netns_knock_tool_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
tests_netns_knock_tool_LDADD = libcore/libcore.la $(PCAP_LIBS)

check_PROGRAMS += tests/netns/knockmap_tool
tests_netns_knockmap_tool_SOURCES = tests/netns/knockmap_tool.c
tests_netns_knockmap_tool_LDADD = xt_knock/libknockkernel.la libcore/libgrant.la

# Preloaded, hence a module that "make check" builds and no one installs.
check_LTLIBRARIES += tests/netns/wallclock.la
tests_netns_wallclock_la_SOURCES = tests/netns/wallclock.c
tests_netns_wallclock_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

EXTRA_DIST += tests/netns/run tests/netns/lib.sh tests/netns/demo.sh tests/netns/figure.awk \
	tests/netns/test_addresses.sh tests/netns/test_any_order.sh tests/netns/test_clock_set.sh \
	tests/netns/test_daemon_killed.sh tests/netns/test_demo.sh tests/netns/test_firewalls.sh \
	tests/netns/test_grants_dir_fails.sh \
	tests/netns/test_hooks.sh tests/netns/test_ipv6.sh tests/netns/test_isolation.sh tests/netns/test_keys.sh tests/netns/test_kills.sh \
	tests/netns/test_many_at_once.sh tests/netns/test_opens_and_closes.sh tests/netns/test_reload.sh \
	tests/netns/test_replay.sh tests/netns/test_start_fails.sh tests/netns/test_store_fails.sh tests/netns/test_strangers.sh \
	tests/netns/test_bench.sh tests/netns/test_vlan.sh

.PHONY: check-netns
check-netns: all
	$(srcdir)/tests/netns/run '$(abs_top_builddir)' $(NETNS_TESTS)

check_PROGRAMS += tests/netns/xt_peer
tests_netns_xt_peer_SOURCES = tests/netns/xt_peer.c
tests_netns_xt_peer_LDADD = libcore/libgrant.la
EXTRA_DIST += tests/netns/xt.sh tests/netns/test_xt_match.sh tests/netns/test_xt_rules.sh tests/netns/test_xt_t.sh

check_PROGRAMS += tests/netns/capture_tool
tests_netns_capture_tool_SOURCES = tests/netns/capture_tool.c tests/unit/packets.h
tests_netns_capture_tool_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
tests_netns_capture_tool_LDADD = qknockd/libverifier.la
EXTRA_DIST += tests/netns/test_capture.sh tests/netns/test_kernel_filter.sh

check_PROGRAMS += tests/netns/syn_compare
tests_netns_syn_compare_SOURCES = tests/netns/syn_compare.c
tests_netns_syn_compare_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
tests_netns_syn_compare_LDADD = $(PCAP_LIBS)
EXTRA_DIST += tests/netns/test_client.sh tests/netns/test_syn_form.sh

EXTRA_DIST += tests/netns/test_sheet.sh tests/netns/sms.sh tests/netns/test_sms_gammu.sh tests/netns/test_sms_hostile.sh

check_PROGRAMS += tests/netns/modem_tool
tests_netns_modem_tool_SOURCES = tests/netns/modem_tool.c tests/netns/pdu.c tests/netns/pdu.h
tests_netns_modem_tool_LDADD = -lutil
EXTRA_DIST += tests/netns/test_sms_smstools.sh

EXTRA_DIST += tests/netns/connect.sh tests/netns/test_connect.sh tests/netns/test_connect_many.sh \
	tests/netns/test_connect_routed.sh tests/netns/test_connect_terminal.sh

EXTRA_DIST += tests/netns/test_capability.sh tests/netns/test_hops.sh tests/netns/test_kernel_command.sh
