/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pending one-time keys in memory, each with its sessions: by user, and in the order in which they expire.
 * Owns nothing of the store; its entries mirror rows that are durable already. Besides them, in the order of expiry
 * only, stand candidates: keys of sheets together with an address that announced itself (protocol-sheet.md section 3).
 */
#ifndef QKNOCKD_KEYRING_H
#define QKNOCKD_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/sequence.h"
#include "qknockd/session.h"
#include "qknockd/store.h"

struct keyring;
struct keyring_key;

/* One way to use a key: what a session waits for. Owner of a session (session_owner). */
struct keyring_knock {
	struct keyring_key *key;
	struct session *session;
	struct service service;
	struct knock_shape shape;
	uint16_t width;
	uint64_t retry_ns; /* not tried again before this, after a failure */
};

int keyring_new(struct session_table *table, struct keyring **out); /* NOMEM, CRYPTO */
void keyring_free(struct keyring *ring);			    /* with all keys and sessions */

/* Adds a key with the sessions that configuration and user allow. Errors: NOMEM, POLICY (none allowed),
 * EXISTS (the user has one), or those of sequence_maker_derive; nothing is left behind then. */
int keyring_add(struct keyring *ring, const struct config *config, const struct store_user *user,
		const struct store_pending *pending);

/* Adds a candidate, whose pending->otp has the number of its line. Errors: as above, but for EXISTS. */
int keyring_add_candidate(struct keyring *ring, const struct config *config, const struct store_user *user,
			  const struct store_pending *pending, struct keyring_key **out);
bool keyring_is_candidate(struct keyring_key *key);

/* Wipes and frees the key, its sessions too. */
void keyring_remove(struct keyring *ring, struct keyring_key *key);

/* Brings sessions and logins in line with configuration and user. The sessions whose packets stay the same are kept,
 * with what they have received; on error all are. Logins that were taken from the user are gone in any case. */
int keyring_rebuild(struct keyring *ring, const struct config *config, const struct store_user *user,
		    struct keyring_key *key);

struct keyring_key *keyring_find(struct keyring *ring, const char *user);
struct keyring_key *keyring_first_to_expire(struct keyring *ring); /* NULL when empty */
struct keyring_key *keyring_next_to_expire(struct keyring_key *key);

/* In order of user: the first one after a name, and so on. */
struct keyring_key *keyring_first_after(struct keyring *ring, const char *user);
struct keyring_key *keyring_next_by_user(struct keyring_key *key);

size_t keyring_count(const struct keyring *ring); /* without candidates */

/* The key's row; replies may be counted up by the caller. */
struct store_pending *keyring_pending(struct keyring_key *key);

/* As in struct store_user, those of the user of whom the key was made or rebuilt last. */
const char *keyring_logins(const struct keyring_key *key);

/* Whether the words that have come open the knock's seal (sequence_maker_verify has the errors). */
int keyring_verify(struct keyring *ring, const struct keyring_knock *knock, const struct config *config);

/* One packet is missing yet: what takes long of keyring_verify is done before it comes. */
void keyring_prepare(struct keyring *ring, const struct keyring_knock *knock, const struct config *config);

#endif
