/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of this host with itself. */
#ifndef TESTS_UNIT_SOCKETS_H
#define TESTS_UNIT_SOCKETS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/address.h"

struct pair {
	int listener;
	int client;
	int server; /* what a super-server would have accepted */
	uint16_t client_port;
};

/* Over IPv4, over IPv6, or to a listener of both that sees the client as ::ffff:127.0.0.1. */
enum pair_kind { PAIR_V4, PAIR_V6, PAIR_MAPPED };

static inline struct pair pair_open(enum pair_kind kind)
{
	struct sockaddr_storage ss = {0}, own;
	socklen_t len = sizeof(own);
	struct address local;
	const int off = 0;
	struct pair p;

	p.listener = socket(kind == PAIR_V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(p.listener >= 0);
	ss.ss_family = kind == PAIR_V4 ? AF_INET : AF_INET6;
	if (kind == PAIR_MAPPED)
		setsockopt(p.listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	else if (kind == PAIR_V4)
		((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&ss)->sin6_addr = in6addr_loopback;
	assert_int_equal(bind(p.listener, (struct sockaddr *)&ss,
			      kind == PAIR_V4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)),
			 0);
	assert_int_equal(listen(p.listener, 64), 0);
	assert_int_equal(getsockname(p.listener, (struct sockaddr *)&own, &len), 0);
	assert_int_equal(address_parse(&local, kind == PAIR_V6 ? "::1" : "127.0.0.1"), 0);
	len = address_to_sockaddr(&local, ntohs(((struct sockaddr_in *)&own)->sin_port), &ss);
	p.client = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(p.client, (struct sockaddr *)&ss, len), 0);
	p.server = accept4(p.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(p.server >= 0);
	len = sizeof(own);
	assert_int_equal(getsockname(p.client, (struct sockaddr *)&own, &len), 0);
	p.client_port = ntohs(((struct sockaddr_in *)&own)->sin_port);
	return p;
}

static inline void pair_close(struct pair *p)
{
	close(p->listener);
	close(p->client);
	if (p->server >= 0)
		close(p->server);
}

/* How the client's end of a connection is. */
enum end_kind { END_OPEN, END_RESET, END_CLOSED, END_DATA };

/* Waits up to ms for something to happen. */
static inline enum end_kind client_end(int client, int ms)
{
	struct pollfd fd = {.fd = client, .events = POLLIN};
	char byte;
	ssize_t n;

	if (poll(&fd, 1, ms) <= 0)
		return END_OPEN;
	n = recv(client, &byte, 1, MSG_PEEK);
	if (n > 0)
		return END_DATA;
	return n == 0 ? END_CLOSED : END_RESET;
}

#endif
