/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "libcore/log.h"
#include "libcore/printable.h"
#include "tests/unit/unit.h"

static void expect(const char *text, const char *shown)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	printable(copy);
	assert_string_equal(copy, shown);
}

static void test_characters_stay(void **state)
{
	(void)state;
	expect("", "");
	expect(" ~azAZ09\"\\", " ~azAZ09\"\\");
	expect("\u00a0\u00e9\u07ff\u0800\u20ac\ud7ff\ue000\uffff", "\u00a0\u00e9\u07ff\u0800\u20ac\ud7ff\ue000\uffff");
	expect("\U00010000\U0001f511\U0010ffff", "\U00010000\U0001f511\U0010ffff");
	expect("\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a");
}

static void test_commands_go(void **state)
{
	(void)state;
	expect("\x1b[2J\a\b\r\n\t\x7f.", "?[2J??????.");
	/* CSI and OSC of C1, as UTF-8 and as a byte. */
	expect("\xc2\x9b"
	       "2J \xc2\x80 \xc2\x9f.",
	       "??2J ?? ??.");
	expect("\x9b"
	       "2J \x9d"
	       "0;x \x80\x85\x9f.",
	       "?2J ?0;x ???.");
	expect("a\u2028b\u2029c", "a???b???c");
	expect("\u202egpj.exe \u2066x\u2069 \u200f\u200e \u061c", "???gpj.exe ???x??? ?????? ??");
}

static void test_what_is_no_utf8_goes(void **state)
{
	(void)state;
	expect("\xe9t\xe9", "?t?");
	expect("\xc3", "?");
	expect("\xe2\x82", "??");
	expect("\xf0\x9f\x94", "???");
	expect("\xe2\x1b[m", "??[m"); /* no sequence swallows what ends it */
	expect("\xc0\x9b \xc1\xbf \xe0\x82\x9b \xf0\x80\x82\x9b", "?? ?? ??? ????");
	expect("\xed\xa0\x80 \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80 \xff", "??? ???? ????? ?");
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)level;
	snprintf(arg, 1100, "%s", line);
}

static void test_log_lines(void **state)
{
	char line[1100], name[1101];
	struct log log = {.write = keep_line, .arg = line, .level = LOG_LEVEL_ERROR};

	(void)state;
	log_line(&log, LOG_LEVEL_ERROR, "no file path=%s", "/\u00e9\xc2\x9b\x9b\n2026 error: forged");
	assert_string_equal(line, "no file path=/\u00e9????2026 error: forged");
	/* A character that the line's end cuts. */
	memset(name, 'x', 1100);
	memcpy(name + 1022, "\u00e9", 2);
	name[1100] = '\0';
	log_line(&log, LOG_LEVEL_ERROR, "%s", name);
	assert_int_equal(strlen(line), 1023);
	assert_int_equal(line[1022], '?');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_characters_stay),
	    cmocka_unit_test(test_commands_go),
	    cmocka_unit_test(test_what_is_no_utf8_goes),
	    cmocka_unit_test(test_log_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
