/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small numbers for things, where a pointer to each would take too much room; a number that is free is given again. */
#ifndef QKNOCKD_HANDLES_H
#define QKNOCKD_HANDLES_H

#include <stddef.h>
#include <stdint.h>

#include "qknockd/vmarray.h"

#define HANDLES_MAX ((size_t)1 << (sizeof(void *) > 4 ? 24 : 20))

struct handles {
	struct vmarray places;
	uint32_t used; /* numbers that were ever given: 1 to this */
	uint32_t free; /* the first of those that are free; 0: none */
};

int handles_init(struct handles *h); /* *h is zero; NOMEM */
void handles_free(struct handles *h);

/* A number for a thing that is aligned to two bytes at least; 0 < number < HANDLES_MAX. Errors: NOMEM. */
int handles_take(struct handles *h, void *thing, uint32_t *number);
void handles_give_back(struct handles *h, uint32_t number);

void *handles_at(const struct handles *h, uint32_t number); /* of a number that is taken */

/* The things in the order of their numbers: the first one behind *number, which becomes its; NULL behind the last. */
void *handles_next(const struct handles *h, uint32_t *number);

#endif
