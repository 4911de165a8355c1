/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's own addresses, which no hop of a knock should borrow (protocol.md section 2). */
#ifndef QKNOCKD_LOCALADDR_H
#define QKNOCKD_LOCALADDR_H

#include <stddef.h>

#include "libcore/address.h"

/* Addresses and broadcast addresses of all interfaces; the caller frees *out. Errors: IO, NOMEM. */
int localaddr_list(struct address **out, size_t *count);

#endif
