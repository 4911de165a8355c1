/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets a key by SMS, with the real store, granter, engine and the real process that checks pass-codes. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockctl/passcode.h"
#include "qknockd/hasher.h"
#include "qknockd/hooks.h"
#include "qknockd/requests.h"
#include "tests/unit/checker.h"

#define PHONE "+447911123456"
#define CODE "Secret-17"
#define GOOD "Request OTP alice " CODE " 198.51.100.7"
#define WRONG "Request OTP alice Secret-18 198.51.100.7"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
int __real_hasher_check(struct hasher *hasher, uint64_t id, const char *hash, const char *pass_code);
int __wrap_hasher_check(struct hasher *hasher, uint64_t id, const char *hash, const char *pass_code);

static uint64_t skew_s;
static unsigned checks, real_checks;
static int check_error;

uint64_t __wrap_clock_boot_ns(void)
{
	return __real_clock_boot_ns() + skew_s * CLOCK_NS_PER_S;
}

int __wrap_hasher_check(struct hasher *hasher, uint64_t id, const char *hash, const char *pass_code)
{
	checks++;
	real_checks += hash != NULL;
	return check_error != 0 ? check_error : __real_hasher_check(hasher, id, hash, pass_code);
}

struct bench {
	char dir[64];
	char server_id[16], country[4];
	char store_path[96], grants_dir[96];
	struct config config;
	struct config_service service;
	struct log log;
	char lines[16384];
	struct store *store;
	struct hooks *hooks;
	struct granter *granter;
	struct engine *engine;
	struct requests *requests;
	pid_t checker;
	struct requests_answer answers[64]; /* by token */
	unsigned done[64];
	uint64_t last_token;
};

static void keep_line(void *arg, enum log_level level, const char *line)
{
	struct bench *b = arg;
	size_t used = strlen(b->lines);

	(void)level;
	snprintf(b->lines + used, sizeof(b->lines) - used, "%s\n", line);
}

static void on_done(void *arg, const struct requests_token *token, const struct requests_answer *answer)
{
	struct bench *b = arg;

	assert_true(token->a < 64 && token->b == ~token->a);
	b->answers[token->a] = *answer;
	b->done[token->a]++;
}

