/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "qknock/say.h"
#include "qknock/status.h"
#include "tests/unit/quiet.h"

static char seen[4096];

/* What the line's whole life leaves on a terminal of so many columns. */
static void on_terminal(unsigned short columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	struct termios raw = {0};
	int master, slave, saved;
	size_t len = 0;
	struct pollfd p;

	assert_int_equal(openpty(&master, &slave, NULL, &raw, &size), 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	status_begin();
	status_show("qknock: sent %u/%u", 7u, 12u);
	status_show("qknock: waiting");
	say_warning("beware");
	status_show("qknock: waiting on");
	status_done("qknock: open");
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	p = (struct pollfd){master, POLLIN, 0};
	while (poll(&p, 1, 0) == 1 && len < sizeof(seen) - 1) {
		ssize_t n = read(master, seen + len, sizeof(seen) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	seen[len] = '\0';
	close(slave);
	close(master);
}

static int plain_environment(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	say_set_level(SAY_NORMAL);
	return 0;
}

static void test_each_line_replaces_the_last(void **state)
{
	(void)state;
	on_terminal(80);
	assert_string_equal(seen, "\rqknock: sent 7/12\033[K\rqknock: waiting\033[K\r\033[K"
				  "qknock: warning: beware\n\rqknock: waiting on\033[K\r\033[K"
				  "\033[32mqknock: open\033[0m\n");
}

static void test_line_is_cut_to_the_width(void **state)
{
	(void)state;
	on_terminal(12);
	assert_non_null(strstr(seen, "\rqknock: sen\033[K"));
}

static void test_no_colour_when_unwanted(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	on_terminal(80);
	assert_non_null(strstr(seen, "\033[Kqknock: open\n"));
	assert_null(strstr(seen, "\033[32m"));
	setenv("NO_COLOR", "", 1); /* as if it weren't there, no-color.org says */
	on_terminal(80);
	assert_non_null(strstr(seen, "\033[32m"));
}

static void test_dumb_terminal_gets_whole_lines(void **state)
{
	(void)state;
	setenv("TERM", "dumb", 1);
	on_terminal(80);
	assert_string_equal(seen, "qknock: warning: beware\nqknock: open\n");
}

static void test_quiet_is_quiet(void **state)
{
	(void)state;
	say_set_level(SAY_QUIET);
	on_terminal(80);
	assert_string_equal(seen, "");
}

static void test_nothing_where_no_terminal_is(void **state)
{
	(void)state;
	quiet_begin();
	status_begin();
	status_show("qknock: sent");
	status_clear();
	status_done("qknock: open");
	quiet_end(seen, sizeof(seen));
	assert_string_equal(seen, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_each_line_replaces_the_last, plain_environment),
	    cmocka_unit_test_setup(test_line_is_cut_to_the_width, plain_environment),
	    cmocka_unit_test_setup(test_no_colour_when_unwanted, plain_environment),
	    cmocka_unit_test_setup(test_dumb_terminal_gets_whole_lines, plain_environment),
	    cmocka_unit_test_setup(test_quiet_is_quiet, plain_environment),
	    cmocka_unit_test_setup(test_nothing_where_no_terminal_is, plain_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
