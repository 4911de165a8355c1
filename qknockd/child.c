/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/privop.h"
#include "qknockd/slice.h"

/* --- in the child --- */

static void to_helper(void *arg, enum log_level level, const char *line)
{
	const struct child_self *self = arg;
	struct privop_log message = {.op = PRIVOP_LOG, .level = level};

	strncpy(message.text, line, sizeof(message.text) - 1);
	/* There is no place left to complain to when this fails. */
	if (privop_send(self->fd, &message, sizeof(message), -1, self->log_flags) != 0)
		return;
}

static int compare(const void *a, const void *b)
{
	int first = *(const int *)a, second = *(const int *)b;

	return first < second ? -1 : first > second;
}

/* Linux has close_range since 5.9, and some containers forbid it. */
static void close_between(int first, int last)
{
	if (close_range((unsigned)first, (unsigned)last, 0) != 0)
		for (int fd = first; fd <= last; fd++)
			close(fd);
}

static void close_others(int *keep, size_t count)
{
	int from = STDERR_FILENO + 1;

	qsort(keep, count, sizeof(*keep), compare);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < from)
			continue;
		if (keep[i] > from)
			close_between(from, keep[i] - 1);
		from = keep[i] + 1;
	}
	closefrom(from); /* without close_range it looks into /proc; it does not return if it cannot */
}

static void settle_in(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (null < 0)
		_exit(EXIT_FAILURE);
	for (int i = 0; i <= STDERR_FILENO; i++)
		dup2(null, i);
	close(null);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- in the helper --- */

int child_start(struct child *child, int (*run)(void *arg, const struct child_self *self), void *arg, int *keep,
		size_t count, const struct log *log)
{
	struct child_self self = {.parent = getpid()};
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return QK_ERR_IO;
	pid = fork();
	if (pid == 0) {
		/* Until sandbox_become, which resets it, is through. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		self.fd = fds[1];
		/* The verifier's lines wait, in their order with what it asks for. A capture waits for nobody. */
		self.log_flags = child->from == PRIVOP_VERIFIER ? 0 : MSG_DONTWAIT;
		self.log = (struct log){.write = to_helper, .arg = &self, .level = log->level};
		keep[count] = fds[1];
		settle_in();
		slice_shorten();
		close_others(keep, count + 1);
		_exit(run(arg, &self));
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return QK_ERR_IO;
	}
	child->pid = pid;
	child->fd = fds[0];
	child->alive = false;
	return 0;
}

void child_dismiss(struct child *child)
{
	if (child->fd >= 0)
		close(child->fd);
	child->fd = -1;
}

#ifdef QK_COVERAGE
/* Without its channel it ends by itself, and writes its counters. */
static void let_end(const struct child *child)
{
	for (int i = 0; i < 300 && child->pid > 0 && !child_has_ended(child); i++)
		usleep(10000);
}
#endif

void child_end(struct child *child)
{
	child_dismiss(child);
#ifdef QK_COVERAGE
	let_end(child);
#endif
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
}

void child_kill(struct child *child)
{
	child_end(child);
	if (child->pid > 0)
		waitpid(child->pid, NULL, 0);
	child->pid = 0;
}

static void describe(char *text, size_t size, int status)
{
	if (WIFEXITED(status))
		snprintf(text, size, "exit=%d", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGSYS)
		snprintf(text, size, "reason=sandbox: it tried a system call that it has no use for");
	else
		snprintf(text, size, "signal=%d", WTERMSIG(status));
}

bool child_has_ended(const struct child *child)
{
	siginfo_t info = {.si_pid = 0};

	return child->pid > 0 && waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

void child_tick(struct child *child, const struct log *log)
{
	if (child->lines.left_out == 0)
		return;
	log_line(log, LOG_LEVEL_WARNING, "log limit left_out=%" PRIu64 " process=%s", child->lines.left_out,
		 child->name);
	child->lines.left_out = 0;
}

bool child_reap(struct child *child, bool expected, const struct log *log)
{
	char how[96];
	int status;

	if (child->pid <= 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	describe(how, sizeof(how), status);
	if (!expected || WIFSIGNALED(status))
		log_line(log, LOG_LEVEL_ERROR, "process ended process=%s pid=%ld %s", child->name, (long)child->pid,
			 how);
	child->pid = 0;
	child_dismiss(child);
	return true;
}
