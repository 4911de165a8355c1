/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/route_metrics.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"

struct request {
	struct nlmsghdr header;
	struct rtmsg route;
	uint8_t attributes[128];
};

static void add(struct request *request, unsigned short type, const void *data, unsigned short len)
{
	struct rtattr *attribute = (struct rtattr *)((uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attribute), data, len);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static void add_address(struct request *request, unsigned short type, const struct address *a)
{
	if (address_is_v4(a))
		add(request, type, a->b + 12, 4);
	else
		add(request, type, a->b, 16);
}

static void make_request(struct request *request, const struct address *destination, const struct address *source,
			 unsigned ifindex)
{
	uint8_t bits = address_is_v4(destination) ? 32 : 128;

	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof(request->route));
	request->header.nlmsg_type = RTM_GETROUTE;
	request->header.nlmsg_flags = NLM_F_REQUEST;
	request->route.rtm_family = bits == 32 ? AF_INET : AF_INET6;
	request->route.rtm_dst_len = bits;
	add_address(request, RTA_DST, destination);
	if (source != NULL) {
		request->route.rtm_src_len = bits;
		add_address(request, RTA_SRC, source);
	}
	if (ifindex != 0)
		add(request, RTA_OIF, &ifindex, sizeof(ifindex));
}

static void read_metrics(const struct rtattr *metrics, struct route_metrics *out)
{
	int len = (int)RTA_PAYLOAD(metrics);
	uint32_t value;

	for (const struct rtattr *a = RTA_DATA(metrics); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (RTA_PAYLOAD(a) < sizeof(value))
			continue;
		memcpy(&value, RTA_DATA(a), sizeof(value));
		if (a->rta_type == RTAX_ADVMSS)
			out->advmss = value;
		else if (a->rta_type == RTAX_WINDOW)
			out->window = value;
		else if (a->rta_type == RTAX_INITRWND)
			out->initrwnd = value;
		else if (a->rta_type == RTAX_HOPLIMIT)
			out->hop_limit = value;
		else if (a->rta_type == RTAX_FEATURES)
			out->ecn = (value & RTAX_FEATURE_ECN) != 0;
		else if (a->rta_type == RTAX_LOCK)
			out->mtu_locked = (value & (1u << RTAX_MTU)) != 0;
	}
}

static int read_answer(const struct nlmsghdr *header, ssize_t received, struct route_metrics *out)
{
	if (received < 0 || !NLMSG_OK(header, (size_t)received)) {
		errno = received < 0 ? errno : EPROTO;
		return QK_ERR_IO;
	}
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(header);

		errno = header->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) ? -error->error : EPROTO;
		return QK_ERR_IO;
	}
	if (header->nlmsg_type != RTM_NEWROUTE || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg))) {
		errno = EPROTO;
		return QK_ERR_IO;
	}
	const struct rtmsg *route = NLMSG_DATA(header);
	int len = (int)RTM_PAYLOAD(header);

	out->local = route->rtm_type == RTN_LOCAL;
	for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == RTA_METRICS)
			read_metrics(a, out);
	return 0;
}

int route_metrics_read(const struct address *destination, const struct address *source, unsigned ifindex,
		       struct route_metrics *out)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	union {
		struct nlmsghdr header;
		uint8_t bytes[4096];
	} answer;
	struct request request;
	int rc = QK_ERR_IO, saved, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return rc;
	make_request(&request, destination, source, ifindex);
	if (sendto(fd, &request, request.header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) >= 0)
		rc = read_answer(&answer.header, recv(fd, &answer, sizeof(answer), 0), out);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}
