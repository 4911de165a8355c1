/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "libcore/error.h"
#include "libcore/profile_uri.h"

#define BASE "qknock:1?i=gw.example&u=alice&n=18446743979220271189"
#define SSH "&s=ssh,tcp,22"

static struct profile profile;
static struct profile_fault fault;

static int parse(const char *uri)
{
	return profile_uri_parse(&profile, uri, strlen(uri), &fault);
}

static void test_shortest_has_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(BASE SSH), 0);
	assert_string_equal(profile.server_id, "gw.example");
	assert_string_equal(profile.user, "alice");
	assert_string_equal(profile.host, "");
	assert_string_equal(profile.number, "");
	assert_true(profile.n_mod == UINT64_C(18446743979220271189));
	assert_int_equal(profile.shape.port_first, 8800);
	assert_int_equal(profile.shape.port_last, 8899);
	assert_int_equal(profile.shape.count, 12);
	assert_int_equal(profile.validity, 120);
	assert_int_equal(profile.width_count, 3);
	assert_int_equal(profile.widths[2], 64);
	assert_int_equal(profile.service_count, 1);
	assert_int_equal(profile.services[0].port, 22);
}

static void test_everything(void **state)
{
	(void)state;
	assert_int_equal(parse("QKNOCK:1?w=64&v=60&c=32&p=1000-1063&t=%2b441632960123&h=2001:db8::1&i=a%2Cb%26%25" SSH
			       "&s=dns,udp,53&n=187&u=bob"),
			 0);
	assert_string_equal(profile.server_id, "a,b&%");
	assert_string_equal(profile.host, "2001:db8::1");
	assert_string_equal(profile.number, "+441632960123");
	assert_int_equal(profile.shape.port_last, 1063);
	assert_int_equal(profile.shape.count, 32);
	assert_int_equal(profile.validity, 60);
	assert_int_equal(profile.width_count, 1);
	assert_int_equal(profile.service_count, 2);
	assert_int_equal(profile.services[1].protocol, SERVICE_UDP);
}

static void expect_format(const char *uri)
{
	char text[PROFILE_URI_SIZE];

	assert_int_equal(parse(uri), 0);
	assert_int_equal(profile_uri_format(&profile, text, sizeof(text)), 0);
	assert_string_equal(text, uri);
	/* One byte too few, and nothing. */
	assert_int_equal(profile_uri_format(&profile, text, strlen(uri)), QK_ERR_SPACE);
	assert_string_equal(text, "");
	assert_int_equal(profile_uri_format(&profile, text, strlen(uri) + 1), 0);
	assert_int_equal(profile_uri_format(&profile, text, 0), QK_ERR_SPACE);
}

static void test_written_as_it_is_read(void **state)
{
	(void)state;
	expect_format(BASE SSH);
	expect_format(
	    "qknock:1?i=a%2Cb%26%25&h=gw.example.net&t=%2B441632960123&u=bob&n=187&p=8800-8900&c=13&v=121&w=0,8"
	    "&s=a,tcp,1&s=b,udp,2");
}

static void test_faults(void **state)
{
	static const struct {
		const char *uri;
		int rc;
		unsigned field;
		const char *expected;
	} bad[] = {
	    {"", QK_ERR_PROFILE, 0, "qknock:1?"},
	    {"qknock:", QK_ERR_PROFILE, 0, "qknock:1?"},
	    {"qknock:2?i=a", QK_ERR_PROFILE, 0, "qknock:1?"},
	    {"qknock:1?", QK_ERR_PROFILE, 1, "a field"},
	    {BASE, QK_ERR_PROFILE, 0, "a service line"},
	    {BASE SSH "&", QK_ERR_PROFILE, 5, "a field"},
	    {BASE SSH "&x=1", QK_ERR_PROFILE, 5, "a field"},
	    {BASE SSH "&H=gw", QK_ERR_PROFILE, 5, "a field"},
	    {BASE SSH "&h", QK_ERR_PROFILE, 5, "a field"},
	    {BASE SSH "&h=", QK_ERR_PROFILE, 5, "host NAME"},
	    {BASE SSH "&h=a,b", QK_ERR_PROFILE, 5, "host NAME"},
	    {BASE SSH "&u=bob", QK_ERR_PROFILE, 5, "each key once"},
	    {BASE SSH "&c=11", QK_ERR_COUNT, 5, "12 to 32"},
	    {BASE SSH "&h=a b", QK_ERR_PROFILE, 5, "%XX"},
	    {BASE SSH "&h=a%20b", QK_ERR_PROFILE, 5, "printable"},
	    {BASE SSH "&h=a%0Auser", QK_ERR_PROFILE, 5, "printable"},
	    {BASE SSH "&h=a%00", QK_ERR_PROFILE, 5, "printable"},
	    {BASE SSH "&h=a%4", QK_ERR_PROFILE, 5, "hexadecimal"},
	    {BASE SSH "&h=a%", QK_ERR_PROFILE, 5, "hexadecimal"},
	    {BASE SSH "&h=a%4&t=1", QK_ERR_PROFILE, 5, "hexadecimal"},
	    {BASE SSH "&h=a%g0", QK_ERR_PROFILE, 5, "hexadecimal"},
	    {BASE SSH "\n", QK_ERR_PROFILE, 4, "%XX"},
	    {BASE "&s=ssh,tcp", QK_ERR_PROFILE, 4, "service NAME"},
	    {BASE "&s=ssh%2Ctcp%2C22", QK_ERR_PROFILE, 4, "service NAME"},
	};
	static const struct profile zero;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i].uri) != bad[i].rc || fault.line != bad[i].field ||
		    strstr(fault.expected, bad[i].expected) == NULL)
			fail_msg("%s: field %u, expected %s", bad[i].uri, fault.line, fault.expected);
		assert_memory_equal(&profile, &zero, sizeof(zero));
	}
}

static void test_too_long(void **state)
{
	char uri[PROFILE_TEXT_SIZE + 200] = BASE;

	(void)state;
	while (strlen(uri) < PROFILE_TEXT_SIZE + 100)
		strcat(uri, "&s=service-name-15,tcp,65535");
	assert_int_equal(parse(uri), QK_ERR_PROFILE);
}

static void test_beginning(void **state)
{
	(void)state;
	assert_true(profile_uri_begins("qknock:", 7));
	assert_true(profile_uri_begins("QKnock:1?", 9));
	assert_false(profile_uri_begins("qknock", 6));
	assert_false(profile_uri_begins("qknock-profile 1\n", 17));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shortest_has_the_defaults),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_written_as_it_is_read),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
