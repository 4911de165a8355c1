/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/service.h"

#include <string.h>

#include "libcore/error.h"

int service_check(const struct service *s)
{
	int rc = name_check_service(s->name);

	if (rc != 0)
		return rc;
	if (s->protocol != SERVICE_TCP && s->protocol != SERVICE_UDP)
		return QK_ERR_SERVICE_PROTOCOL;
	return s->port != 0 ? 0 : QK_ERR_SERVICE_PORT;
}

int knock_shape_check(const struct knock_shape *shape)
{
	if (shape->port_first == 0 || shape->port_last < shape->port_first ||
	    shape->port_last - shape->port_first + 1 < KNOCK_SPAN_MIN)
		return QK_ERR_KNOCK_PORTS;
	if (shape->count < KNOCK_COUNT_MIN || shape->count > KNOCK_COUNT_MAX)
		return QK_ERR_COUNT;
	return 0;
}

const char *service_protocol_name(uint8_t protocol)
{
	return protocol == SERVICE_UDP ? "udp" : "tcp";
}

int service_protocol_parse(const char *name, uint8_t *protocol)
{
	if (strcmp(name, "tcp") == 0)
		*protocol = SERVICE_TCP;
	else if (strcmp(name, "udp") == 0)
		*protocol = SERVICE_UDP;
	else
		return QK_ERR_SERVICE_PROTOCOL;
	return 0;
}

/* One port at *p, decimal without sign or blanks; moves *p behind it. 0 means that there was none. */
static uint16_t port_at(const char **p)
{
	unsigned long value = 0;
	const char *start = *p;

	while (**p >= '0' && **p <= '9' && *p - start < 5)
		value = value * 10 + (unsigned long)(*(*p)++ - '0');
	return value <= UINT16_MAX ? (uint16_t)value : 0;
}

int knock_ports_parse(const char *text, struct knock_shape *shape)
{
	const char *p = text;
	uint16_t first = port_at(&p);
	uint16_t last;

	if (first == 0 || *p++ != '-')
		return QK_ERR_KNOCK_PORTS;
	last = port_at(&p);
	if (*p != '\0' || last < first || last - first + 1 < KNOCK_SPAN_MIN)
		return QK_ERR_KNOCK_PORTS;
	shape->port_first = first;
	shape->port_last = last;
	return 0;
}
