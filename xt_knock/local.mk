# SPDX-License-Identifier: GPL-2.0-or-later
# libknockmap.la: the kernel's table of grants, for the plugin, qknockd and qknockctl.
# libknockkernel.la: that and the match programs, for the plugin and qknockctl.
noinst_LTLIBRARIES += xt_knock/libknockmap.la xt_knock/libknockkernel.la

xt_knock_libknockmap_la_SOURCES = \
	xt_knock/bpfcode.c xt_knock/bpfcode.h \
	xt_knock/bpfsys.c xt_knock/bpfsys.h \
	xt_knock/knock_bpf.h \
	xt_knock/knockmap.c xt_knock/knockmap.h

xt_knock_libknockkernel_la_SOURCES = \
	xt_knock/knockcollect.c xt_knock/knockcollect.h \
	xt_knock/knockkernel.c xt_knock/knockkernel.h \
	xt_knock/knocklock.c xt_knock/knocklock.h \
	xt_knock/knockoptions.c xt_knock/knockoptions.h \
	xt_knock/knockpin.c xt_knock/knockpin.h \
	xt_knock/knockprog.c xt_knock/knockprog.h
nodist_xt_knock_libknockkernel_la_SOURCES = xt_knock/knock_match.h
xt_knock_libknockkernel_la_LIBADD = xt_knock/libknockmap.la

# The match program becomes a header: instructions, and where the loader puts map and constants.
# Debian keeps <asm/types.h> in a folder that only native compilers look into.
EXTRA_DIST += xt_knock/knock_match.bpf.c xt_knock/bpf2h.sh xt_knock/libxt_knock.t
BUILT_SOURCES += xt_knock/knock_match.h
CLEANFILES += xt_knock/knock_match.h xt_knock/knock_match.bpf.o

BPF_COMPILE = $(BPF_CLANG) -target bpf -mcpu=v3 -std=gnu11 -O2 -Wall -Wextra -Werror -I$(top_srcdir) \
	-idirafter "/usr/include/$$($(CC) -print-multiarch 2>/dev/null)"

xt_knock/knock_match.bpf.o: xt_knock/knock_match.bpf.c xt_knock/knock_bpf.h
	@$(MKDIR_P) xt_knock
	$(AM_V_GEN)$(BPF_COMPILE) -c $(top_srcdir)/xt_knock/knock_match.bpf.c -o $@

xt_knock/knock_match.h: xt_knock/knock_match.bpf.o xt_knock/bpf2h.sh
	$(AM_V_GEN)$(top_srcdir)/xt_knock/bpf2h.sh match xt_knock/knock_match.bpf.o $(BPF_OBJCOPY) $(BPF_READELF) >$@.tmp && \
		mv $@.tmp $@

# The plugins; "-m knock", and what lists its rules, which iptables and ip6tables look for under different names.
xtlib_LTLIBRARIES = xt_knock/libxt_knock.la xt_knock/libipt_bpf.la xt_knock/libip6t_bpf.la
PLUGIN_CPPFLAGS = $(AM_CPPFLAGS) $(XTABLES_CFLAGS)
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
PLUGIN_LIBS = xt_knock/libknockkernel.la libcore/libgrant.la $(XTABLES_LIBS)

xt_knock_libxt_knock_la_SOURCES = xt_knock/libxt_knock.c
xt_knock_libxt_knock_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
xt_knock_libxt_knock_la_LDFLAGS = $(PLUGIN_LDFLAGS)
xt_knock_libxt_knock_la_LIBADD = $(PLUGIN_LIBS)

xt_knock_libipt_bpf_la_SOURCES = xt_knock/libipt_bpf.c
xt_knock_libipt_bpf_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
xt_knock_libipt_bpf_la_LDFLAGS = $(PLUGIN_LDFLAGS)
xt_knock_libipt_bpf_la_LIBADD = $(PLUGIN_LIBS)

xt_knock_libip6t_bpf_la_SOURCES = xt_knock/libipt_bpf.c
xt_knock_libip6t_bpf_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
xt_knock_libip6t_bpf_la_LDFLAGS = $(PLUGIN_LDFLAGS)
xt_knock_libip6t_bpf_la_LIBADD = $(PLUGIN_LIBS)

# The fragment is what iptables' own manual page would include; here it becomes a page of its own.
EXTRA_DIST += xt_knock/libxt_knock.man xt_knock/iptables-knock.8.in
CLEANFILES += xt_knock/iptables-knock.8
nodist_man_MANS = xt_knock/iptables-knock.8
xt_knock/iptables-knock.8: xt_knock/iptables-knock.8.in xt_knock/libxt_knock.man Makefile
	@$(MKDIR_P) xt_knock
	$(AM_V_GEN)sed -e 's/@PACKAGE_STRING[@]/$(PACKAGE_STRING)/' -e '/^@FRAGMENT[@]$$/{r $(top_srcdir)/xt_knock/libxt_knock.man' \
		-e 'd;}' $(top_srcdir)/xt_knock/iptables-knock.8.in >$@
