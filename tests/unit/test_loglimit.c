/* SPDX-License-Identifier: GPL-2.0-or-later */
/* So many lines of a kind, so many of all, and none left out in silence. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "libcore/clock.h"
#include "qknockd/loglimit.h"

#define START (UINT64_C(1000) * CLOCK_NS_PER_S)

static struct loglimit *limit;

static int setup(void **state)
{
	(void)state;
	limit = loglimit_new();
	return limit == NULL;
}

static int teardown(void **state)
{
	(void)state;
	loglimit_free(limit);
	return 0;
}

/* How many of count lines of the form "kind=number" are written. */
static unsigned written(const char *kind, unsigned count, uint64_t now)
{
	char line[64];
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%s=%u", kind, i);
		n += loglimit_take(limit, line, now);
	}
	return n;
}

static void test_one_kind(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(written("grant user", 100000, START), LOGLIMIT_KIND_BURST);
	/* Others have their own. */
	assert_int_equal(written("key issued user", 10, START), 10);
	assert_int_equal(written("grant user", 1000, START + CLOCK_NS_PER_S), LOGLIMIT_KIND_PER_S);
	/* However long it was silent. */
	assert_int_equal(written("grant user", 100000, START + 100000 * CLOCK_NS_PER_S), LOGLIMIT_KIND_BURST);
	assert_true(loglimit_report(limit, START + 100001 * CLOCK_NS_PER_S, text, sizeof(text)));
	assert_string_equal(text, "log limit left_out=196900 like=\"grant user\"");
	assert_false(loglimit_report(limit, START + 100001 * CLOCK_NS_PER_S, text, sizeof(text)));
}

static void test_all_together(void **state)
{
	char kind[32], text[128];
	unsigned n = 0, left_out = 0, told;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(kind, sizeof(kind), "kind %u", i);
		n += written(kind, 100, START);
	}
	assert_int_equal(n, LOGLIMIT_ALL_BURST);
	assert_false(loglimit_report(limit, START, text, sizeof(text)));
	while (loglimit_report(limit, START + 3 * CLOCK_NS_PER_S, text, sizeof(text))) {
		assert_int_equal(sscanf(text, "log limit left_out=%u", &told), 1);
		left_out += told;
	}
	assert_int_equal(left_out, 100000 - n);
}

static void test_odd_lines(void **state)
{
	char line[1024];

	(void)state;
	assert_true(loglimit_take(limit, "", START));
	assert_true(loglimit_take(limit, "=", START));
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_true(loglimit_take(limit, line, START));
	/* A clock that goes back gives nothing away. */
	assert_int_equal(written("a", 100000, START), LOGLIMIT_KIND_BURST);
	assert_int_equal(written("a", 10, START - CLOCK_NS_PER_S), 0);
	assert_int_equal(written("a", 10, START), LOGLIMIT_KIND_PER_S < 10 ? LOGLIMIT_KIND_PER_S : 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_kind),
	    TEST(test_all_together),
	    TEST(test_odd_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
