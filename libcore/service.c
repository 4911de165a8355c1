/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/service.h"

#include <string.h>

#include "libcore/decimal.h"
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

int knock_ports_parse(const char *text, struct knock_shape *shape)
{
	const char *dash = strchrnul(text, '-');
	const char *second = *dash != '\0' ? dash + 1 : dash;
	struct knock_shape found = {.count = KNOCK_COUNT_MIN};
	uint64_t first, last;

	if (!decimal_parse(text, (size_t)(dash - text), UINT16_MAX, &first) ||
	    !decimal_parse(second, strlen(second), UINT16_MAX, &last))
		return QK_ERR_KNOCK_PORTS;
	found.port_first = (uint16_t)first;
	found.port_last = (uint16_t)last;
	if (knock_shape_check(&found) != 0)
		return QK_ERR_KNOCK_PORTS;
	shape->port_first = found.port_first;
	shape->port_last = found.port_last;
	return 0;
}
