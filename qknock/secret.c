/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/secret.h"

#include <sys/mman.h>

#include "libcore/crypto.h"

void *secret_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Best effort: RLIMIT_MEMLOCK may be 0, and these are no reason to refuse a knock. */
	(void)mlock(p, size);
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)madvise(p, size, MADV_WIPEONFORK);
	return p;
}

void secret_free(void *p, size_t size)
{
	if (p == NULL)
		return;
	crypto_wipe(p, size);
	munmap(p, size);
}
