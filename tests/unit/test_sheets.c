/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sheets of one-time keys in the verifier (protocol-sheet.md): announcements, candidates, order, ends. */
#include "tests/unit/engines.h"

#include "libcore/clock.h"
#include "libcore/crypto.h"

#define HERE "198.51.100.7"
#define THERE "203.0.113.9"

static uint64_t later_s; /* how far the clocks are ahead */
static int add_failures; /* sessions that cannot be added */

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
uint64_t __real_clock_wall_s(void);
uint64_t __wrap_clock_wall_s(void);
int __real_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out);
int __wrap_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out);

uint64_t __wrap_clock_boot_ns(void)
{
	return __real_clock_boot_ns() + later_s * CLOCK_NS_PER_S;
}

uint64_t __wrap_clock_wall_s(void)
{
	return __real_clock_wall_s() + later_s;
}

int __wrap_session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		       struct session **out)
{
	if (add_failures > 0) {
		add_failures--;
		return QK_ERR_NOMEM;
	}
	return __real_session_add(table, packets, count, owner, out);
}

static int setup_sheets(void **state)
{
	int rc = setup(state);
	struct bench *b = *state;

	later_s = 0;
	add_failures = 0;
	b->config.sheet_days = 90;
	return rc;
}

static struct store_sheet print(struct bench *b, uint32_t lines)
{
	struct store_sheet sheet;

	assert_int_equal(sheets_issue(engine_sheets(b->engine), "alice", lines, &sheet), 0);
	assert_int_equal(sheet.left, lines);
	return sheet;
}

static struct otp otp_of(const struct store_sheet *sheet, uint32_t line)
{
	const struct store_sheet_line *l = &sheet->line[line - 1];

	assert_int_equal(l->line, line);
	return (struct otp){.key = l->key,
			    .issued_at = sheet->issued_at,
			    .r = l->r,
			    .line = (uint8_t)line,
			    .lines = (uint8_t)sheet->lines};
}

static void announce(struct bench *b, const struct otp *otp, const char *from)
{
	struct sequence_packet packet;
	struct sequence_input in = {.server_id = b->config.server_id,
				    .user = "alice",
				    .otp = otp,
				    .client = at(from),
				    .shape = b->config.shape};
	struct frame_knock knock;

	assert_int_equal(sequence_announce(&in, &packet), 0);
	knock = (struct frame_knock){packet.source, packet.port, packet.word, FRAME_UDP};
	engine_packets(b->engine, &knock, 1);
}

/* As the client does: announcement and knock, from the same address. */
static void use(struct bench *b, const struct store_sheet *sheet, uint32_t line, const char *from, uint16_t width)
{
	struct otp otp = otp_of(sheet, line);

	announce(b, &otp, from);
	send_knock(b, &otp, from, "ssh", width);
}

static int take_item(void *arg, const struct sheets_item *item)
{
	*(struct sheets_item *)arg = *item;
	return 0;
}

static struct sheets_item item(struct bench *b)
{
	struct sheets_item found = {0};

	assert_int_equal(sheets_each(engine_sheets(b->engine), "", 50, take_item, &found), 0);
	return found;
}

static void expect_left(struct bench *b, uint32_t left, uint32_t next)
{
	assert_int_equal(item(b).left, left);
	assert_int_equal(item(b).next, next);
}

