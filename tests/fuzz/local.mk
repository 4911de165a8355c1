# SPDX-License-Identifier: GPL-2.0-or-later
# One fuzz target per parser of outside bytes: fuzz_NAME, its corpus in corpus/NAME. Without --enable-fuzzers each
# is linked with replay.c and is a test that replays its corpus; with it, libFuzzer or AFL++ gives main(). This
# script configures, builds and runs:
#     tests/fuzz/run libfuzzer|afl NAME SECONDS
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run

FUZZ_TARGETS = \
	tests/fuzz/fuzz_claim \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_control \
	tests/fuzz/fuzz_frame \
	tests/fuzz/fuzz_gammu \
	tests/fuzz/fuzz_grant \
	tests/fuzz/fuzz_keytext \
	tests/fuzz/fuzz_launcher \
	tests/fuzz/fuzz_pam \
	tests/fuzz/fuzz_pamstack \
	tests/fuzz/fuzz_pin \
	tests/fuzz/fuzz_privop \
	tests/fuzz/fuzz_profile \
	tests/fuzz/fuzz_profile_uri \
	tests/fuzz/fuzz_reply \
	tests/fuzz/fuzz_request \
	tests/fuzz/fuzz_settings \
	tests/fuzz/fuzz_smstext \
	tests/fuzz/fuzz_vectors

check_PROGRAMS += $(FUZZ_TARGETS)
check_LTLIBRARIES += tests/fuzz/libreplay.la
tests_fuzz_libreplay_la_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz.h

if LIBFUZZER
FUZZ_LIBS = libcore/libcore.la
else
FUZZ_LIBS = tests/fuzz/libreplay.la libcore/libcore.la
TESTS += $(FUZZ_TARGETS)
endif

tests_fuzz_fuzz_reply_SOURCES = tests/fuzz/fuzz_reply.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_reply_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_reply_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_request_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_grant_SOURCES = tests/fuzz/fuzz_grant.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_grant_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_grant_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_profile_SOURCES = tests/fuzz/fuzz_profile.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_profile_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_profile_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_vectors_SOURCES = tests/fuzz/fuzz_vectors.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_vectors_LDADD = qknock/libvectors.la $(FUZZ_LIBS)
tests_fuzz_fuzz_vectors_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c tests/fuzz/fuzz.h \
	tests/unit/fake_engine.c tests/unit/fake_engine.h
tests_fuzz_fuzz_control_LDADD = qknockd/libverifier.la $(FUZZ_LIBS)
tests_fuzz_fuzz_control_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_frame_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
tests_fuzz_fuzz_frame_LDADD = qknockd/libverifier.la $(FUZZ_LIBS) $(PCAP_LIBS)
tests_fuzz_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_smstext_SOURCES = tests/fuzz/fuzz_smstext.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_smstext_LDADD = qknockctl/libsms.la $(FUZZ_LIBS)
tests_fuzz_fuzz_smstext_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_keytext_SOURCES = tests/fuzz/fuzz_keytext.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_keytext_LDADD = qknock/libclient.la $(FUZZ_LIBS)
tests_fuzz_fuzz_keytext_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz_settings.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_settings_LDADD = qknock/libclient.la $(FUZZ_LIBS)
tests_fuzz_fuzz_settings_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_profile_uri_SOURCES = tests/fuzz/fuzz_profile_uri.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_profile_uri_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_profile_uri_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_privop_SOURCES = tests/fuzz/fuzz_privop.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_privop_LDADD = qknockd/libverifier.la $(FUZZ_LIBS)
tests_fuzz_fuzz_privop_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_claim_SOURCES = tests/fuzz/fuzz_claim.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_claim_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_claim_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_gammu_SOURCES = tests/fuzz/fuzz_gammu.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_gammu_LDADD = qknockctl/libsms.la $(FUZZ_LIBS)
tests_fuzz_fuzz_gammu_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_launcher_SOURCES = tests/fuzz/fuzz_launcher.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_launcher_LDADD = knockwrap/libknockwrap.la $(FUZZ_LIBS)
tests_fuzz_fuzz_launcher_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# The module's own files: libpam's functions are the target's.
tests_fuzz_fuzz_pam_SOURCES = tests/fuzz/fuzz_pam.c tests/fuzz/fuzz.h \
	pam_knock/options.c pam_knock/options.h pam_knock/origin.c pam_knock/origin.h
tests_fuzz_fuzz_pam_CPPFLAGS = $(AM_CPPFLAGS) $(PAM_CFLAGS)
tests_fuzz_fuzz_pam_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_pam_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_pamstack_SOURCES = tests/fuzz/fuzz_pamstack.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_pamstack_LDADD = qknockctl/libctl.la $(FUZZ_LIBS)
tests_fuzz_fuzz_pamstack_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS) -Wl,--wrap=fopen

tests_fuzz_fuzz_pin_SOURCES = tests/fuzz/fuzz_pin.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_pin_LDADD = xt_knock/libknockkernel.la $(FUZZ_LIBS)
tests_fuzz_fuzz_pin_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

.PHONY: fuzzers
fuzzers: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) $(FUZZ_TARGETS)
