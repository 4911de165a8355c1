/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One captured frame to one possible knock packet (protocol.md section 5, carriers). Pure functions over
 * hostile bytes: no state, no allocation.
 */
#ifndef QKNOCKD_FRAME_H
#define QKNOCKD_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/service.h"

enum frame_carrier { FRAME_SYN, FRAME_UDP };

struct frame_knock {
	struct address source;
	uint16_t port; /* destination */
	uint32_t word;
	enum frame_carrier carrier;
};

enum frame_result {
	FRAME_KNOCK,	/* could be a knock: *out is filled */
	FRAME_OTHER,	/* well-formed, but no knock: wrong port, not a pure SYN, fragment, other protocol */
	FRAME_MALFORMED /* truncated or contradicts itself */
};

/* Link types of libpcap that frame_parse reads: EN10MB (with up to two VLAN tags), RAW, IPV4, IPV6,
 * LINUX_SLL, LINUX_SLL2, NULL and LOOP. */
int frame_link_supported(int link_type);

/* data holds the first captured of length bytes of the frame. */
enum frame_result frame_parse(int link_type, const uint8_t *data, size_t captured, size_t length,
			      const struct knock_shape *shape, struct frame_knock *out);

#endif
