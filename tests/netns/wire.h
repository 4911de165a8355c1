/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames as any host on the link could send them: whatever source address, order and VLAN tags a test wants.
 * Written down from the protocols, not from the client's code, so that the two check each other.
 */
#ifndef TESTS_NETNS_WIRE_H
#define TESTS_NETNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"

#define WIRE_PAYLOAD_MAX 300 /* of a datagram */
#define WIRE_FRAME_MAX 400
#define WIRE_TAGS_MAX 2

struct wire {
	int fd; /* packet socket bound to the interface; receives all that comes in */
	uint8_t own[6];
	uint8_t peer[6];
	uint16_t tags[WIRE_TAGS_MAX]; /* VLAN ids, outermost first */
	size_t tag_count;
};

struct wire_packet {
	struct address source, destination;
	uint16_t source_port, port;
	uint32_t word; /* initial sequence number, or the first four bytes of the datagram */
	bool udp;
	const uint8_t *payload; /* of a datagram; NULL: the word */
	size_t payload_length;
};

/* Opens the interface, peer_mac is whom frames go to ("02:00:..."). 0, or -1 with a line on stderr. */
int wire_open(struct wire *wire, const char *interface, const char *peer_mac);

/* The frame's length; frame has room for WIRE_FRAME_MAX bytes. Both addresses are of one family. */
size_t wire_frame(const struct wire *wire, const struct wire_packet *packet, uint8_t *frame);

/* 0, or -1 with a line on stderr. */
int wire_send(const struct wire *wire, const struct wire_packet *packet);
int wire_send_frame(const struct wire *wire, const uint8_t *frame, size_t length);

/* True when the frame is a TCP segment with SYN and ACK set from the given port of the given address;
 * *port is where it went. Untagged frames only. */
bool wire_is_syn_ack(const uint8_t *frame, size_t length, const struct address *source, uint16_t source_port,
		     uint16_t *port);

#endif
