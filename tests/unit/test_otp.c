/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <string.h>

#include "libcore/crypto.h"
#include "libcore/decimal.h"
#include "libcore/error.h"
#include "libcore/otp.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* bytes 0 to 31 */

static void test_decimal_numbers(void **state)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "01",
					  "00",
					  "0x1",
					  "1e3",
					  "18446744073709551616",
					  "184467440737095516150",
					  "\xd9\xa1"};
	uint64_t value;

	(void)state;
	assert_true(decimal_parse("0", 1, UINT64_MAX, &value) && value == 0);
	assert_true(decimal_parse("1289", 3, UINT64_MAX, &value) && value == 128);
	assert_true(decimal_parse("18446744073709551615", 20, UINT64_MAX, &value) && value == UINT64_MAX);
	assert_true(decimal_parse("32", 2, 32, &value));
	assert_false(decimal_parse("33", 2, 32, &value));
	assert_false(decimal_parse("1\0", 2, UINT64_MAX, &value));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = 7;
		assert_false(decimal_parse(bad[i], strlen(bad[i]), UINT64_MAX, &value));
		assert_int_equal(value, 0);
	}
}

static void test_keys_round_trip(void **state)
{
	struct otp_key key, again;
	char text[OTP_KEY_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(otp_key_draw(&key), 0);
		otp_key_format(&key, text);
		assert_int_equal(strlen(text), 43);
		assert_int_equal(otp_key_parse(&again, text, 43), 0);
		assert_memory_equal(&key, &again, sizeof(key));
	}
}

