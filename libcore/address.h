/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses in the protocol's one form: 16 bytes, IPv4 as ::ffff:a.b.c.d (protocol.md, preamble). */
#ifndef LIBCORE_ADDRESS_H
#define LIBCORE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_SIZE 46 /* longest text and its NUL */

struct address {
	uint8_t b[16];
};

/* Numeric text only: dotted IPv4, IPv6 without scope or brackets; "::ffff:1.2.3.4" is IPv4.
 * Never asks a resolver. Errors: ADDRESS, and *out is then zero. */
int address_parse(struct address *out, const char *text);

/* Canonical text: IPv4 dotted, IPv6 as RFC 5952. Always succeeds. */
void address_format(const struct address *a, char text[static ADDRESS_TEXT_SIZE]);

/* From a sockaddr_in or sockaddr_in6 of len bytes. Errors: ADDRESS for any other family or a short one. */
int address_from_sockaddr(struct address *out, const struct sockaddr *sa, socklen_t len);

/* Into ss, with port in host order; IPv4 becomes sockaddr_in. Returns the length that was used. */
socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ss);

/* From the 4 bytes of an IPv4 address in network order. */
void address_from_v4(struct address *out, const uint8_t v4[static 4]);

bool address_is_v4(const struct address *a);
bool address_equal(const struct address *a, const struct address *b);

#endif
