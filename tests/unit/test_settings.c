/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcore/error.h"
#include "qknock/settings.h"
#include "tests/unit/quiet.h"

static char home[] = "/tmp/test_settings.XXXXXX";
static char said[2048];
static char path[64];

static int begin(void **state)
{
	char directory[48];

	(void)state;
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(directory, sizeof(directory), "%s/qknock", home);
	snprintf(path, sizeof(path), "%s/config", directory);
	return setenv("XDG_CONFIG_HOME", home, 1) != 0 || mkdir(directory, 0700) != 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static int load(const char *text, mode_t mode, struct settings *settings)
{
	FILE *file = fopen(path, "w");
	int rc;

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
	quiet_begin();
	rc = settings_load(settings);
	quiet_end(said, sizeof(said));
	return rc;
}

static void expect_empty(const struct settings *settings)
{
	assert_null(settings->otp_command);
	assert_null(settings->clipboard_command);
	assert_int_equal(settings->qr, SETTINGS_QR_AUTO);
}

static void test_no_file_is_no_fault(void **state)
{
	struct settings settings = {.qr = SETTINGS_QR_NEVER};

	(void)state;
	assert_int_equal(settings_load(&settings), 0);
	expect_empty(&settings);
}

static void test_every_keyword(void **state)
{
	struct settings settings;

	(void)state;
	assert_int_equal(load("# mine\notp_command = {pass, 'show', \"gw otp\"}\n"
			      "clipboard_command = {wl-paste, \"--primary\"}\nqr = never\n",
			      0600, &settings),
			 0);
	assert_string_equal(said, "");
	assert_string_equal(settings.otp_command[0], "pass");
	assert_string_equal(settings.otp_command[2], "gw otp");
	assert_null(settings.otp_command[3]);
	assert_string_equal(settings.clipboard_command[1], "--primary");
	assert_int_equal(settings.qr, SETTINGS_QR_NEVER);
	settings_free(&settings);
	assert_int_equal(load("qr = always\n", 0644, &settings), 0);
	assert_int_equal(settings.qr, SETTINGS_QR_ALWAYS);
	assert_null(settings.otp_command);
	settings_free(&settings);
}

static void test_faults_are_said_with_their_line(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
	    {"qr = maybe\n", "config:1: qr = maybe: expected auto, always or never"},
	    {"\notp_command = {''}\n", "config:2: otp_command = : expected a program"},
	    {"otp_command = {}\n", "expected a program"},
	    {"key = 1\n", "config:1: no such option 'key'; expected one of otp_command, clipboard_command, qr"},
	    {"otp_command = $(x)\n", "config:1: expected quotes"},
	    {"service a { qr = auto }\n", "no such option 'service'"},
	};
	struct settings settings;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load(bad[i].text, 0600, &settings), QK_ERR_CONFIG);
		if (strstr(said, bad[i].part) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", said, bad[i].part);
		expect_empty(&settings);
	}
}

static void test_what_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = {0620, 0602, 0666};
	struct settings settings;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(load("otp_command = {evil}\n", modes[i], &settings), QK_ERR_CONFIG);
		assert_non_null(strstr(said, "chmod go-w"));
		expect_empty(&settings);
	}
}

/* The error about an unknown keyword lists those that there are. */
static void test_the_manual_has_every_keyword(void **state)
{
	const char *top = getenv("top_srcdir");
	static char page[32768];
	struct settings settings;
	char name[256], item[64];
	size_t n;
	FILE *file;

	(void)state;
	snprintf(name, sizeof(name), "%s/doc/qknock_config.5", top != NULL ? top : ".");
	file = fopen(name, "re");
	assert_non_null(file);
	n = fread(page, 1, sizeof(page) - 1, file);
	page[n] = '\0';
	fclose(file);
	assert_int_equal(load("nonsense = 1\n", 0600, &settings), QK_ERR_CONFIG);
	n = 0;
	for (char *word = strtok(strstr(said, "one of ") + strlen("one of "), ", \n"); word != NULL;
	     word = strtok(NULL, ", \n"), n++) {
		snprintf(item, sizeof(item), ".It Ic %s No", word);
		if (strstr(page, item) == NULL)
			fail_msg("qknock_config(5) does not describe %s", word);
	}
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_file_is_no_fault),
	    cmocka_unit_test(test_every_keyword),
	    cmocka_unit_test(test_faults_are_said_with_their_line),
	    cmocka_unit_test(test_what_others_may_write_is_refused),
	    cmocka_unit_test(test_the_manual_has_every_keyword),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
