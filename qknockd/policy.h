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

/* Unicast addresses that a client can have: not unspecified, loopback of neither family excepted (a test host
 * may knock itself), not multicast, not IPv4 broadcast. 0 or ADDRESS. */
int policy_check_client(const struct address *client);

#endif
