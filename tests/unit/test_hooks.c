/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/hooks.h"
#include "tests/unit/grants.h"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

static uint64_t skew_ns; /* time that we pretend has passed */

uint64_t __wrap_clock_boot_ns(void)
{
	return __real_clock_boot_ns() + skew_ns;
}

static char lines[16384];

static void collect(void *arg, enum log_level level, const char *line)
{
	size_t used = strlen(lines);

	(void)arg;
	snprintf(lines + used, sizeof(lines) - used, "%d %s\n", level, line);
}

static const struct log logger = {collect, NULL, LOG_LEVEL_INFO};
static struct hooks *hooks;
static int started; /* commands that hooks told us of */

static void count_start(void *arg)
{
	(void)arg;
	started++;
}

static int set_up(void **state)
{
	lines[0] = '\0';
	started = 0;
	skew_ns = 0;
	return set_up_base(state) == 0 ? hooks_new(&logger, &hooks) : -1;
}

static int tear_down(void **state)
{
	hooks_free(hooks);
	return tear_down_base(state);
}

static struct store_grant grant_for(const char *client)
{
	struct store_grant g = {.grant = live_grant(7, "ssh", client), .expires_wall_s = 1700000030};

	return g;
}

/* base/name; the same buffer each time. */
static char *in_base(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

/* An executable shell script base/name, of which $B is base. */
static char *script(const char *name, const char *body)
{
	char text[2048];
	int len = snprintf(text, sizeof(text), "#!/bin/sh\nB=%s\n%s\n", base, body);
	char *path = in_base(name);

	write_file(path, text, (size_t)len);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static void run(const char *client, const char *const *argv)
{
	struct store_grant g = grant_for(client);

	assert_int_equal(hooks_run(hooks, (char *const *)(uintptr_t)argv, &g, count_start, NULL), 0);
}

static bool waited_for(const char *text)
{
	for (int i = 0; i < 1000 && strstr(lines, text) == NULL; i++) {
		hooks_reap(hooks);
		usleep(5000);
	}
	return strstr(lines, text) != NULL;
}

static bool waited_for_file(const char *name)
{
	for (int i = 0; i < 1000 && !exists(base, name); i++)
		usleep(5000);
	return exists(base, name);
}

static const char *content(const char *name)
{
	static char text[4096];
	int fd = open(in_base(name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void test_arguments_are_passed_untouched(void **state)
{
	char *path = script("hook", "for a; do echo \"[$a]\"; done >$B/out");
	const char *argv[] = {path, "a b", "", "$HOME;`id`", "*", NULL};

	(void)state;
	run("192.0.2.1", argv);
	assert_int_equal(started, 1);
	assert_true(waited_for("status=0"));
	assert_string_equal(content("out"), "[a b]\n[]\n[$HOME;`id`]\n[*]\n");
}

static void test_the_environment_is_clean(void **state)
{
	const char *argv[] = {script("hook", "/usr/bin/env >$B/out; pwd >>$B/out"), NULL};
	const char *text;

	(void)state;
	setenv("QKNOCK_SECRET", "x", 1);
	run("2001:db8::1", argv);
	assert_true(waited_for("status=0"));
	text = content("out");
	assert_non_null(strstr(text, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
	assert_non_null(strstr(text, "QKNOCK_USER=alice\n"));
	assert_non_null(strstr(text, "QKNOCK_SERVICE=ssh\n"));
	assert_non_null(strstr(text, "QKNOCK_ADDRESS=2001:db8::1\n"));
	assert_non_null(strstr(text, "QKNOCK_EXPIRES=1700000030\n"));
	assert_null(strstr(text, "QKNOCK_SECRET"));
	assert_null(strstr(text, "HOME="));
	assert_non_null(strstr(text, "\n/\n"));
	unsetenv("QKNOCK_SECRET");
}

static void test_descriptors_session_and_signals(void **state)
{
	const char *argv[] = {script("hook", "exec 9>$B/out\n"
					     "for f in /proc/$$/fd/*; do echo \"${f##*/} $(readlink $f)\" >&9; done\n"
					     "read -r _ _ _ _ group session _ </proc/$$/stat\n"
					     "echo me $group $session $$ >&9\n"
					     "grep -E '^Sig(Blk|Ign)' /proc/self/status >&9"),
			      NULL};
	char *me;
	sigset_t mask, old;
	int leak = open("/", O_RDONLY); /* without O_CLOEXEC */

	(void)state;
	assert_true(leak > 2);
	assert_true(fcntl(leak, F_DUPFD, 200) >= 200);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigfillset(&mask);
	sigprocmask(SIG_BLOCK, &mask, &old);
	run("192.0.2.1", argv);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	assert_true(waited_for("status=0"));
	const char *text = content("out");
	assert_non_null(strstr(text, "0 /dev/null\n"));
	assert_non_null(strstr(text, "1 /dev/null\n"));
	assert_non_null(strstr(text, "2 /dev/null\n"));
	assert_null(strstr(text, " /\n"));
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000\n"));
	/* Signals 32 and 33 are the C library's own, and its posix_spawn leaves them ignored. */
	assert_non_null(strstr(text, "SigIgn:\t"));
	assert_true((strtoull(strstr(text, "SigIgn:\t") + 8, NULL, 16) & ~UINT64_C(0x180000000)) == 0);
	me = strstr(text, "me ");
	assert_non_null(me);
	int group, session, pid;
	assert_int_equal(sscanf(me, "me %d %d %d", &group, &session, &pid), 3);
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
	close(leak);
	close(200);
}

static void test_failures_are_one_line_each(void **state)
{
	const char *fails[] = {script("fails", "exit 3"), NULL};

	(void)state;
	run("192.0.2.1", fails);
	assert_true(waited_for("status=3"));
	char expected[1024];
	snprintf(expected, sizeof(expected), "1 hook status=3 service=ssh address=192.0.2.1 command=%s/fails\n", base);
	assert_string_equal(lines, expected);

	lines[0] = '\0';
	const char *dies[] = {script("dies", "kill -USR2 $$"), NULL};
	run("192.0.2.1", dies);
	assert_true(waited_for("signal=12"));

	lines[0] = '\0';
	const char *missing[] = {in_base("missing"), NULL};
	run("192.0.2.1", missing);
	snprintf(expected, sizeof(expected),
		 "0 hook error=\"No such file or directory\" service=ssh address=192.0.2.1 command=%s/missing\n", base);
	assert_string_equal(lines, expected);
	assert_int_equal(started, 3); /* there is nothing left to wait for */
}

static void test_no_command_is_no_work(void **state)
{
	(void)state;
	run("192.0.2.1", NULL);
	assert_int_equal(started, 1);
	assert_string_equal(lines, "");
}

/* Each run appends a line when it begins and, a while later, when it ends. */
static void test_one_address_s_hooks_follow_each_other(void **state)
{
	char *path = strdup(script("hook", "echo begin $1 >>$B/$QKNOCK_ADDRESS\nsleep 0.1\n"
					   "echo end $1 >>$B/$QKNOCK_ADDRESS"));
	const char *first[] = {path, "1", NULL}, *second[] = {path, "2", NULL}, *third[] = {path, "3", NULL};

	(void)state;
	run("192.0.2.1", first);
	run("192.0.2.1", second);
	run("192.0.2.2", third);
	run("192.0.2.1", third);
	assert_int_equal(started, 2);
	for (int i = 0; i < 1000 && started < 4; i++) {
		usleep(5000);
		hooks_reap(hooks);
	}
	assert_int_equal(started, 4);
	lines[0] = '\0';
	assert_true(waited_for("status=0"));
	assert_string_equal(content("192.0.2.1"), "begin 1\nend 1\nbegin 2\nend 2\nbegin 3\nend 3\n");
	assert_string_equal(content("192.0.2.2"), "begin 3\nend 3\n");
	free(path);
}

static void test_a_bounded_number_runs_at_once(void **state)
{
	const char *argv[] = {script("hook", "until [ -e $B/go ] || [ ! -d $B ]; do sleep 0.02; done"), NULL};
	char client[32];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(client, sizeof(client), "192.0.2.%d", i);
		run(client, argv);
	}
	hooks_reap(hooks);
	assert_int_equal(started, HOOKS_PARALLEL);
	write_file(in_base("go"), "", 0);
	for (int i = 0; i < 1000 && started < 40; i++) {
		usleep(5000);
		hooks_reap(hooks);
	}
	assert_int_equal(started, 40);
	while (waitpid(-1, NULL, 0) > 0)
		;
	lines[0] = '\0';
	hooks_reap(hooks); /* all were taken from it above: it does not wait for ever */
	assert_non_null(strstr(lines, "status=unknown"));
}

/* Neither gone nor a zombie. */
static bool is_running(pid_t pid)
{
	char path[64], state = 'X';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'X';
	fclose(f);
	return state != 'X' && state != 'Z';
}

/* SIGTERM for the whole group after the time-out, then SIGKILL. */
static void test_time_out(void **state)
{
	const char *argv[] = {
	    script("hook", "trap 'echo term >>$B/out; exit 9' TERM\n"
			   "(trap '' TERM; touch $B/child; while [ -d $B ]; do sleep 0.1; done) &\necho $! >$B/pid\n"
			   "until [ -e $B/child ]; do sleep 0.02; done; touch $B/ready\nwait"),
	    NULL};

	(void)state;
	hooks_set_timeout(hooks, 7);
	run("192.0.2.1", argv);
	assert_true(waited_for_file("ready"));
	skew_ns = 6 * CLOCK_NS_PER_S;
	hooks_tick(hooks);
	assert_string_equal(lines, "");
	skew_ns = 8 * CLOCK_NS_PER_S;
	hooks_tick(hooks);
	assert_non_null(strstr(lines, "1 hook timeout=yes pid="));
	assert_true(waited_for("status=9"));
	assert_string_equal(content("out"), "term\n");
	/* What ignored SIGTERM has gone with the group (init may take a moment to collect it). */
	pid_t child = atoi(content("pid"));
	for (int i = 0; i < 1000 && is_running(child); i++)
		usleep(5000);
	assert_false(is_running(child));
}

static void test_time_out_of_a_deaf_hook(void **state)
{
	const char *argv[] = {script("hook", "trap '' TERM; touch $B/ready; while [ -d $B ]; do sleep 0.1; done"),
			      NULL};

	(void)state;
	run("192.0.2.1", argv);
	assert_true(waited_for_file("ready"));
	skew_ns = 31 * CLOCK_NS_PER_S;
	hooks_tick(hooks);
	usleep(300000);
	hooks_tick(hooks);
	hooks_reap(hooks);
	assert_null(strstr(lines, "signal="));
	skew_ns = 37 * CLOCK_NS_PER_S;
	hooks_tick(hooks);
	assert_true(waited_for("1 hook signal=9 "));
}

static void test_other_children_are_left_alone(void **state)
{
	const char *argv[] = {script("hook", "exit 0"), NULL};
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(5);
	run("192.0.2.1", argv);
	assert_true(waited_for("status=0"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 5);
}

static void test_what_is_queued_is_dropped_at_the_end(void **state)
{
	const char *argv[] = {script("hook", "sleep 0.3; echo x >>$B/out"), NULL};

	(void)state;
	run("192.0.2.1", argv);
	run("192.0.2.1", argv);
	run("192.0.2.1", argv);
	hooks_free(hooks);
	assert_string_equal(lines, "1 hooks dropped that were not started: 2\n");
	assert_int_equal(started, 1);
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_string_equal(content("out"), "x\n");
	assert_int_equal(hooks_new(&logger, &hooks), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_arguments_are_passed_untouched),
	    TEST(test_the_environment_is_clean),
	    TEST(test_descriptors_session_and_signals),
	    TEST(test_failures_are_one_line_each),
	    TEST(test_no_command_is_no_work),
	    TEST(test_one_address_s_hooks_follow_each_other),
	    TEST(test_a_bounded_number_runs_at_once),
	    TEST(test_time_out),
	    TEST(test_time_out_of_a_deaf_hook),
	    TEST(test_other_children_are_left_alone),
	    TEST(test_what_is_queued_is_dropped_at_the_end),
	};

	cmocka_set_skip_filter(getenv("QKNOCK_TEST_LEAVE_OUT")); /* tests/valgrind.sh */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
