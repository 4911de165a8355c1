/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the administrator's commands: argument vectors, no shell, a clean environment (PATH, QKNOCK_USER,
 * QKNOCK_SERVICE, QKNOCK_ADDRESS, QKNOCK_EXPIRES), no descriptor but /dev/null on 0, 1 and 2, own session.
 * Started in order, a bounded number at once, killed with their group after a time-out.
 */
#ifndef QKNOCKD_HOOKS_H
#define QKNOCKD_HOOKS_H

#include <stdint.h>

#include "libcore/log.h"
#include "qknockd/store.h"

struct hooks;

int hooks_new(const struct log *log, struct hooks **out); /* NOMEM */
/* Waits for nothing: running commands go on. */
void hooks_free(struct hooks *hooks);

void hooks_set_timeout(struct hooks *hooks, uint32_t seconds);

/* Queues argv (copied) for this grant; NULL argv is no work. A command that can't be started, fails or is
 * killed is one log line. Errors: NOMEM. Hooks of one service and address never overtake each other. */
int hooks_run(struct hooks *hooks, char *const *argv, const struct store_grant *grant);

void hooks_reap(struct hooks *hooks); /* upon SIGCHLD */
void hooks_tick(struct hooks *hooks); /* once a second: time-outs */

#endif
