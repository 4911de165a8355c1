/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/hops.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define V4_BITS 8
#define V6_BITS 64
#define V4_BEGIN 96 /* bits before an IPv4 address */
#define BITS 128

static bool allows(const struct profile *profile, uint16_t width)
{
	for (size_t i = 0; i < profile->width_count; i++)
		if (profile->widths[i] == width)
			return true;
	return false;
}

static unsigned common_bits(const struct address *a, const struct address *b)
{
	unsigned n = 0;

	while (n < BITS && ((a->b[n / 8] ^ b->b[n / 8]) & 0x80 >> n % 8) == 0)
		n++;
	return n;
}

/* NULL, or why this host cannot send from its neighbours' addresses. */
static const char *against_v4(const struct hops_facts *f)
{
	if (f->prefix == 0 || f->prefix > 32 - V4_BITS)
		return "this host's network has fewer than 256 addresses";
	if (common_bits(&f->client, &f->server) < V4_BEGIN + f->prefix)
		return "the server is outside of this host's network, and the way there drops packets from neighbours' "
		       "addresses";
	return f->raw ? NULL : "datagrams can't be sent from neighbours' addresses, and raw sockets are not to be had";
}

/* NULL, or why the addresses of the client's /64 are not this host's to use. */
static const char *against_v6(const struct hops_facts *f)
{
	if (f->client.b[0] == 0xfe && (f->client.b[1] & 0xc0) == 0x80)
		return "the client's address is link-local";
	return f->prefix == 0 || f->prefix > V6_BITS ? "no on-link network of /64 or wider holds the client's address"
						     : NULL;
}

static const char *against(const struct hops_facts *f)
{
	if (f->server_is_local)
		return "the server is this host";
	if (!f->client_is_local)
		return "the client's address is not this host's own, because of NAT";
	return address_is_v4(&f->client) ? against_v4(f) : against_v6(f);
}

struct hops_choice hops_choose(const struct hops_facts *facts, const struct profile *profile)
{
	bool v4 = address_is_v4(&facts->client);
	uint16_t width = v4 ? V4_BITS : V6_BITS;
	const char *obstacle = against(facts);

	if (!allows(profile, width))
		return (struct hops_choice){0, "the profile allows no other for this kind of address"};
	if (obstacle == NULL)
		return (struct hops_choice){width, v4 ? "the server is in this host's own network"
						      : "the /64 network of this host is its own to use"};
	if (!allows(profile, 0) && facts->client_is_local)
		return (struct hops_choice){width, "the profile does not allow knocks without hopping"};
	return (struct hops_choice){0, obstacle};
}

/* How many bits of a mask are set, from the left. */
static unsigned mask_length(const struct sockaddr *mask)
{
	static const struct address ones = {
	    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct address a = ones;

	if (mask->sa_family == AF_INET)
		memcpy(a.b + 12, &((const struct sockaddr_in *)mask)->sin_addr, 4);
	else
		memcpy(a.b, &((const struct sockaddr_in6 *)mask)->sin6_addr, sizeof(a.b));
	return common_bits(&a, &ones) - (mask->sa_family == AF_INET ? V4_BEGIN : 0);
}

static socklen_t length_of(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* The length of the network of the interface's address if it holds the client's, else 0. A point-to-point link has no
 * neighbours, and its other end routes nothing but the one address here. */
static unsigned prefix_of(const struct ifaddrs *i, const struct address *client)
{
	struct address own;
	unsigned length;

	if (i->ifa_addr == NULL || i->ifa_netmask == NULL || (i->ifa_flags & IFF_POINTOPOINT) != 0 ||
	    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6) ||
	    address_from_sockaddr(&own, i->ifa_addr, length_of(i->ifa_addr)) != 0 ||
	    address_is_v4(&own) != address_is_v4(client))
		return 0;
	length = mask_length(i->ifa_netmask);
	return common_bits(&own, client) >= length + (address_is_v4(client) ? V4_BEGIN : 0) ? length : 0;
}

void hops_look(const struct peer *peer, bool raw, struct hops_facts *facts)
{
	struct ifaddrs *list;

	*facts = (struct hops_facts){.client = peer->client,
				     .server = peer->server,
				     .client_is_local = peer->client_is_local,
				     .server_is_local = peer_is_local(&peer->server),
				     .raw = raw};
	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		unsigned prefix = prefix_of(i, &peer->client);

		/* The narrowest one decides where packets go. */
		if (prefix > facts->prefix)
			facts->prefix = prefix;
	}
	freeifaddrs(list);
}
