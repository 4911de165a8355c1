/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verifier's life of a key, with the real store, granter and session table: issue, knock, grant, replay. */
#include "tests/unit/engines.h"

#include "libcore/profile.h"

static void test_knock_opens_its_service_once(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	assert_int_equal(counters(b).sessions, 4);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	send_knock(b, &otp, "198.51.100.7", "ssh", 8);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), 0);
	assert_int_equal(granted(b, "198.51.100.7", "http"), QK_ERR_GRANT_NONE);
	assert_int_equal(counters(b).grants, 1);
	assert_int_equal(counters(b).known, 12);
	assert_int_equal(counters(b).sessions, 0);

	send_knock(b, &otp, "198.51.100.7", "ssh", 8);
	send_knock(b, &otp, "198.51.100.7", "http", 0);
	assert_int_equal(counters(b).known, 12);
	assert_int_equal(granted(b, "198.51.100.7", "http"), QK_ERR_GRANT_NONE);
}

static void test_every_packet_is_needed(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	assert_int_equal(issue(b, "2001:db8::7", &otp), 0);
	send_part(b, &otp, "2001:db8::7", "http", 64, 1, 11);
	send_part(b, &otp, "2001:db8::7", "http", 64, 1, 11);
	assert_int_equal(granted(b, "2001:db8::7", "http"), QK_ERR_GRANT_NONE);
	/* The missing one of another width is none of this session's. */
	send_part(b, &otp, "2001:db8::7", "http", 0, 0, 0);
	assert_int_equal(granted(b, "2001:db8::7", "http"), QK_ERR_GRANT_NONE);
	send_part(b, &otp, "2001:db8::7", "http", 64, 0, 0);
	assert_int_equal(granted(b, "2001:db8::7", "http"), 0);
}

static void test_key_is_bound_to_address_and_time(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_knock(b, &otp, "198.51.100.8", "ssh", 0);
	otp.issued_at++;
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	otp.issued_at--;
	otp.key.b[31] ^= 1;
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(counters(b).known, 0);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
}

static void test_same_request_same_reply_three_times(void **state)
{
	struct bench *b = *state;
	struct otp first, other;

	assert_int_equal(issue(b, "198.51.100.7", &first), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(issue(b, "198.51.100.7", &other), 0);
		assert_memory_equal(&first, &other, sizeof(first));
	}
	assert_int_equal(issue(b, "198.51.100.7", &other), QK_ERR_REPLY_LIMIT);
	assert_int_equal(issue(b, "198.51.100.8", &other), QK_ERR_KEY_PENDING);
	send_knock(b, &first, "198.51.100.7", "ssh", 0);
	assert_int_equal(issue(b, "198.51.100.8", &other), 0);
	assert_memory_not_equal(&first.key, &other.key, sizeof(first.key));
	assert_int_equal(counters(b).issued, 2);
}

static void test_only_addresses_that_a_client_can_have(void **state)
{
	static const char *const bad[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"};
	struct bench *b = *state;
	struct otp otp;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(issue(b, bad[i], &otp), QK_ERR_ADDRESS);
	assert_int_equal(counters(b).issued, 0);
}

static void test_given_r_is_checked_and_used(void **state)
{
	struct bench *b = *state;
	struct address client = at("198.51.100.7");
	uint64_t bad = b->alice.p, good = 65537;
	struct otp otp;

	assert_int_equal(engine_issue(b->engine, "alice", &client, &bad, &otp), QK_ERR_R);
	assert_int_equal(engine_issue(b->engine, "alice", &client, &good, &otp), 0);
	assert_int_equal(otp.r, good);
}

static void test_restart_keeps_what_is_due(void **state)
{
	struct bench *b = *state;
	struct otp otp, next;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_part(b, &otp, "198.51.100.7", "ssh", 0, 0, 5);
	stop(b);
	start(b);
	/* What had come is forgotten, the key is not. */
	send_part(b, &otp, "198.51.100.7", "ssh", 0, 6, 11);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	send_part(b, &otp, "198.51.100.7", "ssh", 0, 0, 5);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), 0);
	stop(b);
	start(b);
	assert_int_equal(counters(b).pending, 0);
	assert_int_equal(counters(b).live_grants, 1);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), 0);
	send_knock(b, &otp, "198.51.100.7", "http", 0);
	assert_int_equal(granted(b, "198.51.100.7", "http"), QK_ERR_GRANT_NONE);
	assert_int_equal(issue(b, "198.51.100.7", &next), 0);
}