static void add_user(struct bench *b, const char *id, const char *numbers, const char *pass_code)
{
	struct store_user user = {.widths = {0}, .width_count = 1, .enabled = true};

	strcpy(user.id, id);
	strcpy(user.numbers, numbers);
	assert_int_equal(chain_draw_primes(&user.p, &user.q), 0);
	if (pass_code != NULL)
		assert_int_equal(passcode_hash(pass_code, user.pass_hash, sizeof(user.pass_hash)), 0);
	assert_int_equal(engine_user_add(b->engine, &user), 0);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	skew_s = checks = real_checks = 0;
	check_error = 0;
	strcpy(b->dir, "/tmp/qknock-requests-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->store_path, sizeof(b->store_path), "%s/store.db", b->dir);
	snprintf(b->grants_dir, sizeof(b->grants_dir), "%s/grants", b->dir);
	strcpy(b->server_id, "gw.example");
	strcpy(b->country, "44");
	b->log = (struct log){.write = keep_line, .arg = b, .level = LOG_LEVEL_DEBUG};
	b->service = (struct config_service){.service = {"ssh", SERVICE_TCP, 22}, .grant_s = 30};
	b->config = (struct config){.server_id = b->server_id,
				    .shape = KNOCK_SHAPE_DEFAULT,
				    .widths = {0, 8, 64},
				    .width_count = 3,
				    .validity_s = 120,
				    .hook_timeout_s = 10,
				    .services = &b->service,
				    .service_count = 1,
				    .grants_dir = b->grants_dir,
				    .requests = {.country = b->country,
						 .per_number_hour = 12,
						 .per_user_hour = 12,
						 .back_off_max_s = 3600,
						 .per_minute = 20,
						 .lock_after = 3,
						 .allow_private_addresses = true}};
	assert_int_equal(store_open(b->store_path, &b->log, &b->store), 0);
	assert_int_equal(hooks_new(&b->log, &b->hooks), 0);
	assert_int_equal(granter_new(b->store, b->hooks, &b->log, &b->granter), 0);
	assert_int_equal(granter_start(b->granter, &b->config), 0);
	assert_int_equal(engine_new(&b->config, b->store, b->granter, &b->log, &b->engine), 0);
	assert_int_equal(requests_new(b->engine, &b->config, on_done, b, &b->log, &b->requests), 0);
	assert_int_equal(requests_attach(b->requests, checker_start(&b->checker)), 0);
	add_user(b, "alice", PHONE " +4915112345678", CODE);
	add_user(b, "bob", "+15550100", "Bobs-code");
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char command[128];

	/* Whatever happened: nothing of it is to be read. */
	assert_null(strstr(b->lines, CODE));
	assert_null(strstr(b->lines, "Secret"));
	assert_null(strstr(b->lines, "mallory"));
	assert_null(strstr(b->lines, "7911123456"));
	requests_free(b->requests);
	assert_int_equal(waitpid(b->checker, NULL, 0), b->checker);
	engine_free(b->engine);
	granter_free(b->granter);
	hooks_free(b->hooks);
	store_close(b->store);
	snprintf(command, sizeof(command), "rm -rf %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

/* Hands a request in; its answer comes at answers[what this returns]. */
static uint64_t submit(struct bench *b, const char *sender, const char *text)
{
	struct requests_token token = {.a = b->last_token % 64, .b = ~(b->last_token % 64)};

	b->last_token++;
	b->done[token.a] = 0;
	requests_submit(b->requests, sender, text, strlen(text), &token);
	return token.a;
}

static const struct requests_answer *wait_for(struct bench *b, uint64_t token)
{
	struct pollfd fd = {.fd = requests_fd(b->requests), .events = POLLIN};

	while (b->done[token] == 0) {
		assert_int_equal(poll(&fd, 1, 10000), 1);
		requests_dispatch(b->requests);
	}
	assert_int_equal(b->done[token], 1);
	return &b->answers[token];
}

static const struct requests_answer *ask(struct bench *b, const char *sender, const char *text)
{
	return wait_for(b, submit(b, sender, text));
}

static void expect_key(struct bench *b, const char *sender, const char *text, const char *number, struct otp *otp)
{
	const struct requests_answer *a = ask(b, sender, text);

	assert_int_equal(a->error, 0);
	assert_string_equal(a->number, number);
	assert_int_equal(otp_reply_parse(otp, a->text, strlen(a->text)), 0);
}

static void expect_silence(struct bench *b, const char *sender, const char *text)
{
	const struct requests_answer *a = ask(b, sender, text);

	assert_int_equal(a->error, 0);
	assert_string_equal(a->number, "");
	assert_string_equal(a->text, "");
}

static void expect_reason(struct bench *b, const char *text, const char *reason)
{
	const struct requests_answer *a = ask(b, PHONE, text);

	assert_int_equal(a->error, 0);
	assert_string_equal(a->number, PHONE);
	assert_non_null(strstr(a->text, reason));
	assert_true(strlen(a->text) <= 160);
}

static unsigned logged(const struct bench *b, const char *what)
{
	unsigned count = 0;

	for (const char *p = b->lines; (p = strstr(p, what)) != NULL; p++)
		count++;
	return count;
}

static uint32_t failures(struct bench *b, const char *id)
{
	struct store_user user;

	assert_int_equal(engine_user_get(b->engine, id, &user), 0);
	return user.failures;
}

/* --- the rules of protocol.md section 2 --- */

static void test_registered_number_gets_a_key(void **state)
{
	struct bench *b = *state;
	struct requests_counters c;
	struct otp otp;

	expect_key(b, PHONE, GOOD, PHONE, &otp);
	requests_counters(b->requests, &c);
	assert_int_equal(c.taken, 1);
	assert_int_equal(c.answered, 1);
	assert_int_equal(c.refused, 0);
}

static void test_forms_of_requests(void **state)
{
	static const char *const texts[] = {
	    "  request   otp\talice " CODE "   198.51.100.7  ",
	    "REQUEST OTP alice " CODE " 198.51.100.7\r\n",
	};
	struct bench *b = *state;
	struct otp first, again;

	expect_key(b, "07911 123456", GOOD, PHONE, &first);
	for (size_t i = 0; i < 2; i++) {
		expect_key(b, "0044 7911-123456", texts[i], PHONE, &again);
		assert_memory_equal(&first, &again, sizeof(first));
	}
	expect_key(b, "+1 555 0100", "Request OTP bob Bobs-code 2001:db8::7", "+15550100", &again);
}

static void test_each_of_several_numbers(void **state)
{
	struct bench *b = *state;
	struct otp first, again;

	expect_key(b, PHONE, GOOD, PHONE, &first);
	expect_key(b, "+49 151 12345678", GOOD, "+4915112345678", &again);
	assert_memory_equal(&first, &again, sizeof(first));
}

static void test_strangers_get_nothing(void **state)
{
	struct bench *b = *state;

	expect_silence(b, "+447911123457", GOOD);
	expect_silence(b, "+44791112345", GOOD);
	expect_silence(b, "+15550100", GOOD); /* bob's number, alice's code */
	expect_silence(b, "VODAFONE", GOOD);
	expect_silence(b, "x;touch /tmp/PWN;y", GOOD);
	expect_silence(b, "", GOOD);
	expect_silence(b, "+447911123458", "Request OTP mallory " CODE " 198.51.100.7");
	assert_int_equal(failures(b, "alice"), 0);
	assert_int_equal(logged(b, "request refused"), 7);
	assert_int_equal(logged(b, "key issued"), 0);
}

static void test_everybody_costs_the_same_check(void **state)
{
	struct bench *b = *state;

	expect_silence(b, PHONE, WRONG);
	assert_int_equal(checks, 1);
	assert_int_equal(real_checks, 1);
	expect_silence(b, "+447911123458", "Request OTP mallory " CODE " 198.51.100.7");
	expect_silence(b, "+447911123459", GOOD);
	assert_int_equal(checks, 3);
	assert_int_equal(real_checks, 1);
}

static void test_what_is_no_request(void **state)
{
	char big[10240];
	struct bench *b = *state;

	expect_silence(b, "+447900000001", "hello");
	expect_silence(b, "+447900000002", "");
	expect_silence(b, "+447900000003", "Request OTP alice " CODE " 198.51.100.7 198.51.100.8");
	expect_silence(b, "+447900000004", "Request OTP alice; " CODE " 198.51.100.7");
	expect_silence(b, "+447900000005", "Request OTP alice " CODE);
	/* A good one with too many blanks behind it. */
	memset(big, ' ', sizeof(big));
	memcpy(big, GOOD, strlen(GOOD));
	big[REQUESTS_TEXT_MAX + 1] = '\0';
	expect_silence(b, "+447900000006", big);
	assert_int_equal(checks, 0);
	assert_int_equal(logged(b, "not a request"), 6);
}

static void test_same_request_three_times(void **state)
{
	struct bench *b = *state;
	struct otp first, again;

	expect_key(b, PHONE, GOOD, PHONE, &first);
	expect_reason(b, "Request OTP alice " CODE " 198.51.100.8", "for another address is pending");
	for (int i = 0; i < 2; i++) {
		expect_key(b, PHONE, GOOD, PHONE, &again);
		assert_memory_equal(&first, &again, sizeof(first));
	}
	expect_reason(b, GOOD, "as often as allowed");
	skew_s += 121;
	expect_key(b, PHONE, "Request OTP alice " CODE " 198.51.100.8", PHONE, &again);
	assert_memory_not_equal(&first.key, &again.key, sizeof(first.key));
}

static void test_two_at_once_are_one_key(void **state)
{
	struct bench *b = *state;
	uint64_t one = submit(b, PHONE, GOOD), two = submit(b, "+4915112345678", GOOD);
	char text[REQUESTS_REPLY_SIZE];

	strcpy(text, wait_for(b, one)->text);
	assert_string_equal(wait_for(b, two)->text, text);
	assert_int_equal(strlen(text) > 50, 1);
	assert_int_equal(logged(b, "key issued"), 1);
}

static void test_addresses_that_make_no_sense(void **state)
{
	static const char *const bad[] = {
	    "127.0.0.1",     "127.255.0.1",  "169.254.1.1",	"::1",
	    "fe80::1",	     "224.0.0.1",    "255.255.255.255", "0.0.0.0",
	    "ff02::1",	     "::",	     "gw.example.net",	"203.0.113",
	    "203.0.113.256", "fe80::1%eth0", "2001:db8::7::1",	"203.0.113.7/32",
	};
	static const char *const private[] = {
	    "10.0.0.1", "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fc00::1",
	};
	static const char *const public[] = {"172.32.0.1", "100.128.0.1", "192.169.0.1"};
	struct bench *b = *state;
	char text[128];
	struct otp otp;

	b->config.requests.per_number_hour = b->config.requests.per_user_hour = 3600;
	b->config.requests.per_minute = 600;
	requests_reload(b->requests, &b->config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "Request OTP alice " CODE " %s", bad[i]);
		expect_reason(b, text, "no address that a client can have");
	}
	b->config.requests.allow_private_addresses = false;
	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		snprintf(text, sizeof(text), "Request OTP alice " CODE " %s", private[i]);
		expect_reason(b, text, "no address that a client can have");
	}
	assert_int_equal(logged(b, "key issued"), 0);
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
		snprintf(text, sizeof(text), "Request OTP alice " CODE " %s", public[i]);
		expect_key(b, PHONE, text, PHONE, &otp);
		skew_s += 121;
	}
	b->config.requests.allow_private_addresses = true;
	expect_key(b, PHONE, "Request OTP alice " CODE " 10.0.0.1", PHONE, &otp);
	/* To no one else. */
	expect_silence(b, "+447911123457", "Request OTP alice " CODE " 127.0.0.1");
	expect_silence(b, "+447911123459", "Request OTP alice " CODE " gw.example.net");
	expect_silence(b, PHONE, "Request OTP alice Secret-18 gw.example.net");
}

