/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A knock that is ready to be sent, and the order it is sent in. */
#ifndef QKNOCK_PLAN_H
#define QKNOCK_PLAN_H

#include <stdint.h>

#include "libcore/sequence.h"
#include "qknock/peer.h"

/* Holds words that authorise: lives in memory of secret.h. */
struct plan {
	const struct peer *peer;
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	unsigned count;
	uint16_t width;
};

/* What packet i carries as its source when it leaves this host: the protocol's, but without hopping behind NAT the
 * local address, which becomes the protocol's on the way. */
const struct address *plan_source(const struct plan *plan, unsigned i);

/* A random permutation of 0..count-1, drawn afresh by each call. Errors: CRYPTO. */
int plan_shuffle(unsigned count, uint8_t order[static KNOCK_COUNT_MAX]);

#endif
