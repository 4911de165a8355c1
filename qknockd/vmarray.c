/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/vmarray.h"

#include <stdint.h>
#include <sys/mman.h>

#include "libcore/error.h"

static size_t whole_steps(size_t size)
{
	return (size + VMARRAY_STEP - 1) / VMARRAY_STEP * VMARRAY_STEP;
}

/* Kernels before 6.7 do not align by themselves. */
int vmarray_reserve(struct vmarray *a, size_t size)
{
	size_t mapped = whole_steps(size) + VMARRAY_STEP;
	char *mapping = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mapping == MAP_FAILED)
		return QK_ERR_NOMEM;
	*a = (struct vmarray){.base = mapping + (VMARRAY_STEP - (uintptr_t)mapping % VMARRAY_STEP) % VMARRAY_STEP,
			      .reserved = whole_steps(size),
			      .mapping = mapping,
			      .mapped = mapped};
	return 0;
}

void vmarray_free(struct vmarray *a)
{
	if (a->mapping != NULL)
		munmap(a->mapping, a->mapped);
	*a = (struct vmarray){0};
}

/* The processor finds its way in an array of many pages by huge ones; a small one shall not have to take one. */
int vmarray_grow(struct vmarray *a, size_t size)
{
	size_t ready = whole_steps(size);

	if (ready <= a->ready)
		return 0;
	if (ready > a->reserved || mprotect(a->base, ready, PROT_READ | PROT_WRITE) != 0)
		return QK_ERR_NOMEM;
	if (ready > VMARRAY_STEP)
		madvise(a->base, ready, MADV_HUGEPAGE);
	a->ready = ready;
	return 0;
}

void vmarray_shrink(struct vmarray *a, size_t size)
{
	size_t ready = whole_steps(size) + VMARRAY_STEP;

	if (ready < a->ready && mmap(a->base + ready, a->ready - ready, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
		a->ready = ready;
}