static void test_who_may_have_none(void **state)
{
	struct bench *b = *state;
	struct store_user user;

	add_user(b, "carol", "+4477", NULL);
	expect_silence(b, "+4477", "Request OTP carol x 198.51.100.7");
	assert_int_equal(logged(b, "user=carol reason=\"no pass-code\""), 1);
	assert_int_equal(engine_user_get(b->engine, "alice", &user), 0);
	user.enabled = false;
	assert_int_equal(engine_user_update(b->engine, &user), 0);
	expect_silence(b, PHONE, GOOD);
	assert_int_equal(logged(b, "user=alice reason=\"disabled\""), 1);
}

/* --- wrong pass-codes --- */

static void test_wrong_pass_codes_lock(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	for (uint32_t i = 1; i <= 3; i++) {
		expect_silence(b, PHONE, WRONG);
		assert_int_equal(failures(b, "alice"), i);
		skew_s += 3601;
	}
	assert_int_equal(logged(b, "reason=\"wrong pass-code\""), 3);
	assert_int_equal(logged(b, "user locked user=alice failures=3"), 1);
	expect_silence(b, PHONE, GOOD);
	expect_silence(b, "+4915112345678", GOOD);
	assert_int_equal(logged(b, "reason=\"locked after wrong pass-codes\""), 2);
	assert_int_equal(failures(b, "alice"), 3);
	/* At once, whatever back-off there was. */
	assert_int_equal(requests_unlock(b->requests, "alice"), 0);
	assert_int_equal(failures(b, "alice"), 0);
	expect_key(b, PHONE, GOOD, PHONE, &otp);
	assert_int_equal(requests_unlock(b->requests, "mallory"), QK_ERR_NOT_FOUND);
}

