/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "xt_knock/knockpin.h"

#define ROOT "/sys/fs/bpf/qknock/"

static const struct {
	const char *path;
	const char *saved;
	const char *printed;
} pins[] = {
    {ROOT "default/match/ssh", " --service ssh", " knock service ssh"},
    {ROOT "default/match/ssh_age30", " --service ssh --max-age 30", " knock service ssh max-age 30"},
    {ROOT "web-2/match/a-b_once", " --service a-b --single-use --knock-table web-2",
     " knock service a-b single-use knock-table web-2"},
    {ROOT "default/match/ssh_not", " ! --service ssh", " knock ! service ssh"},
    {ROOT "t23456789012345/match/s23456789012345_age4294967295_once_not",
     " ! --service s23456789012345 --max-age 4294967295 --single-use --knock-table t23456789012345",
     " knock ! service s23456789012345 max-age 4294967295 single-use knock-table t23456789012345"},
};

static void expect_written(void (*write)(const struct knockoptions *options, FILE *to),
			   const struct knockoptions *options, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	write(options, to);
	fclose(to);
	assert_string_equal(text, expected);
	free(text);
}

static void test_paths_tell_the_options(void **state)
{
	struct knockoptions options;
	char path[KNOCKPIN_PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		assert_int_equal(knockpin_parse_path(pins[i].path, &options), 0);
		knockpin_path(&options, path);
		assert_string_equal(path, pins[i].path);
		expect_written(knockoptions_save, &options, pins[i].saved);
		expect_written(knockoptions_print, &options, pins[i].printed);
	}
}

static void test_other_paths_are_not_ours(void **state)
{
	static const char *const others[] = {
	    "",
	    "/",
	    "ssh",
	    ROOT,
	    ROOT "default",
	    ROOT "default/grants",
	    ROOT "default/match",
	    ROOT "default/match/",
	    ROOT "default/match/ssh/x",
	    ROOT "default/match//ssh",
	    ROOT "default/ssh",
	    ROOT "/match/ssh",
	    ROOT "a_b/match/ssh",
	    ROOT "t234567890123456/match/ssh",
	    ROOT "default/match/s234567890123456",
	    ROOT "default/match/SSH",
	    ROOT "default/match/_once",
	    ROOT "default/match/ssh_",
	    ROOT "default/match/ssh_age",
	    ROOT "default/match/ssh_age0",
	    ROOT "default/match/ssh_age007",
	    ROOT "default/match/ssh_age+7",
	    ROOT "default/match/ssh_age 7",
	    ROOT "default/match/ssh_age4294967296",
	    ROOT "default/match/ssh_age18446744073709551617",
	    ROOT "default/match/ssh_not_once",
	    ROOT "default/match/ssh_once_once",
	    ROOT "default/match/ssh_once_tmp123",
	    ROOT "default/match/ssh ",
	    "/sys/fs/bpf/qknockx/default/match/ssh",
	    "/tmp/sys/fs/bpf/qknock/default/match/ssh",
	};
	struct knockoptions options;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(knockpin_parse_path(others[i], &options), QK_ERR_NOT_FOUND);
}

static void test_options_are_checked(void **state)
{
	struct knockoptions options;

	(void)state;
	knockoptions_init(&options);
	assert_string_equal(options.table, "default");
	assert_int_equal(knockoptions_check(&options), QK_ERR_SERVICE_NAME);
	strcpy(options.service, "ssh");
	assert_int_equal(knockoptions_check(&options), 0);
	strcpy(options.table, "..");
	assert_int_equal(knockoptions_check(&options), QK_ERR_TABLE_NAME);
}

/* Identities are told apart by the whole path: two tables' pins of one name must not count for each other. */
static void test_identities_differ(void **state)
{
	(void)state;
	assert_int_equal(knockprog_identity(""), 2166136261u);
	assert_int_equal(knockprog_identity("a"), 0xe40c292cu);
	assert_true(knockprog_identity(ROOT "a/match/ssh") != knockprog_identity(ROOT "b/match/ssh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_paths_tell_the_options),
	    cmocka_unit_test(test_other_paths_are_not_ours),
	    cmocka_unit_test(test_options_are_checked),
	    cmocka_unit_test(test_identities_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
