/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/localaddr.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "libcore/error.h"

static void add(struct address *list, size_t *count, const struct sockaddr *sa)
{
	socklen_t len;

	if (sa == NULL)
		return;
	len = sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (address_from_sockaddr(&list[*count], sa, len) == 0)
		(*count)++;
}

int localaddr_list(struct address **out, size_t *count)
{
	struct ifaddrs *all = NULL;
	size_t n = 0;
	int rc = 0;

	*out = NULL;
	*count = 0;
	if (getifaddrs(&all) != 0)
		return QK_ERR_IO;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		n += 2;
	*out = calloc(n > 0 ? n : 1, sizeof(**out));
	if (*out == NULL) {
		rc = QK_ERR_NOMEM;
		goto out;
	}
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		add(*out, count, i->ifa_addr);
		if (i->ifa_flags & IFF_BROADCAST)
			add(*out, count, i->ifa_broadaddr);
	}
out:
	freeifaddrs(all);
	return rc;
}