static void test_reload_keeps_partial_knocks(void **state)
{
	struct bench *b = *state;
	struct config one = b->config;
	struct otp otp;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_part(b, &otp, "198.51.100.7", "ssh", 0, 0, 5);
	send_part(b, &otp, "198.51.100.7", "http", 0, 0, 10);
	one.service_count = 1;
	assert_int_equal(engine_reload(b->engine, &one), 0);
	assert_int_equal(counters(b).sessions, 2);
	send_part(b, &otp, "198.51.100.7", "http", 0, 11, 11);
	assert_int_equal(granted(b, "198.51.100.7", "http"), QK_ERR_GRANT_NONE);
	send_part(b, &otp, "198.51.100.7", "ssh", 0, 6, 11);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), 0);
}

static void test_policy_reaches_the_pending_key(void **state)
{
	struct bench *b = *state;
	struct store_user limited = b->alice;
	struct profile profile;
	struct otp otp;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	strcpy(limited.services, "http");
	limited.width_count = 1;
	assert_int_equal(engine_user_update(b->engine, &limited), 0);
	assert_int_equal(counters(b).sessions, 1);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(engine_profile(b->engine, "alice", &profile), 0);
	assert_int_equal(profile.service_count, 1);
	assert_string_equal(profile.services[0].name, "http");
	assert_int_equal(profile.width_count, 1);

	strcpy(limited.services, "gone");
	assert_int_equal(engine_user_update(b->engine, &limited), 0);
	assert_int_equal(counters(b).pending, 0);
	assert_int_equal(issue(b, "198.51.100.7", &otp), QK_ERR_POLICY);
}

static void test_disabled_user_is_shut_out(void **state)
{
	struct bench *b = *state;
	struct store_user disabled = b->alice;
	struct otp otp;

	disabled.enabled = false;
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	assert_int_equal(engine_user_update(b->engine, &disabled), 0);
	assert_int_equal(counters(b).pending, 0);
	assert_int_equal(counters(b).live_grants, 0);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(issue(b, "198.51.100.7", &otp), QK_ERR_DISABLED);
	assert_int_equal(engine_user_delete(b->engine, "alice"), 0);
	assert_int_equal(issue(b, "198.51.100.7", &otp), QK_ERR_NOT_FOUND);
}

static void test_expired_key_is_gone(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	b->config.validity_s = 0;
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	assert_int_not_equal(engine_next_event(b->engine), 0);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	engine_tick(b->engine);
	assert_int_equal(counters(b).pending, 0);
	assert_int_equal(counters(b).expired, 1);
	assert_int_equal(engine_next_event(b->engine), 0);
}

static void test_key_consumed_elsewhere_gives_no_grant(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	assert_int_equal(store_user_delete(b->store, "alice"), 0); /* its pending key goes with it */
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(granted(b, "198.51.100.7", "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(counters(b).failures, 1);
	assert_int_equal(counters(b).sessions, 0);
}

static void test_log_holds_neither_key_nor_stranger(void **state)
{
	struct bench *b = *state;
	struct address client = at("198.51.100.7");
	char reply[OTP_REPLY_SIZE], key[OTP_KEY_TEXT_SIZE];
	struct otp otp, none;

	assert_int_equal(engine_issue(b->engine, "hunter2", &client, NULL, &none), QK_ERR_NOT_FOUND);
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	otp_key_format(&otp.key, key);
	otp_reply_format(&otp, reply);
	assert_null(strstr(b->lines, key));
	assert_null(strstr(b->lines, reply));
	assert_null(strstr(b->lines, "hunter2"));
	assert_non_null(strstr(b->lines, "user=alice"));
}

/* Once the store has consumed a key, nothing more is asked of it: what it counts is what reaches it. */
static unsigned consumptions;
static size_t expected_at_grant;
static struct bench *granting;

int __real_store_consume(struct store *store, uint64_t pending_id, const struct store_grant *grant);
int __wrap_store_consume(struct store *store, uint64_t pending_id, const struct store_grant *grant);
int __real_granter_add(struct granter *granter, const struct store_grant *grant);
int __wrap_granter_add(struct granter *granter, const struct store_grant *grant);

int __wrap_store_consume(struct store *store, uint64_t pending_id, const struct store_grant *grant)
{
	consumptions++;
	return __real_store_consume(store, pending_id, grant);
}

int __wrap_granter_add(struct granter *granter, const struct store_grant *grant)
{
	if (granting != NULL)
		expected_at_grant = counters(granting).sessions;
	return __real_granter_add(granter, grant);
}

static unsigned add_failures; /* sessions that cannot be added */

int __real_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out);
int __wrap_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out);

