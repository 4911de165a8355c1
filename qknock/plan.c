/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/plan.h"

#include <string.h>

#include "libcore/crypto.h"

const struct address *plan_source(const struct plan *plan, unsigned i)
{
	if (plan->width == 0 && !plan->peer->client_is_local)
		return &plan->peer->local;
	return &plan->packets[i].source;
}

/* Fisher and Yates */
int plan_shuffle(unsigned count, uint8_t order[static PLAN_PACKETS_MAX])
{
	for (unsigned i = 0; i < count; i++)
		order[i] = (uint8_t)i;
	for (unsigned i = count; i > 1; i--) {
		uint64_t j;
		int rc = crypto_random_below(i, &j);

		if (rc != 0)
			return rc;
		uint8_t swapped = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swapped;
	}
	return 0;
}

int plan_order(const struct plan *plan, uint8_t order[static PLAN_PACKETS_MAX])
{
	uint8_t knock[PLAN_PACKETS_MAX];
	unsigned announcements = plan->line != 0 ? 1 : 0, count = plan->count - announcements;
	int rc = plan_shuffle(count, knock);

	order[0] = (uint8_t)count;
	memcpy(order + announcements, knock, count);
	return rc;
}
