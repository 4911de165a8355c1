/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array whose address space is reserved at its full size and whose memory comes as it grows: it never moves, so that
 * growth copies nothing.
 */
#ifndef QKNOCKD_VMARRAY_H
#define QKNOCKD_VMARRAY_H

#include <stddef.h>

#define VMARRAY_STEP ((size_t)2 << 20) /* a huge page */

struct vmarray {
	char *base;	 /* at the start of a page, of a huge one if the array is as large as that */
	size_t reserved; /* bytes of address space that are behind base */
	size_t ready;	 /* bytes that are memory */
	char *mapping;	 /* what was reserved in all */
	size_t mapped;
};

/* All of a new one is zero. Errors: NOMEM. */
int vmarray_reserve(struct vmarray *a, size_t size);
void vmarray_free(struct vmarray *a);

/* Makes the first size bytes memory, zero where they were not before. Errors: NOMEM. */
int vmarray_grow(struct vmarray *a, size_t size);

/* Gives memory behind size back, but for a step, so that none is taken and given back by turns. */
void vmarray_shrink(struct vmarray *a, size_t size);

#endif
