/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/launch.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum status set_descriptors(int fd, struct fault *fault)
{
	/* Marked rather than closed, so that a failure can still be logged. */
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		return fault_set(fault, STATUS_SYSTEM, "can't set up the descriptors: %s", strerror(errno));
	return STATUS_OK;
}

/* By the system call: libc refuses the signals that it keeps for itself, and a parent may have them ignored. */
static void restore_signals(void)
{
	const unsigned long action[8] = {0}; /* the kernel's struct, whose zeros are SIG_DFL, no flags, no mask */
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, action, NULL, (NSIG - 1) / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static enum status enter_root(const char *root, struct fault *fault)
{
	if (chroot(root) != 0 || chdir("/") != 0)
		return fault_set(fault, STATUS_SYSTEM, "--chroot %s: %s", root, strerror(errno));
	return STATUS_OK;
}

enum status launch(const struct options *options, const struct peer *peer, const struct account *account,
		   const struct environment *environment, struct fault *fault)
{
	enum status status = set_descriptors(peer->fd, fault);

	if (status == STATUS_OK && options->root != NULL)
		status = enter_root(options->root, fault);
	if (status == STATUS_OK && account != NULL)
		status = privileges_drop(account, fault);
	if (status != STATUS_OK)
		return status;
	umask(options->mask);
	restore_signals();
	execve(options->program[0], options->program, (char *const *)environment->vector);
	return fault_set(fault, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, "%s: %s", options->program[0],
			 strerror(errno));
}
