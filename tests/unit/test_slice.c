/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short turns for the process that asks, and for none that it starts. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qknockd/slice.h"

static struct sched_attr attributes(void)
{
	struct sched_attr attr = {.size = 0};

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0)
		_exit(9);
	return attr;
}

/* An older one has the same length for all. */
static bool kernel_knows(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 12);
}

/* Runs check in a process of its own, as what it changes stays. */
static void in_a_child(void (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void shorten_and_fork(void)
{
	struct sched_attr before = attributes(), after, forked;
	int fds[2];

	slice_shorten();
	after = attributes();
	if (after.sched_policy != SCHED_NORMAL || after.sched_nice != before.sched_nice)
		_exit(1);
	if (kernel_knows() && after.sched_runtime != 100000)
		_exit(2);
	if (pipe(fds) != 0)
		_exit(3);
	if (fork() == 0) {
		forked = attributes();
		_exit(write(fds[1], &forked, sizeof(forked)) != sizeof(forked));
	}
	if (read(fds[0], &forked, sizeof(forked)) != sizeof(forked))
		_exit(4);
	if (forked.sched_runtime != before.sched_runtime || forked.sched_nice != before.sched_nice)
		_exit(5);
}

static void test_short_for_itself_alone(void **state)
{
	(void)state;
	in_a_child(shorten_and_fork);
}

static void leave_alone(void)
{
	struct sched_attr attr = {.size = sizeof(attr), .sched_policy = SCHED_BATCH};

	if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0)
		_exit(1);
	slice_shorten();
	if (attributes().sched_policy != SCHED_BATCH || attributes().sched_flags != 0)
		_exit(2);
}

static void test_another_class_stays(void **state)
{
	(void)state;
	in_a_child(leave_alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_short_for_itself_alone),
	    cmocka_unit_test(test_another_class_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
