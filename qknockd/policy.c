/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/policy.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/name.h"

bool policy_allows_service(const struct store_user *user, const char *service)
{
	return user->services[0] == '\0' || name_in_list(user->services, service);
}

static bool user_allows_width(const struct store_user *user, uint16_t width)
{
	for (uint32_t i = 0; i < user->width_count; i++)
		if (user->widths[i] == width)
			return true;
	return false;
}

size_t policy_widths(const struct config *config, const struct store_user *user, const struct address *client,
		     uint16_t widths[static CHAIN_WIDTHS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < config->width_count && n < CHAIN_WIDTHS_MAX; i++) {
		uint16_t width = config->widths[i];

		if (chain_check_width(client, width) == 0 && user_allows_width(user, width))
			widths[n++] = width;
	}
	return n;
}

static bool same_services(const struct config *a, const struct config *b)
{
	if (a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->service_count; i++) {
		const struct service *x = &a->services[i].service, *y = &b->services[i].service;

		if (strcmp(x->name, y->name) != 0 || x->protocol != y->protocol || x->port != y->port)
			return false;
	}
	return true;
}

bool policy_is_same(const struct config *a, const struct config *b)
{
	return strcmp(a->server_id, b->server_id) == 0 && a->shape.port_first == b->shape.port_first &&
	       a->shape.port_last == b->shape.port_last && a->shape.count == b->shape.count &&
	       a->width_count == b->width_count &&
	       memcmp(a->widths, b->widths, a->width_count * sizeof(a->widths[0])) == 0 && same_services(a, b);
}

int policy_check_client(const struct address *client)
{
	static const struct address unspecified;

	if (address_is_v4(client)) {
		uint8_t first = client->b[12];

		return first == 0 || first >= 224 ? QK_ERR_ADDRESS : 0;
	}
	return client->b[0] == 0xff || address_equal(client, &unspecified) ? QK_ERR_ADDRESS : 0;
}

bool policy_is_local(const struct address *client)
{
	static const struct address loopback = {.b = {[15] = 1}};
	const uint8_t *b = client->b;

	if (address_is_v4(client))
		return b[12] == 127 || (b[12] == 169 && b[13] == 254);
	return address_equal(client, &loopback) || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

bool policy_is_private(const struct address *client)
{
	const uint8_t *b = client->b;

	if (!address_is_v4(client))
		return (b[0] & 0xfe) == 0xfc;
	return b[12] == 10 || (b[12] == 172 && (b[13] & 0xf0) == 16) || (b[12] == 192 && b[13] == 168) ||
	       (b[12] == 100 && (b[13] & 0xc0) == 64);
}
