/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/keyline.h"
#include "tests/unit/quiet.h"

#define LINE "1700000000 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 7"

static char path[] = "/tmp/test_keyline.XXXXXX";
static char said[1024];

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const void *bytes, size_t len, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int read_file(char line[static KEYLINE_SIZE])
{
	struct keyline_source source = {.file = path};
	int rc;

	memset(line, 0xff, KEYLINE_SIZE);
	quiet_begin();
	rc = keyline_read(&source, "", line);
	quiet_end(said, sizeof(said));
	return rc;
}

static int read_command(char *const *argv, char line[static KEYLINE_SIZE])
{
	struct keyline_source source = {.command = argv};
	int rc;

	memset(line, 0xff, KEYLINE_SIZE);
	quiet_begin();
	rc = keyline_read(&source, "", line);
	quiet_end(said, sizeof(said));
	return rc;
}

static void expect_wiped(const char line[static KEYLINE_SIZE])
{
	for (size_t i = 0; i < KEYLINE_SIZE; i++)
		assert_int_equal(line[i], 0);
}

static void expect_line(const char *text)
{
	char line[KEYLINE_SIZE];

	write_file(text, strlen(text), 0600);
	assert_int_equal(read_file(line), 0);
	assert_string_equal(line, LINE);
	assert_string_equal(said, "");
}

static void test_first_line_counts(void **state)
{
	(void)state;
	expect_line(LINE);
	expect_line(LINE "\n");
	expect_line(LINE "\r\n");
	expect_line(LINE "\nanother\n");
}

static void test_what_is_no_line_is_refused(void **state)
{
	static char long_line[KEYLINE_SIZE + 10];
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"", 0}, {"\n", 1}, {"\r\n", 2}, {"a\0b\n", 4}, {long_line, sizeof(long_line)}};
	char line[KEYLINE_SIZE];

	(void)state;
	memset(long_line, 'a', sizeof(long_line));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i].bytes, bad[i].len, 0600);
		assert_int_equal(read_file(line), QK_ERR_REPLY);
		expect_wiped(line);
		assert_non_null(strstr(said, path));
		assert_null(strstr(said, "aaaa"));
	}
}

static void test_longest_line_fits(void **state)
{
	char text[KEYLINE_SIZE - 2], line[KEYLINE_SIZE];

	(void)state;
	memset(text, 'a', sizeof(text));
	write_file(text, sizeof(text), 0600);
	assert_int_equal(read_file(line), 0);
	assert_int_equal(strlen(line), sizeof(text));
}

static void test_file_that_others_can_open_is_warned_of(void **state)
{
	static const mode_t modes[] = {0644, 0640, 0604, 0620};
	char line[KEYLINE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file(LINE, strlen(LINE), modes[i]);
		assert_int_equal(read_file(line), 0);
		assert_non_null(strstr(said, "chmod 600"));
		assert_null(strstr(said, "AAECAwQF"));
	}
}

static void test_missing_file_is_an_error(void **state)
{
	struct keyline_source source = {.file = "/nonexistent/key"};
	char line[KEYLINE_SIZE];

	(void)state;
	memset(line, 0xff, sizeof(line));
	quiet_begin();
	assert_int_equal(keyline_read(&source, "", line), QK_ERR_IO);
	quiet_end(said, sizeof(said));
	expect_wiped(line);
	assert_non_null(strstr(said, "/nonexistent/key: No such file"));
}

/* What ssh sends to a server is not for a command to read. */
static void test_command_leaves_input_that_is_taken(void **state)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"cat >/dev/null; echo " LINE, NULL};
	struct keyline_source source = {.command = argv, .stdin_is_taken = true};
	int ends[2], saved = dup(STDIN_FILENO);
	char line[KEYLINE_SIZE], rest[8];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "SSH-2.0", 7), 7);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(keyline_read(&source, "", line), 0);
	assert_string_equal(line, LINE);
	assert_int_equal(read(STDIN_FILENO, rest, sizeof(rest)), 7);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
}

