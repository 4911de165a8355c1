/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/ask.h"
#include "qknock/clipboard.h"

static struct profile profile;
static struct address source;
static struct ask ask = {.profile = &profile, .source = &source};

static int begin(void **state)
{
	(void)state;
	memset(&profile, 0, sizeof(profile));
	strcpy(profile.user, "alice");
	ask.number = NULL;
	return address_parse(&source, "203.0.113.7");
}

static void test_message_and_number(void **state)
{
	char text[OTP_REQUEST_SIZE];

	(void)state;
	ask_message(&ask, text);
	assert_string_equal(text, "Request OTP alice <pass-code> 203.0.113.7");
	assert_null(ask_number(&ask));
	strcpy(profile.number, "+441632960123");
	assert_string_equal(ask_number(&ask), "+441632960123");
	ask.number = "+15550100";
	assert_string_equal(ask_number(&ask), "+15550100");
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

static void test_size_of_the_code(void **state)
{
	struct qr qr, plain;

	(void)state;
	strcpy(profile.number, "+441632960123");
	assert_int_equal(ask_qr(&ask, NULL, true, &qr), 0);
	assert_int_equal(ask_qr(&ask, NULL, false, &plain), 0);
	/* Version 4, 33 modules, and 4 of light at each side. */
	assert_int_equal(qr.columns, 41);
	assert_int_equal(qr.rows, 21);
	assert_int_equal(count(qr.text, "\n"), qr.rows);
	assert_int_equal(count(qr.text, "\033[30;47m"), qr.rows);
	assert_int_equal(count(qr.text, "\033[0m\n"), qr.rows);
	assert_int_equal(count(plain.text, "\033"), 0);
	/* What is dark in one is not drawn in the other. */
	assert_int_equal(count(qr.text, "▀"), count(plain.text, "▄"));
	assert_int_equal(count(qr.text, "█") + count(plain.text, "█") + 2 * count(qr.text, "▀") - count(qr.text, "▀") +
			     count(qr.text, "▄"),
			 qr.columns * qr.rows);
	qr_free(&qr);
	assert_null(qr.text);
	qr_free(&plain);
}

static void test_longest_pass_code_fits(void **state)
{
	char pass_code[OTP_PASS_CODE_MAX + 1];
	struct qr qr;

	(void)state;
	memset(pass_code, '~', OTP_PASS_CODE_MAX);
	pass_code[OTP_PASS_CODE_MAX] = '\0';
	memset(profile.user, 'u', USER_ID_MAX);
	assert_int_equal(address_parse(&source, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"), 0);
	assert_int_equal(ask_qr(&ask, pass_code, false, &qr), 0);
	qr_free(&qr);
	assert_int_equal(ask_qr(&ask, "two words", false, &qr), QK_ERR_PASS_CODE);
	assert_null(qr.text);
}

static void test_text_that_no_code_holds(void **state)
{
	static char much[4000];
	struct qr qr;

	(void)state;
	memset(much, 'a', sizeof(much) - 1);
	assert_int_equal(qr_draw(much, false, &qr), QK_ERR_SPACE);
	assert_null(qr.text);
}

static void make_program(const char *directory, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
}

static void test_clipboards(void **state)
{
	char directory[] = "/tmp/test_ask.XXXXXX", path[64], command[64];
	char *before = strdup(getenv("PATH"));

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "/nonexistent:%s", directory);
	setenv("PATH", path, 1);
	setenv("WAYLAND_DISPLAY", "wayland-0", 1);
	setenv("DISPLAY", ":0", 1);
	assert_null(clipboard_find());
	make_program(directory, "pbpaste");
	assert_string_equal(clipboard_find()[0], "pbpaste");
	make_program(directory, "xsel");
	assert_string_equal(clipboard_find()[0], "xsel");
	make_program(directory, "xclip");
	assert_string_equal(clipboard_find()[0], "xclip");
	assert_string_equal(clipboard_find()[3], "-o");
	make_program(directory, "wl-paste");
	assert_string_equal(clipboard_find()[0], "wl-paste");
	setenv("WAYLAND_DISPLAY", "", 1);
	assert_string_equal(clipboard_find()[0], "xclip");
	unsetenv("DISPLAY");
	assert_string_equal(clipboard_find()[0], "pbpaste");
	setenv("PATH", before, 1);
	free(before);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_message_and_number, begin),
	    cmocka_unit_test_setup(test_size_of_the_code, begin),
	    cmocka_unit_test_setup(test_longest_pass_code_fits, begin),
	    cmocka_unit_test_setup(test_text_that_no_code_holds, begin),
	    cmocka_unit_test_setup(test_clipboards, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
