/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/syn_flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

uint32_t syn_flow_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint32_t)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

static bool set(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one)) == 0;
}

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	return ntohs(ss->ss_family == AF_INET ? ((const struct sockaddr_in *)ss)->sin_port
					      : ((const struct sockaddr_in6 *)ss)->sin6_port);
}

/* Without both options connect(2) would send a SYN of its own at once, so nothing goes on without them. */
static bool connect_without_syn(int fd, const struct peer *peer, const struct address *source, uint16_t port)
{
	struct sockaddr_storage to = peer->sa;

	peer_set_port(&to, port);
	return set(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE) && set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT) &&
	       set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) && peer_bind(peer, source, fd) == 0 &&
	       connect(fd, (struct sockaddr *)&to, peer->sa_len) == 0;
}

bool syn_flow_ask(const struct peer *peer, const struct address *source, uint16_t port, struct syn_flow *out)
{
	int fd = socket(peer->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_storage name = {0};
	socklen_t name_len = sizeof(name), len = sizeof(uint32_t);
	uint32_t timestamp = 0;
	bool known;

	if (fd < 0)
		return false;
	known = connect_without_syn(fd, peer, source, port) &&
		getsockname(fd, (struct sockaddr *)&name, &name_len) == 0 &&
		getsockopt(fd, IPPROTO_TCP, TCP_TIMESTAMP, &timestamp, &len) == 0;
	if (known) {
		out->source_port = port_of(&name);
		out->timestamp_offset = timestamp - syn_flow_clock();
	}
	close(fd);
	return known;
}

static void port_range(unsigned *first, unsigned *last)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (file == NULL || fscanf(file, "%u %u", first, last) != 2 || *first > *last || *last > 65535) {
		*first = 32768; /* the kernel's default */
		*last = 60999;
	}
	if (file != NULL)
		fclose(file);
}

int syn_flow_draw(bool random_timestamps, struct syn_flow *out)
{
	unsigned first, last;
	uint64_t step;
	int rc;

	*out = (struct syn_flow){0};
	port_range(&first, &last);
	rc = crypto_random_below((last - first) / 2 + 1, &step);
	if (rc != 0)
		return rc;
	out->source_port = (uint16_t)(first + 2 * step);
	return random_timestamps ? crypto_random(&out->timestamp_offset, sizeof(out->timestamp_offset)) : 0;
}
