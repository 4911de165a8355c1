/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether to hop over source addresses (protocol.md section 5), decided by where this host is, and why. */
#ifndef QKNOCK_HOPS_H
#define QKNOCK_HOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/profile.h"
#include "qknock/peer.h"

#define HOPS_AUTO UINT16_MAX /* in the place of a width: decide here */

/* What the decision rests on. */
struct hops_facts {
	struct address client, server;
	bool client_is_local; /* the client's address is one of this host's */
	bool server_is_local;
	unsigned prefix; /* length of the on-link network that holds the client's address; 0: none does */
	bool raw;	 /* raw sockets of the family can be had and may be used */
};

struct hops_choice {
	uint16_t width;
	const char *reason; /* static text that completes "hop width 64: " */
};

/* Asks the kernel. */
void hops_look(const struct peer *peer, bool raw, struct hops_facts *facts);

/* IPv6 64 if the client's own /64 is on-link; IPv4 8 if the server is in the same on-link network, of 256 addresses or
 * more; else none. Never a width that the profile does not have, but for 0, which the caller is to refuse: that comes
 * when the only ones it has are not possible. */
struct hops_choice hops_choose(const struct hops_facts *facts, const struct profile *profile);

#endif
