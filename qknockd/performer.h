/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does what the verifier asks for (privop.h), once that was checked: writes grants where the integrations look, and
 * starts the configured hooks.
 */
#ifndef QKNOCKD_PERFORMER_H
#define QKNOCKD_PERFORMER_H

#include "libcore/log.h"
#include "qknockd/hooks.h"
#include "qknockd/privop.h"

struct performer;

#define PERFORMER_HOOKS_MAX 16384 /* that wait for their start: more are told to come again */

/* A hook of this number was started, of those that were asked for since performer_forget. */
typedef void performer_started(void *arg, uint64_t job);

/* hooks and log are borrowed. Errors: NOMEM. */
int performer_new(struct hooks *hooks, performer_started *started, void *arg, const struct log *log,
		  struct performer **out);
void performer_free(struct performer *performer); /* after hooks */

/* A PLACE_* or RUN_HOOK request that has passed privop_check. */
void performer_do(struct performer *performer, const struct privop_context *context,
		  const struct privop_request *request, struct privop_reply *reply);

/* Another verifier asks from now on: it knows nothing of places that are open, nor of hooks that wait. */
void performer_forget(struct performer *performer);

#endif
