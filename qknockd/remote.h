/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier's hands: what it may not do itself it asks the helper for (privop.h). A helper that does not answer any
 * more is dead, and so is the verifier then.
 */
#ifndef QKNOCKD_REMOTE_H
#define QKNOCKD_REMOTE_H

#include "qknockd/granter.h"
#include "qknockd/privop.h"

struct remote;

/* Asks over call; what comes unasked is read from events. Both are borrowed. generation is that of the configuration.
 * Errors: NOMEM. */
int remote_new(int call, int events, uint32_t generation, struct remote **out);
void remote_free(struct remote *remote);

/* Places and hooks for a granter. Errors: NOMEM. */
int remote_outside(struct remote *remote, struct granter_outside *out);

void remote_ready(struct remote *remote, uint64_t flags);
void remote_alive(struct remote *remote); /* once a second */

/* One thing that came unasked; *fd is -1 or a descriptor of the caller's. HOOK_STARTED was dealt with. Errors: AGAIN
 * (there is nothing), IO (the helper is gone, or wants us to end). */
int remote_event(struct remote *remote, struct privop_event *event, int *fd);

/* Makes the helper read the configuration again. *text (the caller frees) is what it found good; adapter the user of
 * requests_adapter. Errors: those of config_load and the capture. */
int remote_reload(struct remote *remote, char **text, size_t *len, uid_t *adapter);
/* The new one counts from now on; hooks of the old one can still be run, through the granter, until remote_reloaded. */
int remote_commit(struct remote *remote);
void remote_use_new(struct remote *remote); /* hooks are those of the new configuration from now on */
void remote_reloaded(struct remote *remote, int rc);

#endif
