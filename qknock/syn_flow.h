/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source port and time stamp of a SYN, as the kernel would choose them for a connection of its own. */
#ifndef QKNOCK_SYN_FLOW_H
#define QKNOCK_SYN_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "qknock/peer.h"

struct syn_flow {
	uint16_t source_port;
	uint32_t timestamp_offset; /* added to syn_flow_clock() */
};

/* Milliseconds, modulo 2^32: the clock that the kernel's time stamps run on. */
uint32_t syn_flow_clock(void);

/* Asks the kernel: starts a connection from source to the server's port with its SYN put off (TCP fast open without
 * a cookie), reads what it chose and gives it up again. No packet is sent. false when this kernel or its settings
 * can't put it off, or source is not a local address. */
bool syn_flow_ask(const struct peer *peer, const struct address *source, uint16_t port, struct syn_flow *out);

/* Draws both: a port of net.ipv4.ip_local_port_range with the parity that connect(2) prefers, and an offset unless
 * the kernel uses none. Errors: CRYPTO. */
int syn_flow_draw(bool random_timestamps, struct syn_flow *out);

#endif
