/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as tests put them together: append layers to an empty frame, then frame_close fills the lengths in. */
#ifndef TESTS_UNIT_PACKETS_H
#define TESTS_UNIT_PACKETS_H

#include <stdint.h>
#include <string.h>

#include <pcap/dlt.h>

#define FRAME_WORD 0xdeadbeefu
#define FRAME_PORT 8850
#define FRAME_V4 "\xac\x11\x0c\x14"
#define FRAME_V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"

struct frame {
	uint8_t b[512];
	size_t n;
	size_t ip;	  /* where the IP header begins */
	size_t transport; /* where TCP or UDP begins */
};

static inline uint8_t *frame_add(struct frame *f, const void *bytes, size_t count)
{
	uint8_t *p = memcpy(f->b + f->n, bytes, count);

	f->n += count;
	return p;
}

static inline void frame_u16(struct frame *f, size_t at, unsigned value)
{
	f->b[at] = (uint8_t)(value >> 8);
	f->b[at + 1] = (uint8_t)value;
}

/* The link header of any type that frame_parse reads, for a packet of this Ethernet type. */
static inline void frame_link(struct frame *f, int link_type, unsigned type)
{
	memset(f, 0, sizeof(*f));
	switch (link_type) {
	case DLT_EN10MB:
		f->n = 14;
		frame_u16(f, 12, type);
		break;
	case DLT_LINUX_SLL:
		f->n = 16;
		frame_u16(f, 14, type);
		break;
	case DLT_LINUX_SLL2:
		f->n = 20;
		frame_u16(f, 0, type);
		break;
	case DLT_NULL: /* of a little-endian host */
		f->n = 4;
		f->b[0] = type == 0x86dd ? 10 : 2;
		break;
	case DLT_LOOP:
		f->n = 4;
		f->b[3] = type == 0x86dd ? 24 : 2;
		break;
	default:
		break;
	}
}

/* A tag: number 5 and the type of what follows. Goes right behind the link header. */
static inline void frame_vlan(struct frame *f, unsigned type)
{
	const uint8_t tag[4] = {0, 5, (uint8_t)(type >> 8), (uint8_t)type};

	frame_add(f, tag, sizeof(tag));
}

static inline void frame_ipv4(struct frame *f, unsigned protocol, size_t options)
{
	f->ip = f->n;
	f->n += 20 + options;
	memset(f->b + f->ip, 1, 20 + options); /* no-operation options; the rest is set now */
	f->b[f->ip] = (uint8_t)(0x40 | (20 + options) / 4);
	frame_u16(f, f->ip + 6, 0x4000);
	f->b[f->ip + 9] = (uint8_t)protocol;
	memcpy(f->b + f->ip + 12, FRAME_V4 FRAME_V4, 8);
}

static inline void frame_ipv6(struct frame *f, unsigned next)
{
	f->ip = f->n;
	f->n += 40;
	memset(f->b + f->ip, 0, 40);
	f->b[f->ip] = 0x60;
	f->b[f->ip + 6] = (uint8_t)next;
	memcpy(f->b + f->ip + 8, FRAME_V6, 16);
	memcpy(f->b + f->ip + 24, FRAME_V6, 16);
}

/* An extension header: kind in the header before, next in its own first byte. */
static inline void frame_extension(struct frame *f, unsigned kind, unsigned next, size_t size)
{
	uint8_t *p = f->b + f->n;

	memset(p, 0, size);
	p[0] = (uint8_t)next;
	p[1] = kind == 44 ? 0 : kind == 51 ? (uint8_t)(size / 4 - 2) : (uint8_t)(size / 8 - 1);
	f->n += size;
}

static inline void frame_tcp(struct frame *f, unsigned flags, size_t options)
{
	const uint8_t tcp[20] = {
	    0x9c, 0x40, FRAME_PORT >> 8, FRAME_PORT & 0xff, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, 0, 0, 0xfa, 0xf0};

	f->transport = f->n;
	frame_add(f, tcp, sizeof(tcp));
	f->b[f->transport + 12] = (uint8_t)((20 + options) / 4 << 4);
	f->b[f->transport + 13] = (uint8_t)flags;
	memset(f->b + f->n, 1, options);
	f->n += options;
}

static inline void frame_udp(struct frame *f, size_t payload)
{
	const uint8_t udp[12] = {0x9c, 0x40, FRAME_PORT >> 8, FRAME_PORT & 0xff, 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef};

	f->transport = f->n;
	memset(f->b + f->n, 0x55, 8 + payload);
	memcpy(f->b + f->n, udp, payload < 4 ? 8 + payload : sizeof(udp));
	frame_u16(f, f->n + 4, (unsigned)(8 + payload));
	f->n += 8 + payload;
}

/* Fills in the length of the IP packet. */
static inline void frame_close(struct frame *f)
{
	if (f->b[f->ip] >> 4 == 4)
		frame_u16(f, f->ip + 2, (unsigned)(f->n - f->ip));
	else
		frame_u16(f, f->ip + 4, (unsigned)(f->n - f->ip - 40));
}

/* A whole knock: SYN or, if payload is not 0, UDP. */
static inline void frame_knock(struct frame *f, int link_type, int v6, size_t payload)
{
	frame_link(f, link_type, v6 ? 0x86dd : 0x0800);
	if (v6)
		frame_ipv6(f, payload != 0 ? 17 : 6);
	else
		frame_ipv4(f, payload != 0 ? 17 : 6, 0);
	if (payload != 0)
		frame_udp(f, payload);
	else
		frame_tcp(f, 0x02, 20);
	frame_close(f);
}

static inline uint32_t frame_random(uint64_t *state, uint32_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % below;
}

/* A frame with count tags in it, up to its IP header; type is that of the packet. */
static inline void frame_begin(struct frame *f, int link_type, unsigned tag, unsigned count, unsigned type)
{
	frame_link(f, link_type, count > 0 ? tag : type);
	for (unsigned i = 0; i < count; i++)
		frame_vlan(f, i + 1 < count ? 0x8100 : type);
}

/* Any frame that could be a knock, or nearly so: with up to tags_max tags and a few bytes changed. */
static inline void frame_draw(struct frame *f, int link_type, unsigned tags_max, uint64_t *state)
{
	static const unsigned tags[] = {0x8100, 0x88a8, 0x9100};
	int v6 = (int)frame_random(state, 2), udp = (int)frame_random(state, 2);
	unsigned protocol = udp ? 17 : 6;

	frame_begin(f, link_type, tags[frame_random(state, 3)], frame_random(state, tags_max + 1),
		    v6 ? 0x86dd : 0x0800);
	if (v6 && frame_random(state, 2)) {
		frame_ipv6(f, 60);
		frame_extension(f, 60, protocol, 8 * (1 + frame_random(state, 4)));
	} else if (v6) {
		frame_ipv6(f, protocol);
	} else {
		frame_ipv4(f, protocol, 4 * frame_random(state, 4));
	}
	if (udp)
		frame_udp(f, frame_random(state, 40));
	else
		frame_tcp(f, frame_random(state, 4) ? 2 : frame_random(state, 256), 4 * frame_random(state, 11));
	frame_close(f);
	for (unsigned changes = frame_random(state, 4); changes > 0; changes--)
		f->b[frame_random(state, (uint32_t)f->n)] = (uint8_t)frame_random(state, 256);
}

#endif
