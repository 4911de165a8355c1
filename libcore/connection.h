/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection that this process serves, among all that the host ever had. */
#ifndef LIBCORE_CONNECTION_H
#define LIBCORE_CONNECTION_H

#include <stdint.h>

#include "libcore/address.h"

/*
 * Looks through the descriptors of the process for the socket that is connected to client, at this port unless
 * it is 0, and gives the number that the kernel has for it (SO_COOKIE). The number stays the same in children
 * that inherit the socket and never comes again in this boot, unlike addresses, ports and process ids; who doesn't
 * hold the socket can't have it.
 * Errors: NOT_FOUND when no socket fits, or more than one does; IO. *number is then 0.
 */
int connection_find(const struct address *client, uint16_t port, uint64_t *number);

#endif
