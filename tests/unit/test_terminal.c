/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed and pasted, on a pseudo-terminal: the child reads, the test is the person and the screen. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/interrupt.h"
#include "qknock/terminal.h"

#define PATIENCE_MS 20000
#define TEXT_SIZE 64

static int screen = -1; /* our side of the terminal */
static pid_t child;
static char shown[4096];
static size_t shown_len;

/* Three words make it whole. */
static bool wants_more(const char *text, size_t len)
{
	unsigned words = 0;

	for (size_t i = 0; i < len; i++)
		words += text[i] != ' ' && text[i] != '\n' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n');
	return words < 3;
}

/* Until the test has seen all: what is not read yet is lost when the leader of a session ends. */
static void wait_for_hangup(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

/* The child: prints "=RC:TEXT:" and whether the terminal is as it was. */
static void read_and_tell(bool interruptible)
{
	struct termios before = {0}, after = {0};
	char text[TEXT_SIZE];
	bool same;
	int rc;

	signal(SIGHUP, SIG_IGN);
	tcgetattr(STDIN_FILENO, &before);
	if (interruptible)
		interrupt_begin();
	rc = terminal_read("key: ", wants_more, text, sizeof(text));
	tcgetattr(STDIN_FILENO, &after);
	same = memcmp(&before, &after, sizeof(before)) == 0;
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\n' ? '|' : *c;
	printf("=%d:%s:%s:%d=\n", rc, text, same ? "as before" : "changed", interrupt_caught());
	fflush(stdout);
	wait_for_hangup();
	if (interruptible)
		interrupt_end();
	_exit(0);
}

static void look(void)
{
	ssize_t n = read(screen, shown + shown_len, sizeof(shown) - 1 - shown_len);

	if (n > 0)
		shown_len += (size_t)n;
	shown[shown_len] = '\0';
}

static void see(const char *text)
{
	struct pollfd p = {.fd = screen, .events = POLLIN};

	while (strstr(shown, text) == NULL) {
		if (poll(&p, 1, PATIENCE_MS) != 1 || (p.revents & POLLIN) == 0)
			fail_msg("\"%s\" was not shown, but: %s", text, shown);
		look();
	}
}

static void begin(bool interruptible)
{
	shown_len = 0;
	shown[0] = '\0';
	child = forkpty(&screen, NULL, NULL, NULL);
	assert_true(child >= 0);
	if (child == 0)
		read_and_tell(interruptible);
	see("key: ");
}

static void type(const char *text)
{
	assert_int_equal(write(screen, text, strlen(text)), strlen(text));
}

/* Returns the child's status. */
static int end(void)
{
	int status;

	close(screen);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void expect(const char *result)
{
	see("as before");
	see(result);
	assert_int_equal(end(), 0);
}

static void test_typed_and_ended_by_enter(void **state)
{
	(void)state;
	begin(false);
	type("one two three\r");
	expect("=0:one two three:");
	assert_null(strstr(shown, "one two three\r\none"));
}

static void test_nothing_is_echoed(void **state)
{
	char *prompt_end;

	(void)state;
	begin(false);
	type("one two three\r");
	see("=0:");
	prompt_end = strstr(shown, "key: ") + strlen("key: ");
	assert_true(strncmp(prompt_end, "\r\n=0:", 5) == 0 || strncmp(prompt_end, "\n=0:", 4) == 0);
	end();
}

/* All of it is there at once, so that no line break ends it, not even behind what would do. */
static void test_paste_with_line_breaks(void **state)
{
	(void)state;
	begin(false);
	type("one\rtwo\rthree\rfour\r");
	expect("=0:one|two|three|four:");
}

static void test_first_enter_too_early(void **state)
{
	(void)state;
	begin(false);
	type("one\r");
	usleep(400000);
	type("two three\r");
	expect("=0:one|two three:");
}

static void test_second_enter_gives_up(void **state)
{
	(void)state;
	begin(false);
	type("one\r");
	usleep(400000);
	type("\r");
	expect("=0:one|:");
}

static void test_empty(void **state)
{
	(void)state;
	begin(false);
	type("\r");
	expect("=0::");
}

static void test_erasing(void **state)
{
	(void)state;
	begin(false);
	type("nonsense\025one twoo\177 for \027three\033[D\033OP\004");
	expect("=0:one two three:");
}

static void test_too_much(void **state)
{
	char much[TEXT_SIZE + 10], result[32];

	(void)state;
	memset(much, 'a', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	snprintf(result, sizeof(result), "=%d::", QK_ERR_SPACE);
	begin(false);
	type(much);
	type("\004");
	expect(result);
}

static void test_interrupted(void **state)
{
	char result[32];
	int status;

	(void)state;
	snprintf(result, sizeof(result), "=%d::as before:1=", QK_ERR_IO);
	begin(true);
	type("one \003");
	see(result);
	status = end();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static void test_suspending_is_off(void **state)
{
	(void)state;
	begin(false);
	type("one \032two three\r");
	expect("=0:one two three:");
}

static void test_without_terminal(void **state)
{
	char text[TEXT_SIZE];
	unsigned columns, rows;
	int status;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setsid();
		terminal_size(&columns, &rows);
		_exit(!(!terminal_exists() && terminal_read("", NULL, text, sizeof(text)) == QK_ERR_IO &&
			columns == 80 && rows == 24));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_typed_and_ended_by_enter),
	    cmocka_unit_test(test_nothing_is_echoed),
	    cmocka_unit_test(test_paste_with_line_breaks),
	    cmocka_unit_test(test_first_enter_too_early),
	    cmocka_unit_test(test_second_enter_gives_up),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_erasing),
	    cmocka_unit_test(test_too_much),
	    cmocka_unit_test(test_interrupted),
	    cmocka_unit_test(test_suspending_is_off),
	    cmocka_unit_test(test_without_terminal),
	};

	signal(SIGINT, SIG_DFL); /* a suite in the background inherits it ignored */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
