/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "libcore/error.h"
#include "libcore/profile.h"

static const char full[] = "qknock-profile 1\n"		    /* 1 */
			   "server-id gw.example\n"	    /* 2 */
			   "host gw.example.net\n"	    /* 3 */
			   "user alice\n"		    /* 4 */
			   "n 18446743979220271189\n"	    /* 5 */
			   "ports 8800-8899\n"		    /* 6 */
			   "count 12\n"			    /* 7 */
			   "validity 120\n"		    /* 8 */
			   "widths 0 8 64\n"		    /* 9 */
			   "service ssh tcp 22\n"	    /* 10 */
			   "service wireguard udp 51820\n"; /* 11 */

static int parse(struct profile *profile, const char *text, struct profile_fault *fault)
{
	return profile_parse(profile, text, strlen(text), fault);
}

static void test_values_are_read(void **state)
{
	struct profile_fault fault = {7, "x"};
	struct profile p;

	(void)state;
	assert_int_equal(parse(&p, full, &fault), 0);
	assert_int_equal(fault.line, 0);
	assert_null(fault.expected);
	assert_string_equal(p.server_id, "gw.example");
	assert_string_equal(p.host, "gw.example.net");
	assert_string_equal(p.user, "alice");
	assert_true(p.n_mod == UINT64_C(18446743979220271189));
	assert_int_equal(p.shape.port_first, 8800);
	assert_int_equal(p.shape.port_last, 8899);
	assert_int_equal(p.shape.count, 12);
	assert_int_equal(p.validity, 120);
	assert_int_equal(p.width_count, 3);
	assert_int_equal(p.widths[2], 64);
	assert_int_equal(p.service_count, 2);
	assert_ptr_equal(profile_service(&p, "wireguard"), &p.services[1]);
	assert_int_equal(p.services[1].protocol, SERVICE_UDP);
	assert_int_equal(p.services[1].port, 51820);
	assert_null(profile_service(&p, "wire"));
}

static void expect_round_trip(const struct profile *p)
{
	struct profile again;
	char text[PROFILE_TEXT_SIZE];
	char second[PROFILE_TEXT_SIZE];

	assert_int_equal(profile_format(p, text, sizeof(text)), 0);
	assert_int_equal(parse(&again, text, NULL), 0);
	assert_memory_equal(&again, p, sizeof(again));
	assert_int_equal(profile_format(&again, second, sizeof(second)), 0);
	assert_string_equal(text, second);
}

static void test_text_round_trips(void **state)
{
	struct profile p;
	char text[PROFILE_TEXT_SIZE];

	(void)state;
	assert_int_equal(parse(&p, full, NULL), 0);
	assert_int_equal(profile_format(&p, text, sizeof(text)), 0);
	assert_string_equal(text, full);
	expect_round_trip(&p);
	memset(p.host, 0, sizeof(p.host));
	expect_round_trip(&p);
}

static void test_longest_profile_fits(void **state)
{
	struct profile p = {.n_mod = UINT64_MAX,
			    .validity = UINT32_MAX,
			    .shape = {64000, 65535, 32},
			    .widths = {64, 0, 8},
			    .width_count = 3,
			    .service_count = PROFILE_SERVICES_MAX};

	(void)state;
	memset(p.server_id, '~', SERVER_ID_MAX);
	memset(p.host, 'h', PROFILE_HOST_MAX);
	memset(p.user, 'u', USER_ID_MAX);
	for (size_t i = 0; i < PROFILE_SERVICES_MAX; i++) {
		snprintf(p.services[i].name, sizeof(p.services[i].name), "a-long-name-%03zu", i);
		p.services[i].protocol = SERVICE_UDP;
		p.services[i].port = UINT16_MAX;
	}
	expect_round_trip(&p);
}

static void test_format_needs_all_its_space(void **state)
{
	struct profile p;
	char text[sizeof(full) + 1];

	(void)state;
	assert_int_equal(parse(&p, full, NULL), 0);
	assert_int_equal(profile_format(&p, text, sizeof(full)), 0);
	for (size_t size = 0; size < sizeof(full); size++) {
		memset(text, 'x', sizeof(text));
		assert_int_equal(profile_format(&p, text, size), QK_ERR_SPACE);
		assert_int_equal(text[0], size > 0 ? '\0' : 'x');
		assert_int_equal(text[size], 'x');
	}
}

static void test_comments_blanks_and_any_order(void **state)
{
	struct profile p;

	(void)state;
	assert_int_equal(parse(&p,
			       "# issued for alice, do not share \xc3\xa9\n\n  \t\n"
			       "qknock-profile\t1  \n"
			       "service ssh tcp 22\n"
			       "   widths  64\n#\n"
			       "validity 4294967295\ncount 32\nports 1-65535\nn 77\nuser a\nserver-id x",
			       NULL),
			 0);
	assert_int_equal(p.n_mod, 77);
	assert_string_equal(p.host, "");
	assert_int_equal(p.width_count, 1);
	assert_string_equal(p.server_id, "x");
}

