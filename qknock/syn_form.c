/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/syn_form.h"

#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define IPPROTO_TCP_NUMBER 6

#define IPV4_MSS_MIN 256  /* net.ipv4.route.min_adv_mss */
#define IPV6_MSS_MIN 1220 /* net.ipv6.route.min_adv_mss */
#define PACKET_MAX 65535

#define FLAG_SYN 0x002
#define FLAG_ECE 0x040
#define FLAG_CWR 0x080
#define FLAG_AE 0x100

#define WINDOW_MAX 65535
#define WINDOW_MAX_SIGNED 32767
#define WINDOW_SCALE_MAX 14

#define OPTION_NOP 1
#define OPTION_MSS 2
#define OPTION_WINDOW_SCALE 3
#define OPTION_SACK 4
#define OPTION_TIMESTAMP 8

#define FLOW_LABEL_MASK 0xfffffu
#define FLOW_LABEL_STATELESS 0x80000u

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* ipv4_default_advmss, ip6_default_advmss. An IPv6 MSS of 65535 says "any". */
static uint16_t compute_mss(const struct syn_settings *s)
{
	uint32_t headers = (s->v6 ? IPV6_HEADER : IPV4_HEADER) + TCP_HEADER;
	uint32_t mss = s->mtu > headers ? s->mtu - headers : 0;

	if (s->metric_mss != 0)
		return (uint16_t)s->metric_mss;
	if (!s->v6)
		return (uint16_t)min_u32(max_u32(mss, IPV4_MSS_MIN), PACKET_MAX - headers);
	mss = max_u32(mss, IPV6_MSS_MIN);
	return (uint16_t)(mss > PACKET_MAX - TCP_HEADER ? PACKET_MAX : mss);
}

static int floor_log2(uint32_t n)
{
	return n == 0 ? 0 : 31 - __builtin_clz(n);
}

/* tcp_select_initial_window */
static void compute_window(const struct syn_settings *s, struct syn_form *f)
{
	uint32_t clamp = s->metric_window != 0 ? s->metric_window : (uint32_t)WINDOW_MAX << WINDOW_SCALE_MAX;
	uint32_t space = (uint32_t)(((uint64_t)s->receive_buffer * s->window_ratio) >> SYN_WINDOW_RATIO_BITS);
	uint64_t window;

	space = min_u32(space, clamp);
	if (space > f->mss)
		space -= space % f->mss;
	window = min_u32(space, s->signed_windows ? WINDOW_MAX_SIGNED : WINDOW_MAX);
	if (s->metric_initrwnd != 0 && window > (uint64_t)s->metric_initrwnd * f->mss)
		window = (uint64_t)s->metric_initrwnd * f->mss;
	f->window = (uint16_t)window;

	f->window_scale = -1;
	if (s->window_scaling) {
		int scale = floor_log2(min_u32(max_u32(space, s->buffer_limit), clamp)) - 15;

		f->window_scale = scale < 0 ? 0 : scale > WINDOW_SCALE_MAX ? WINDOW_SCALE_MAX : scale;
	}
}

void syn_form_compute(const struct syn_settings *s, struct syn_form *out)
{
	*out = (struct syn_form){
	    .v6 = s->v6,
	    .ttl = s->ttl,
	    .dont_fragment = s->dont_fragment,
	    .flags = FLAG_SYN,
	    .mss = compute_mss(s),
	    .timestamps = s->timestamps,
	    .sack = s->sack,
	    .flow_labels = s->flow_labels,
	    .stateless_labels = s->stateless_labels,
	};
	if (s->ecn)
		out->flags |= FLAG_ECE | FLAG_CWR;
	if (s->accurate_ecn)
		out->flags |= FLAG_ECE | FLAG_CWR | FLAG_AE;
	compute_window(s, out);
}

static uint8_t *put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t value)
{
	return put16(put16(p, value >> 16), value & 0xffff);
}

