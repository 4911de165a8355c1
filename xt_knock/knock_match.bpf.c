/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match itself, run by xt_bpf for each packet that reaches the rule: 1 if the packet's source address holds a
 * live grant for the rule's service, else 0; the other way round for "!". Whatever cannot be read is no grant.
 *
 * One program serves IPv4 and IPv6. What differs from rule to rule are the constants below, which knockprog.c puts
 * in place of the relocations to these names, so that a rule costs no look-up of its own options.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/types.h>

#include "xt_knock/knock_bpf.h"

#define CONSTANT(name)                                                                                                 \
	({                                                                                                             \
		__u64 value_;                                                                                          \
		asm("%0 = " #name " ll" : "=r"(value_));                                                               \
		value_;                                                                                                \
	})

#define inline_always static inline __attribute__((always_inline))

static void *(*const map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static __u64 (*const boot_ns)(void) = (void *)BPF_FUNC_ktime_get_boot_ns;
static long (*const load_bytes)(const void *skb, __u32 offset, void *to, __u32 len,
				__u32 start) = (void *)BPF_FUNC_skb_load_bytes_relative;

/* The third word of ::ffff:a.b.c.d, in network order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAPPED 0xffff0000u
#else
#define MAPPED 0x0000ffffu
#endif

#define EXTENSION_HEADERS_MAX 8

#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AUTHENTICATION 51
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY 135

#define TCP_FLAGS 13 /* offset in its header */
#define TCP_FIN_SYN_RST_ACK 0x17
#define TCP_SYN 0x02

/* What the IP header says: where to look for the grant, and where the next header is. */
struct ip {
	__u32 source[4]; /* network order */
	__u32 offset;
	__u8 version;
	__u8 next;
	__u8 later_fragment;
};

inline_always int load(const struct __sk_buff *skb, __u32 offset, void *to, __u32 len)
{
	return load_bytes(skb, offset, to, len, BPF_HDR_START_NET) == 0;
}

inline_always int read_v4(const struct __sk_buff *skb, struct ip *ip)
{
	__u8 h[20] __attribute__((aligned(8)));

	if (!load(skb, 0, h, sizeof(h)))
		return 0;
	ip->source[0] = 0;
	ip->source[1] = 0;
	ip->source[2] = MAPPED;
	__builtin_memcpy(&ip->source[3], h + 12, 4);
	ip->offset = (h[0] & 0x0f) * 4;
	ip->next = h[9];
	ip->later_fragment = (h[6] & 0x1f) != 0 || h[7] != 0;
	return ip->offset >= sizeof(h);
}

/* An IPv6 packet that claims to come from ::ffff:a.b.c.d must not find the grant of IPv4's a.b.c.d. */
inline_always int read_v6(const struct __sk_buff *skb, struct ip *ip)
{
	__u8 h[40] __attribute__((aligned(8)));

	if (!load(skb, 0, h, sizeof(h)))
		return 0;
	__builtin_memcpy(ip->source, h + 8, 16);
	ip->offset = sizeof(h);
	ip->next = h[6];
	ip->later_fragment = 0;
	return ip->source[0] != 0 || ip->source[1] != 0 || ip->source[2] != MAPPED;
}

inline_always int read_ip(const struct __sk_buff *skb, struct ip *ip)
{
	__u8 first;

	if (!load(skb, 0, &first, 1))
		return 0;
	ip->version = first >> 4;
	if (ip->version == 4)
		return read_v4(skb, ip);
	return ip->version == 6 && read_v6(skb, ip);
}

/* To the transport header of an IPv6 packet: 0 if there is none within reach. */
inline_always int skip_extensions(const struct __sk_buff *skb, struct ip *ip)
{
	__u8 h[4];
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		if (ip->next == IPPROTO_TCP || ip->next == IPPROTO_UDP)
			return 1;
		if (!load(skb, ip->offset, h, sizeof(h)))
			return 0;
		switch (ip->next) {
		case NEXT_HOP_BY_HOP:
		case NEXT_ROUTING:
		case NEXT_DESTINATION:
		case NEXT_MOBILITY:
			ip->offset += (h[1] + 1u) * 8;
			break;
		case NEXT_AUTHENTICATION:
			ip->offset += (h[1] + 2u) * 4;
			break;
		case NEXT_FRAGMENT:
			if (h[2] != 0 || (h[3] & 0xf8) != 0)
				return 0;
			ip->offset += 8;
			break;
		default:
			return 0;
		}
		ip->next = h[0];
	}
	return ip->next == IPPROTO_TCP || ip->next == IPPROTO_UDP;
}

/* The connection's identity, or 0 for what has none that could be seen: a later fragment, another protocol.
 * begins: only a SYN begins a TCP connection, lest a stray segment of an old one uses the grant up. */
inline_always __u64 connection(const struct __sk_buff *skb, struct ip *ip, int *begins)
{
	__u8 h[14];

	if (ip->later_fragment)
		return 0;
	if (ip->version == 6 && !skip_extensions(skb, ip))
		return 0;
	if (ip->next == IPPROTO_TCP) {
		if (!load(skb, ip->offset, h, 14))
			return 0;
		*begins = (h[TCP_FLAGS] & TCP_FIN_SYN_RST_ACK) == TCP_SYN;
	} else if (ip->next == IPPROTO_UDP) {
		if (!load(skb, ip->offset, h, 4))
			return 0;
		*begins = 1;
	} else {
		return 0;
	}
	return KNOCK_USED(ip->next, h[0] << 8 | h[1], h[2] << 8 | h[3]);
}

inline_always int is_live(const struct knock_value *grant)
{
	__u64 max_age_ns = CONSTANT(knock_max_age_ns);
	__u64 now = boot_ns();

	if (now >= grant->expires_ns || now < grant->granted_ns)
		return 0;
	return max_age_ns == 0 || now - grant->granted_ns <= max_age_ns;
}

/* One connection gets it: the one that is in the entry, or else the one that puts itself there. */
inline_always int claim(const struct __sk_buff *skb, struct ip *ip, struct knock_value *grant)
{
	int begins = 0;
	__u64 used, self;

	self = connection(skb, ip, &begins);
	if (self == 0)
		return 0;
	used = *(volatile __u64 *)&grant->used;
	if (used == 0 && begins)
		used = __sync_val_compare_and_swap(&grant->used, 0, self) ?: self;
	return used == self;
}

inline_always int is_granted(const struct __sk_buff *skb)
{
	struct knock_value *grant;
	struct knock_key key;
	struct ip ip = {0};
	__u64 name[2];

	if (!read_ip(skb, &ip))
		return 0;
	name[0] = CONSTANT(knock_service_0);
	name[1] = CONSTANT(knock_service_1);
	__builtin_memcpy(key.service, name, sizeof(key.service));
	__builtin_memcpy(key.address, ip.source, sizeof(key.address));
	grant = map_lookup((void *)CONSTANT(knock_map), &key);
	if (grant == (void *)0 || !is_live(grant))
		return 0;
	if (CONSTANT(knock_single_use) == 0 && (grant->flags & KNOCK_GRANT_SINGLE_USE) == 0)
		return 1;
	return claim(skb, &ip, grant);
}

__attribute__((section("match"), used)) int knock_match(struct __sk_buff *skb)
{
	return (__u64)is_granted(skb) != CONSTANT(knock_invert);
}