static void test_good_pass_code_forgets_wrong_ones(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	for (int i = 0; i < 2; i++) {
		expect_silence(b, PHONE, WRONG);
		skew_s += 3601;
	}
	expect_key(b, PHONE, GOOD, PHONE, &otp);
	assert_int_equal(failures(b, "alice"), 0);
}

static void test_queue_is_no_way_round_the_lock(void **state)
{
	struct bench *b = *state;
	uint64_t token[5];

	/* All in the queue before the first is judged; the good one is the last. */
	for (int i = 0; i < 4; i++)
		token[i] = submit(b, i % 2 == 0 ? PHONE : "+4915112345678", WRONG);
	token[4] = submit(b, PHONE, GOOD);
	for (int i = 0; i < 5; i++)
		assert_string_equal(wait_for(b, token[i])->text, "");
	assert_int_equal(failures(b, "alice"), 3);
	assert_int_equal(logged(b, "user locked"), 1);
	assert_int_equal(logged(b, "key issued"), 0);
}

static void test_back_off(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	expect_silence(b, PHONE, WRONG);
	assert_int_equal(checks, 1);
	expect_silence(b, PHONE, GOOD);
	assert_int_equal(checks, 1); /* not even looked at */
	skew_s += 2;
	expect_key(b, PHONE, GOOD, PHONE, &otp);
}

/* --- limits --- */

static void test_limit_of_a_number(void **state)
{
	struct bench *b = *state;

	b->config.requests.per_number_hour = 2;
	requests_reload(b->requests, &b->config);
	for (int i = 0; i < 2; i++) {
		expect_silence(b, "+447900000001", GOOD);
		skew_s += 2; /* the back-off */
	}
	assert_int_equal(checks, 2);
	for (int i = 0; i < 5; i++)
		expect_silence(b, "+447900000001", GOOD);
	assert_int_equal(checks, 2);
	assert_int_equal(logged(b, "limit=number"), 1);
	skew_s += 1801;
	expect_silence(b, "+447900000001", GOOD);
	assert_int_equal(checks, 3);
}

