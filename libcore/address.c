/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "libcore/error.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void address_from_v4(struct address *out, const uint8_t v4[static 4])
{
	memcpy(out->b, v4_prefix, sizeof(v4_prefix));
	memcpy(out->b + 12, v4, 4);
}

int address_parse(struct address *out, const char *text)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		address_from_v4(out, v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, out->b) == 1)
		return 0;
	memset(out, 0, sizeof(*out));
	return QK_ERR_ADDRESS;
}

void address_format(const struct address *a, char text[static ADDRESS_TEXT_SIZE])
{
	if (address_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, text, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, a->b, text, ADDRESS_TEXT_SIZE);
}

int address_from_sockaddr(struct address *out, const struct sockaddr *sa, socklen_t len)
{
	if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		address_from_v4(out, (const uint8_t *)&in.sin_addr);
		return 0;
	}
	if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->b, &in6.sin6_addr, sizeof(out->b));
		return 0;
	}
	memset(out, 0, sizeof(*out));
	return QK_ERR_ADDRESS;
}

socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (address_is_v4(a)) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->b + 12, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, a->b, 16);
	return sizeof(*in6);
}

bool address_is_v4(const struct address *a)
{
	return memcmp(a->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
