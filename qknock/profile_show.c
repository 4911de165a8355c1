/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/profile_show.h"

#include <inttypes.h>
#include <stdio.h>

void profile_show(const struct profile *p)
{
	printf("  server    %s\n  user      %s\n", p->server_id, p->user);
	printf("  host      %s\n", p->host[0] != '\0' ? p->host : "none: 'qknock knock' needs --host");
	if (p->number[0] != '\0')
		printf("  number    %s\n", p->number);
	printf("  knock     %u packets to ports %u-%u, hop widths", p->shape.count, p->shape.port_first,
	       p->shape.port_last);
	for (size_t i = 0; i < p->width_count; i++)
		printf(" %u", p->widths[i]);
	printf("\n  key life  %" PRIu32 " s\n", p->validity);
	for (size_t i = 0; i < p->service_count; i++)
		printf("  service   %s, %s port %u\n", p->services[i].name,
		       service_protocol_name(p->services[i].protocol), p->services[i].port);
	puts("  secrets   none but N, which alone opens nothing");
}

json_t *profile_show_json(const char *name, bool is_default, const struct profile *p)
{
	json_t *widths = json_array(), *services = json_array();

	for (size_t i = 0; i < p->width_count; i++)
		json_array_append_new(widths, json_integer(p->widths[i]));
	for (size_t i = 0; i < p->service_count; i++)
		json_array_append_new(services, json_pack("{s:s, s:s, s:i}", "name", p->services[i].name, "protocol",
							  service_protocol_name(p->services[i].protocol), "port",
							  p->services[i].port));
	return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:o, s:o}", "name", name, "default",
			 is_default, "server_id", p->server_id, "user", p->user, "host", p->host, "number", p->number,
			 "port_first", p->shape.port_first, "port_last", p->shape.port_last, "count", p->shape.count,
			 "validity", (json_int_t)p->validity, "hop_widths", widths, "services", services);
}
