/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed message M (protocol.md section 4). */
#ifndef LIBCORE_MESSAGE_H
#define LIBCORE_MESSAGE_H

#include <stdint.h>

#include "libcore/address.h"
#include "libcore/crypto.h"
#include "libcore/service.h"

#define MESSAGE_SIZE 32
#define MESSAGE_SEALED_SIZE (CRYPTO_SIV_TAG_SIZE + MESSAGE_SIZE)

struct message {
	uint8_t count;
	uint8_t protocol;
	uint16_t port;
	uint16_t width;
	uint64_t issued_at; /* Unix seconds */
	struct address client;
};

void message_encode(const struct message *m, uint8_t out[static MESSAGE_SIZE]);

/* Seals M under the seal key, which siv has. Errors: CRYPTO. */
int message_seal(const struct message *m, struct crypto_siv *siv, uint8_t out[static MESSAGE_SEALED_SIZE]);

/* Opens sealed and compares it with expected in constant time. Errors: SEAL, MISMATCH, CRYPTO. */
int message_verify(const struct message *expected, struct crypto_siv *siv,
		   const uint8_t sealed[static MESSAGE_SEALED_SIZE]);

#endif
