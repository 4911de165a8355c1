/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that checks pass-codes, without the sandbox that it is in otherwise. */
#ifndef TESTS_UNIT_CHECKER_H
#define TESTS_UNIT_CHECKER_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qknockd/hasher.h"

/* Returns the end for hasher_attach; it ends when that is closed. */
static inline int checker_start(pid_t *pid)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Nor the end of one that was started before. */
		dup2(fds[1], STDERR_FILENO + 1);
		closefrom(STDERR_FILENO + 2);
		hasher_serve(STDERR_FILENO + 1);
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

#endif
