/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key schedule (protocol.md section 3; protocol-sheet.md section 2). */
#ifndef LIBCORE_KEYS_H
#define LIBCORE_KEYS_H

#include <stdint.h>

#include "libcore/address.h"
#include "libcore/crypto.h"
#include "libcore/otp.h"
#include "libcore/service.h"

/* What the derived keys are bound to. Strings are borrowed. */
struct keys_context {
	const char *server_id;
	const char *user;
	const char *service;
	struct address client;
	uint64_t issued_at; /* Unix seconds */
};

struct keys {
	uint8_t seal[CRYPTO_SIV_KEY_SIZE];
	uint8_t fill[4 * (KNOCK_COUNT_MAX - KNOCK_COUNT_MIN)]; /* the first 4*(count-12) bytes are used */
	uint8_t placement[4 * KNOCK_COUNT_MAX];		       /* the first 4*count bytes are used */
};

/* Makes a one-time key what the others derive from. Errors: CRYPTO. */
int keys_extract(struct crypto_hkdf *hkdf, const struct otp_key *key);

/* Derives all three outputs. Errors: SERVER_ID, USER_ID, SERVICE_NAME, COUNT, CRYPTO; *out is then zero. */
int keys_derive(struct crypto_hkdf *hkdf, const struct keys_context *context, unsigned count, struct keys *out);
void keys_wipe(struct keys *k);

#define KEYS_ANNOUNCEMENT_SIZE 8 /* word, then placement */

/* What announces the use of a sheet's key: of context only server_id, user and issued_at count. Errors: SERVER_ID,
 * USER_ID, CRYPTO; out is then zero. The caller wipes it. */
int keys_derive_announcement(struct crypto_hkdf *hkdf, const struct keys_context *context,
			     uint8_t out[static KEYS_ANNOUNCEMENT_SIZE]);

#endif
