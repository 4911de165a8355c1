# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += doc/knockwrap.8 doc/pam_knock.8 doc/qknock.1 doc/qknock-sms.8 doc/qknock.conf.5 doc/qknock_config.5 doc/qknockctl.8 doc/qknockd.8
dist_doc_DATA = README.md NEWS doc/assurance.md doc/control.md doc/load.md doc/isolation.md doc/lockout.md doc/protocol-sheet.md doc/security.md

sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = doc/systemd/qknock.conf

UNITS = doc/systemd/qknockd.service doc/systemd/qknock-kernel.service \
	doc/systemd/qknock-metrics.service doc/systemd/qknock-metrics.timer
EXTRA_DIST += $(UNITS:=.in)
CLEANFILES += $(UNITS)
if SYSTEMD
systemdsystemunit_DATA = $(UNITS)
endif

# [@]: else configure replaces it here, by what the shell would have to replace again.
$(UNITS): %: %.in Makefile
	$(AM_V_GEN)mkdir -p $(@D) && sed -e 's,@sbindir[@],$(sbindir),g' $(top_srcdir)/$@.in >$@

examplesdir = $(docdir)/examples
dist_examples_DATA = doc/examples/qknock.conf doc/examples/gammu-smsdrc doc/examples/smsd.conf
dist_examples_SCRIPTS = doc/examples/sms-command
