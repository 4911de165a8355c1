# SPDX-License-Identifier: GPL-2.0-or-later
# One cmocka program per module, run by "make check" without root.
EXTRA_DIST += tests/vectors/sheet.json tests/vectors/vectors.json
AM_TESTS_ENVIRONMENT = top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)'; export top_srcdir top_builddir;

UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
UNIT_LIBS = libcore/libcore.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_address
TESTS += tests/unit/test_address
tests_unit_test_address_SOURCES = tests/unit/test_address.c tests/unit/unit.h
tests_unit_test_address_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_address_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_printable
TESTS += tests/unit/test_printable
tests_unit_test_printable_SOURCES = tests/unit/test_printable.c tests/unit/unit.h
tests_unit_test_printable_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_printable_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_link
TESTS += tests/unit/test_link
tests_unit_test_link_SOURCES = tests/unit/test_link.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_link_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_link_LDADD = qknockctl/libctl.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_grant
TESTS += tests/unit/test_grant
tests_unit_test_grant_SOURCES = tests/unit/test_grant.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_grant_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_grant_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_knockmap
TESTS += tests/unit/test_knockmap
tests_unit_test_knockmap_SOURCES = tests/unit/test_knockmap.c tests/unit/bpffs.h tests/unit/unit.h
tests_unit_test_knockmap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knockmap_LDADD = xt_knock/libknockmap.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_login
TESTS += tests/unit/test_login
tests_unit_test_login_SOURCES = tests/unit/test_login.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_login_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_login_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_store
TESTS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/stores.h tests/unit/unit.h
tests_unit_test_store_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_store_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_store_failure
TESTS += tests/unit/test_store_failure
tests_unit_test_store_failure_SOURCES = tests/unit/test_store_failure.c tests/unit/stores.h tests/unit/unit.h
tests_unit_test_store_failure_CPPFLAGS = $(UNIT_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_failure_LDADD = qknockd/libverifier.la $(UNIT_LIBS) $(SQLITE_LIBS)

check_PROGRAMS += tests/unit/test_failing
TESTS += tests/unit/test_failing
tests_unit_test_failing_SOURCES = tests/unit/test_failing.c tests/unit/engines.h tests/unit/unit.h
tests_unit_test_failing_CPPFLAGS = $(UNIT_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_failing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc,--wrap=malloc,--wrap=strdup,--wrap=strndup \
	-Wl,--wrap=open,--wrap=openat,--wrap=mkdirat,--wrap=renameat,--wrap=write,--wrap=fchmod,--wrap=fsync \
	-Wl,--wrap=clock_boot_ns
tests_unit_test_failing_LDADD = qknockd/libverifier.la $(UNIT_LIBS) $(SQLITE_LIBS)

check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c tests/unit/unit.h
tests_unit_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_config_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_crypto
TESTS += tests/unit/test_crypto
tests_unit_test_crypto_SOURCES = tests/unit/test_crypto.c tests/unit/hex.h tests/unit/unit.h
tests_unit_test_crypto_CPPFLAGS = $(UNIT_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_crypto_LDADD = $(UNIT_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/test_crypto_failure
TESTS += tests/unit/test_crypto_failure
tests_unit_test_crypto_failure_SOURCES = tests/unit/test_crypto_failure.c tests/unit/unit.h
tests_unit_test_crypto_failure_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_crypto_failure_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=crypto_hkdf_extract,--wrap=crypto_hkdf_expand \
	-Wl,--wrap=crypto_siv_set_key,--wrap=crypto_siv_seal,--wrap=crypto_siv_open \
	-Wl,--wrap=crypto_random_below,--wrap=crypto_draw_prime
tests_unit_test_crypto_failure_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_chain
TESTS += tests/unit/test_chain
tests_unit_test_chain_SOURCES = tests/unit/test_chain.c tests/unit/unit.h
tests_unit_test_chain_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_chain_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_otp
TESTS += tests/unit/test_otp
tests_unit_test_otp_SOURCES = tests/unit/test_otp.c tests/unit/unit.h
tests_unit_test_otp_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_otp_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_sequence
TESTS += tests/unit/test_sequence
tests_unit_test_sequence_SOURCES = tests/unit/test_sequence.c tests/unit/hex.h tests/unit/unit.h
tests_unit_test_sequence_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sequence_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_profile
TESTS += tests/unit/test_profile
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c tests/unit/unit.h
tests_unit_test_profile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_profile_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_vectors
TESTS += tests/unit/test_vectors
tests_unit_test_vectors_SOURCES = tests/unit/test_vectors.c tests/unit/unit.h
tests_unit_test_vectors_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_vectors_LDADD = qknock/libvectors.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_frame
TESTS += tests/unit/test_frame
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c tests/unit/packets.h tests/unit/unit.h
tests_unit_test_frame_CPPFLAGS = $(UNIT_CPPFLAGS) $(PCAP_CFLAGS)
tests_unit_test_frame_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_session
TESTS += tests/unit/test_session
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/unit.h
tests_unit_test_session_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_session_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_control tests/unit/test_control_server
TESTS += tests/unit/test_control tests/unit/test_control_server
tests_unit_test_control_SOURCES = tests/unit/test_control.c tests/unit/unit.h
tests_unit_test_control_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_control_LDADD = $(UNIT_LIBS)
tests_unit_test_control_server_SOURCES = tests/unit/test_control_server.c tests/unit/unit.h \
	tests/unit/fake_engine.c tests/unit/fake_engine.h
tests_unit_test_control_server_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_control_server_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_hooks
TESTS += tests/unit/test_hooks
tests_unit_test_hooks_SOURCES = tests/unit/test_hooks.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_hooks_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hooks_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ns
tests_unit_test_hooks_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test_filter
TESTS += tests/unit/test_filter
tests_unit_test_filter_SOURCES = tests/unit/test_filter.c tests/unit/packets.h tests/unit/unit.h
tests_unit_test_filter_CPPFLAGS = $(UNIT_CPPFLAGS) $(PCAP_CFLAGS)
tests_unit_test_filter_LDADD = qknockd/libverifier.la $(UNIT_LIBS) $(PCAP_LIBS)

check_PROGRAMS += tests/unit/test_keyring
TESTS += tests/unit/test_keyring
tests_unit_test_keyring_SOURCES = tests/unit/test_keyring.c tests/unit/unit.h
tests_unit_test_keyring_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keyring_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sequence_maker_forget
tests_unit_test_keyring_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_expected
TESTS += tests/unit/test_expected
tests_unit_test_expected_SOURCES = tests/unit/test_expected.c tests/unit/unit.h
tests_unit_test_expected_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_expected_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_expected_program
TESTS += tests/unit/test_expected_program
tests_unit_test_expected_program_SOURCES = tests/unit/test_expected_program.c tests/unit/bpfrun.h \
	tests/unit/packets.h tests/unit/unit.h
tests_unit_test_expected_program_CPPFLAGS = $(UNIT_CPPFLAGS) $(PCAP_CFLAGS)
tests_unit_test_expected_program_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_granter
TESTS += tests/unit/test_granter
tests_unit_test_granter_SOURCES = tests/unit/test_granter.c tests/unit/granter.h tests/unit/grants.h tests/unit/unit.h
tests_unit_test_granter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_granter_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ns,--wrap=store_grant_remove
tests_unit_test_granter_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test_engine
TESTS += tests/unit/test_engine
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c tests/unit/engines.h tests/unit/unit.h
tests_unit_test_engine_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_engine_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=store_consume,--wrap=granter_add,--wrap=session_add
tests_unit_test_engine_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_knockpin tests/unit/test_knockmatch
TESTS += tests/unit/test_knockpin tests/unit/test_knockmatch
tests_unit_test_knockpin_SOURCES = tests/unit/test_knockpin.c tests/unit/unit.h
tests_unit_test_knockpin_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knockpin_LDADD = xt_knock/libknockkernel.la $(UNIT_LIBS)
tests_unit_test_knockmatch_SOURCES = tests/unit/test_knockmatch.c tests/unit/bpfrun.h tests/unit/unit.h
tests_unit_test_knockmatch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knockmatch_LDADD = xt_knock/libknockkernel.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_grantdir
TESTS += tests/unit/test_grantdir
tests_unit_test_grantdir_SOURCES = tests/unit/test_grantdir.c tests/unit/grants.h tests/unit/unit.h
tests_unit_test_grantdir_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_grantdir_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_granter_table
TESTS += tests/unit/test_granter_table
tests_unit_test_granter_table_SOURCES = tests/unit/test_granter_table.c tests/unit/bpffs.h \
	tests/unit/granter.h tests/unit/grants.h tests/unit/unit.h
tests_unit_test_granter_table_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_granter_table_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ns,--wrap=store_grant_remove \
	-Wl,--wrap=grantdir_write,--wrap=grantdir_remove,--wrap=knockmap_put_used,--wrap=knockmap_remove,--wrap=hooks_run
tests_unit_test_granter_table_LDADD = qknockd/libverifier.la $(UNIT_LIBS)


check_PROGRAMS += tests/unit/test_passcode
TESTS += tests/unit/test_passcode
tests_unit_test_passcode_SOURCES = tests/unit/test_passcode.c tests/unit/unit.h
tests_unit_test_passcode_CPPFLAGS = $(UNIT_CPPFLAGS) $(CRYPT_CFLAGS)
tests_unit_test_passcode_LDADD = qknockctl/libctl.la $(UNIT_LIBS) $(CRYPT_LIBS) -lutil
# The client's modules.
CLIENT_TESTS = \
	tests/unit/test_connector \
	tests/unit/test_keyline \
	tests/unit/test_knock_options \
	tests/unit/test_knock_send \
	tests/unit/test_peer \
	tests/unit/test_profile_store \
	tests/unit/test_relay \
	tests/unit/test_status \
	tests/unit/test_syn_form \
	tests/unit/test_target

check_PROGRAMS += $(CLIENT_TESTS)
TESTS += $(CLIENT_TESTS)
CLIENT_LIBS = qknock/libclient.la $(UNIT_LIBS)

tests_unit_test_connector_SOURCES = tests/unit/test_connector.c tests/unit/sockets.h tests/unit/unit.h
tests_unit_test_connector_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_connector_LDADD = $(CLIENT_LIBS)

tests_unit_test_keyline_SOURCES = tests/unit/test_keyline.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_keyline_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_keyline_LDADD = $(CLIENT_LIBS)

tests_unit_test_knock_options_SOURCES = tests/unit/test_knock_options.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_knock_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knock_options_LDADD = $(CLIENT_LIBS)

tests_unit_test_knock_send_SOURCES = tests/unit/test_knock_send.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_knock_send_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_knock_send_LDADD = $(CLIENT_LIBS)

tests_unit_test_peer_SOURCES = tests/unit/test_peer.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_peer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_peer_LDADD = $(CLIENT_LIBS)

tests_unit_test_profile_store_SOURCES = tests/unit/test_profile_store.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_profile_store_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_profile_store_LDADD = $(CLIENT_LIBS)

tests_unit_test_relay_SOURCES = tests/unit/test_relay.c tests/unit/sockets.h tests/unit/unit.h
tests_unit_test_relay_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_relay_LDADD = $(CLIENT_LIBS)

tests_unit_test_status_SOURCES = tests/unit/test_status.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_status_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_status_LDADD = $(CLIENT_LIBS) -lutil

tests_unit_test_target_SOURCES = tests/unit/test_target.c tests/unit/quiet.h tests/unit/unit.h
tests_unit_test_target_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_target_LDADD = $(CLIENT_LIBS)

tests_unit_test_syn_form_SOURCES = tests/unit/test_syn_form.c tests/unit/unit.h
tests_unit_test_syn_form_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_syn_form_LDADD = $(CLIENT_LIBS)

check_PROGRAMS += tests/unit/ctl_daemon
tests_unit_ctl_daemon_SOURCES = tests/unit/ctl_daemon.c tests/unit/checker.h
tests_unit_ctl_daemon_LDADD = qknockd/libverifier.la
TESTS += tests/unit/test_qknock.sh tests/unit/test_qknockctl.sh tests/unit/test_qknockd.sh
EXTRA_DIST += tests/unit/cli.sh tests/unit/test_qknock.sh tests/unit/test_qknockctl.sh tests/unit/test_qknockd.sh


check_PROGRAMS += tests/unit/test_news
TESTS += tests/unit/test_news
tests_unit_test_news_SOURCES = tests/unit/test_news.c tests/unit/unit.h
tests_unit_test_news_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_news_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_session_table
TESTS += tests/unit/test_session_table
tests_unit_test_session_table_SOURCES = tests/unit/test_session_table.c tests/unit/unit.h
tests_unit_test_session_table_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_session_table_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_handles
TESTS += tests/unit/test_handles
tests_unit_test_handles_SOURCES = tests/unit/test_handles.c tests/unit/unit.h
tests_unit_test_handles_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_handles_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_packethash
TESTS += tests/unit/test_packethash
tests_unit_test_packethash_SOURCES = tests/unit/test_packethash.c tests/unit/unit.h
tests_unit_test_packethash_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_packethash_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

# Requests for keys by SMS.
check_PROGRAMS += tests/unit/test_number tests/unit/test_throttle tests/unit/test_hasher tests/unit/test_requests \
	tests/unit/test_smstext
TESTS += tests/unit/test_number tests/unit/test_throttle tests/unit/test_hasher tests/unit/test_requests \
	tests/unit/test_smstext
tests_unit_test_number_SOURCES = tests/unit/test_number.c tests/unit/unit.h
tests_unit_test_number_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_number_LDADD = $(UNIT_LIBS)
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c tests/unit/unit.h
tests_unit_test_throttle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_throttle_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
tests_unit_test_hasher_SOURCES = tests/unit/test_hasher.c tests/unit/checker.h tests/unit/unit.h
tests_unit_test_hasher_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hasher_LDADD = qknockd/libverifier.la qknockctl/libctl.la $(UNIT_LIBS)
tests_unit_test_requests_SOURCES = tests/unit/test_requests.c tests/unit/checker.h tests/unit/unit.h
tests_unit_test_requests_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_requests_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ns,--wrap=hasher_check
tests_unit_test_requests_LDADD = qknockd/libverifier.la qknockctl/libctl.la $(UNIT_LIBS)
tests_unit_test_smstext_SOURCES = tests/unit/test_smstext.c tests/unit/unit.h
tests_unit_test_smstext_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_smstext_LDADD = qknockctl/libsms.la $(UNIT_LIBS)

# Sheets of one-time keys.
check_PROGRAMS += tests/unit/test_sheets
TESTS += tests/unit/test_sheets
tests_unit_test_sheets_SOURCES = tests/unit/test_sheets.c tests/unit/engines.h tests/unit/unit.h
tests_unit_test_sheets_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sheets_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_boot_ns,--wrap=clock_wall_s,--wrap=session_add
tests_unit_test_sheets_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

# Processes without privileges.
check_PROGRAMS += tests/unit/test_sandbox tests/unit/test_privop tests/unit/test_daemon_children tests/unit/test_feed tests/unit/test_loglimit
TESTS += tests/unit/test_sandbox tests/unit/test_privop tests/unit/test_daemon_children tests/unit/test_feed tests/unit/test_loglimit
tests_unit_test_loglimit_SOURCES = tests/unit/test_loglimit.c tests/unit/unit.h
tests_unit_test_loglimit_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_loglimit_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c tests/unit/unit.h
tests_unit_test_sandbox_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sandbox_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
tests_unit_test_daemon_children_SOURCES = tests/unit/test_daemon_children.c tests/unit/unit.h
tests_unit_test_daemon_children_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_daemon_children_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test_performer
TESTS += tests/unit/test_performer
tests_unit_test_performer_SOURCES = tests/unit/test_performer.c tests/unit/bpffs.h tests/unit/grants.h tests/unit/unit.h
tests_unit_test_performer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_performer_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
tests_unit_test_privop_SOURCES = tests/unit/test_privop.c tests/unit/unit.h
tests_unit_test_privop_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_privop_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
tests_unit_test_feed_SOURCES = tests/unit/test_feed.c tests/unit/unit.h
tests_unit_test_feed_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_feed_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_notify
TESTS += tests/unit/test_notify
tests_unit_test_notify_SOURCES = tests/unit/test_notify.c tests/unit/unit.h
tests_unit_test_notify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_notify_LDADD = qknockd/libverifier.la $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_slice
TESTS += tests/unit/test_slice
tests_unit_test_slice_SOURCES = tests/unit/test_slice.c tests/unit/unit.h
tests_unit_test_slice_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_slice_LDADD = qknockd/libverifier.la $(UNIT_LIBS)
