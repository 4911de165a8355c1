/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <string.h>

#include "libcore/address.h"
#include "libcore/error.h"

static void expect_text(const char *in, const char *out)
{
	struct address a;
	char text[ADDRESS_TEXT_SIZE];

	assert_int_equal(address_parse(&a, in), 0);
	address_format(&a, text);
	assert_string_equal(text, out);
}

static void test_text_is_canonical(void **state)
{
	(void)state;
	expect_text("172.17.12.20", "172.17.12.20");
	expect_text("::ffff:172.17.12.20", "172.17.12.20");
	expect_text("2001:DB8:0:0::1", "2001:db8::1");
}

static void test_anything_else_is_refused(void **state)
{
	static const char *const bad[] = {"",	   "localhost", "1.2.3",      "1.2.3.4.5", "256.1.1.1", " 1.2.3.4",
					  "1.2.3.4 ", "fe80::1%lo", "[::1]",	"01.2.3.4",  "::1/128",	":::"};
	static const struct address zero;
	struct address a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&a, 0xff, sizeof(a));
		assert_int_equal(address_parse(&a, bad[i]), QK_ERR_ADDRESS);
		assert_true(address_equal(&a, &zero));
	}
}

static void test_socket_addresses_round_trip(void **state)
{
	static const char *const texts[] = {"10.0.0.1", "2001:db8::7"};
	struct sockaddr_storage ss;
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(address_parse(&a, texts[i]), 0);
		socklen_t len = address_to_sockaddr(&a, 22, &ss);
		assert_int_equal(address_from_sockaddr(&b, (struct sockaddr *)&ss, len), 0);
		assert_true(address_equal(&a, &b));
		assert_int_equal(address_from_sockaddr(&b, (struct sockaddr *)&ss, len - 1), QK_ERR_ADDRESS);
	}
	ss.ss_family = AF_UNIX;
	assert_int_equal(address_from_sockaddr(&b, (struct sockaddr *)&ss, sizeof(ss)), QK_ERR_ADDRESS);
}

static void test_every_error_has_a_text(void **state)
{
	(void)state;
	assert_string_equal(error_text(0), "success");
	for (int i = 1; i <= ERROR_COUNT; i++)
		assert_string_not_equal(error_text(-i), "unknown error");
	assert_string_equal(error_text(1), "unknown error");
	assert_string_equal(error_text(-ERROR_COUNT - 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_canonical),
		cmocka_unit_test(test_anything_else_is_refused),
		cmocka_unit_test(test_socket_addresses_round_trip),
		cmocka_unit_test(test_every_error_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