static unsigned times(const struct bench *b, const char *text)
{
	unsigned n = 0;

	for (const char *at = b->lines; (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static void test_a_line_opens_once(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	assert_int_equal(counters(b).sheets, 1);
	assert_int_equal(counters(b).pending, 0);
	send_knock(b, &otp, HERE, "ssh", 8); /* not announced: a stranger's packets */
	assert_int_equal(counters(b).known, 0);
	announce(b, &otp, HERE);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW + 4);
	assert_int_equal(counters(b).pending, 0);
	send_knock(b, &otp, HERE, "ssh", 8);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	assert_int_equal(granted(b, HERE, "http"), QK_ERR_GRANT_NONE);
	assert_int_equal(counters(b).grants, 1);
	assert_int_equal(counters(b).known, 13);
	expect_left(b, 9, 2);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	assert_int_equal(times(b, "sheet line used user=alice line=1/10 left=9"), 1);

	use(b, &sheet, 1, HERE, 8);
	use(b, &sheet, 1, THERE, 0);
	assert_int_equal(counters(b).known, 13);
	assert_int_equal(counters(b).grants, 1);
}

static void test_all_lines_in_order_and_restarts_between(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, OTP_SHEET_MAX);
	char from[32];

	for (uint32_t line = 1; line <= OTP_SHEET_MAX; line++) {
		snprintf(from, sizeof(from), line % 2 == 0 ? "198.51.100.%u" : "2001:db8::%u", line);
		use(b, &sheet, line, from, line % 2 == 0 ? 8 : 64);
		assert_int_equal(granted(b, from, "ssh"), 0);
		expect_left(b, OTP_SHEET_MAX - line, line < OTP_SHEET_MAX ? line + 1 : 0);
		if (line % 8 == 0) {
			stop(b);
			start(b);
			expect_left(b, OTP_SHEET_MAX - line, line < OTP_SHEET_MAX ? line + 1 : 0);
		}
	}
	assert_int_equal(counters(b).sessions, 0);
	assert_int_equal(counters(b).sheets, 1);
}

static void test_lines_can_be_skipped_within_the_window(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);

	use(b, &sheet, SHEETS_WINDOW + 1, HERE, 0);
	assert_int_equal(counters(b).known, 0);
	use(b, &sheet, SHEETS_WINDOW, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	expect_left(b, 10 - SHEETS_WINDOW, SHEETS_WINDOW + 1);
	for (uint32_t line = 1; line <= SHEETS_WINDOW; line++)
		use(b, &sheet, line, THERE, 0);
	assert_int_equal(granted(b, THERE, "ssh"), QK_ERR_GRANT_NONE);
	stop(b);
	start(b);
	for (uint32_t line = 1; line <= SHEETS_WINDOW; line++)
		use(b, &sheet, line, THERE, 0);
	assert_int_equal(counters(b).known, 0);
	use(b, &sheet, SHEETS_WINDOW + 1, THERE, 0);
	assert_int_equal(granted(b, THERE, "ssh"), 0);
}

/* A candidate of a line that becomes void because a later one is used is gone with it. */
static void test_candidates_of_skipped_lines_end(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp first = otp_of(&sheet, 1), third = otp_of(&sheet, 3);

	announce(b, &first, THERE);
	announce(b, &third, THERE);
	announce(b, &third, HERE);
	send_part(b, &first, THERE, "ssh", 0, 0, 10);
	send_knock(b, &third, HERE, "ssh", 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	send_part(b, &first, THERE, "ssh", 0, 11, 11);
	send_knock(b, &third, THERE, "ssh", 0);
	assert_int_equal(granted(b, THERE, "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	expect_left(b, 7, 4);
}

static void test_the_announcement_alone_gives_nothing(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1), other;

	/* An observer announces himself and sends what he has seen from his own address, or from the client's. */
	announce(b, &otp, HERE);
	announce(b, &otp, THERE);
	send_part(b, &otp, HERE, "ssh", 0, 0, 10);
	{
		struct sequence_packet packets[KNOCK_COUNT_MAX];
		struct sequence_input in = {.server_id = b->config.server_id,
					    .user = "alice",
					    .otp = &otp,
					    .service = &b->services[0].service,
					    .client = at(HERE),
					    .shape = b->config.shape,
					    .n_mod = b->alice.p * b->alice.q};
		uint64_t known = counters(b).known;

		assert_int_equal(sequence_derive(&in, packets), 0);
		for (unsigned i = 0; i < 12; i++) {
			struct frame_knock knock = {at(THERE), packets[i].port, packets[i].word, FRAME_SYN};

			engine_packets(b->engine, &knock, 1);
		}
		assert_int_equal(counters(b).known, known);
	}
	/* The key is for an address, the sheet's line is for all: without the key there is no sealed message. */
	other = otp;
	other.key.b[0] ^= 1;
	send_knock(b, &other, THERE, "ssh", 0);
	assert_int_equal(granted(b, THERE, "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(granted(b, HERE, "ssh"), QK_ERR_GRANT_NONE);
	expect_left(b, 10, 1);
	send_part(b, &otp, HERE, "ssh", 0, 11, 11);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	assert_int_equal(granted(b, THERE, "ssh"), QK_ERR_GRANT_NONE);
}

static void test_who_was_there_first_is_not_pushed_out(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);
	char from[32];

	announce(b, &otp, HERE);
	announce(b, &otp, HERE);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW + 4);
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(from, sizeof(from), "203.0.113.%u", i);
		announce(b, &otp, from);
		announce(b, &otp, HERE);
	}
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW + 4 * SHEETS_CANDIDATES);
	assert_int_equal(times(b, "sheet line announced"), SHEETS_CANDIDATES);
	send_knock(b, &otp, "203.0.113.100", "ssh", 0);
	assert_int_equal(counters(b).grants, 0);
	send_knock(b, &otp, HERE, "ssh", 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
}

static void test_candidates_end_by_themselves(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);
	char from[32];

	for (unsigned i = 1; i <= SHEETS_CANDIDATES; i++) {
		snprintf(from, sizeof(from), "203.0.113.%u", i);
		announce(b, &otp, from);
	}
	later_s = b->config.validity_s / 2;
	announce(b, &otp, "203.0.113.1"); /* prolongs nothing */
	engine_tick(b->engine);
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(counters(b).grants, 0);
	assert_int_not_equal(engine_next_event(b->engine), 0);
	later_s = b->config.validity_s + 1;
	engine_tick(b->engine);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	assert_int_equal(counters(b).expired, 0); /* no key has */
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
}

static void test_only_addresses_that_a_client_can_have(void **state)
{
	static const char *const bad[] = {"0.0.0.0",	 "224.0.0.1", "255.255.255.255", "::", "ff02::1", "127.0.0.1",
					  "169.254.1.1", "::1",	      "fe80::1"};
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		announce(b, &otp, bad[i]);
	announce(b, &otp, "192.168.7.20");
	announce(b, &otp, "fd00::1");
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	b->config.requests.allow_private_addresses = true;
	announce(b, &otp, "192.168.7.20");
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW + 4);
}

