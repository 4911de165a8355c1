/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of the connections in the tests of "-m knock":
 *
 *     xt_peer serve ADDRESS PORT                       echoes what comes by TCP and UDP, until killed
 *     xt_peer tcp|udp ADDRESS PORT [option=value...]   prints how many of count got their echo
 *
 * Options: count=1, ms=700 (to wait), from=ADDRESS, port=N (source port), size=4 (bytes to send),
 * options=1 (IPv6 destination and hop-by-hop options in each packet).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libcore/address.h"

#define PEERS_MAX 512
#define SIZE_MAX_SENT 8192

struct peer {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct address from;
	bool has_from;
	int type;
	unsigned count, ms, port, size, options;
};

static void die(const char *what)
{
	fprintf(stderr, "xt_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void set_address(const char *text, const char *port, struct sockaddr_storage *ss, socklen_t *len)
{
	struct address a;

	errno = EINVAL;
	if (address_parse(&a, text) != 0)
		die(text);
	*len = address_to_sockaddr(&a, (uint16_t)atoi(port), ss);
}

static int listen_on(const struct sockaddr_storage *ss, socklen_t len, int type)
{
	int fd = socket(ss->ss_family, type | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)ss, len) < 0 || (type == SOCK_STREAM && listen(fd, PEERS_MAX) < 0))
		die("serve");
	return fd;
}

static void echo_datagram(int fd)
{
	char buffer[SIZE_MAX_SENT];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &len);

	if (n > 0 && sendto(fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
		perror("xt_peer: reply");
}

static bool echo_stream(int fd)
{
	char buffer[SIZE_MAX_SENT];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	return n > 0 && write(fd, buffer, (size_t)n) == n;
}

static void serve(const struct sockaddr_storage *ss, socklen_t len)
{
	struct pollfd fds[PEERS_MAX + 2] = {{.fd = listen_on(ss, len, SOCK_STREAM), .events = POLLIN},
					    {.fd = listen_on(ss, len, SOCK_DGRAM), .events = POLLIN}};
	unsigned used = 2;

	puts("ready");
	fflush(stdout);
	while (poll(fds, used, -1) >= 0) {
		for (unsigned i = used - 1; i >= 2; i--)
			if (fds[i].revents != 0 && !echo_stream(fds[i].fd)) {
				close(fds[i].fd);
				fds[i] = fds[--used];
			}
		if (fds[1].revents != 0)
			echo_datagram(fds[1].fd);
		if (fds[0].revents != 0 && used < PEERS_MAX + 2) {
			fds[used].fd = accept(fds[0].fd, NULL, NULL);
			fds[used].events = POLLIN;
			fds[used].revents = 0;
			used += fds[used].fd >= 0;
		}
	}
}

static void parse_option(struct peer *p, char *text)
{
	const struct {
		const char *name;
		unsigned *value;
	} numbers[] = {
	    {"count", &p->count}, {"ms", &p->ms}, {"port", &p->port}, {"size", &p->size}, {"options", &p->options}};
	char *value = strchr(text, '=');

	errno = EINVAL;
	if (value == NULL)
		die(text);
	*value++ = '\0';
	if (strcmp(text, "from") == 0 && address_parse(&p->from, value) == 0) {
		p->has_from = true;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(text, numbers[i].name) == 0) {
			*numbers[i].value = (unsigned)atoi(value);
			return;
		}
	die(text);
}

/* Sticky options: one header of 8 bytes each, filled with padding. */
static void add_options(int fd)
{
	static const unsigned char padding[8] = {0, 0, 1, 4};

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, padding, sizeof(padding)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof(padding)) < 0)
		die("options");
}

static int start(const struct peer *p)
{
	struct sockaddr_storage from = {.ss_family = p->to.ss_family};
	socklen_t len = p->to_len;
	int fd, on = 1;

	fd = socket(p->to.ss_family, p->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		die("socket");
	if (p->has_from)
		len = address_to_sockaddr(&p->from, (uint16_t)p->port, &from);
	else if (p->port != 0)
		((struct sockaddr_in *)&from)->sin_port = htons((uint16_t)p->port); /* at one place in both families */
	if ((p->has_from || p->port != 0) && bind(fd, (struct sockaddr *)&from, len) < 0)
		die("bind");
	if (p->options)
		add_options(fd);
	if (connect(fd, (const struct sockaddr *)&p->to, p->to_len) < 0 && errno != EINPROGRESS)
		die("connect");
	return fd;
}

/* 1: got its echo, 0: not yet, -1: never will. */
static int advance(const struct peer *p, struct pollfd *fd)
{
	static const char data[SIZE_MAX_SENT];
	char buffer[SIZE_MAX_SENT];

	if (fd->revents == 0)
		return 0;
	if (fd->events == POLLOUT) {
		fd->events = POLLIN;
		return write(fd->fd, data, p->size) == (ssize_t)p->size ? 0 : -1;
	}
	return read(fd->fd, buffer, sizeof(buffer)) > 0 ? 1 : -1;
}

static unsigned run(const struct peer *p)
{
	struct pollfd fds[PEERS_MAX];
	long end = now_ms() + p->ms, left;
	unsigned open = p->count, echoed = 0;
	int result;

	for (unsigned i = 0; i < p->count; i++)
		fds[i] = (struct pollfd){.fd = start(p), .events = POLLOUT};
	while (open > 0 && (left = end - now_ms()) > 0 && poll(fds, p->count, (int)left) > 0)
		for (unsigned i = 0; i < p->count; i++) {
			result = advance(p, &fds[i]);
			if (result == 0)
				continue;
			echoed += result > 0;
			fds[i].fd = -1; /* poll skips it; the connection stays open to the end */
			fds[i].revents = 0;
			open--;
		}
	return echoed;
}

int main(int argc, char **argv)
{
	struct peer p = {.count = 1, .ms = 700, .size = 4};

	if (argc < 4)
		return 2;
	set_address(argv[2], argv[3], &p.to, &p.to_len);
	if (strcmp(argv[1], "serve") == 0)
		serve(&p.to, p.to_len);
	for (int i = 4; i < argc; i++)
		parse_option(&p, argv[i]);
	p.type = strcmp(argv[1], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
	if (p.count > PEERS_MAX || p.size > SIZE_MAX_SENT)
		return 2;
	printf("%u\n", run(&p));
	return 0;
}
