/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <pcap/dlt.h>
#include <pcap/sll.h>

#define VLAN_TAGS_MAX 2
#define VLAN_TAG_SIZE 4
#define IPV4_HEADER_MIN 20
#define IPV4_FRAGMENT 0x3fff /* more-fragments flag and offset */
#define IPV4_MULTICAST 224   /* first byte of the first of them; then reserved ones, and broadcast */
#define IPV6_MULTICAST 0xff
#define IPV6_HEADER_SIZE 40
#define IPV6_FRAGMENT 0xfff9 /* offset and more-fragments flag; the two bits between are reserved */
#define TCP_HEADER_MIN 20
#define TCP_FLAGS_END 14 /* bytes of a TCP header up to its flags: all that decides */
#define TCP_SYN 0x02
/* FIN, SYN, RST and ACK: ECE and CWR are left to clients with ECN, PSH and URG mean nothing here. */
#define TCP_FLAGS 0x17
#define UDP_HEADER_SIZE 8
#define UDP_WORD_SIZE 4
#define UDP_FILL_MAX 32

/*
 * What is left of a frame. length is what was on the wire, captured what the snap length left of it.
 * Lengths that a header claims are held against length: a sender who contradicts himself is malformed. Bytes
 * are only asked of captured where they decide: the snap length is our own saving, so a datagram whose tail
 * it cut, or a SYN whose options it cut, is as good as a whole one.
 *
 * Checksums of TCP and UDP are not verified. With checksum offload, packets between hosts on one machine (veth,
 * virtio, loopback) carry an unfinished one, so that a check would refuse honest knocks; the tail it covers may
 * not be captured; and a damaged word only fails to match, which a resend mends.
 */
struct view {
	const uint8_t *data;
	size_t captured;
	size_t length;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static bool view_skip(struct view *v, size_t count)
{
	if (v->captured < count)
		return false;
	v->data += count;
	v->captured -= count;
	v->length -= count;
	return true;
}

/* Leaves away what follows the packet: the padding of short Ethernet frames. */
static bool view_narrow(struct view *v, size_t length)
{
	if (v->length < length)
		return false;
	v->length = length;
	if (v->captured > length)
		v->captured = length;
	return true;
}

static bool port_in_range(uint16_t port, const struct knock_shape *shape)
{
	return port >= shape->port_first && port <= shape->port_last;
}

static enum frame_result parse_tcp(const struct view *v, const struct knock_shape *shape, struct frame_knock *out)
{
	size_t header;

	if (v->length < TCP_HEADER_MIN || v->captured < TCP_FLAGS_END)
		return FRAME_MALFORMED;
	header = (size_t)(v->data[12] >> 4) * 4;
	if (header < TCP_HEADER_MIN || header > v->length)
		return FRAME_MALFORMED;
	if ((v->data[13] & TCP_FLAGS) != TCP_SYN || !port_in_range(be16(v->data + 2), shape))
		return FRAME_OTHER;
	out->port = be16(v->data + 2);
	out->word = be32(v->data + 4);
	out->carrier = FRAME_SYN;
	return FRAME_KNOCK;
}

static enum frame_result parse_udp(const struct view *v, const struct knock_shape *shape, struct frame_knock *out)
{
	size_t length;

	if (v->captured < UDP_HEADER_SIZE)
		return FRAME_MALFORMED;
	length = be16(v->data + 4);
	if (length != v->length)
		return FRAME_MALFORMED;
	if (length < UDP_HEADER_SIZE + UDP_WORD_SIZE || length > UDP_HEADER_SIZE + UDP_WORD_SIZE + UDP_FILL_MAX ||
	    !port_in_range(be16(v->data + 2), shape))
		return FRAME_OTHER;
	if (v->captured < UDP_HEADER_SIZE + UDP_WORD_SIZE)
		return FRAME_MALFORMED;
	out->port = be16(v->data + 2);
	out->word = be32(v->data + UDP_HEADER_SIZE);
	out->carrier = FRAME_UDP;
	return FRAME_KNOCK;
}

static enum frame_result parse_transport(unsigned protocol, const struct view *v, const struct knock_shape *shape,
					 struct frame_knock *out)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return parse_tcp(v, shape, out);
	case IPPROTO_UDP:
		return parse_udp(v, shape, out);
	default:
		return FRAME_OTHER;
	}
}

