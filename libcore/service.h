/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service as both sides know it (protocol.md section 1). */
#ifndef LIBCORE_SERVICE_H
#define LIBCORE_SERVICE_H

#include <stdint.h>

#include "libcore/name.h"

#define SERVICE_TCP 6
#define SERVICE_UDP 17

struct service {
	char name[SERVICE_NAME_MAX + 1];
	uint8_t protocol; /* SERVICE_TCP or SERVICE_UDP */
	uint16_t port;
};

/* Where and how long a knock is: one per installation. */
struct knock_shape {
	uint16_t port_first;
	uint16_t port_last;
	uint8_t count; /* packets in a knock, 12..32 */
};

#define KNOCK_COUNT_MIN 12
#define KNOCK_COUNT_MAX 32
#define KNOCK_SPAN_MIN 64
#define KNOCK_SHAPE_DEFAULT {8800, 8899, 12}

/* 0, or SERVICE_NAME, SERVICE_PROTOCOL, SERVICE_PORT. */
int service_check(const struct service *s);
/* 0, or KNOCK_PORTS, COUNT. */
int knock_shape_check(const struct knock_shape *shape);

/* "tcp" or "udp", as people and profiles write it; parsing returns SERVICE_PROTOCOL for anything else. */
const char *service_protocol_name(uint8_t protocol);
int service_protocol_parse(const char *name, uint8_t *protocol);

/* "8800-8899" into shape->port_first and port_last. Errors: KNOCK_PORTS. */
int knock_ports_parse(const char *text, struct knock_shape *shape);

#endif
