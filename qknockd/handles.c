/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/handles.h"

/* Of a thing, or of the next free number. */
union place {
	void *thing;
	uintptr_t free; /* 2 * number + 1: no address of a thing is odd */
};

static union place *place_at(const struct handles *h, uint32_t number)
{
	return (union place *)(void *)h->places.base + number;
}

int handles_init(struct handles *h)
{
	return vmarray_reserve(&h->places, HANDLES_MAX * sizeof(union place));
}

void handles_free(struct handles *h)
{
	vmarray_free(&h->places);
}

int handles_take(struct handles *h, void *thing, uint32_t *number)
{
	*number = h->free;
	if (h->free != 0) {
		h->free = (uint32_t)(place_at(h, h->free)->free >> 1);
	} else {
		int rc = vmarray_grow(&h->places, (h->used + (size_t)2) * sizeof(union place));

		if (rc != 0)
			return rc;
		*number = ++h->used;
	}
	place_at(h, *number)->thing = thing;
	return 0;
}

void handles_give_back(struct handles *h, uint32_t number)
{
	place_at(h, number)->free = (uintptr_t)h->free << 1 | 1;
	h->free = number;
}

void *handles_at(const struct handles *h, uint32_t number)
{
	return place_at(h, number)->thing;
}

void *handles_next(const struct handles *h, uint32_t *number)
{
	while (++*number <= h->used)
		if ((place_at(h, *number)->free & 1) == 0)
			return place_at(h, *number)->thing;
	return NULL;
}
