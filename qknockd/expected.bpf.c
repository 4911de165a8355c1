/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter itself, run by the kernel for each frame of an interface: it passes what frame_parse and the session
 * table would take, and nothing else. What is not read here as frame_parse reads it may only err to the side of
 * passing: a packet that contradicts itself has no chance to be in the map anyhow, so lengths and versions are looked
 * at where that spares a look-up, or where packets pass without one.
 *
 * The outermost tag of 802.1Q or 802.1ad is not in the frame any more: the kernel keeps it beside it (filter.c).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>

#include "qknockd/expected_bpf.h"

#define CONSTANT(name)                                                                                                 \
	({                                                                                                             \
		__u64 value_;                                                                                          \
		asm("%0 = " #name " ll" : "=r"(value_));                                                               \
		value_;                                                                                                \
	})

#define inline_always static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BE16(x) ((__u16)__builtin_bswap16(x))
#define BE32(x) ((__u32)__builtin_bswap32(x))
#else
#define BE16(x) ((__u16)(x))
#define BE32(x) ((__u32)(x))
#endif

#define PASS 0xffffffffu /* bytes */
#define VLAN_TAGS_MAX 2
/* As many as fit between an IPv6 header and what the capture keeps of a frame. */
#define EXTENSION_HEADERS_MAX 24
#define MULTICAST_V4 224
#define MULTICAST_V6 0xff
#define FRAGMENT_V4 0x3fff
#define FRAGMENT_V6 0xfff9
#define TCP_FIN_SYN_RST_ACK 0x17
#define TCP_SYN 0x02
#define UDP_LENGTH_MIN 12
#define UDP_LENGTH_MAX 44

static void *(*const map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const load_bytes)(const void *skb, __u32 offset, void *to, __u32 len) = (void *)BPF_FUNC_skb_load_bytes;

struct ipv4_header {
	__u8 version_length;
	__u8 tos;
	__u16 length;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 source;
	__u32 destination;
};

struct ipv6_header {
	__u32 version;
	__u16 length;
	__u8 next;
	__u8 hops;
	__u32 source[4];
	__u32 destination[4];
};

struct extension_header {
	__u8 next;
	__u8 length;
	__u16 fragment;
};

struct tcp_header {
	__u16 source;
	__u16 destination;
	__u32 sequence;
	__u32 acknowledgment;
	__u8 offset;
	__u8 flags;
};

struct udp_header {
	__u16 source;
	__u16 destination;
	__u16 length;
	__u16 checksum;
	__u32 word;
};

/* Where the reading is, and what of the key was found. */
struct packet {
	struct expected_key key;
	__u32 offset;
	__u8 next; /* protocol of the next header */
};

/* Fails at the end of the frame: what is not there was not captured either. */
inline_always int load(const struct __sk_buff *skb, __u32 offset, void *to, __u32 len)
{
	return load_bytes(skb, offset, to, len) == 0;
}

inline_always int is_vlan(__u16 type)
{
	return type == BE16(ETH_P_8021Q) || type == BE16(ETH_P_8021AD) || type == BE16(ETH_P_QINQ1);
}

inline_always int skip_tags(const struct __sk_buff *skb, struct packet *p)
{
	__u16 type = (__u16)skb->protocol, tag[2];
	int i;

	for (i = 0; i < VLAN_TAGS_MAX && is_vlan(type); i++) {
		if (!load(skb, p->offset, tag, sizeof(tag)))
			return 0;
		type = tag[1];
		p->offset += sizeof(tag);
	}
	return 1;
}

inline_always int read_v4(const struct __sk_buff *skb, struct packet *p)
{
	struct ipv4_header h;
	__u32 *source = (__u32 *)p->key.source;

	if (!load(skb, p->offset, &h, sizeof(h)))
		return 0;
	if ((h.fragment & BE16(FRAGMENT_V4)) != 0 || *(__u8 *)&h.destination >= MULTICAST_V4)
		return 0;
	source[2] = BE32(0xffff);
	source[3] = h.source;
	p->offset += (h.version_length & 0x0fu) * 4;
	p->next = h.protocol;
	return 1;
}

inline_always int is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT || next == IPPROTO_AH ||
	       next == IPPROTO_DSTOPTS;
}