static enum frame_result parse_ipv4(struct view v, const struct knock_shape *shape, struct frame_knock *out)
{
	const uint8_t *ip = v.data;
	size_t header;

	if (v.captured < IPV4_HEADER_MIN || ip[0] >> 4 != 4)
		return FRAME_MALFORMED;
	header = (size_t)(ip[0] & 0x0f) * 4;
	if (header < IPV4_HEADER_MIN || !view_narrow(&v, be16(ip + 2)))
		return FRAME_MALFORMED;
	/* No client fragments packets this small, or knocks at a group. */
	if ((be16(ip + 6) & IPV4_FRAGMENT) != 0 || ip[16] >= IPV4_MULTICAST)
		return FRAME_OTHER;
	if (!view_skip(&v, header))
		return FRAME_MALFORMED;
	address_from_v4(&out->source, ip + 12);
	return parse_transport(ip[9], &v, shape, out);
}

static bool is_extension(unsigned next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT || next == IPPROTO_AH ||
	       next == IPPROTO_DSTOPTS;
}

/* Steps over one extension header; FRAME_KNOCK means go on with *next. */
static enum frame_result skip_extension(struct view *v, unsigned *next)
{
	size_t size = 8;
	unsigned kind = *next;

	if (v->captured < 8)
		return FRAME_MALFORMED;
	/* An atomic fragment is a whole packet (RFC 6946). */
	if (kind == IPPROTO_FRAGMENT && (be16(v->data + 2) & IPV6_FRAGMENT) != 0)
		return FRAME_OTHER;
	if (kind == IPPROTO_AH)
		size = ((size_t)v->data[1] + 2) * 4;
	else if (kind != IPPROTO_FRAGMENT)
		size = ((size_t)v->data[1] + 1) * 8;
	*next = v->data[0];
	if (!view_skip(v, size) || *next == IPPROTO_HOPOPTS) /* that one is legal in the first place only */
		return FRAME_MALFORMED;
	return FRAME_KNOCK;
}

static enum frame_result parse_ipv6(struct view v, const struct knock_shape *shape, struct frame_knock *out)
{
	const uint8_t *ip = v.data;
	unsigned next;

	if (v.captured < IPV6_HEADER_SIZE || ip[0] >> 4 != 6)
		return FRAME_MALFORMED;
	next = ip[6];
	if (be16(ip + 4) == 0 && next == IPPROTO_HOPOPTS)
		return FRAME_OTHER; /* a jumbogram */
	if (!view_narrow(&v, IPV6_HEADER_SIZE + (size_t)be16(ip + 4)))
		return FRAME_MALFORMED;
	memcpy(out->source.b, ip + 8, sizeof(out->source.b));
	/* On the wire this form is nobody's address; here it would pass for an IPv4 client. */
	if (address_is_v4(&out->source) || ip[24] == IPV6_MULTICAST)
		return FRAME_OTHER;
	view_skip(&v, IPV6_HEADER_SIZE);
	while (is_extension(next)) {
		enum frame_result rc = skip_extension(&v, &next);

		if (rc != FRAME_KNOCK)
			return rc;
	}
	return parse_transport(next, &v, shape, out);
}

/* The Ethernet type of a raw packet, by its version; 0 if it is neither. */
static uint16_t type_of_version(const struct view *v)
{
	if (v->captured == 0)
		return 0;
	return v->data[0] >> 4 == 4 ? ETH_P_IP : v->data[0] >> 4 == 6 ? ETH_P_IPV6 : 0;
}

/* BSD loopback: the family in the byte order of the capturing host (NULL) or of the network (LOOP), with the numbers
 * that the BSDs, Darwin and Linux have for IPv6. */
static uint16_t type_of_family(const uint8_t *p)
{
	uint32_t family = be32(p);

	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return ETH_P_IP;
	case 10:
	case 24:
	case 28:
	case 30:
		return ETH_P_IPV6;
	default:
		return 0;
	}
}

