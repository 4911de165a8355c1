/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends a planned knock: random order, random gaps, the whole set as often as wanted. */
#ifndef QKNOCK_KNOCK_SEND_H
#define QKNOCK_KNOCK_SEND_H

#include <stdint.h>

#include "qknock/plan.h"
#include "qknock/sender.h"

struct knock_outcome {
	unsigned sent;	   /* packets that left */
	unsigned failed;   /* packets that did not */
	unsigned distinct; /* different packets that left; the knock needs all */
	uint64_t duration_ms;
};

/* gap_ms: mean; each gap is uniform between 0 and twice that. Says the first failure of each packet on standard
 * error. Errors: IO when not all different packets left, CRYPTO. */
int knock_send(struct sender *sender, const struct plan *plan, unsigned repeat, unsigned gap_ms,
	       struct knock_outcome *out);

#endif
