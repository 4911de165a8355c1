/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that do not keep to the rules: none stays behind without a channel, and each speaks in its own name. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qknockd/daemon_state.h"

static char said[2048];

static void note(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static const struct log noted = {.write = note, .level = LOG_LEVEL_DEBUG};

struct fixture {
	struct daemon daemon;
	struct child child;
	int end; /* the child's */
};

/* A process that waits for its end; what it says is said here. */
static void begin(struct fixture *f, const char *name, unsigned from)
{
	int fds[2];

	said[0] = '\0';
	memset(f, 0, sizeof(*f));
	f->daemon.log = &noted;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	f->child = (struct child)CHILD_NONE(name, from);
	f->child.fd = fds[0];
	f->child.pid = fork();
	f->end = fds[1];
	assert_true(f->child.pid >= 0);
	if (f->child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* of a test that failed */
		for (;;)
			pause();
	}
}

static void assert_killed(struct fixture *f)
{
	int status;

	assert_int_equal(f->child.fd, -1);
	assert_int_equal(waitpid(f->child.pid, &status, 0), f->child.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(f->end);
}

static void test_an_empty_message_ends_it(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "verifier", PRIVOP_VERIFIER);
	assert_int_equal(send(f.end, "", 0, 0), 0);
	daemon_on_channel(&f.daemon, &f.child);
	assert_killed(&f);
}

static void test_nonsense_ends_it(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "capture", PRIVOP_CAPTURE);
	assert_int_equal(send(f.end, "nonsense", 8, 0), 8);
	daemon_on_channel(&f.daemon, &f.child);
	assert_killed(&f);
	assert_non_null(strstr(said, "refused process=capture"));
}

static void test_no_message_is_no_end(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "verifier", PRIVOP_VERIFIER);
	daemon_on_channel(&f.daemon, &f.child);
	assert_true(f.child.fd >= 0);
	assert_int_equal(kill(f.child.pid, 0), 0);
	child_kill(&f.child);
	close(f.end);
}

static const char *line_of(const char *name, unsigned from, const char *text)
{
	struct privop_log line = {.op = PRIVOP_LOG, .level = LOG_LEVEL_INFO};
	struct fixture f;

	strncpy(line.text, text, sizeof(line.text) - 1);
	begin(&f, name, from);
	assert_int_equal(send(f.end, &line, sizeof(line), 0), sizeof(line));
	daemon_on_channel(&f.daemon, &f.child);
	child_kill(&f.child);
	close(f.end);
	return said;
}

static void test_each_speaks_in_its_own_name(void **state)
{
	(void)state;
	assert_string_equal(line_of("capture", PRIVOP_CAPTURE, "grant user=alice"), "capture: grant user=alice\n");
	assert_string_equal(line_of("capture", PRIVOP_CAPTURE, "capture: lost"), "capture: lost\n");
	assert_string_equal(line_of("capture", PRIVOP_CAPTURE, "captured"), "capture: captured\n");
	assert_string_equal(line_of("verifier", PRIVOP_VERIFIER, "grant user=alice"), "grant user=alice\n");
}

/* How many of 10,000 lines of different kinds are written. */
static unsigned flood(struct fixture *f)
{
	struct privop_log line = {.op = PRIVOP_LOG, .level = LOG_LEVEL_ERROR};
	unsigned written = 0;

	for (unsigned i = 0; i < 10000; i++) {
		snprintf(line.text, sizeof(line.text), "nonsense %u", i);
		assert_int_equal(send(f->end, &line, sizeof(line), 0), sizeof(line));
		said[0] = '\0';
		daemon_on_channel(&f->daemon, &f->child);
		written += said[0] != '\0';
	}
	return written;
}

/* Whoever floods the log leaves room in it for the others, the helper's own lines above all. */
static void test_each_has_its_share_of_the_log(void **state)
{
	static const struct {
		const char *name;
		unsigned from, least, most;
	} all[] = {
	    {"capture", PRIVOP_CAPTURE, 200, 1000},
	    {"pass-codes", PRIVOP_HASHER, 200, 1000},
	    {"verifier", PRIVOP_VERIFIER, LOGLIMIT_ALL_BURST / 2, LOGLIMIT_ALL_BURST - 1},
	};
	unsigned sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char told[64];
		unsigned written;
		struct fixture f;

		begin(&f, all[i].name, all[i].from);
		written = flood(&f);
		assert_in_range(written, all[i].least, all[i].most);
		sum += written;
		snprintf(told, sizeof(told), "log limit left_out=%u process=%s\n", 10000 - written, all[i].name);
		said[0] = '\0';
		child_tick(&f.child, &noted);
		assert_string_equal(said, told);
		said[0] = '\0';
		child_tick(&f.child, &noted);
		assert_string_equal(said, "");
		child_kill(&f.child);
		close(f.end);
	}
	assert_true(sum < LOGLIMIT_ALL_BURST);
}

static void test_news_that_nobody_takes(void **state)
{
	struct news *news;
	int fds[2], rc = 0, told = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(news_new(&news), 0);
	news_attach(news, fds[0]);
	while (rc == 0 && told < 2 * NEWS_MAX) {
		rc = news_tell(news, PRIVOP_HOOK_STARTED, 1, -1);
		told += rc == 0;
	}
	assert_int_equal(rc, QK_ERR_NOMEM);
	assert_true(told >= NEWS_MAX);
	news_free(news);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_empty_message_ends_it),	  cmocka_unit_test(test_nonsense_ends_it),
	    cmocka_unit_test(test_no_message_is_no_end),	  cmocka_unit_test(test_each_speaks_in_its_own_name),
	    cmocka_unit_test(test_each_has_its_share_of_the_log), cmocka_unit_test(test_news_that_nobody_takes),
	};

	alarm(60); /* a child that nobody ends is waited for */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
