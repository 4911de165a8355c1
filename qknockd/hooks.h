/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the administrator's commands: argument vectors, no shell, a clean environment (PATH, QKNOCK_USER,
 * QKNOCK_SERVICE, QKNOCK_ADDRESS, QKNOCK_EXPIRES in Unix seconds), no descriptor but /dev/null on 0, 1 and 2, own
 * session, working directory /, no signal blocked or ignored.
 * Started in order, HOOKS_PARALLEL at once, killed with their group after a time-out: SIGTERM, then SIGKILL.
 */
#ifndef QKNOCKD_HOOKS_H
#define QKNOCKD_HOOKS_H

#include <stdint.h>

#include "libcore/log.h"
#include "qknockd/store.h"

#define HOOKS_PARALLEL 16

enum hook_kind { HOOK_OPEN, HOOK_CLOSE }; /* of a service */

struct hooks;

int hooks_new(const struct log *log, struct hooks **out); /* NOMEM */
/* Waits for nothing: running commands go on, what is queued is dropped (one log line). */
void hooks_free(struct hooks *hooks);

void hooks_set_timeout(struct hooks *hooks, uint32_t seconds); /* of commands started later; 30 at first */

/*
 * Queues argv (copied) for this grant; NULL argv is no work. A command that can't be started, fails or is
 * killed is one log line. Hooks of one service and address never overtake each other, and the next one starts
 * when the last has ended. started (may be NULL) is called once, in here or in hooks_reap, when the command was
 * started or can't be; never once hooks_free was called. Errors: NOMEM.
 */
int hooks_run(struct hooks *hooks, char *const *argv, const struct store_grant *grant, void (*started)(void *arg),
	      void *arg);

void hooks_reap(struct hooks *hooks); /* upon SIGCHLD; waits for own children only */
void hooks_tick(struct hooks *hooks); /* once a second: time-outs */

#endif
