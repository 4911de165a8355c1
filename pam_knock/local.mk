# SPDX-License-Identifier: GPL-2.0-or-later
# pam_knock.so: libc and libpam, nothing else, and no symbol but the hooks (tests/unit/test_pam_module.sh).
pam_LTLIBRARIES += pam_knock/pam_knock.la

pam_knock_pam_knock_la_SOURCES = \
	pam_knock/options.c pam_knock/options.h \
	pam_knock/origin.c pam_knock/origin.h \
	pam_knock/pam_knock.c
EXTRA_pam_knock_pam_knock_la_DEPENDENCIES = $(top_srcdir)/pam_knock/pam_knock.map
EXTRA_DIST += pam_knock/pam_knock.map
pam_knock_pam_knock_la_CPPFLAGS = $(AM_CPPFLAGS) $(PAM_CFLAGS)
pam_knock_pam_knock_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/pam_knock/pam_knock.map
pam_knock_pam_knock_la_LIBADD = libcore/libgrant.la $(PAM_LIBS)

# libtool's own file is of no use beside a module that libpam loads; without it libtool can't uninstall.
INSTALL_HOOKS += install-pam-hook
UNINSTALL_HOOKS += uninstall-pam-hook
.PHONY: install-pam-hook uninstall-pam-hook
install-pam-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_knock.la
uninstall-pam-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_knock.so