/* The text of full with one line (1-based) replaced; NULL leaves it out. */
static void replace_line(char *out, size_t size, unsigned line, const char *with)
{
	const char *p = full;

	*out = '\0';
	for (unsigned i = 1; *p != '\0'; i++) {
		size_t len = (size_t)(strchr(p, '\n') - p) + 1;
		size_t at = strlen(out);

		if (i != line)
			snprintf(out + at, size - at, "%.*s", (int)len, p);
		else if (with != NULL)
			snprintf(out + at, size - at, "%s\n", with);
		p += len;
	}
}

static void expect_fault(const char *text, size_t len, int error, unsigned line, const char *expected)
{
	static const struct profile zero;
	struct profile_fault fault = {99, NULL};
	struct profile p;

	memset(&p, 0xaa, sizeof(p));
	assert_int_equal(profile_parse(&p, text, len, &fault), error);
	assert_memory_equal(&p, &zero, sizeof(p));
	assert_int_equal(fault.line, line);
	assert_non_null(fault.expected);
	if (strstr(fault.expected, expected) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", fault.expected, expected);
}

#define LONG_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void test_every_bad_value_is_named_with_its_line(void **state)
{
	static const struct {
		unsigned line;
		const char *with;
		int error;
		const char *expected;
	} bad[] = {
	    {1, "qknock-profile 2", QK_ERR_PROFILE, "version 1"},
	    {1, "server-id first", QK_ERR_PROFILE, "qknock-profile 1 first"},
	    {1, "hello", QK_ERR_PROFILE, "qknock-profile 1 first"},
	    {2, "server-id " LONG_64 "x", QK_ERR_SERVER_ID, "1 to 64"},
	    {2, "server-id two words", QK_ERR_PROFILE, "server-id ID"},
	    {2, "server-id", QK_ERR_PROFILE, "server-id ID"},
	    {3, "host -oProxyCommand=x", QK_ERR_PROFILE, "host name"},
	    {3, "host -x", QK_ERR_PROFILE, "host name"},
	    {3, "host a/b", QK_ERR_PROFILE, "host name"},
	    {3, "host " LONG_64 LONG_64 LONG_64 LONG_64, QK_ERR_PROFILE, "host name"},
	    {4, "user Alice", QK_ERR_USER_ID, "1 to 32"},
	    {4, "user " LONG_64, QK_ERR_USER_ID, "1 to 32"},
	    {5, "n 76", QK_ERR_MODULUS, "77 to"},
	    {5, "n 18446744073709551616", QK_ERR_MODULUS, "77 to"},
	    {5, "n +187", QK_ERR_MODULUS, "77 to"},
	    {6, "ports 8800", QK_ERR_KNOCK_PORTS, "FIRST-LAST"},
	    {6, "ports 8800-8862", QK_ERR_KNOCK_PORTS, "64 ports"},
	    {6, "ports 8800-65536", QK_ERR_KNOCK_PORTS, "65535"},
	    {7, "count 11", QK_ERR_COUNT, "12 to 32"},
	    {7, "count 33", QK_ERR_COUNT, "12 to 32"},
	    {7, "count 0x10", QK_ERR_COUNT, "12 to 32"},
	    {8, "validity 0", QK_ERR_PROFILE, "seconds"},
	    {8, "validity -1", QK_ERR_PROFILE, "seconds"},
	    {8, "validity 4294967296", QK_ERR_PROFILE, "seconds"},
	    {9, "widths", QK_ERR_PROFILE, "widths WIDTH"},
	    {9, "widths 16", QK_ERR_WIDTH, "0, 8 and 64"},
	    {9, "widths 65", QK_ERR_WIDTH, "0, 8 and 64"},
	    {9, "widths 8 8", QK_ERR_WIDTH, "each width once"},
	    {9, "widths 0 8 64 0", QK_ERR_PROFILE, "at most 4 words"},
	    {10, "service SSH tcp 22", QK_ERR_SERVICE_NAME, "service name"},
	    {10, "service sixteen-letters- tcp 22", QK_ERR_SERVICE_NAME, "service name"},
	    {10, "service ssh sctp 22", QK_ERR_SERVICE_PROTOCOL, "tcp or udp"},
	    {10, "service ssh 6 22", QK_ERR_SERVICE_PROTOCOL, "tcp or udp"},
	    {10, "service ssh tcp 0", QK_ERR_SERVICE_PORT, "1 to 65535"},
	    {10, "service ssh tcp 65536", QK_ERR_SERVICE_PORT, "1 to 65535"},
	    {10, "service ssh tcp", QK_ERR_PROFILE, "service NAME tcp|udp PORT"},
	    {11, "service ssh udp 23", QK_ERR_PROFILE, "each service once"},
	    {11, "user bob", QK_ERR_PROFILE, "each key once"},
	    {11, "qknock-profile 1", QK_ERR_PROFILE, "each key once"},
	    {11, "User bob", QK_ERR_PROFILE, "a key of"},
	    {11, "p 11", QK_ERR_PROFILE, "a key of"},
	    {11, " # no comment", QK_ERR_PROFILE, "a key of"},
	    {11, "n\v187", QK_ERR_PROFILE, "printable ASCII"},
	    {11, "service b\xc3\xa9 tcp 22", QK_ERR_PROFILE, "printable ASCII"},
	    {11, "service x tcp 22\r", QK_ERR_PROFILE, "printable ASCII"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		replace_line(text, sizeof(text), bad[i].line, bad[i].with);
		expect_fault(text, strlen(text), bad[i].error, bad[i].line, bad[i].expected);
	}
}

static void test_every_missing_line_is_named(void **state)
{
	static const struct {
		unsigned line;
		const char *expected;
	} missing[] = {{2, "server-id"}, {4, "user"},	  {5, "n line"}, {6, "ports"},
		       {7, "count"},	 {8, "validity"}, {9, "widths"}};
	static const char no_service[] = "qknock-profile 1\nserver-id x\nuser a\nn 77\nports 1-64\ncount 12\n"
					 "validity 1\nwidths 0\n";
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		replace_line(text, sizeof(text), missing[i].line, NULL);
		expect_fault(text, strlen(text), QK_ERR_PROFILE, 0, missing[i].expected);
	}
	expect_fault(no_service, strlen(no_service), QK_ERR_PROFILE, 0, "service");
	expect_fault("", 0, QK_ERR_PROFILE, 0, "qknock-profile 1 first");
	expect_fault("# only a comment", 16, QK_ERR_PROFILE, 0, "qknock-profile 1 first");
	replace_line(text, sizeof(text), 1, NULL);
	expect_fault(text, strlen(text), QK_ERR_PROFILE, 1, "qknock-profile 1 first");
}

static void test_hostile_shapes(void **state)
{
	char text[4096];
	size_t len;

	(void)state;
	memcpy(text, full, sizeof(full));
	text[strlen("qknock-profile 1\nserver-id gw")] = '\0';
	expect_fault(text, sizeof(full) - 1, QK_ERR_PROFILE, 2, "printable ASCII");
	len = sizeof(full) - 1;
	memcpy(text, full, len);
	memset(text + len, 'x', 321);
	expect_fault(text, len + 321, QK_ERR_PROFILE, 12, "320");
	expect_fault(text, len + 320, QK_ERR_PROFILE, 12, "a key of");
}

static void test_host_beyond_its_length(void **state)
{
	char line[5 + PROFILE_HOST_MAX + 2] = "host ";
	char text[1024];

	(void)state;
	memset(line + 5, 'h', PROFILE_HOST_MAX + 1);
	replace_line(text, sizeof(text), 3, line);
	expect_fault(text, strlen(text), QK_ERR_PROFILE, 3, "host name");
}

static void test_number_of_the_gateway(void **state)
{
	char text[sizeof(full) + 64];
	struct profile p;

	(void)state;
	assert_int_equal(parse(&p, full, NULL), 0);
	assert_string_equal(p.number, "");
	snprintf(text, sizeof(text), "%snumber +441632960123\n", full);
	assert_int_equal(parse(&p, text, NULL), 0);
	assert_string_equal(p.number, "+441632960123");
	expect_round_trip(&p);
	snprintf(text, sizeof(text), "%snumber 01632960123\n", full);
	expect_fault(text, strlen(text), QK_ERR_NUMBER, 12, "telephone number");
	snprintf(text, sizeof(text), "%snumber +4416329601234567\n", full);
	expect_fault(text, strlen(text), QK_ERR_NUMBER, 12, "telephone number");
}

static void test_too_many_services(void **state)
{
	char text[4096];
	size_t len = sizeof(full) - 1;

	(void)state;
	memcpy(text, full, sizeof(full));
	for (unsigned i = 2; i <= PROFILE_SERVICES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "service s%u tcp %u\n", i, i);
	expect_fault(text, len, QK_ERR_PROFILE, 9 + PROFILE_SERVICES_MAX + 1, "at most 32 services");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_are_read),
	    cmocka_unit_test(test_text_round_trips),
	    cmocka_unit_test(test_longest_profile_fits),
	    cmocka_unit_test(test_format_needs_all_its_space),
	    cmocka_unit_test(test_comments_blanks_and_any_order),
	    cmocka_unit_test(test_every_bad_value_is_named_with_its_line),
	    cmocka_unit_test(test_every_missing_line_is_named),
	    cmocka_unit_test(test_hostile_shapes),
	    cmocka_unit_test(test_host_beyond_its_length),
	    cmocka_unit_test(test_number_of_the_gateway),
	    cmocka_unit_test(test_too_many_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
