/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier proper: issues one-time keys, keeps their sessions, and turns a complete knock into a grant
 * (protocol.md sections 2 and 6). Knows neither packets' frames nor sockets.
 */
#ifndef QKNOCKD_ENGINE_H
#define QKNOCKD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "libcore/otp.h"
#include "libcore/profile.h"
#include "qknockd/expected.h"
#include "qknockd/frame.h"
#include "qknockd/granter.h"
#include "qknockd/sheets.h"
#include "qknockd/store.h"

struct engine;

struct engine_counters {
	uint64_t known;	   /* packets that a session expected */
	uint64_t grants;   /* knocks that opened a service */
	uint64_t failures; /* complete knocks that opened none: store failed, seal or message wrong */
	uint64_t issued;   /* one-time keys drawn */
	uint64_t expired;  /* one-time keys that nobody used */
	size_t sessions;
	size_t pending;
	size_t sheets;
	size_t live_grants;
};

/* Reads pending keys, sheets and their sessions from the store. Everything is borrowed. Errors: NOMEM, STORE, CRYPTO.
 */
int engine_new(const struct config *config, struct store *store, struct granter *granter, const struct log *log,
	       struct engine **out);
void engine_free(struct engine *engine);

/* Keeps the set equal to the packets that pending keys expect; see session_table_expect. */
void engine_expect(struct engine *engine, struct expected_set *expected);

/* Takes a new configuration, while the old one is still there; pending keys stay, partial knocks too where the packets
 * stay the same. */
int engine_reload(struct engine *engine, const struct config *config);

/* The host's own addresses, copied; until then they are looked up whenever they are needed. Errors: NOMEM. */
int engine_set_own_addresses(struct engine *engine, const struct address *list, size_t count);

void engine_packets(void *engine, const struct frame_knock *packets, size_t count); /* for feed_dispatch */
void engine_tick(struct engine *engine);					    /* expires keys and grants */
uint64_t engine_next_event(const struct engine *engine);			    /* CLOCK_BOOTTIME ns; 0: none */

/* Section 2: a new key, or the pending one again. r: NULL to draw it, else the R to use (demonstrations).
 * Errors: NOT_FOUND, DISABLED, KEY_PENDING, REPLY_LIMIT, POLICY (no service is left), ADDRESS (unspecified,
 * multicast), R, STORE, CRYPTO. The caller wipes *otp. */
int engine_issue(struct engine *engine, const char *user, const struct address *client, const uint64_t *r,
		 struct otp *otp);

/* Users; changes of policy reach the pending key at once, deletion and disabling drop it and a sheet. */
int engine_user_add(struct engine *engine, const struct store_user *user);
int engine_user_update(struct engine *engine, const struct store_user *user);
int engine_user_delete(struct engine *engine, const char *id);
/* Only the count of wrong pass-codes in a row: nothing else of the user changes. */
int engine_user_set_failures(struct engine *engine, const char *id, uint32_t failures);
int engine_user_get(struct engine *engine, const char *id, struct store_user *user);
int engine_user_each(struct engine *engine, const char *after, unsigned limit,
		     int (*each)(void *arg, const struct store_user *user), void *arg);
int engine_profile(struct engine *engine, const char *id, struct profile *profile); /* NOT_FOUND, STORE */

/* Pending keys ordered by user, those after the given one; the key itself is not shown. */
struct engine_pending {
	char user[USER_ID_MAX + 1];
	struct address client;
	uint64_t issued_at;
	uint32_t seconds_left;
	uint32_t replies;
};
int engine_pending_each(struct engine *engine, const char *after, unsigned limit,
			int (*each)(void *arg, const struct engine_pending *pending), void *arg);

struct granter *engine_granter(struct engine *engine);
struct sheets *engine_sheets(struct engine *engine);
void engine_counters(const struct engine *engine, struct engine_counters *out);

#endif
