/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two carriers (protocol.md section 5) behind one interface. Making a sender does all that can fail before the
 * first packet, says what went wrong on standard error, and sends nothing. The plan and its peer are borrowed.
 */
#ifndef QKNOCK_SENDER_H
#define QKNOCK_SENDER_H

#include "qknock/plan.h"

struct sender {
	/* Sends packet i, any number of times. Errors: IO with errno set, CRYPTO. */
	int (*send)(struct sender *sender, unsigned i);
	void (*free)(struct sender *sender);
};

/* raw is a raw socket of the server's family and stays the caller's. Errors: IO, NOMEM, CRYPTO. */
int sender_syn_new(const struct plan *plan, int raw, struct sender **out);

/* One socket, and with it one source port, per packet. Errors: ADDRESS (an IPv4 hop address is not this host's), IO,
 * NOMEM. */
int sender_udp_new(const struct plan *plan, struct sender **out);

#endif
