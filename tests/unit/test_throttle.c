/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "libcore/clock.h"
#include "qknockd/throttle.h"

#define S CLOCK_NS_PER_S
#define START (100000 * S)
#define WAIT_MAX_S 3600

static struct throttle *throttle;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(throttle_new(&throttle), 0);
	throttle_set(throttle, 3, 60, WAIT_MAX_S);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	throttle_free(throttle);
	return 0;
}

static void test_bucket(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", START), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", START), THROTTLE_NO);
	assert_int_equal(throttle_take(throttle, "a", START + S), THROTTLE_AGAIN);
	assert_int_equal(throttle_take(throttle, "b", START), THROTTLE_YES);
	/* One token every 20 seconds, refusals cost none. */
	assert_int_equal(throttle_take(throttle, "a", START + 20 * S - 1), THROTTLE_AGAIN);
	assert_int_equal(throttle_take(throttle, "a", START + 20 * S), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", START + 20 * S), THROTTLE_NO);
	/* However long it was idle, the bucket holds three. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", START + 9999 * S), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", START + 9999 * S), THROTTLE_NO);
}

static void test_soon_after_boot(void **state)
{
	(void)state;
	/* The clock counts from the boot on: who never asked has a full bucket even so. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", S), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", S), THROTTLE_NO);
	assert_int_equal(throttle_take(throttle, "a", 21 * S), THROTTLE_YES);
}

static void test_given_back(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++) {
		assert_int_equal(throttle_take(throttle, "a", START), THROTTLE_YES);
		throttle_give_back(throttle, "a");
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", START), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", START), THROTTLE_NO);
	throttle_give_back(throttle, "nobody");
}

static void test_waits_double(void **state)
{
	uint64_t now = START;

	(void)state;
	throttle_set(throttle, 1000, 1, WAIT_MAX_S);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t wait = i < 12 ? UINT64_C(1) << i : WAIT_MAX_S;

		if (wait > WAIT_MAX_S)
			wait = WAIT_MAX_S;
		assert_int_equal(throttle_take(throttle, "a", now), THROTTLE_YES);
		throttle_failed(throttle, "a", now);
		assert_int_not_equal(throttle_take(throttle, "a", now + wait * S - 1), THROTTLE_YES);
		now += wait * S;
	}
	assert_int_equal(throttle_take(throttle, "b", now), THROTTLE_YES);
	throttle_succeeded(throttle, "a");
	throttle_failed(throttle, "a", now);
	assert_int_equal(throttle_take(throttle, "a", now + S), THROTTLE_YES);
	throttle_set(throttle, 1000, 1, 2);
	for (int i = 0; i < 40; i++)
		throttle_failed(throttle, "a", now);
	assert_int_not_equal(throttle_take(throttle, "a", now + 2 * S - 1), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, "a", now + 2 * S), THROTTLE_YES);
}

static void test_forgotten(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++)
		throttle_failed(throttle, "a", START);
	assert_int_equal(throttle_take(throttle, "a", START + S), THROTTLE_NO);
	throttle_forget(throttle, "a");
	throttle_forget(throttle, "nobody");
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", START + S), THROTTLE_YES);
}

static void test_bounded(void **state)
{
	char name[THROTTLE_NAME_SIZE];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(throttle_take(throttle, "idle", START), THROTTLE_YES);
		assert_int_equal(throttle_take(throttle, "busy", START), THROTTLE_YES);
	}
	for (unsigned i = 0; i < THROTTLE_NAMES_MAX - 1; i++) {
		snprintf(name, sizeof(name), "+44%u", i);
		assert_int_equal(throttle_take(throttle, name, START), THROTTLE_YES);
		assert_int_not_equal(throttle_take(throttle, "busy", START), THROTTLE_YES);
	}
	/* The one that was idle longest was forgotten, and only that. */
	snprintf(name, sizeof(name), "+440");
	assert_int_equal(throttle_take(throttle, name, START), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, name, START), THROTTLE_YES);
	assert_int_equal(throttle_take(throttle, name, START), THROTTLE_NO);
	assert_int_equal(throttle_take(throttle, "idle", START), THROTTLE_YES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_bucket),	     TEST(test_soon_after_boot), TEST(test_given_back),
	    TEST(test_waits_double), TEST(test_forgotten),	 TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
