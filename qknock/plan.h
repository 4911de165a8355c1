/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A knock that is ready to be sent, with the announcement of a sheet's line before it, and the order it is sent in. */
#ifndef QKNOCK_PLAN_H
#define QKNOCK_PLAN_H

#include <stdint.h>

#include "libcore/sequence.h"
#include "qknock/peer.h"

#define PLAN_PACKETS_MAX (KNOCK_COUNT_MAX + 1)

/* Holds words that authorise: lives in memory of secret.h. */
struct plan {
	const struct peer *peer;
	struct sequence_packet packets[PLAN_PACKETS_MAX]; /* with a line of a sheet the last one is the announcement */
	unsigned count;
	uint16_t width;
	uint8_t line, lines; /* of the sheet; 0: the key is of no sheet */
};

/* What packet i carries as its source when it leaves this host: the protocol's, but without hopping behind NAT the
 * local address, which becomes the protocol's on the way. */
const struct address *plan_source(const struct plan *plan, unsigned i);

/* A random permutation of 0..count-1, drawn afresh by each call. Errors: CRYPTO. */
int plan_shuffle(unsigned count, uint8_t order[static PLAN_PACKETS_MAX]);

/* The order of one set: random, but for an announcement, which is first. Errors: CRYPTO. */
int plan_order(const struct plan *plan, uint8_t order[static PLAN_PACKETS_MAX]);

#endif