inline_always int skip_extensions(const struct __sk_buff *skb, struct packet *p)
{
	struct extension_header h;
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX && is_extension(p->next); i++) {
		if (!load(skb, p->offset, &h, sizeof(h)))
			return 0;
		if (p->next == IPPROTO_FRAGMENT) {
			if ((h.fragment & BE16(FRAGMENT_V6)) != 0)
				return 0;
			p->offset += 8;
		} else if (p->next == IPPROTO_AH) {
			p->offset += (h.length + 2u) * 4;
		} else {
			p->offset += (h.length + 1u) * 8;
		}
		p->next = h.next;
	}
	return 1;
}

/* ::ffff:a.b.c.d on the wire is nobody's address and must not pass for IPv4's a.b.c.d. */
inline_always int read_v6(const struct __sk_buff *skb, struct packet *p)
{
	struct ipv6_header h;

	if (!load(skb, p->offset, &h, sizeof(h)))
		return 0;
	if (*(__u8 *)h.destination == MULTICAST_V6 ||
	    (h.source[0] == 0 && h.source[1] == 0 && h.source[2] == BE32(0xffff)))
		return 0;
	__builtin_memcpy(p->key.source, h.source, sizeof(p->key.source));
	p->offset += sizeof(h);
	p->next = h.next;
	return skip_extensions(skb, p);
}

/* By the version alone: what is neither, or has another type in front, is in no map. */
inline_always int read_ip(const struct __sk_buff *skb, struct packet *p)
{
	__u8 first;

	if (!load(skb, p->offset, &first, sizeof(first)))
		return 0;
	if (first >> 4 == 4)
		return read_v4(skb, p);
	return first >> 4 == 6 && read_v6(skb, p);
}

inline_always int read_transport(const struct __sk_buff *skb, struct packet *p)
{
	union {
		struct tcp_header tcp;
		struct udp_header udp;
	} h;

	if (p->next == IPPROTO_TCP) {
		if (!load(skb, p->offset, &h, 14) || (h.tcp.flags & TCP_FIN_SYN_RST_ACK) != TCP_SYN)
			return 0;
		p->key.port = BE16(h.tcp.destination);
		p->key.word = BE32(h.tcp.sequence);
		return 1;
	}
	if (p->next != IPPROTO_UDP || !load(skb, p->offset, &h, sizeof(h.udp)))
		return 0;
	p->key.port = BE16(h.udp.destination);
	p->key.word = BE32(h.udp.word);
	return BE16(h.udp.length) >= UDP_LENGTH_MIN && BE16(h.udp.length) <= UDP_LENGTH_MAX;
}

/* Most strangers' packets end here. */
inline_always int passes_sieve(__u32 word, const struct expected_control *control)
{
	__u32 bit = word & (EXPECTED_SIEVE_BITS - 1);

	return (*(const volatile __u32 *)&control->sieve[bit / 32] >> bit % 32 & 1) != 0;
}

inline_always int is_expected(struct expected_key *key, const struct expected_control *control)
{
	void *map = (void *)CONSTANT(expected_map);

	if (map_lookup(map, key) != (void *)0)
		return 1;
	if (*(const volatile __u32 *)&control->any_source == 0)
		return 0;
	__builtin_memset(key->source, 0, sizeof(key->source));
	return map_lookup(map, key) != (void *)0;
}

__attribute__((section("expected"), used)) int expected_filter(struct __sk_buff *skb)
{
	const struct expected_control *control = (const struct expected_control *)CONSTANT(expected_control);
	struct packet p = {.offset = (__u32)CONSTANT(expected_link_header)};

	if (!skip_tags(skb, &p) || !read_ip(skb, &p) || !read_transport(skb, &p))
		return 0;
	if (p.key.port < control->port_first || p.key.port > control->port_last)
		return 0;
	if (*(const volatile __u32 *)&control->exact == 0)
		return PASS;
	return passes_sieve(p.key.word, control) && is_expected(&p.key, control) ? PASS : 0;
}