static void test_command_gives_its_first_line(void **state)
{
	char *const plain[] = {(char *)"echo", (char *)LINE, NULL};
	/* No shell: what one would expand or run arrives as it is. */
	char *const metacharacters[] = {(char *)"printf", (char *)"%s\\n", (char *)"$HOME; `id` *", NULL};
	char *const talkative[] = {(char *)"sh", (char *)"-c", (char *)"echo '" LINE "'; head -c 200000 /dev/zero",
				   NULL};
	char line[KEYLINE_SIZE];

	(void)state;
	assert_int_equal(read_command(plain, line), 0);
	assert_string_equal(line, LINE);
	assert_int_equal(read_command(metacharacters, line), 0);
	assert_string_equal(line, "$HOME; `id` *");
	assert_int_equal(read_command(talkative, line), 0);
	assert_string_equal(line, LINE);
}

static void expect_failure(char *const *argv, int rc, const char *message)
{
	char line[KEYLINE_SIZE];

	assert_int_equal(read_command(argv, line), rc);
	expect_wiped(line);
	assert_non_null(strstr(said, message));
	assert_null(strstr(said, "AAECAwQF"));
}

static void test_failing_commands(void **state)
{
	char *const missing[] = {(char *)"/nonexistent/command", NULL};
	char *const failing[] = {(char *)"sh", (char *)"-c", (char *)"echo '" LINE "'; exit 3", NULL};
	char *const killed[] = {(char *)"sh", (char *)"-c", (char *)"kill -KILL $$", NULL};
	char *const silent[] = {(char *)"true", NULL};

	(void)state;
	expect_failure(missing, QK_ERR_IO, "No such file");
	expect_failure(failing, QK_ERR_IO, "exit code 3");
	expect_failure(killed, QK_ERR_IO, "signal 9");
	expect_failure(silent, QK_ERR_REPLY, "printed no line");
}

static void test_standard_input_is_read_to_the_line_end_only(void **state)
{
	struct keyline_source source = {0};
	char line[KEYLINE_SIZE], rest[16];
	int ends[2], saved = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], LINE "\nrest", strlen(LINE) + 5), strlen(LINE) + 5);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(keyline_read(&source, "", line), 0);
	assert_string_equal(line, LINE);
	assert_int_equal(read(STDIN_FILENO, rest, sizeof(rest)), 4);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
	close(ends[0]);
}

static int age(uint64_t issued_at, uint32_t validity, uint64_t now)
{
	struct otp otp = {.issued_at = issued_at};
	int rc;

	quiet_begin();
	rc = keyline_check_age(&otp, validity, now);
	quiet_end(said, sizeof(said));
	return rc;
}

static void test_age(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	assert_int_equal(age(1700000000, 120, 1700000000), 0);
	assert_int_equal(age(1700000000, 120, 1700000120), 0);
	assert_string_equal(said, "");
	assert_int_equal(age(1700000000, 120, 1700000121), QK_ERR_STALE);
	assert_non_null(strstr(said, "valid until 2023-11-14 22:15:20"));
	assert_non_null(strstr(said, "clock says 2023-11-14 22:15:21"));
	assert_non_null(strstr(said, "--ignore-age"));
}

static void test_key_from_the_future_is_warned_of(void **state)
{
	(void)state;
	assert_int_equal(age(1700000030, 120, 1700000000), 0);
	assert_string_equal(said, "");
	assert_int_equal(age(1700000031, 120, 1700000000), 0);
	assert_non_null(strstr(said, "slow"));
	assert_int_equal(age(UINT64_MAX, 120, 1700000000), 0);
	assert_int_equal(age(UINT64_MAX - 119, UINT32_MAX, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_line_counts),
	    cmocka_unit_test(test_what_is_no_line_is_refused),
	    cmocka_unit_test(test_longest_line_fits),
	    cmocka_unit_test(test_file_that_others_can_open_is_warned_of),
	    cmocka_unit_test(test_missing_file_is_an_error),
	    cmocka_unit_test(test_command_gives_its_first_line),
	    cmocka_unit_test(test_command_leaves_input_that_is_taken),
	    cmocka_unit_test(test_failing_commands),
	    cmocka_unit_test(test_standard_input_is_read_to_the_line_end_only),
	    cmocka_unit_test(test_age),
	    cmocka_unit_test(test_key_from_the_future_is_warned_of),
	};

	cmocka_set_skip_filter(getenv("QKNOCK_TEST_LEAVE_OUT")); /* tests/valgrind.sh */
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