/* Steps over the link header; FRAME_KNOCK means go on with *type. */
static enum frame_result parse_link(int link_type, struct view *v, uint16_t *type)
{
	const uint8_t *header = v->data;

	switch (link_type) {
	case DLT_EN10MB:
		if (!view_skip(v, ETH_HLEN))
			return FRAME_MALFORMED;
		*type = be16(header + 12);
		return FRAME_KNOCK;
	case DLT_LINUX_SLL:
		if (!view_skip(v, SLL_HDR_LEN))
			return FRAME_MALFORMED;
		*type = be16(header + 14);
		return be16(header) == LINUX_SLL_OUTGOING ? FRAME_OTHER : FRAME_KNOCK;
	case DLT_LINUX_SLL2:
		if (!view_skip(v, SLL2_HDR_LEN))
			return FRAME_MALFORMED;
		*type = be16(header);
		return header[10] == LINUX_SLL_OUTGOING ? FRAME_OTHER : FRAME_KNOCK;
	case DLT_NULL:
	case DLT_LOOP:
		if (!view_skip(v, 4))
			return FRAME_MALFORMED;
		*type = type_of_family(header);
		return FRAME_KNOCK;
	case DLT_RAW:
		*type = type_of_version(v);
		return *type != 0 ? FRAME_KNOCK : FRAME_MALFORMED;
	case DLT_IPV4:
		*type = ETH_P_IP;
		return FRAME_KNOCK;
	case DLT_IPV6:
		*type = ETH_P_IPV6;
		return FRAME_KNOCK;
	default:
		return FRAME_OTHER;
	}
}

static bool is_vlan(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* Since Linux 6.10 a cooked socket tells the innermost type of a frame that has a tag beside it and another one in it,
 * but the other tag is still in front of the packet. Only to be asked when there is no packet in its place. */
static bool skip_hidden_tag(struct view *v, uint16_t *type)
{
	const uint8_t *tag = v->data;

	if (v->captured < VLAN_TAG_SIZE || be16(tag + 2) != *type)
		return false;
	return view_skip(v, VLAN_TAG_SIZE);
}

static enum frame_result parse_packet(uint16_t type, const struct view *v, const struct knock_shape *shape,
				      struct frame_knock *out)
{
	switch (type) {
	case ETH_P_IP:
		return parse_ipv4(*v, shape, out);
	case ETH_P_IPV6:
		return parse_ipv6(*v, shape, out);
	default:
		return FRAME_OTHER;
	}
}

int frame_link_supported(int link_type)
{
	static const int supported[] = {DLT_EN10MB,    DLT_RAW,	       DLT_IPV4, DLT_IPV6,
					DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_LOOP};

	for (size_t i = 0; i < sizeof(supported) / sizeof(supported[0]); i++)
		if (supported[i] == link_type)
			return 1;
	return 0;
}

enum frame_result frame_parse(int link_type, const uint8_t *data, size_t captured, size_t length,
			      const struct knock_shape *shape, struct frame_knock *out)
{
	struct view v = {data, captured, length};
	enum frame_result rc;
	uint16_t type = 0;
	unsigned tags = 0;

	memset(out, 0, sizeof(*out));
	if (captured > length)
		return FRAME_MALFORMED;
	rc = parse_link(link_type, &v, &type);
	if (rc != FRAME_KNOCK)
		return rc;
	/* Cooked headers and Ethernet alike: what follows a tag's type is its number and the next type. */
	for (; is_vlan(type) && tags < VLAN_TAGS_MAX; tags++) {
		const uint8_t *tag = v.data;

		if (!view_skip(&v, VLAN_TAG_SIZE))
			return FRAME_MALFORMED;
		type = be16(tag + 2);
	}
	rc = parse_packet(type, &v, shape, out);
	if (rc == FRAME_MALFORMED && link_type == DLT_LINUX_SLL && tags == 1 && skip_hidden_tag(&v, &type))
		rc = parse_packet(type, &v, shape, out);
	if (rc != FRAME_KNOCK)
		memset(out, 0, sizeof(*out));
	return rc;
}
