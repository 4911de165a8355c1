/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services and hop widths a user may use from an address: configuration and user record together. */
#ifndef QKNOCKD_POLICY_H
#define QKNOCKD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/chain.h"
#include "libcore/config.h"
#include "qknockd/store.h"

bool policy_allows_service(const struct store_user *user, const char *service);

/* Widths of the client's family that both the configuration and the user's record allow. */
size_t policy_widths(const struct config *config, const struct store_user *user, const struct address *client,
		     uint16_t widths[static CHAIN_WIDTHS_MAX]);

/* Whether a pending key expects the same packets under both. */
bool policy_is_same(const struct config *a, const struct config *b);

/* Unicast addresses that a client can have: not unspecified, loopback of neither family excepted (a test host
 * may knock itself), not multicast, not IPv4 broadcast. 0 or ADDRESS. */
int policy_check_client(const struct address *client);

/* Addresses that no request from outside can name: loopback and link-local; and, of those that one network uses
 * by itself (RFC 1918, RFC 6598, RFC 4193), whether the address is one. */
bool policy_is_local(const struct address *client);
bool policy_is_private(const struct address *client);

#endif
