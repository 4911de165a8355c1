/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for keys and pass-codes: kept out of swap and core dumps as far as the system lets us, wiped when freed. */
#ifndef QKNOCK_SECRET_H
#define QKNOCK_SECRET_H

#include <stddef.h>

/* Zeroed; NULL when there is no memory. size may be anything up to a page; free wipes and takes NULL. */
void *secret_alloc(size_t size);
void secret_free(void *p, size_t size);

#endif