static void test_known_keys(void **state)
{
	struct otp_key key;
	char text[OTP_KEY_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = (uint8_t)i;
	otp_key_format(&key, text);
	assert_string_equal(text, KEY);
	memset(&key, 0xff, sizeof(key));
	otp_key_format(&key, text);
	assert_string_equal(text, "__________________________________________8");
	memset(&key, 0xfb, sizeof(key));
	otp_key_format(&key, text);
	assert_string_equal(text, "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
}

static void expect_no_key(const char *text, size_t len)
{
	static const struct otp_key zero;
	struct otp_key key;

	memset(&key, 0xaa, sizeof(key));
	assert_int_equal(otp_key_parse(&key, text, len), QK_ERR_KEY);
	assert_memory_equal(&key, &zero, sizeof(key));
}

static void test_a_key_has_one_text(void **state)
{
	static const char last[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char text[] = KEY "=";
	struct otp_key key;
	unsigned accepted = 0;

	(void)state;
	expect_no_key(text, 44);
	expect_no_key(KEY "A", 44);
	expect_no_key(text, 42);
	expect_no_key(text, 0);
	for (size_t i = 0; i < 64; i++) { /* of the last character two bits must be zero */
		text[42] = last[i];
		accepted += otp_key_parse(&key, text, 43) == 0;
	}
	assert_int_equal(accepted, 16);
	for (int c = 0; c < 256; c++) {
		text[5] = (char)c;
		text[42] = '8';
		if (c == 0 || strchr(last, c) == NULL)
			expect_no_key(text, 43);
		else
			assert_int_equal(otp_key_parse(&key, text, 43), 0);
	}
}

static void test_reply_round_trip(void **state)
{
	struct otp otp = {.issued_at = UINT64_MAX, .r = UINT64_MAX};
	struct otp again;
	char line[OTP_REPLY_SIZE];

	(void)state;
	memset(&otp.key, 0x5a, sizeof(otp.key));
	otp_reply_format(&otp, line);
	assert_in_range(strlen(line), 1, 160);
	assert_int_equal(otp_reply_parse(&again, line, strlen(line)), 0);
	assert_memory_equal(&again.key, &otp.key, sizeof(otp.key));
	assert_true(again.issued_at == UINT64_MAX && again.r == UINT64_MAX);
}

static void test_reply_format(void **state)
{
	struct otp otp = {.issued_at = 1763895000, .r = 7};
	char line[OTP_REPLY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(otp.key.b); i++)
		otp.key.b[i] = (uint8_t)i;
	otp_reply_format(&otp, line);
	assert_string_equal(line, "1763895000 " KEY " 7");
}

static void test_reply_blanks(void **state)
{
	static const char *const good[] = {"1763895000 " KEY " 7", "1763895000   " KEY "\t\t7",
					   " \t1763895000 " KEY " 7  ", "1763895000 " KEY " 7\n",
					   "1763895000 " KEY " 7 \r\n"};
	struct otp otp;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(otp_reply_parse(&otp, good[i], strlen(good[i])), 0);
		assert_int_equal(otp.issued_at, 1763895000);
		assert_int_equal(otp.r, 7);
		assert_int_equal(otp.key.b[31], 31);
	}
}

static void expect_reply_error(const char *line, size_t len, int error)
{
	static const struct otp zero;
	struct otp otp;

	memset(&otp, 0xaa, sizeof(otp));
	assert_int_equal(otp_reply_parse(&otp, line, len), error);
	assert_memory_equal(&otp, &zero, sizeof(otp));
}

static void test_bad_replies(void **state)
{
	static const struct {
		const char *line;
		int error;
	} bad[] = {
	    {"", QK_ERR_REPLY},
	    {"   \n", QK_ERR_REPLY},
	    {"1763895000 " KEY, QK_ERR_REPLY},
	    {"1763895000 " KEY " 7 8", QK_ERR_REPLY},
	    {"1763895000 " KEY " 7\n\n", QK_ERR_R},
	    {"\n1763895000 " KEY " 7", QK_ERR_TIMESTAMP},
	    {"+1763895000 " KEY " 7", QK_ERR_TIMESTAMP},
	    {"-1 " KEY " 7", QK_ERR_TIMESTAMP},
	    {"0x10 " KEY " 7", QK_ERR_TIMESTAMP},
	    {"18446744073709551616 " KEY " 7", QK_ERR_TIMESTAMP},
	    {"1763895000 " KEY "= 7", QK_ERR_KEY},
	    {"1763895000 short 7", QK_ERR_KEY},
	    {"1763895000 " KEY " -7", QK_ERR_R},
	    {"1763895000 " KEY " +7", QK_ERR_R},
	    {"1763895000 " KEY " 7.0", QK_ERR_R},
	    {"1763895000 " KEY " 18446744073709551616", QK_ERR_R},
	};
	static const char nul_after[] = "1763895000 " KEY " 7\0";
	static const char nul_between[] = "1763895000\0" KEY " 7";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_reply_error(bad[i].line, strlen(bad[i].line), bad[i].error);
	expect_reply_error(nul_after, sizeof(nul_after) - 1, QK_ERR_R);
	expect_reply_error(nul_between, sizeof(nul_between) - 1, QK_ERR_REPLY);
}

static void test_sheet_lines(void **state)
{
	static const struct {
		const char *line;
		int error;
	} bad[] = {
	    {"3/10 1763895000 " KEY, QK_ERR_TIMESTAMP}, /* three fields: a reply */
	    {"0/10 1763895000 " KEY " 7", QK_ERR_LINE},	   {"11/10 1763895000 " KEY " 7", QK_ERR_LINE},
	    {"1/41 1763895000 " KEY " 7", QK_ERR_LINE},	   {"03/10 1763895000 " KEY " 7", QK_ERR_LINE},
	    {"3/ 1763895000 " KEY " 7", QK_ERR_LINE},	   {"/10 1763895000 " KEY " 7", QK_ERR_LINE},
	    {"3/10/10 1763895000 " KEY " 7", QK_ERR_LINE}, {"-3/10 1763895000 " KEY " 7", QK_ERR_LINE},
	    {"3 / 10 1763895000 " KEY " 7", QK_ERR_REPLY}, {"3/10 x " KEY " 7", QK_ERR_TIMESTAMP},
	    {"3/10 1763895000 short 7", QK_ERR_KEY},	   {"3/10 1763895000 " KEY " -7", QK_ERR_R},
	    {"3/10 1763895000 " KEY " 7 8", QK_ERR_REPLY},
	};
	static const char line[] = "40/40 1763895000 " KEY " 7";
	char text[OTP_REPLY_SIZE];
	struct otp otp;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_reply_error(bad[i].line, strlen(bad[i].line), bad[i].error);
	assert_int_equal(otp_reply_parse(&otp, line, strlen(line)), 0);
	assert_int_equal(otp.line, 40);
	assert_int_equal(otp.lines, 40);
	assert_int_equal(otp.issued_at, 1763895000);
	otp_reply_format(&otp, text);
	assert_string_equal(text, line);
	assert_int_equal(otp_reply_parse(&otp, line + strlen("40/40 "), strlen(line + strlen("40/40 "))), 0);
	assert_int_equal(otp.line, 0);
	assert_int_equal(otp.lines, 0);
}

static void test_replies_beyond_160_characters(void **state)
{
	char line[200];
	struct otp otp;

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line + 160 - strlen("1 " KEY " 7"), "1 " KEY " 7", strlen("1 " KEY " 7"));
	line[160] = '\n';
	assert_int_equal(otp_reply_parse(&otp, line, 161), 0);
	assert_int_equal(otp_reply_parse(&otp, line, 160), 0);
	memset(line, ' ', sizeof(line));
	memcpy(line + 161 - strlen("1 " KEY " 7"), "1 " KEY " 7", strlen("1 " KEY " 7"));
	expect_reply_error(line, 161, QK_ERR_REPLY);
	memset(line, '1', 161);
	expect_reply_error(line, 161, QK_ERR_REPLY);
}

static struct otp_request request_of(const char *text)
{
	struct otp_request request;

	assert_int_equal(otp_request_parse(&request, text, strlen(text)), 0);
	return request;
}

static void test_request_grammar(void **state)
{
	static const char *const good[] = {
	    "Request OTP alice s3cret! 203.0.113.7",	    "request otp alice s3cret! 203.0.113.7",
	    "REQUEST oTp alice s3cret! 203.0.113.7\n",	    "Request  OTP\talice   s3cret! \t 203.0.113.7",
	    "  Request OTP alice s3cret! 203.0.113.7 \r\n", "Request OTP alice s3cret! ::ffff:203.0.113.7",
	};
	struct address source;

	(void)state;
	assert_int_equal(address_parse(&source, "203.0.113.7"), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct otp_request request = request_of(good[i]);

		assert_string_equal(request.user, "alice");
		assert_string_equal(request.pass_code, "s3cret!");
		assert_true(address_equal(&request.source, &source));
	}
}

static void test_longest_request_round_trips(void **state)
{
	struct otp_request request = {0};
	struct otp_request again;
	char text[OTP_REQUEST_SIZE];

	(void)state;
	memset(request.user, 'u', USER_ID_MAX);
	memset(request.pass_code, '~', OTP_PASS_CODE_MAX);
	assert_int_equal(address_parse(&request.source, "1111:2222:3333:4444:5555:6666:7777:8888"), 0);
	assert_int_equal(otp_request_format(&request, text), 0);
	assert_int_equal(strlen(text), 12 + 32 + 1 + 64 + 1 + 39);
	again = request_of(text);
	assert_memory_equal(&again, &request, sizeof(again));
	otp_request_wipe(&again);
	assert_int_equal(again.pass_code[0], 0);
}

static void test_bad_requests(void **state)
{
	static const struct otp_request zero;
	static const struct {
		const char *text;
		int error;
	} bad[] = {
	    {"", QK_ERR_REQUEST},
	    {"Request OTP alice s3cret", QK_ERR_REQUEST},
	    {"Request OTP alice s3cret 203.0.113.7 now", QK_ERR_REQUEST},
	    {"RequestOTP alice s3cret 203.0.113.7 x", QK_ERR_REQUEST},
	    {"Request OTPs alice s3cret 203.0.113.7", QK_ERR_REQUEST},
	    {"Reques OTP alice s3cret 203.0.113.7", QK_ERR_REQUEST},
	    {"OTP Request alice s3cret 203.0.113.7", QK_ERR_REQUEST},
	    {"\nRequest OTP alice s3cret 203.0.113.7", QK_ERR_REQUEST},
	    {"Request OTP Alice s3cret 203.0.113.7", QK_ERR_USER_ID},
	    {"Request OTP 1alice s3cret 203.0.113.7", QK_ERR_USER_ID},
	    {"Request OTP uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu s3cret 203.0.113.7", QK_ERR_USER_ID},
	    {"Request OTP alice s3\xc3\xa9 203.0.113.7", QK_ERR_PASS_CODE},
	    {"Request OTP alice s3\x01 203.0.113.7", QK_ERR_PASS_CODE},
	    {"Request OTP alice 00000000001111111111222222222233333333334444444444555555555566666 1.2.3.4",
	     QK_ERR_PASS_CODE},
	    {"Request OTP alice s3cret gw.example", QK_ERR_ADDRESS},
	    {"Request OTP alice s3cret fe80::1%eth0", QK_ERR_ADDRESS},
	    {"Request OTP alice s3cret 203.0.113.7\nRequest", QK_ERR_ADDRESS},
	    {"Request OTP alice s3cret 1111:2222:3333:4444:5555:6666:7777:8888:999999", QK_ERR_ADDRESS},
	    {"Request OTP alice s3cret 1111:2222:3333:4444:5555:6666:7777:88888888888888888888", QK_ERR_ADDRESS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct otp_request request;

		memset(&request, 0xaa, sizeof(request));
		assert_int_equal(otp_request_parse(&request, bad[i].text, strlen(bad[i].text)), bad[i].error);
		/* Of a request that lacks an address alone, somebody may be told so. */
		if (bad[i].error == QK_ERR_ADDRESS) {
			assert_string_equal(request.user, "alice");
			assert_string_equal(request.pass_code, "s3cret");
			assert_memory_equal(&request.source, &zero.source, sizeof(request.source));
		} else {
			assert_memory_equal(&request, &zero, sizeof(request));
		}
	}
}

static void test_nul_bytes_in_requests(void **state)
{
	static const char *const whole = "Request OTP alice s3cret 203.0.113.7";
	static const int errors[] = {QK_ERR_REQUEST, QK_ERR_REQUEST, QK_ERR_USER_ID, QK_ERR_PASS_CODE, QK_ERR_ADDRESS};
	static const size_t behind[] = {3, 10, 15, 20, 30};
	struct otp_request request;
	char text[64];

	(void)state;
	for (size_t i = 0; i < 5; i++) { /* a NUL inserted, so that what C sees as a string is well-formed */
		memcpy(text, whole, behind[i]);
		text[behind[i]] = '\0';
		strcpy(text + behind[i] + 1, whole + behind[i]);
		assert_int_equal(otp_request_parse(&request, text, strlen(whole) + 1), errors[i]);
	}
	strcpy(text, whole);
	assert_int_equal(otp_request_parse(&request, text, strlen(whole) + 1), QK_ERR_ADDRESS);
}

static void test_requests_that_cannot_be_written(void **state)
{
	struct otp_request request = request_of("Request OTP alice s3cret 203.0.113.7");
	char text[OTP_REQUEST_SIZE];

	(void)state;
	assert_int_equal(otp_request_format(&request, text), 0);
	assert_string_equal(text, "Request OTP alice s3cret 203.0.113.7");
	strcpy(request.user, "Alice");
	assert_int_equal(otp_request_format(&request, text), QK_ERR_USER_ID);
	assert_string_equal(text, "");
	strcpy(request.user, "alice");
	strcpy(request.pass_code, "two words");
	assert_int_equal(otp_request_format(&request, text), QK_ERR_PASS_CODE);
	request.pass_code[0] = '\0';
	assert_int_equal(otp_request_format(&request, text), QK_ERR_PASS_CODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decimal_numbers),
	    cmocka_unit_test(test_keys_round_trip),
	    cmocka_unit_test(test_known_keys),
	    cmocka_unit_test(test_a_key_has_one_text),
	    cmocka_unit_test(test_reply_round_trip),
	    cmocka_unit_test(test_reply_format),
	    cmocka_unit_test(test_reply_blanks),
	    cmocka_unit_test(test_bad_replies),
	    cmocka_unit_test(test_sheet_lines),
	    cmocka_unit_test(test_replies_beyond_160_characters),
	    cmocka_unit_test(test_request_grammar),
	    cmocka_unit_test(test_longest_request_round_trips),
	    cmocka_unit_test(test_bad_requests),
	    cmocka_unit_test(test_nul_bytes_in_requests),
	    cmocka_unit_test(test_requests_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
