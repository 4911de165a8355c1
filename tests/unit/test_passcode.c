/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <crypt.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockctl/passcode.h"

#define HASH_SIZE 384

/* --- hashes --- */

static void test_hash_is_yescrypt_and_verifies(void **state)
{
	char hash[HASH_SIZE], other[HASH_SIZE];
	struct crypt_data *data = calloc(1, sizeof(*data));

	(void)state;
	assert_int_equal(passcode_hash("correct-horse", hash, sizeof(hash)), 0);
	assert_memory_equal(hash, "$y$", 3);
	assert_string_equal(crypt_r("correct-horse", hash, data), hash);
	assert_string_not_equal(crypt_r("correct-horsf", hash, data), hash);
	assert_int_equal(passcode_hash("correct-horse", other, sizeof(other)), 0);
	assert_string_not_equal(hash, other);
	assert_int_equal(passcode_hash("correct-horse", hash, 20), QK_ERR_SPACE);
	assert_string_equal(hash, "");
	free(data);
}

static void test_failure_tokens_are_no_hashes(void **state)
{
	static char endless[CRYPT_MAX_PASSPHRASE_SIZE + 1];
	char hash[HASH_SIZE];

	(void)state;
	memset(endless, 'x', sizeof(endless) - 1);
	assert_int_equal(passcode_hash(endless, hash, sizeof(hash)), QK_ERR_CRYPTO);
	assert_string_equal(hash, "");
}

/* --- standard input --- */

static int read_from_pipe(const char *input, char *pass_code)
{
	int p[2], saved = dup(STDIN_FILENO), err;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], input, strlen(input)), strlen(input));
	close(p[1]);
	dup2(p[0], STDIN_FILENO);
	err = passcode_read(pass_code);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(p[0]);
	return err;
}

static void test_one_line_of_a_pipe(void **state)
{
	static const char *const bad[] = {"", "\n", "two words\n", "tab\there\n", "caf\xc3\xa9\n"};
	char pass_code[OTP_PASS_CODE_MAX + 1], longest[OTP_PASS_CODE_MAX + 3];

	(void)state;
	assert_int_equal(read_from_pipe("secret\nanother\n", pass_code), 0);
	assert_string_equal(pass_code, "secret");
	assert_int_equal(read_from_pipe("secret", pass_code), 0);
	assert_int_equal(read_from_pipe("secret\r\n", pass_code), 0);
	assert_string_equal(pass_code, "secret");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_from_pipe(bad[i], pass_code), QK_ERR_PASS_CODE);
		assert_string_equal(pass_code, "");
	}
	memset(longest, 'x', sizeof(longest));
	longest[OTP_PASS_CODE_MAX] = '\0';
	assert_int_equal(read_from_pipe(longest, pass_code), 0);
	assert_string_equal(pass_code, longest);
	memcpy(longest + OTP_PASS_CODE_MAX, "x\n", 3);
	assert_int_equal(read_from_pipe(longest, pass_code), QK_ERR_PASS_CODE);
	memcpy(longest + OTP_PASS_CODE_MAX, "xx", 3);
	assert_int_equal(read_from_pipe(longest, pass_code), QK_ERR_PASS_CODE);
}

/* --- the terminal --- */

struct terminal {
	pid_t pid;
	int fd;
	char seen[1024];
	size_t used;
};

/* A child that reads a pass-code from a terminal of its own; exits with 0 if it is "secret". */
static void terminal_start(struct terminal *t)
{
	char pass_code[OTP_PASS_CODE_MAX + 1];

	memset(t, 0, sizeof(*t));
	t->pid = forkpty(&t->fd, NULL, NULL, NULL);
	assert_true(t->pid >= 0);
	if (t->pid == 0) {
		int err = passcode_read(pass_code);

		_exit(err == 0 && strcmp(pass_code, "secret") == 0 ? 0 : -err);
	}
}

static void terminal_wait_for(struct terminal *t, const char *text)
{
	while (strstr(t->seen, text) == NULL) {
		ssize_t n = read(t->fd, t->seen + t->used, sizeof(t->seen) - 1 - t->used);

		if (n <= 0)
			fail_msg("waited for \"%s\", saw \"%s\"", text, t->seen);
		t->used += (size_t)n;
	}
}

static bool terminal_echoes(const struct terminal *t)
{
	struct termios attributes;

	assert_int_equal(tcgetattr(t->fd, &attributes), 0);
	return (attributes.c_lflag & ECHO) != 0;
}

static int terminal_end(struct terminal *t)
{
	int status;
	ssize_t n;

	while ((n = read(t->fd, t->seen + t->used, sizeof(t->seen) - 1 - t->used)) > 0)
		t->used += (size_t)n;
	close(t->fd);
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	return status;
}

static void type(struct terminal *t, const char *keys)
{
	assert_int_equal(write(t->fd, keys, strlen(keys)), strlen(keys));
}

static void test_terminal_asks_twice_unseen(void **state)
{
	struct terminal t;

	(void)state;
	terminal_start(&t);
	terminal_wait_for(&t, "Pass-code: ");
	assert_false(terminal_echoes(&t));
	type(&t, "secret\n");
	terminal_wait_for(&t, "again: ");
	assert_false(terminal_echoes(&t));
	type(&t, "secret\n");
	assert_int_equal(terminal_end(&t), 0);
	assert_null(strstr(t.seen, "secret"));
}

static void test_terminal_wants_the_same_twice(void **state)
{
	struct terminal t;

	(void)state;
	terminal_start(&t);
	terminal_wait_for(&t, "Pass-code: ");
	type(&t, "secret\n");
	terminal_wait_for(&t, "again: ");
	type(&t, "secreT\n");
	assert_int_equal(WEXITSTATUS(terminal_end(&t)), -QK_ERR_MISMATCH);
	assert_non_null(strstr(t.seen, "differ"));
}

static void test_interrupt_restores_the_echo(void **state)
{
	struct terminal t;
	int status, keep;

	(void)state;
	terminal_start(&t);
	terminal_wait_for(&t, "Pass-code: ");
	keep = dup(t.fd);
	type(&t, "sec\003");
	status = terminal_end(&t);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	t.fd = keep;
	assert_true(terminal_echoes(&t));
	close(keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hash_is_yescrypt_and_verifies),
	    cmocka_unit_test(test_failure_tokens_are_no_hashes),
	    cmocka_unit_test(test_one_line_of_a_pipe),
	    cmocka_unit_test(test_terminal_asks_twice_unseen),
	    cmocka_unit_test(test_terminal_wants_the_same_twice),
	    cmocka_unit_test(test_interrupt_restores_the_echo),
	};

	signal(SIGINT, SIG_DFL); /* a suite in the background inherits it ignored */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