static void test_limit_of_a_user(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	b->config.requests.per_user_hour = 2;
	requests_reload(b->requests, &b->config);
	expect_key(b, PHONE, GOOD, PHONE, &otp);
	expect_key(b, "+4915112345678", GOOD, "+4915112345678", &otp);
	expect_silence(b, PHONE, GOOD);
	assert_int_equal(logged(b, "limit=user"), 1);
	assert_int_equal(real_checks, 2);
	assert_int_equal(failures(b, "alice"), 0);
	expect_key(b, "+15550100", "Request OTP bob Bobs-code 198.51.100.7", "+15550100", &otp);
}

static void test_strangers_use_up_their_own_limit(void **state)
{
	struct bench *b = *state;
	char number[NUMBER_SIZE];
	struct otp otp;

	b->config.requests.per_minute = 5;
	requests_reload(b->requests, &b->config);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(number, sizeof(number), "+4479000%05u", i);
		expect_silence(b, number, i % 2 == 0 ? GOOD : "hello");
	}
	assert_true(checks <= 5);
	assert_int_equal(logged(b, "request refused"), 5);
	assert_int_equal(logged(b, "limit=strangers"), 1);
	expect_key(b, PHONE, GOOD, PHONE, &otp);
}

static void test_put_off_is_not_counted(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	b->config.requests.per_number_hour = 1;
	requests_reload(b->requests, &b->config);
	check_error = QK_ERR_AGAIN;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(b, PHONE, GOOD)->error, QK_ERR_AGAIN);
	check_error = 0;
	expect_key(b, PHONE, GOOD, PHONE, &otp);
	expect_silence(b, PHONE, GOOD);
}

static void test_limit_of_all_registered(void **state)
{
	struct bench *b = *state;
	struct otp otp;

	b->config.requests.per_minute = 1;
	requests_reload(b->requests, &b->config);
	expect_key(b, PHONE, GOOD, PHONE, &otp);
	assert_int_equal(ask(b, "+15550100", "Request OTP bob Bobs-code 198.51.100.7")->error, QK_ERR_AGAIN);
	skew_s += 61;
	expect_key(b, "+15550100", "Request OTP bob Bobs-code 198.51.100.7", "+15550100", &otp);
}

/* --- when things fail --- */

static void test_killed_check_decides_nothing(void **state)
{
	static const char *const texts[] = {GOOD, WRONG, "Request OTP mallory " CODE " 198.51.100.7"};
	struct bench *b = *state;
	struct otp otp;

	b->config.requests.per_number_hour = 1;
	requests_reload(b->requests, &b->config);
	for (size_t i = 0; i < 3; i++) {
		const struct requests_answer *a;
		uint64_t token;

		assert_int_equal(kill(b->checker, SIGSTOP), 0);
		token = submit(b, PHONE, texts[i]);
		assert_int_equal(kill(b->checker, SIGKILL), 0);
		a = wait_for(b, token);
		assert_int_equal(a->error, QK_ERR_AGAIN);
		assert_string_equal(a->text, "");
		assert_int_equal(waitpid(b->checker, NULL, 0), b->checker);
		assert_int_equal(requests_attach(b->requests, checker_start(&b->checker)), 0);
	}
	assert_int_equal(failures(b, "alice"), 0);
	assert_int_equal(logged(b, "request refused"), 0);
	assert_int_equal(logged(b, "key issued"), 0);
	/* At once, and with the one request that the number has: neither limit nor back-off has counted any of it. */
	expect_key(b, PHONE, GOOD, PHONE, &otp);
}

static void test_user_deleted_meanwhile(void **state)
{
	struct bench *b = *state;
	uint64_t token = submit(b, PHONE, GOOD);

	assert_int_equal(engine_user_delete(b->engine, "alice"), 0);
	assert_string_equal(wait_for(b, token)->text, "");
	assert_int_equal(logged(b, "key issued"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_registered_number_gets_a_key),
	    TEST(test_forms_of_requests),
	    TEST(test_each_of_several_numbers),
	    TEST(test_strangers_get_nothing),
	    TEST(test_everybody_costs_the_same_check),
	    TEST(test_what_is_no_request),
	    TEST(test_same_request_three_times),
	    TEST(test_two_at_once_are_one_key),
	    TEST(test_addresses_that_make_no_sense),
	    TEST(test_who_may_have_none),
	    TEST(test_wrong_pass_codes_lock),
	    TEST(test_good_pass_code_forgets_wrong_ones),
	    TEST(test_queue_is_no_way_round_the_lock),
	    TEST(test_back_off),
	    TEST(test_limit_of_a_number),
	    TEST(test_limit_of_a_user),
	    TEST(test_strangers_use_up_their_own_limit),
	    TEST(test_put_off_is_not_counted),
	    TEST(test_limit_of_all_registered),
	    TEST(test_killed_check_decides_nothing),
	    TEST(test_user_deleted_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
