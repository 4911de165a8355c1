/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "qknockd/handles.h"

#define MANY 300000 /* more than one step of memory */

static uint64_t things[MANY];
static uint32_t numbers[MANY];

static int setup(void **state)
{
	static struct handles h;

	memset(&h, 0, sizeof(h));
	*state = &h;
	return handles_init(&h);
}

static int teardown(void **state)
{
	handles_free(*state);
	return 0;
}

static void test_each_has_its_own(void **state)
{
	struct handles *h = *state;
	uint32_t number = 0;

	assert_null(handles_next(h, &number));
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(handles_take(h, &things[i], &numbers[i]), 0);
		assert_true(numbers[i] > 0 && numbers[i] < HANDLES_MAX);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(handles_at(h, numbers[i]), &things[i]);
	number = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t before = number;

		assert_non_null(handles_next(h, &number));
		assert_true(number > before);
	}
	assert_null(handles_next(h, &number));
}

/* Two thirds go and come again, none of the others notices, and no number is new. */
static void test_numbers_are_given_again(void **state)
{
	struct handles *h = *state;
	uint32_t number = 0, left = 0;

	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(handles_take(h, &things[i], &numbers[i]), 0);
	for (uint32_t i = 0; i < MANY; i++)
		if (i % 3 != 0)
			handles_give_back(h, numbers[i]);
	while (handles_next(h, &number) != NULL)
		left++;
	assert_int_equal(left, MANY / 3);
	for (uint32_t i = 0; i < MANY; i++)
		if (i % 3 != 0) {
			assert_int_equal(handles_take(h, &things[i], &numbers[i]), 0);
			assert_true(numbers[i] > 0 && numbers[i] <= MANY);
		}
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(handles_at(h, numbers[i]), &things[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_each_has_its_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_numbers_are_given_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