int __wrap_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out)
{
	if (add_failures > 0) {
		add_failures--;
		return QK_ERR_NOMEM;
	}
	return __real_session_add(table, packets, count, owner, out);
}

static void test_the_port_opens_before_the_packets_are_forgotten(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	consumptions = 0;
	granting = b;
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	send_part(b, &otp, "198.51.100.7", "http", 0, 1, 11);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	granting = NULL;
	assert_int_equal(expected_at_grant, 4);
	assert_int_equal(counters(b).sessions, 0);
	/* Each packet again, and the one that the other service's knock lacked. */
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	send_part(b, &otp, "198.51.100.7", "http", 0, 0, 0);
	assert_int_equal(consumptions, 1);
	assert_int_equal(counters(b).failures, 0);
	assert_int_equal(counters(b).grants, 1);
}

/* The logins of the moment of the knock, however the user was changed since the key was issued. */
static void test_logins_reach_the_pending_key(void **state)
{
	struct bench *b = *state;
	struct store_user changed = b->alice;
	struct grant g;
	struct otp otp;
	struct address client = at("198.51.100.7");

	strcpy(changed.logins, "root");
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	strcpy(changed.logins, "backup git");
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(grant_find(b->grants_dir, "ssh", &client, 0, &g), 0);
	assert_string_equal(g.logins, "backup git");
}

/* What else the change is for cannot be had: memory. */
static void test_a_login_is_taken_though_sessions_fail(void **state)
{
	struct bench *b = *state;
	struct store_user changed = b->alice;
	struct address client = at("198.51.100.7");
	struct grant g;
	struct otp otp;

	strcpy(changed.logins, "root");
	changed.width_count = 1;
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	changed.logins[0] = '\0';
	changed.width_count = 2;
	add_failures = 1;
	assert_int_equal(engine_user_update(b->engine, &changed), QK_ERR_NOMEM);
	assert_int_equal(add_failures, 0);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(grant_find(b->grants_dir, "ssh", &client, 0, &g), 0);
	assert_string_equal(g.logins, "");
}

/* A key that was pending when the daemon was started has them too. */
static void test_logins_after_a_restart(void **state)
{
	struct bench *b = *state;
	struct store_user changed = b->alice;
	struct grant g;
	struct otp otp;
	struct address client = at("198.51.100.7");

	assert_int_equal(issue(b, "198.51.100.7", &otp), 0);
	strcpy(changed.logins, "git");
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	stop(b);
	start(b);
	send_knock(b, &otp, "198.51.100.7", "ssh", 0);
	assert_int_equal(grant_find(b->grants_dir, "ssh", &client, 0, &g), 0);
	assert_string_equal(g.logins, "git");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_knock_opens_its_service_once),
	    TEST(test_every_packet_is_needed),
	    TEST(test_key_is_bound_to_address_and_time),
	    TEST(test_same_request_same_reply_three_times),
	    TEST(test_only_addresses_that_a_client_can_have),
	    TEST(test_given_r_is_checked_and_used),
	    TEST(test_restart_keeps_what_is_due),
	    TEST(test_reload_keeps_partial_knocks),
	    TEST(test_policy_reaches_the_pending_key),
	    TEST(test_disabled_user_is_shut_out),
	    TEST(test_expired_key_is_gone),
	    TEST(test_key_consumed_elsewhere_gives_no_grant),
	    TEST(test_log_holds_neither_key_nor_stranger),
	    TEST(test_the_port_opens_before_the_packets_are_forgotten),
	    TEST(test_logins_reach_the_pending_key),
	    TEST(test_logins_after_a_restart),
	    TEST(test_a_login_is_taken_though_sessions_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
