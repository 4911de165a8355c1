/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that checks pass-codes: right and wrong ones, those of nobody, and what happens when it is killed. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockctl/passcode.h"
#include "qknockd/hasher.h"
#include "tests/unit/checker.h"

#define HASH_SIZE 384

static char hash[HASH_SIZE];
static struct hasher *hasher;
static pid_t checker;
static struct result {
	uint64_t id;
	enum hasher_answer answer;
} results[2 * HASHER_WAITING_MAX];
static size_t result_count;
static char lines[4096];

static void take(void *arg, uint64_t id, enum hasher_answer answer)
{
	(void)arg;
	assert_true(result_count < sizeof(results) / sizeof(results[0]));
	results[result_count++] = (struct result){id, answer};
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
	size_t used = strlen(lines);

	(void)arg;
	(void)level;
	snprintf(lines + used, sizeof(lines) - used, "%s\n", line);
}

static const struct log logger = {.write = keep_line, .level = LOG_LEVEL_INFO};

static int setup(void **state)
{
	(void)state;
	result_count = 0;
	lines[0] = '\0';
	if (hash[0] == '\0')
		assert_int_equal(passcode_hash("secret-17", hash, sizeof(hash)), 0);
	assert_int_equal(hasher_new(take, NULL, &logger, &hasher), 0);
	/* Nobody to ask yet. */
	assert_int_equal(hasher_check(hasher, 1, hash, "secret-17"), QK_ERR_AGAIN);
	hasher_dispatch(hasher);
	return hasher_attach(hasher, checker_start(&checker));
}

static int teardown(void **state)
{
	int status;

	(void)state;

	hasher_free(hasher);
	/* Nobody asks any more: it ends by itself. */
	assert_int_equal(waitpid(checker, &status, 0), checker);
	assert_int_equal(status, 0);
	return 0;
}

static void dispatch_until(size_t count)
{
	struct pollfd fd = {.fd = hasher_fd(hasher), .events = POLLIN};

	while (result_count < count) {
		assert_int_equal(poll(&fd, 1, 10000), 1);
		hasher_dispatch(hasher);
	}
}

static void replace_checker(void)
{
	assert_int_equal(waitpid(checker, NULL, 0), checker);
	assert_int_equal(hasher_check(hasher, 1, hash, "secret-17"), QK_ERR_AGAIN);
	assert_int_equal(hasher_attach(hasher, checker_start(&checker)), 0);
}

static void test_right_and_wrong(void **state)
{
	static const enum hasher_answer expected[] = {HASHER_YES, HASHER_NO, HASHER_NO,
						      HASHER_NO,  HASHER_NO, HASHER_YES};

	(void)state;
	assert_int_equal(hasher_check(hasher, 0, hash, "secret-17"), 0);
	assert_int_equal(hasher_check(hasher, 1, hash, "secret-18"), 0);
	assert_int_equal(hasher_check(hasher, 2, NULL, "secret-17"), 0);
	assert_int_equal(hasher_check(hasher, 3, "", ""), 0);
	assert_int_equal(hasher_check(hasher, 4, "*0", "secret-17"), 0);
	assert_int_equal(hasher_check(hasher, 5, hash, "secret-17"), 0);
	dispatch_until(6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(results[i].id, i);
		assert_int_equal(results[i].answer, expected[i]);
	}
	assert_string_equal(lines, "");
}

/* Processor time that the child has had: others may keep the machine busy. */
static uint64_t child_ns(void)
{
	struct timespec ts;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(checker, &clock), 0);
	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (uint64_t)ts.tv_sec * CLOCK_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t time_of(const char *with)
{
	uint64_t start = child_ns();

	for (int i = 0; i < 4; i++)
		assert_int_equal(hasher_check(hasher, 1, with, "secret-18"), 0);
	dispatch_until(result_count + 4);
	return child_ns() - start;
}

static void test_nobody_costs_the_same(void **state)
{
	uint64_t somebody = time_of(hash), nobody = time_of(NULL);

	(void)state;
	assert_true(nobody > somebody / 2 && nobody < somebody * 2);
}

static void test_queue_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(kill(checker, SIGSTOP), 0);
	for (unsigned i = 0; i < HASHER_WAITING_MAX; i++)
		assert_int_equal(hasher_check(hasher, i, NULL, "x"), 0);
	assert_int_equal(hasher_check(hasher, 999, hash, "secret-17"), QK_ERR_AGAIN);
	assert_int_equal(kill(checker, SIGKILL), 0);
	dispatch_until(HASHER_WAITING_MAX);
	replace_checker();
	assert_int_equal(hasher_check(hasher, 1000, hash, "secret-17"), 0);
	dispatch_until(HASHER_WAITING_MAX + 1);
	assert_int_equal(results[HASHER_WAITING_MAX].answer, HASHER_YES);
}

static void test_killed_one_decides_nothing_and_is_replaced(void **state)
{
	int fd = hasher_fd(hasher);

	(void)state;
	assert_int_equal(kill(checker, SIGSTOP), 0);
	assert_int_equal(hasher_check(hasher, 1, hash, "secret-17"), 0);
	assert_int_equal(hasher_check(hasher, 2, hash, "secret-17"), 0);
	assert_int_equal(kill(checker, SIGKILL), 0);
	dispatch_until(2);
	assert_int_equal(results[0].answer, HASHER_UNDONE);
	assert_int_equal(results[1].answer, HASHER_UNDONE);
	assert_non_null(strstr(lines, "has died waiting=2"));
	replace_checker();
	assert_int_equal(hasher_fd(hasher), fd);
	assert_int_equal(hasher_check(hasher, 3, hash, "secret-17"), 0);
	dispatch_until(3);
	assert_int_equal(results[2].answer, HASHER_YES);
}

/* A checker that is replaced while it is at work answers nothing that was asked of it to its successor's questions. */
static void test_replaced_at_work(void **state)
{
	pid_t first = checker;

	(void)state;
	assert_int_equal(kill(first, SIGSTOP), 0);
	assert_int_equal(hasher_check(hasher, 7, hash, "secret-17"), 0);
	assert_int_equal(hasher_attach(hasher, checker_start(&checker)), 0);
	assert_int_equal(result_count, 1);
	assert_int_equal(results[0].answer, HASHER_UNDONE);
	assert_int_equal(kill(first, SIGCONT), 0);
	assert_int_equal(waitpid(first, NULL, 0), first);
	assert_int_equal(hasher_check(hasher, 7, hash, "secret-18"), 0);
	dispatch_until(2);
	assert_int_equal(results[1].answer, HASHER_NO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_right_and_wrong),	 TEST(test_nobody_costs_the_same),
	    TEST(test_queue_is_bounded), TEST(test_killed_one_decides_nothing_and_is_replaced),
	    TEST(test_replaced_at_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
