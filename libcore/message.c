/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/message.h"

#include <string.h>

#include "libcore/error.h"

#define MESSAGE_VERSION 1

void message_encode(const struct message *m, uint8_t out[static MESSAGE_SIZE])
{
	out[0] = MESSAGE_VERSION;
	out[1] = m->count;
	out[2] = m->protocol;
	out[3] = 0;
	out[4] = (uint8_t)(m->port >> 8);
	out[5] = (uint8_t)m->port;
	out[6] = (uint8_t)(m->width >> 8);
	out[7] = (uint8_t)m->width;
	for (int i = 0; i < 8; i++)
		out[8 + i] = (uint8_t)(m->issued_at >> (56 - 8 * i));
	memcpy(out + 16, m->client.b, sizeof(m->client.b));
}

int message_seal(const struct message *m, struct crypto_siv *siv, uint8_t out[static MESSAGE_SEALED_SIZE])
{
	uint8_t plain[MESSAGE_SIZE];

	message_encode(m, plain);
	return crypto_siv_seal(siv, plain, sizeof(plain), out);
}

int message_verify(const struct message *expected, struct crypto_siv *siv,
		   const uint8_t sealed[static MESSAGE_SEALED_SIZE])
{
	uint8_t plain[MESSAGE_SIZE];
	uint8_t wanted[MESSAGE_SIZE];
	int rc;

	message_encode(expected, wanted);
	rc = crypto_siv_open(siv, sealed, MESSAGE_SEALED_SIZE, plain);
	if (rc == 0 && !crypto_equal(plain, wanted, sizeof(plain)))
		rc = QK_ERR_MISMATCH;
	crypto_wipe(plain, sizeof(plain));
	return rc;
}
