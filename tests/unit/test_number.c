/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/number.h"

static void test_one_form(void **state)
{
	static const struct {
		const char *text, *country, *normal;
	} good[] = {
	    {"+447911123456", NULL, "+447911123456"},	     {"+44 7911 123-456", NULL, "+447911123456"},
	    {" +44 (7911) 123456\t", NULL, "+447911123456"}, {"0044/7911.123456", NULL, "+447911123456"},
	    {"07911 123456", "44", "+447911123456"},	     {"+4915112345678", "44", "+4915112345678"},
	    {"004915112345678", "44", "+4915112345678"},     {"+1234", NULL, "+1234"},
	    {"+123456789012345", NULL, "+123456789012345"},  {"00123456789012345", NULL, "+123456789012345"},
	    {"0123456789012", "999", "+999123456789012"},
	};
	char out[NUMBER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(number_normalise(good[i].text, good[i].country, out), 0);
		assert_string_equal(out, good[i].normal);
		assert_int_equal(number_check(out), 0);
	}
}

static void test_what_is_no_number(void **state)
{
	static const char *const bad[] = {
	    "",
	    "+",
	    "+123",
	    "+1234567890123456",
	    "447911123456",
	    "+0447911123456",
	    "+44791112345x",
	    "++447911",
	    "+44+7911123456",
	    "4479+11123456",
	    "VODAFONE",
	    "x;touch /tmp/PWN;y",
	    "+447911\n12345",
	    "000447911123456",
	    "0000",
	    "0017911123456789012",
	    "+44;7911",
	    "+4479111234567890123456789012345678901234567890",
	};
	char out[NUMBER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(out, 'x', sizeof(out));
		assert_int_equal(number_normalise(bad[i], "44", out), QK_ERR_NUMBER);
		assert_string_equal(out, "");
		assert_int_equal(number_check(bad[i]), QK_ERR_NUMBER);
	}
	/* National ones need a country. */
	assert_int_equal(number_normalise("07911123456", NULL, out), QK_ERR_NUMBER);
	assert_int_equal(number_normalise("07911123456", "", out), QK_ERR_NUMBER);
	assert_int_equal(number_check("+44 7911123456"), QK_ERR_NUMBER);
}

static void test_country(void **state)
{
	(void)state;
	assert_int_equal(number_check_country("1"), 0);
	assert_int_equal(number_check_country("999"), 0);
	assert_int_equal(number_check_country(""), QK_ERR_NUMBER);
	assert_int_equal(number_check_country("044"), QK_ERR_NUMBER);
	assert_int_equal(number_check_country("+44"), QK_ERR_NUMBER);
	assert_int_equal(number_check_country("4444"), QK_ERR_NUMBER);
	assert_int_equal(number_check_country("4 4"), QK_ERR_NUMBER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_form),
	    cmocka_unit_test(test_what_is_no_number),
	    cmocka_unit_test(test_country),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
