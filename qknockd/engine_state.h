/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verifier proper, among its own files engine*.c: what it holds. */
#ifndef QKNOCKD_ENGINE_STATE_H
#define QKNOCKD_ENGINE_STATE_H

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/engine.h"
#include "qknockd/keyring.h"
#include "qknockd/session.h"

struct engine {
	const struct config *config;
	struct store *store;
	struct granter *granter;
	const struct log *log;
	struct session_table *table;
	struct keyring *ring;
	struct sheets *sheets;
	struct engine_counters counters;
	struct address *own; /* the host's addresses as somebody else sees them; NULL: nobody else looks */
	size_t own_count;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	uint64_t next_grant; /* its id, drawn before anybody waits for it; 0: not yet */
	bool behind;	     /* keys are left as they were before the last reload */
};

/* engine.c: the end of pending keys. */
void engine_drop_key(struct engine *engine, struct keyring_key *key, const char *reason); /* of this one */
void engine_expire_keys(struct engine *engine); /* of those whose time is over */

#endif
