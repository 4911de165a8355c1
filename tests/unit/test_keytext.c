/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "qknock/keytext.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_A "AAECAwQFBgcICQoLDA0O"
#define KEY_B "DxAREhMUFRYXGBkaGxwdHh8"

static char explanation[KEYTEXT_EXPLANATION_SIZE];
static struct otp otp;

static enum keytext_state parse(const char *text)
{
	return keytext_parse(&otp, text, strlen(text), explanation);
}

static void expect_key(const char *text, uint64_t issued_at, uint64_t r)
{
	assert_int_equal(parse(text), KEYTEXT_COMPLETE);
	assert_string_equal(explanation, "");
	assert_true(otp.issued_at == issued_at && otp.r == r);
	for (unsigned i = 0; i < OTP_KEY_SIZE; i++)
		assert_int_equal(otp.key.b[i], i);
	assert_int_equal(otp.line, 0);
}

static void test_as_it_was_sent(void **state)
{
	(void)state;
	expect_key("1700000000 " KEY " 7", 1700000000, 7);
	expect_key("  1700000000\t" KEY "  18446744073709551615 \r\n", 1700000000, UINT64_MAX);
}

static void test_blanks_and_line_breaks_anywhere(void **state)
{
	static const char *const texts[] = {
	    "1700000000\n" KEY "\n123456789",
	    "1700000000 " KEY_A "\n" KEY_B " 123456789",
	    "1700000000 " KEY " 1234\n56789",
	    "17000\n00000 " KEY " 123456789",
	    "170000 0000\r\n" KEY_A " " KEY_B "\r\n123 456 789\r\n",
	    "1 7 0 0 0 0 0 0 0 0 " KEY " 1 2 3 4 5 6 7 8 9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_key(texts[i], 1700000000, 123456789);
}

static void test_typed_in_groups_of_four(void **state)
{
	char text[128];
	size_t len = (size_t)snprintf(text, sizeof(text), "1700 0000 00 ");

	(void)state;
	for (size_t i = 0; i < strlen(KEY); i += 4)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.4s ", &KEY[i]);
	snprintf(text + len, sizeof(text) - len, "1234 5678 9");
	expect_key(text, 1700000000, 123456789);
}

static void test_key_that_begins_with_digits(void **state)
{
	(void)state;
	/* Read from the left the time stamp might be 1, and there are 43 characters behind it, and a number. */
	assert_int_equal(parse("1 700000000 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 123456784 5"), KEYTEXT_COMPLETE);
	assert_true(otp.issued_at == 1700000000 && otp.r == 5);
}

static void test_two_readings_are_none(void **state)
{
	(void)state;
	/* The time stamp is 12 or 1234, the key begins or ends with two digits. */
	assert_int_equal(parse("12 34 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 54 7"), KEYTEXT_WRONG);
	assert_true(otp.issued_at == 0 && otp.r == 0);
	assert_non_null(strstr(explanation, "more than one way"));
}

static void test_line_of_a_sheet(void **state)
{
	(void)state;
	assert_int_equal(parse("3/10 1700000000\n" KEY_A "\n" KEY_B " 7"), KEYTEXT_COMPLETE);
	assert_int_equal(otp.line, 3);
	assert_int_equal(otp.lines, 10);
	assert_true(otp.issued_at == 1700000000 && otp.r == 7);
	assert_int_equal(parse("3/10"), KEYTEXT_PARTIAL);
	assert_int_equal(parse("11/10 1700000000 " KEY " 7"), KEYTEXT_WRONG);
	assert_non_null(strstr(explanation, "3/10"));
}

static void test_beginnings(void **state)
{
	static const char line[] = "1700000000 " KEY " 7";
	char text[sizeof(line)];

	(void)state;
	for (size_t len = 0; len < strlen(line) - 1; len++) {
		memcpy(text, line, len);
		text[len] = '\0';
		assert_int_equal(parse(text), KEYTEXT_PARTIAL);
		assert_string_not_equal(explanation, "");
	}
}

static void expect_fault(const char *text, enum keytext_state state, const char *part)
{
	assert_int_equal(parse(text), state);
	if (strstr(explanation, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\" of \"%s\"", explanation, part, text);
	assert_null(strstr(explanation, "AAECAwQF"));
	assert_true(otp.issued_at == 0 && otp.r == 0);
	for (unsigned i = 0; i < OTP_KEY_SIZE; i++)
		assert_int_equal(otp.key.b[i], 0);
}

static void test_what_is_wrong_and_where(void **state)
{
	static char much[2000];

	(void)state;
	expect_fault("", KEYTEXT_PARTIAL, "empty");
	expect_fault("hello", KEYTEXT_WRONG, "begin with the time stamp");
	expect_fault("Request OTP alice <pass-code> 203.0.113.7", KEYTEXT_WRONG, "this is the request");
	expect_fault("1700000000", KEYTEXT_PARTIAL, "are missing");
	expect_fault("17000000O0 " KEY " 7", KEYTEXT_WRONG, "digits only");
	expect_fault("1700000000 " KEY, KEYTEXT_PARTIAL, "random number at its end is missing");
	expect_fault("1700000000 " KEY " x7", KEYTEXT_WRONG, "random number at its end must be digits");
	expect_fault("1700000000 " KEY " 18446744073709551616", KEYTEXT_WRONG, "random number at its end");
	expect_fault("1700000000 " KEY_A "+" KEY_B " 7", KEYTEXT_WRONG, "character 21 of the one-time key is '+'");
	expect_fault("1700000000 *" KEY " 7", KEYTEXT_WRONG, "character 1 of the one-time key is '*'");
	expect_fault("1700000000 " KEY "\303\244 7", KEYTEXT_WRONG, "character 44 of the one-time key is none");
	expect_fault("1700000000 " KEY_A " 7", KEYTEXT_PARTIAL, "20 of its 43 characters: 23 missing");
	expect_fault("1700000000 " KEY "A 7", KEYTEXT_WRONG, "44 characters, 1 more");
	expect_fault("1700000000 " KEY_A "DxAREhMUFRYXGBkaGxwdHh9 7", KEYTEXT_WRONG, "character 43");
	memset(much, '7', sizeof(much) - 1);
	expect_fault(much, KEYTEXT_WRONG, "too long");
	memset(much, ' ', sizeof(much) - 1);
	expect_fault(much, KEYTEXT_PARTIAL, "empty");
}

static void test_nul_is_no_part_of_it(void **state)
{
	static const char text[] = "1700000000 " KEY "\0 7";

	(void)state;
	assert_int_equal(keytext_parse(&otp, text, sizeof(text) - 1, explanation), KEYTEXT_WRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_it_was_sent),
	    cmocka_unit_test(test_blanks_and_line_breaks_anywhere),
	    cmocka_unit_test(test_typed_in_groups_of_four),
	    cmocka_unit_test(test_key_that_begins_with_digits),
	    cmocka_unit_test(test_two_readings_are_none),
	    cmocka_unit_test(test_line_of_a_sheet),
	    cmocka_unit_test(test_beginnings),
	    cmocka_unit_test(test_what_is_wrong_and_where),
	    cmocka_unit_test(test_nul_is_no_part_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
