/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a process of the daemon shuts itself off for good: another user, no capability, no new privileges, Landlock,
 * and an allow-list of system calls, of which any other ends it (doc/isolation.md).
 */
#ifndef QKNOCKD_SANDBOX_H
#define QKNOCKD_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

struct sandbox_ids {
	uid_t uid;
	gid_t gid;
};

/* For the process that stays root: keeps of root's capabilities those that starting the others, the grants and the
 * kernel table need. Commands that it executes have all of root's again. Errors: IO (errno tells). */
int sandbox_reduce_root(void);

/* Whose system calls are left. */
enum sandbox_calls { SANDBOX_VERIFIER, SANDBOX_CAPTURE, SANDBOX_HASHER };

/*
 * The first step: becomes the user, without supplementary groups, capabilities (of the bounding set too), core dumps
 * and debuggers; can never gain privileges nor start processes; dies with parent, its parent. Needs CAP_SETUID,
 * CAP_SETGID, CAP_SETPCAP. Errors: IO (errno tells).
 */
int sandbox_become(const struct sandbox_ids *ids, pid_t parent);

/* The second: no file but those below directory, which may be read, written, made and removed, and *readable, which may
 * be read; NULL: none. NOT_FOUND where the kernel has no Landlock; other errors: IO (errno tells). */
int sandbox_files(const char *directory, const char *readable);

/* The third: what is not in the list kills the process (SIGSYS). Errors: IO. */
int sandbox_calls(enum sandbox_calls which);

#endif
