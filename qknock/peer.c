/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/route_metrics.h"
#include "qknock/say.h"
#include "qknock/terminal.h"

#define TRIES 3

bool peer_is_private(const struct address *a)
{
	const uint8_t *b = a->b;

	if (!address_is_v4(a))
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		       IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)b);
	b += 12;
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool peer_is_local(const struct address *a)
{
	struct route_metrics metrics;

	return route_metrics_read(a, NULL, 0, &metrics) == 0 && metrics.local;
}

int peer_bind(const struct peer *peer, const struct address *source, int fd)
{
	const struct sockaddr_in6 *scope = (const struct sockaddr_in6 *)&peer->sa;
	struct sockaddr_storage from;
	socklen_t len = address_to_sockaddr(source, 0, &from);
	int one = 1;

	if (from.ss_family == AF_INET6) {
		((struct sockaddr_in6 *)&from)->sin6_scope_id = scope->sin6_scope_id;
		/* Without privileges, and without it no other address of the host's own prefix could be used. */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	}
	return bind(fd, (struct sockaddr *)&from, len) == 0 ? 0 : QK_ERR_IO;
}

void peer_set_port(struct sockaddr_storage *ss, uint16_t port)
{
	if (ss->ss_family == AF_INET)
		((struct sockaddr_in *)ss)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
}

/* Asks the routing table through a datagram socket: no packet is sent. */
static int local_address(struct peer *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int rc = QK_ERR_IO, fd = socket(peer->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return rc;
	if (connect(fd, (struct sockaddr *)&peer->sa, peer->sa_len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		rc = address_from_sockaddr(&peer->local, (struct sockaddr *)&ss, len);
	int saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* The first of the list with a route. */
static int choose(const struct addrinfo *list, const char *host, struct peer *out)
{
	int error = ENETUNREACH;

	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(out->sa) ||
		    address_from_sockaddr(&out->server, ai->ai_addr, ai->ai_addrlen) != 0)
			continue;
		memcpy(&out->sa, ai->ai_addr, ai->ai_addrlen);
		out->sa_len = ai->ai_addrlen;
		if (local_address(out) == 0)
			return 0;
		error = errno;
	}
	say_error("no way to %s: %s", host, strerror(error));
	return QK_ERR_IO;
}

static int resolve(const char *host, int family, struct peer *out)
{
	const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	if (rc != 0) {
		say_error("host %s: %s%s", host, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc),
			  family == AF_INET    ? " (looked for IPv4, because of the client's address or the hop width)"
			  : family == AF_INET6 ? " (looked for IPv6, because of the client's address or the hop width)"
					       : "");
		return QK_ERR_NOT_FOUND;
	}
	rc = choose(list, host, out);
	freeaddrinfo(list);
	return rc;
}

int peer_find(const char *host, int family, const char *address, struct peer *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (address != NULL) {
		rc = address_parse(&out->client, address);
		if (rc != 0) {
			say_error("--address %s: %s", address, error_text(rc));
			return rc;
		}
		family = address_is_v4(&out->client) ? AF_INET : AF_INET6;
	}
	rc = resolve(host, family, out);
	if (rc != 0)
		return rc;
	if (address == NULL)
		out->client = out->local;
	out->client_is_local = address_equal(&out->client, &out->local) || peer_is_local(&out->client);
	return 0;
}

bool peer_sees_local(const struct peer *peer)
{
	return !peer_is_private(&peer->local) || peer_is_private(&peer->server);
}

/* NULL, or what is wrong with it. */
static const char *take_client(const char *text, struct peer *peer)
{
	struct address client;

	if (address_parse(&client, text) != 0)
		return "that is no numeric address";
	if (address_is_v4(&client) != address_is_v4(&peer->server))
		return "that is of the other family, IPv4 or IPv6, than the server's";
	peer->client = client;
	peer->client_is_local = address_equal(&client, &peer->local) || peer_is_local(&client);
	return NULL;
}

int peer_settle_client(const char *host, struct peer *peer)
{
	char local[ADDRESS_TEXT_SIZE], explanation[512], typed[ADDRESS_TEXT_SIZE + 1];
	const char *fault;

	if (peer_sees_local(peer))
		return 0;
	address_format(&peer->local, local);
	snprintf(
	    explanation, sizeof(explanation),
	    "this host's address %s is private and %s is outside: NAT on the way gives your packets another address, "
	    "and only that one is opened",
	    local, host);
	if (!terminal_exists()) {
		say_error("%s; say which with --address", explanation);
		return QK_ERR_ADDRESS;
	}
	terminal_show("Note that ");
	terminal_show(explanation);
	for (int i = 0; i < TRIES; i++) {
		if (terminal_ask(".\nYour address as the server sees it: ", typed, sizeof(typed)) != 0 ||
		    typed[0] == '\0')
			break;
		fault = take_client(typed, peer);
		if (fault == NULL)
			return 0;
		terminal_show(fault);
	}
	say_error("no address was given; say --address");
	return QK_ERR_ADDRESS;
}
