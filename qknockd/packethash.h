/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an expected packet is found by what it is: a table from the keyed hash of (source, port, word) to a number of
 * the caller's, made so that a packet nobody expects costs next to nothing. Only hashes are compared here: what is
 * found may be another packet, which the caller has to look at.
 */
#ifndef QKNOCKD_PACKETHASH_H
#define QKNOCKD_PACKETHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"
#include "qknockd/frame.h"

struct packethash;

int packethash_new(struct packethash **out); /* NOMEM, CRYPTO (the hash is seeded) */
void packethash_free(struct packethash *table);

/* The same packet has the same hash in one table, never in two. */
uint32_t packethash_of(const struct packethash *table, const struct address *source, uint16_t port, uint32_t word);

/* Says that the place of this hash is going to be needed. */
void packethash_fetch(const struct packethash *table, uint32_t hash);

/* Several entries may have one hash. Errors: NOMEM; nothing has changed then. */
int packethash_add(struct packethash *table, uint32_t hash, uint32_t number);
void packethash_remove(struct packethash *table, uint32_t hash, uint32_t number); /* it must be there */

/* Each number that stands behind a hash: from a cursor that is all zero, until false. The table must not change
 * meanwhile. */
struct packethash_cursor {
	const void *bucket;
	uint32_t slot;
};
bool packethash_next(const struct packethash *table, uint32_t hash, struct packethash_cursor *cursor, uint32_t *number);

/* For many packets at once. First their hashes, while the places they lead to are on their way from memory already;
 * sourceless: those of the packets as if they came from ::. Then which of the hashes may have an entry, as bits, the
 * first packet's the lowest; but for one stranger in a hundred, the others have none. */
#define PACKETHASH_BATCH 32
void packethash_of_many(const struct packethash *table, const struct frame_knock *packets, size_t count,
			bool sourceless, uint32_t hashes[static PACKETHASH_BATCH]);
uint32_t packethash_may_have(const struct packethash *table, const uint32_t hashes[static PACKETHASH_BATCH],
			     size_t count);

#endif
