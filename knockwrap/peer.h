/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection that the super-server hands over, and who is at its other end by the kernel's own word. */
#ifndef KNOCKWRAP_PEER_H
#define KNOCKWRAP_PEER_H

#include <stdint.h>

#include "knockwrap/status.h"
#include "libcore/address.h"

struct peer {
	int fd; /* the connection; -1: none */
	struct address address;
	uint16_t port;
};

/*
 * Descriptor 3 if LISTEN_PID and LISTEN_FDS say that it was passed to this process, else 0. Neither of the two
 * variables, nor any other, is asked about the client.
 * STATUS_DESCRIPTOR: it is no connected stream socket of IPv4 or IPv6. STATUS_REFUSED: the client has gone;
 * out->fd is then the rest of its connection.
 */
enum status peer_find(struct peer *out, struct fault *fault);

/* The same for a given descriptor. */
enum status peer_of(int fd, struct peer *out, struct fault *fault);

#endif
