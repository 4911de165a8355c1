# SPDX-License-Identifier: GPL-2.0-or-later
# libknockmap.la: the kernel's table of grants, for the plugin, qknockd and qknockctl.
noinst_LTLIBRARIES += xt_knock/libknockmap.la

xt_knock_libknockmap_la_SOURCES = \
	xt_knock/bpfsys.c xt_knock/bpfsys.h \
	xt_knock/knock_bpf.h \
	xt_knock/knockmap.c xt_knock/knockmap.h
