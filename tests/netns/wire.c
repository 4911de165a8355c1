/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/netns/wire.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ETHERTYPE_QINQ 0x88a8

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

/* Adds to a ones' complement sum; all parts but the last are of even length. */
static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool parse_mac(const char *text, uint8_t mac[static 6])
{
	unsigned b[6];

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return false;
	for (size_t i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return true;
}

int wire_open(struct wire *wire, const char *interface, const char *peer_mac)
{
	struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct ifreq request = {0};
	int one = 1;

	memset(wire, 0, sizeof(*wire));
	if (!parse_mac(peer_mac, wire->peer)) {
		fprintf(stderr, "%s: not a link address\n", peer_mac);
		return -1;
	}
	wire->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (wire->fd < 0) {
		perror("packet socket");
		return -1;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	link.sll_ifindex = (int)if_nametoindex(interface);
	if (setsockopt(wire->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    ioctl(wire->fd, SIOCGIFHWADDR, &request) < 0 ||
	    bind(wire->fd, (struct sockaddr *)&link, sizeof(link)) < 0) {
		perror(interface);
		close(wire->fd);
		return -1;
	}
	memcpy(wire->own, request.ifr_hwaddr.sa_data, 6);
	return 0;
}

static size_t put_link(const struct wire *wire, uint16_t type, uint8_t *frame)
{
	size_t at = 12;

	memcpy(frame, wire->peer, 6);
	memcpy(frame + 6, wire->own, 6);
	for (size_t i = 0; i < wire->tag_count; i++, at += 4) {
		put16(frame + at, i + 1 < wire->tag_count ? ETHERTYPE_QINQ : ETHERTYPE_VLAN);
		put16(frame + at + 2, wire->tags[i]);
	}
	put16(frame + at, type);
	return at + 2;
}

static size_t put_ip(const struct wire_packet *packet, uint8_t protocol, size_t payload, uint8_t *p)
{
	if (address_is_v4(&packet->source)) {
		memset(p, 0, sizeof(struct iphdr));
		p[0] = 0x45;
		put16(p + 2, (uint16_t)(sizeof(struct iphdr) + payload));
		put16(p + 4, (uint16_t)packet->word);
		put16(p + 6, IP_DF);
		p[8] = 64;
		p[9] = protocol;
		memcpy(p + 12, packet->source.b + 12, 4);
		memcpy(p + 16, packet->destination.b + 12, 4);
		put16(p + 10, sum_fold(sum_add(0, p, sizeof(struct iphdr))));
		return sizeof(struct iphdr);
	}
	memset(p, 0, sizeof(struct ip6_hdr));
	p[0] = 0x60;
	put16(p + 4, (uint16_t)payload);
	p[6] = protocol;
	p[7] = 64;
	memcpy(p + 8, packet->source.b, 16);
	memcpy(p + 24, packet->destination.b, 16);
	return sizeof(struct ip6_hdr);
}

static size_t put_syn(const struct wire_packet *packet, uint8_t *p)
{
	static const uint8_t maximum_segment[4] = {TCPOPT_MAXSEG, TCPOLEN_MAXSEG, 0x05, 0xb4};

	memset(p, 0, sizeof(struct tcphdr));
	put16(p, packet->source_port);
	put16(p + 2, packet->port);
	put32(p + 4, packet->word);
	p[12] = (sizeof(struct tcphdr) + sizeof(maximum_segment)) / 4 << 4;
	p[13] = TH_SYN;
	put16(p + 14, 64240);
	memcpy(p + sizeof(struct tcphdr), maximum_segment, sizeof(maximum_segment));
	return sizeof(struct tcphdr) + sizeof(maximum_segment);
}

static size_t put_datagram(const struct wire_packet *packet, uint8_t *p)
{
	size_t length = packet->payload ? packet->payload_length : 4;

	put16(p, packet->source_port);
	put16(p + 2, packet->port);
	put16(p + 4, (uint16_t)(sizeof(struct udphdr) + length));
	put16(p + 6, 0);
	if (packet->payload)
		memcpy(p + 8, packet->payload, length);
	else
		put32(p + 8, packet->word);
	return sizeof(struct udphdr) + length;
}

size_t wire_frame(const struct wire *wire, const struct wire_packet *packet, uint8_t *frame)
{
	bool v4 = address_is_v4(&packet->source);
	size_t at = put_link(wire, v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6, frame);
	uint8_t protocol = packet->udp ? IPPROTO_UDP : IPPROTO_TCP;
	uint8_t payload[sizeof(struct udphdr) + WIRE_PAYLOAD_MAX];
	size_t length = packet->udp ? put_datagram(packet, payload) : put_syn(packet, payload);
	uint32_t sum = protocol + (uint32_t)length;

	/* IPv4-mapped addresses add a constant of 2 * 0xffff, which is zero in ones' complement. */
	sum = sum_add(sum, packet->source.b, 16);
	sum = sum_add(sum, packet->destination.b, 16);
	put16(payload + (packet->udp ? 6 : 16), sum_fold(sum_add(sum, payload, length)));
	at += put_ip(packet, protocol, length, frame + at);
	memcpy(frame + at, payload, length);
	return at + length;
}

int wire_send_frame(const struct wire *wire, const uint8_t *frame, size_t length)
{
	if (send(wire->fd, frame, length, 0) == (ssize_t)length)
		return 0;
	perror("send");
	return -1;
}

int wire_send(const struct wire *wire, const struct wire_packet *packet)
{
	uint8_t frame[WIRE_FRAME_MAX];

	return wire_send_frame(wire, frame, wire_frame(wire, packet, frame));
}

bool wire_is_syn_ack(const uint8_t *frame, size_t length, const struct address *source, uint16_t source_port,
		     uint16_t *port)
{
	const uint8_t *ip = frame + ETHER_HDR_LEN;
	bool v4 = address_is_v4(source);
	size_t ip_length = v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	const uint8_t *tcp = ip + ip_length;

	if (length < ETHER_HDR_LEN + ip_length + sizeof(struct tcphdr) ||
	    (frame[12] << 8 | frame[13]) != (v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6) ||
	    memcmp(v4 ? ip + 12 : ip + 8, v4 ? source->b + 12 : source->b, v4 ? 4 : 16) != 0 ||
	    ip[v4 ? 9 : 6] != IPPROTO_TCP || (tcp[0] << 8 | tcp[1]) != source_port || tcp[13] != (TH_SYN | TH_ACK))
		return false;
	*port = (uint16_t)(tcp[2] << 8 | tcp[3]);
	return true;
}