static void test_a_sheet_ends_by_the_wall_clock(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	assert_true(sheet.expires_at == sheet.issued_at + UINT64_C(90) * 86400);
	later_s = UINT64_C(90) * 86400 - 60;
	engine_tick(b->engine);
	stop(b);
	start(b);
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(counters(b).grants, 1);
	later_s += 120;
	otp = otp_of(&sheet, 2);
	announce(b, &otp, HERE); /* before any tick */
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	engine_tick(b->engine);
	assert_int_equal(counters(b).sheets, 0);
	assert_int_equal(counters(b).sessions, 0);
	stop(b);
	later_s = 0;
	start(b);
	assert_int_equal(counters(b).sheets, 0);
	print(b, 3);
	stop(b);
	later_s = UINT64_C(91) * 86400;
	start(b);
	assert_int_equal(counters(b).sheets, 0);
	assert_int_equal(times(b, "sheet dropped user=alice reason=\"expired\""), 2);
}

static void test_a_new_sheet_voids_the_old(void **state)
{
	struct bench *b = *state;
	struct store_sheet old = print(b, 10), new = print(b, 3);
	struct otp otp = otp_of(&old, 1);

	use(b, &old, 1, HERE, 0);
	assert_int_equal(counters(b).known, 0);
	otp = otp_of(&new, 1);
	announce(b, &otp, HERE);
	new = print(b, 2);
	send_knock(b, &otp, HERE, "ssh", 0);
	assert_int_equal(counters(b).grants, 0);
	assert_int_equal(counters(b).sessions, 2);
	use(b, &new, 1, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
}

static void test_a_sheet_and_a_pending_key_are_apart(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp, line = otp_of(&sheet, 1);

	assert_int_equal(issue(b, HERE, &otp), 0);
	assert_int_equal(otp.line, 0);
	announce(b, &line, HERE);
	assert_int_equal(counters(b).pending, 1);
	send_knock(b, &line, HERE, "http", 0);
	assert_int_equal(granted(b, HERE, "http"), 0);
	assert_int_equal(counters(b).pending, 1);
	send_knock(b, &otp, HERE, "ssh", 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	expect_left(b, 9, 2);
}

static void test_revoked(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	announce(b, &otp, HERE);
	send_part(b, &otp, HERE, "ssh", 0, 0, 10);
	assert_int_equal(sheets_revoke(engine_sheets(b->engine), "bob"), QK_ERR_NOT_FOUND);
	assert_int_equal(sheets_revoke(engine_sheets(b->engine), "alice"), 0);
	assert_int_equal(sheets_revoke(engine_sheets(b->engine), "alice"), QK_ERR_NOT_FOUND);
	assert_int_equal(counters(b).sessions, 0);
	send_part(b, &otp, HERE, "ssh", 0, 11, 11);
	use(b, &sheet, 2, HERE, 0);
	assert_int_equal(counters(b).grants, 0);
	stop(b);
	start(b);
	assert_int_equal(counters(b).sheets, 0);
}

static void test_what_happens_to_the_user_happens_to_the_sheet(void **state)
{
	struct bench *b = *state;
	struct store_user changed = b->alice;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	announce(b, &otp, HERE);
	strcpy(changed.services, "http");
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(counters(b).sheets, 1);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	announce(b, &otp, HERE);
	send_knock(b, &otp, HERE, "ssh", 0);
	assert_int_equal(counters(b).grants, 0);
	strcpy(changed.services, "gone");
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	announce(b, &otp, HERE);
	announce(b, &otp, HERE); /* refused, but not at each packet */
	assert_int_equal(times(b, "sheet line refused"), 1);
	assert_int_equal(sheets_issue(engine_sheets(b->engine), "alice", 3, &sheet), QK_ERR_POLICY);
	changed.services[0] = '\0';
	assert_int_equal(chain_draw_primes(&changed.p, &changed.q), 0);
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(counters(b).sheets, 0);
	sheet = print(b, 10);
	changed.enabled = false;
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(counters(b).sheets, 0);
	assert_int_equal(sheets_issue(engine_sheets(b->engine), "alice", 3, &sheet), QK_ERR_DISABLED);
	changed.enabled = true;
	assert_int_equal(engine_user_update(b->engine, &changed), 0);
	assert_int_equal(counters(b).sheets, 0);
	sheet = print(b, 10);
	assert_int_equal(engine_user_delete(b->engine, "alice"), 0);
	assert_int_equal(counters(b).sheets, 0);
	assert_int_equal(counters(b).sessions, 0);
	assert_int_equal(sheets_issue(engine_sheets(b->engine), "alice", 3, &sheet), QK_ERR_NOT_FOUND);
}

static void test_reload(void **state)
{
	struct bench *b = *state;
	char other_id[] = "gw2";
	struct config other = b->config;
	struct store_sheet sheet = print(b, 10);
	struct otp otp = otp_of(&sheet, 1);

	announce(b, &otp, HERE);
	send_part(b, &otp, HERE, "ssh", 0, 0, 5);
	assert_int_equal(engine_reload(b->engine, &other), 0);
	send_part(b, &otp, HERE, "ssh", 0, 6, 11);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
	otp = otp_of(&sheet, 2);
	other.shape = (struct knock_shape){20000, 20099, 12};
	assert_int_equal(engine_reload(b->engine, &other), 0);
	announce(b, &otp, HERE); /* at the old ports */
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	b->config.shape = other.shape;
	use(b, &sheet, 2, THERE, 0);
	assert_int_equal(granted(b, THERE, "ssh"), 0);
	other.server_id = other_id;
	assert_int_equal(engine_reload(b->engine, &other), 0);
	use(b, &sheet, 3, HERE, 0); /* for the old name */
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	strcpy(b->server_id, "gw2");
	use(b, &sheet, 3, HERE, 0);
	assert_int_equal(counters(b).grants, 3);
}

static void test_consumed_elsewhere(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	struct store_grant grant = {.grant = {.id = 1, .user = "alice", .service = "http"}};

	grant.grant.client = at(THERE);
	assert_int_equal(store_sheet_consume(b->store, sheet.id, 2, &grant), 0);
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), QK_ERR_GRANT_NONE);
	use(b, &sheet, 2, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(counters(b).failures, 2);
	expect_left(b, 8, 3);
	use(b, &sheet, 3, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
}

static void test_no_memory_for_a_moment(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet;

	add_failures = 1;
	sheet = print(b, 10);
	assert_int_equal(counters(b).sessions, 0);
	engine_tick(b->engine);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	add_failures = 1;
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(counters(b).grants, 0);
	assert_int_equal(counters(b).sessions, SHEETS_WINDOW);
	later_s = 1;
	use(b, &sheet, 1, HERE, 0);
	assert_int_equal(granted(b, HERE, "ssh"), 0);
}

static void test_log_holds_no_key(void **state)
{
	struct bench *b = *state;
	struct store_sheet sheet = print(b, 10);
	char key[OTP_KEY_TEXT_SIZE];

	use(b, &sheet, 1, HERE, 0);
	for (uint32_t i = 0; i < 10; i++) {
		otp_key_format(&sheet.line[i].key, key);
		assert_null(strstr(b->lines, key));
		for (uint32_t k = 0; k < i; k++)
			assert_memory_not_equal(&sheet.line[i].key, &sheet.line[k].key, sizeof(sheet.line[i].key));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_sheets, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_line_opens_once),
	    TEST(test_all_lines_in_order_and_restarts_between),
	    TEST(test_lines_can_be_skipped_within_the_window),
	    TEST(test_candidates_of_skipped_lines_end),
	    TEST(test_the_announcement_alone_gives_nothing),
	    TEST(test_who_was_there_first_is_not_pushed_out),
	    TEST(test_candidates_end_by_themselves),
	    TEST(test_only_addresses_that_a_client_can_have),
	    TEST(test_a_sheet_ends_by_the_wall_clock),
	    TEST(test_a_new_sheet_voids_the_old),
	    TEST(test_a_sheet_and_a_pending_key_are_apart),
	    TEST(test_revoked),
	    TEST(test_what_happens_to_the_user_happens_to_the_sheet),
	    TEST(test_reload),
	    TEST(test_consumed_elsewhere),
	    TEST(test_no_memory_for_a_moment),
	    TEST(test_log_holds_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
