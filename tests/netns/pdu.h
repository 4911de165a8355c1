/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short messages as a modem has them in PDU mode (3GPP TS 23.040), in hexadecimal: what a test needs to be the network.
 * Text is ASCII, what the alphabet of GSM lacks of it becomes '?'; UCS-2 can carry Latin-1 besides.
 */
#ifndef TESTS_NETNS_PDU_H
#define TESTS_NETNS_PDU_H

#include <stdbool.h>
#include <stddef.h>

#define PDU_OCTETS_MAX 176
#define PDU_HEX_SIZE (2 * PDU_OCTETS_MAX + 1)
#define PDU_NUMBER_SIZE 24
#define PDU_TEXT_SIZE 161

enum pdu_alphabet { PDU_GSM7, PDU_UCS2 };

/* One part of a message on its way to the modem. */
struct pdu_deliver {
	const char *sender; /* "+" and digits, digits, or a name of up to 11 characters */
	enum pdu_alphabet alphabet;
	const unsigned char *text;
	size_t len;
	unsigned reference, part, parts; /* parts 1: a message of its own */
};

/* Characters that one part can have at most. */
size_t pdu_room(enum pdu_alphabet alphabet, bool several);

/* false: it does not fit. */
bool pdu_write_deliver(const struct pdu_deliver *message, char hex[static PDU_HEX_SIZE]);

/* What the modem was given to send; a part of several has its text only. */
struct pdu_submit {
	char number[PDU_NUMBER_SIZE]; /* "+" and digits if international */
	char text[PDU_TEXT_SIZE];
};

/* false: it is none. */
bool pdu_read_submit(const char *hex, struct pdu_submit *out);

#endif
