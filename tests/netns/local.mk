# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += tests/netns/knockmap_tool
tests_netns_knockmap_tool_SOURCES = tests/netns/knockmap_tool.c
tests_netns_knockmap_tool_LDADD = xt_knock/libknockkernel.la libcore/libgrant.la
