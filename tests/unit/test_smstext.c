/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockctl/smsdaemon.h"
#include "qknockctl/smstext.h"

static struct smstext message;

static int parse_bytes(enum smstext_dialect dialect, const char *bytes, size_t len)
{
	/* An exact copy, so that a byte too far shows. */
	char *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	rc = smstext_parse(&message, dialect, copy, len);
	free(copy);
	return rc;
}

static int parse(enum smstext_dialect dialect, const char *text)
{
	return parse_bytes(dialect, text, strlen(text));
}

static void expect(const char *number, const char *text)
{
	assert_string_equal(message.number, number);
	assert_string_equal(message.text, text);
}

static void test_plain(void **state)
{
	(void)state;
	assert_int_equal(parse(SMSTEXT_PLAIN, "From: +447911123456\n\nRequest OTP a b 10.0.0.1\n"), 0);
	expect("+447911123456", "Request OTP a b 10.0.0.1 ");
	assert_int_equal(parse(SMSTEXT_PLAIN, "Subject: x\r\nFROM:\t+44 7911 \r\nDate: y\r\n\r\nRequest\r\nOTP"), 0);
	expect("+44 7911", "Request  OTP");
	assert_int_equal(parse(SMSTEXT_PLAIN, "From:+447911\n\n"), 0);
	expect("+447911", "");
}

