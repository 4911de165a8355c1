/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics of the route to an address, from the kernel by rtnetlink(7). 0: the route sets none. */
#ifndef QKNOCK_ROUTE_METRICS_H
#define QKNOCK_ROUTE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/address.h"

struct route_metrics {
	uint32_t advmss;
	uint32_t window;
	uint32_t initrwnd;
	uint32_t hop_limit;
	bool ecn;
	bool mtu_locked;
	bool local; /* the destination is this host itself */
};

/* source: NULL, or a local address that the packets come from. ifindex: 0, or the scope of a link-local destination.
 * Errors: IO with errno set; *out is then zero. */
int route_metrics_read(const struct address *destination, const struct address *source, unsigned ifindex,
		       struct route_metrics *out);

#endif