static uint8_t *put4(uint8_t *p, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	p[0] = a;
	p[1] = b;
	p[2] = c;
	p[3] = d;
	return p + 4;
}

/* tcp_options_write: each option fills words of 4 bytes; SACK takes the place of the time stamp's padding. */
static size_t put_options(const struct syn_form *f, uint32_t timestamp, uint8_t *start)
{
	uint8_t *p = put4(start, OPTION_MSS, 4, (uint8_t)(f->mss >> 8), (uint8_t)f->mss);

	if (f->timestamps) {
		p = f->sack ? put4(p, OPTION_SACK, 2, OPTION_TIMESTAMP, 10)
			    : put4(p, OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMP, 10);
		p = put32(put32(p, timestamp), 0);
	} else if (f->sack) {
		p = put4(p, OPTION_NOP, OPTION_NOP, OPTION_SACK, 2);
	}
	if (f->window_scale >= 0)
		p = put4(p, OPTION_NOP, OPTION_WINDOW_SCALE, 3, (uint8_t)f->window_scale);
	return (size_t)(p - start);
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2) /* all lengths here are even */
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 9293 section 3.1; addresses is the part of the IP header that holds both. */
static uint16_t tcp_checksum(const uint8_t *addresses, size_t addresses_len, const uint8_t *tcp, size_t len)
{
	uint32_t sum = sum16(IPPROTO_TCP_NUMBER + (uint32_t)len, addresses, addresses_len);

	return fold(sum16(sum, tcp, len));
}

static void put_ipv4(const struct syn_form *f, const struct syn_packet *packet, size_t len, uint8_t *ip)
{
	put4(ip, 0x45, 0, (uint8_t)(len >> 8), (uint8_t)len);
	put16(ip + 4, packet->ip_id);
	put16(ip + 6, f->dont_fragment ? 0x4000 : 0);
	put4(ip + 8, f->ttl, IPPROTO_TCP_NUMBER, 0, 0);
	memcpy(ip + 12, packet->source.b + 12, 4);
	memcpy(ip + 16, packet->destination.b + 12, 4);
	put16(ip + 10, fold(sum16(0, ip, IPV4_HEADER)));
}

static void put_ipv6(const struct syn_form *f, const struct syn_packet *packet, size_t payload, uint8_t *ip)
{
	uint32_t label = f->flow_labels ? packet->flow_label & FLOW_LABEL_MASK : 0;

	if (f->flow_labels && f->stateless_labels)
		label |= FLOW_LABEL_STATELESS;
	put32(ip, 0x60000000u | label);
	put4(ip + 4, (uint8_t)(payload >> 8), (uint8_t)payload, IPPROTO_TCP_NUMBER, f->ttl);
	memcpy(ip + 8, packet->source.b, 16);
	memcpy(ip + 24, packet->destination.b, 16);
}

size_t syn_form_packet(const struct syn_form *f, const struct syn_packet *packet, uint8_t out[static SYN_PACKET_MAX])
{
	size_t ip_len = f->v6 ? IPV6_HEADER : IPV4_HEADER;
	uint8_t *tcp = out + ip_len;
	size_t tcp_len;

	memset(out, 0, SYN_PACKET_MAX);
	tcp_len = TCP_HEADER + put_options(f, packet->timestamp, tcp + TCP_HEADER);
	put16(tcp, packet->source_port);
	put16(tcp + 2, packet->destination_port);
	put32(tcp + 4, packet->sequence);
	put16(tcp + 12, (uint32_t)(tcp_len / 4) << 12 | f->flags);
	put16(tcp + 14, f->window);
	if (f->v6)
		put_ipv6(f, packet, tcp_len, out);
	else
		put_ipv4(f, packet, ip_len + tcp_len, out);
	put16(tcp + 16, f->v6 ? tcp_checksum(out + 8, 32, tcp, tcp_len) : tcp_checksum(out + 12, 8, tcp, tcp_len));
	return ip_len + tcp_len;
}