static void test_only_the_first_sender_counts(void **state)
{
	static const char with_nul[] = "From: +44\0007911\nFrom: +447912\n\nx";

	(void)state;
	assert_int_equal(parse(SMSTEXT_PLAIN, "From: +447911\nFrom: +447912\n\nhello\n\nFrom: +447913\n\n"), 0);
	expect("+447911", "hello  From: +447913  ");
	assert_int_equal(parse(SMSTEXT_PLAIN, "From:\nFrom: +447912\n\nx"), QK_ERR_NUMBER);
	expect("", "");
	assert_int_equal(
	    parse(SMSTEXT_PLAIN,
		  "From: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		  "From: +447912\n\nx"),
	    QK_ERR_NUMBER);
	assert_int_equal(parse_bytes(SMSTEXT_PLAIN, with_nul, sizeof(with_nul) - 1), QK_ERR_NUMBER);
}

static void test_what_is_no_message(void **state)
{
	(void)state;
	assert_int_equal(parse(SMSTEXT_PLAIN, ""), QK_ERR_REQUEST);
	assert_int_equal(parse(SMSTEXT_PLAIN, "From: +447911"), QK_ERR_REQUEST);
	assert_int_equal(parse(SMSTEXT_PLAIN, "From: +447911\nRequest OTP a b 10.0.0.1\n"), QK_ERR_REQUEST);
	assert_int_equal(parse(SMSTEXT_PLAIN, "\nFrom: +447911\n\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_PLAIN, "Fromm: +447911\n\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_PLAIN, "From: 12345678901234567890123456789012\n\nx"), QK_ERR_NUMBER);
}

#define TOA "From_TOA: 91 international, ISDN/telephone\n"

static void test_smstools(void **state)
{
	(void)state;
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: 447911\n" TOA "Alphabet: ISO\n\nRequest OTP"), 0);
	expect("+447911", "Request OTP");
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: 447911\nFrom_TOA: 81 unknown\n\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: VODAFONE\nFrom_TOA: D0 alphanumeric\n\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: 447911\n\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: +447911\n" TOA "\nx"), QK_ERR_NUMBER);
	assert_int_equal(parse(SMSTEXT_SMSTOOLS, "From: 44;x\n" TOA "\nx"), QK_ERR_NUMBER);
}

static void test_ucs2(void **state)
{
	static const char text[] = "From: 447911\n" TOA "Alphabet: UCS2\n\n"
				   "\0R\0e\0q\0\n\x04\x10\0u\0";

	(void)state;
	assert_int_equal(parse_bytes(SMSTEXT_SMSTOOLS, text, sizeof(text) - 1), 0);
	expect("+447911", "Req ?u");
}

static void test_hostile_bytes(void **state)
{
	static char big[10240 + 64];
	int head = snprintf(big, sizeof(big), "From: +447911\n\n");

	(void)state;
	assert_int_equal(parse_bytes(SMSTEXT_PLAIN, "From: +447911\n\na\0b\xff\xc3\x28\x1b[2Jc", 26), 0);
	expect("+447911", "a?b?" "?(?[2Jc");
	/* Too long stays too long: nothing may seem to be a whole request that is none. */
	memset(big + head, 'x', 10240);
	assert_int_equal(parse_bytes(SMSTEXT_PLAIN, big, (size_t)head + 10240), 0);
	assert_int_equal(strlen(message.text), SMSTEXT_TEXT_SIZE - 1);
	smstext_wipe(&message);
	expect("", "");
}

/* --- the front ends --- */

static void clear_environment(void)
{
	unsetenv("SMS_MESSAGES");
	unsetenv("SMS_1_NUMBER");
	unsetenv("SMS_1_TEXT");
	unsetenv("SMS_2_TEXT");
	unsetenv("DECODED_PARTS");
	unsetenv("DECODED_0_TEXT");
}

static void test_gammu(void **state)
{
	static char big[20000];

	(void)state;
	clear_environment();
	assert_int_equal(smsdaemon_from_gammu(&message), QK_ERR_NUMBER);
	setenv("SMS_1_NUMBER", "+447911", 1);
	assert_int_equal(smsdaemon_from_gammu(&message), QK_ERR_REQUEST);
	setenv("SMS_MESSAGES", "2", 1);
	setenv("SMS_1_TEXT", "Request OTP ", 1);
	setenv("SMS_2_TEXT", "alice x\n::1", 1);
	assert_int_equal(smsdaemon_from_gammu(&message), 0);
	expect("+447911", "Request OTP alice x ::1");
	/* The daemon's own joining is better than ours. */
	setenv("DECODED_PARTS", "1", 1);
	setenv("DECODED_0_TEXT", "whole", 1);
	assert_int_equal(smsdaemon_from_gammu(&message), 0);
	expect("+447911", "whole");
	setenv("SMS_MESSAGES", "9999999999999", 1);
	assert_int_equal(smsdaemon_from_gammu(&message), QK_ERR_REQUEST);
	setenv("SMS_MESSAGES", "1", 1);
	memset(big, 'y', sizeof(big) - 1);
	setenv("DECODED_0_TEXT", big, 1);
	assert_int_equal(smsdaemon_from_gammu(&message), 0);
	assert_int_equal(strlen(message.text), SMSTEXT_TEXT_SIZE - 1);
	setenv("SMS_1_NUMBER", big, 1);
	assert_int_equal(smsdaemon_from_gammu(&message), QK_ERR_NUMBER);
	clear_environment();
}

static void read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

static void test_files(void **state)
{
	char dir[] = "/tmp/qk-sms-XXXXXX", command[256], path[512], text[256];
	FILE *list;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(smsdaemon_to_smstools(dir, "+447911", "1 key 2"), 0);
	snprintf(command, sizeof(command), "ls -A %s", dir);
	list = popen(command, "re");
	assert_non_null(list);
	assert_int_equal(fscanf(list, "%31s", text), 1);
	snprintf(path, sizeof(path), "%s/%s", dir, text);
	assert_int_equal(fscanf(list, "%31s", text), EOF); /* no half of it is left */
	pclose(list);
	read_file(path, text, sizeof(text));
	assert_string_equal(text, "To: 447911\n\n1 key 2\n");
	assert_int_equal(smsdaemon_from_smstools(&message, path), QK_ERR_NUMBER);
	assert_int_equal(unlink(path), 0);

	assert_int_equal(smsdaemon_to_gammu(dir, "+447911", "1 key 2"), 0);
	list = popen(command, "re");
	assert_non_null(list);
	assert_int_equal(fscanf(list, "%127s", text), 1);
	pclose(list);
	assert_memory_equal(text, "OUTC", 4);
	assert_non_null(strstr(text, "_00_+447911_qknock"));
	snprintf(path, sizeof(path), "%s/%s", dir, text);
	read_file(path, text, sizeof(text));
	assert_string_equal(text, "1 key 2");
	assert_int_equal(unlink(path), 0);

	/* Not through a link: the daemon's directory may be another's too. */
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_int_equal(smsdaemon_from_smstools(&message, path), QK_ERR_IO);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(smsdaemon_to_gammu(dir, "+447911", "x"), QK_ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_only_the_first_sender_counts),
	    cmocka_unit_test(test_what_is_no_message),
	    cmocka_unit_test(test_smstools),
	    cmocka_unit_test(test_ucs2),
	    cmocka_unit_test(test_hostile_bytes),
	    cmocka_unit_test(test_gammu),
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
