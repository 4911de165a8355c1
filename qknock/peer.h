/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server that is knocked at, and the client's address towards it. Messages go to standard error. */
#ifndef QKNOCK_PEER_H
#define QKNOCK_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "libcore/address.h"

struct peer {
	struct address server;
	struct address local;	    /* what the kernel sends from */
	struct address client;	    /* what the one-time key names: given, or else local */
	bool client_is_local;	    /* false: behind NAT, packets leave from local */
	struct sockaddr_storage sa; /* the server's, port 0, with its scope */
	socklen_t sa_len;
};

/* host: name or numeric address. family: AF_UNSPEC, or the one to use. address: what the key was issued for, NULL for
 * the local one; it decides which of the host's families is used. Of several addresses the first to which there is a
 * route is taken. Errors: ADDRESS (address is none or has another family than the host), NOT_FOUND (unknown host), IO
 * (no route). */
int peer_find(const char *host, int family, const char *address, struct peer *out);

/* Whether the server sees the local address, as far as that can be known here: not if that one is private and the
 * server's is not, because then there is NAT between. */
bool peer_sees_local(const struct peer *peer);

/* What to do if no address was given: asks for it on the terminal where peer_sees_local says no. host is what messages
 * call the server. Errors: ADDRESS (no terminal to ask on, or no address was typed). */
int peer_settle_client(const char *host, struct peer *peer);

/* Into a sockaddr_in or sockaddr_in6; port in host order. */
void peer_set_port(struct sockaddr_storage *ss, uint16_t port);

/* Not reachable from the public Internet: RFC 1918, RFC 6598, loopback, link-local, unique local. */
bool peer_is_private(const struct address *a);

/* Whether packets to it end here; IPv6 AnyIP counts. */
bool peer_is_local(const struct address *a);

/* Binds a socket of the server's family to source and any port. IPv6 takes every address, so that a host can send
 * from all of its prefix; IPv4 only its own. Errors: IO with errno set. */
int peer_bind(const struct peer *peer, const struct address *source, int fd);

#endif
