/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/syn_settings.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/route_metrics.h"

#define WINDOW_RATIO_HALF (1u << (SYN_WINDOW_RATIO_BITS - 1))
#define TCP_ECN_ASKS 1 /* values of net.ipv4.tcp_ecn */
#define TCP_ECN_ASKS_ACCURATE 3
#define TCP_ECN_ASKS_TOO 4
#define FLOW_LABELS_ON 1 /* values of net.ipv6.auto_flowlabels */
#define FLOW_LABELS_FORCED 3

/* The number at an index of a sysctl below /proc/sys/net, or other when this kernel has none. */
static uint32_t sysctl_at(const char *name, int index, uint32_t other)
{
	char path[128];
	unsigned value = other;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	file = fopen(path, "re");
	if (file == NULL)
		return other;
	for (int i = 0; i <= index; i++)
		if (fscanf(file, "%u", &value) != 1)
			value = other;
	fclose(file);
	return value;
}

static int option(int fd, int level, int name, int other)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : other;
}

/* The part of a buffer that becomes window: a sysctl until Linux 6.5, a constant that changed twice since. Setting
 * SO_RCVLOWAT to n makes the kernel grow the buffer (and in some versions the clamp) to what a window of n needs. */
static uint32_t window_ratio(int fd, uint32_t buffer, uint32_t buffer_max)
{
	int wanted = (int)(buffer_max / 2); /* it takes no more */
	uint64_t grown, window;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted)) != 0)
		return WINDOW_RATIO_HALF;
	grown = (uint64_t)option(fd, SOL_SOCKET, SO_RCVBUF, 0);
	window = (uint64_t)option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0);
	if (grown <= buffer)
		return WINDOW_RATIO_HALF; /* did not need to grow: nothing learned */
	if (window == 0)
		window = (uint64_t)wanted;
	return (uint32_t)((window << SYN_WINDOW_RATIO_BITS) / grown);
}

/* rmem_max can't be read inside a network namespace on older kernels; but it caps SO_RCVBUF, which doubles it. */
static uint32_t rmem_max(int fd)
{
	int wanted = INT_MAX;
	uint32_t value = sysctl_at("core/rmem_max", 0, 0);

	if (value != 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted)) != 0)
		return value;
	return (uint32_t)option(fd, SOL_SOCKET, SO_RCVBUF, 0) / 2;
}

static int read_buffers(int family, struct syn_settings *out)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint32_t tcp_max, limit;

	if (fd < 0)
		return QK_ERR_IO;
	out->receive_buffer = (uint32_t)option(fd, SOL_SOCKET, SO_RCVBUF, 131072);
	out->dont_fragment = option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT) != IP_PMTUDISC_DONT;
	tcp_max = sysctl_at("ipv4/tcp_rmem", 2, 6 << 20);
	out->window_ratio = window_ratio(fd, out->receive_buffer, tcp_max);
	limit = rmem_max(fd);
	out->buffer_limit = limit > tcp_max ? limit : tcp_max;
	close(fd);
	return 0;
}

static void read_sysctls(struct syn_settings *out)
{
	uint32_t timestamps = sysctl_at("ipv4/tcp_timestamps", 0, 1);
	uint32_t ecn = sysctl_at("ipv4/tcp_ecn", 0, 2);
	uint32_t labels = sysctl_at("ipv6/auto_flowlabels", 0, FLOW_LABELS_ON);

	out->timestamps = timestamps != 0;
	out->random_timestamps = timestamps == 1;
	out->sack = sysctl_at("ipv4/tcp_sack", 0, 1) != 0;
	out->window_scaling = sysctl_at("ipv4/tcp_window_scaling", 0, 1) != 0;
	out->signed_windows = sysctl_at("ipv4/tcp_workaround_signed_windows", 0, 0) != 0;
	out->ecn = ecn == TCP_ECN_ASKS || ecn == TCP_ECN_ASKS_TOO;
	out->accurate_ecn = ecn == TCP_ECN_ASKS_ACCURATE;
	out->flow_labels = labels == FLOW_LABELS_ON || labels == FLOW_LABELS_FORCED;
	out->stateless_labels = sysctl_at("ipv6/flowlabel_state_ranges", 0, 0) != 0;
}

/* MTU and hop limit of the route, as a connected socket sees them. */
static int read_path(const struct peer *peer, const struct address *source, struct syn_settings *out)
{
	int mtu = -1, ttl = -1, saved, fd = socket(peer->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return QK_ERR_IO;
	if (peer_bind(peer, source, fd) == 0 && connect(fd, (const struct sockaddr *)&peer->sa, peer->sa_len) == 0) {
		mtu = out->v6 ? option(fd, IPPROTO_IPV6, IPV6_MTU, -1) : option(fd, IPPROTO_IP, IP_MTU, -1);
		ttl = out->v6 ? option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1) : option(fd, IPPROTO_IP, IP_TTL, -1);
	}
	saved = errno;
	close(fd);
	errno = saved;
	if (mtu < 0 || ttl < 0)
		return QK_ERR_IO;
	out->mtu = (uint32_t)mtu;
	out->ttl = (uint8_t)ttl;
	return 0;
}

static void apply_metrics(const struct peer *peer, const struct address *source, struct syn_settings *out)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&peer->sa;
	struct route_metrics metrics;

	/* A route without an answer is one without metrics. */
	(void)route_metrics_read(&peer->server, source, out->v6 ? in6->sin6_scope_id : 0, &metrics);
	out->metric_mss = metrics.advmss;
	out->metric_window = metrics.window;
	out->metric_initrwnd = metrics.initrwnd;
	out->ecn = out->ecn || metrics.ecn;
	if (metrics.hop_limit != 0 && !out->v6) /* IPv6 sockets have it already */
		out->ttl = (uint8_t)metrics.hop_limit;
	if (metrics.mtu_locked)
		out->dont_fragment = false;
}

int syn_settings_read(const struct peer *peer, const struct address *source, struct syn_settings *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->v6 = peer->sa.ss_family == AF_INET6;
	rc = read_buffers(peer->sa.ss_family, out);
	if (rc == 0)
		rc = read_path(peer, source, out);
	if (rc != 0)
		return rc;
	read_sysctls(out);
	apply_metrics(peer, source, out);
	return 0;
}
