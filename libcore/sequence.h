/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of a knock (protocol.md section 5), and the one that announces the use of a sheet's key
 * (protocol-sheet.md section 2): what the client sends and the verifier expects.
 */
#ifndef LIBCORE_SEQUENCE_H
#define LIBCORE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/otp.h"
#include "libcore/service.h"

struct sequence_packet {
	struct address source;
	uint16_t port;
	uint32_t word;
};

/* Everything that decides a knock. Pointers are borrowed. */
struct sequence_input {
	const char *server_id;
	const char *user;
	const struct otp *otp;
	const struct service *service;
	struct address client;
	struct knock_shape shape;
	uint64_t n_mod;
	uint16_t width;
};

/*
 * Derives the packets of many knocks, one after the other. What one has in common with the one before it is not derived
 * again: the widths of one service have all keys in common, and the services of one one-time key what these come from.
 * It holds the secrets of the last one until it is told to forget them.
 */
struct sequence_maker;

int sequence_maker_new(struct sequence_maker **out); /* NOMEM, CRYPTO */
void sequence_maker_free(struct sequence_maker *maker);
void sequence_maker_forget(struct sequence_maker *maker,
			   const struct otp_key *key); /* if the last one was of this key */

/* Packet i at out[i], for i < in->shape.count. Every parameter is checked and named by its own error:
 * SERVER_ID, USER_ID, SERVICE_*, KNOCK_PORTS, COUNT, MODULUS, R, WIDTH; CRYPTO when the library fails. */
int sequence_maker_derive(struct sequence_maker *maker, const struct sequence_input *in,
			  struct sequence_packet out[static KNOCK_COUNT_MAX]);

/* Gets all ready that sequence_maker_verify will need, for who knows that it is about to be called. Errors: as above.
 */
int sequence_maker_prepare(struct sequence_maker *maker, const struct sequence_input *in);

/* Section 6: puts C together from the words received (words[i] from packet i), opens it and compares M.
 * Errors: as above, SEAL, MISMATCH. */
int sequence_maker_verify(struct sequence_maker *maker, const struct sequence_input *in,
			  const uint32_t words[static KNOCK_COUNT_MIN]);

/* sequence_maker_derive for a single knock; also NOMEM. */
int sequence_derive(const struct sequence_input *in, struct sequence_packet out[static KNOCK_COUNT_MAX]);

/* The announcement. Of in only server_id, user, otp, client and shape count; its source is the client. Errors:
 * SERVER_ID, USER_ID, KNOCK_PORTS, COUNT, CRYPTO, NOMEM; *out is then zero. */
int sequence_announce(const struct sequence_input *in, struct sequence_packet *out);

/* Whether hopping is in order for R, which a sheet's line has without regard to the address: no packet of these comes
 * from the network's, the broadcast or the server's address, and no two from the same (section 2). */
bool sequence_hops_well(const struct sequence_packet *packets, unsigned count, uint16_t width,
			const struct address *server);

#endif
