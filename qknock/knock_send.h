/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends a planned knock: random order, random gaps, the whole set as often as wanted. */
#ifndef QKNOCK_KNOCK_SEND_H
#define QKNOCK_KNOCK_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "qknock/plan.h"
#include "qknock/sender.h"

struct knock_outcome {
	unsigned sent;	   /* packets that left */
	unsigned failed;   /* packets that did not */
	unsigned distinct; /* different packets that left; the knock needs all */
	uint64_t left;	   /* bit i: packet i left this host */
	uint64_t faulty;   /* bit i: its failure was said */
	uint64_t duration_ms;
};

/* Who wants to do something in the gaps between packets. */
struct knock_watch {
	/* Lets ns pass. true: no more packets are needed, the rest of them stays here. */
	bool (*pause)(void *context, const struct knock_outcome *so_far, uint64_t ns);
	void *context;
};

/* gap_ms: mean; each gap is uniform between 0 and twice that, and 20 to 60 ms longer behind an announcement. Adds to
 * out, which begins as zero: the same set may be sent once more later. watch NULL: sleeps in the gaps, and stops when
 * interrupted. Says the first failure of each packet on standard error. Errors: IO when not all different packets left, CRYPTO; 0 when it was stopped. */
int knock_send(struct sender *sender, const struct plan *plan, unsigned repeat, unsigned gap_ms,
	       const struct knock_watch *watch, struct knock_outcome *out);

#endif
