/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only file that knows OpenSSL. Constant-time comparison, wiping, random bytes, HKDF-SHA-256 (RFC 5869),
 * AES-256-SIV (RFC 5297) and primes. Every failure of the library is CRYPTO; outputs are then zeroed.
 */
#ifndef LIBCORE_CRYPTO_H
#define LIBCORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SIV_KEY_SIZE 64 /* K1 then K2 */
#define CRYPTO_SIV_TAG_SIZE 16

void crypto_wipe(void *p, size_t len);
bool crypto_equal(const void *a, const void *b, size_t len); /* constant time */
int crypto_random(void *out, size_t len);

/* Uniform in 0 <= *out < bound; bound > 0. */
int crypto_random_below(uint64_t bound, uint64_t *out);

/* HKDF-SHA-256 in its two steps, so that many outputs of one key cost one extraction. What the library needs for it is
 * made once: that takes longer than the work. */
struct crypto_hkdf;

int crypto_hkdf_new(struct crypto_hkdf **out); /* NOMEM, CRYPTO */
void crypto_hkdf_free(struct crypto_hkdf *hkdf);
int crypto_hkdf_extract(struct crypto_hkdf *hkdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
			size_t salt_len);
/* From what was extracted last; out_len at most 8160. */
int crypto_hkdf_expand(struct crypto_hkdf *hkdf, const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len);
void crypto_hkdf_wipe(struct crypto_hkdf *hkdf); /* forgets what was extracted */

/* AES-256-SIV without associated data. As many messages as wanted are sealed, or are opened, under the key that was set
 * last for this; but one shorter than 16 bytes spends it. */
struct crypto_siv;
enum crypto_siv_use { CRYPTO_SIV_NONE, CRYPTO_SIV_SEAL, CRYPTO_SIV_OPEN };

int crypto_siv_new(struct crypto_siv **out); /* NOMEM, CRYPTO */
void crypto_siv_free(struct crypto_siv *siv);
int crypto_siv_set_key(struct crypto_siv *siv, enum crypto_siv_use use, const uint8_t key[static CRYPTO_SIV_KEY_SIZE]);
enum crypto_siv_use crypto_siv_get_use(const struct crypto_siv *siv); /* NONE without a key */
void crypto_siv_wipe(struct crypto_siv *siv);			      /* forgets the key */

/* out = V (16 bytes) then the ciphertext (len bytes). */
int crypto_siv_seal(struct crypto_siv *siv, const uint8_t *in, size_t len, uint8_t *out);

/* in = V then ciphertext, in_len = 16 + length of the message. Errors: SEAL when it does not authenticate. */
int crypto_siv_open(struct crypto_siv *siv, const uint8_t *in, size_t in_len, uint8_t *out);

bool crypto_is_prime(uint64_t n);
int crypto_draw_prime(unsigned bits, uint64_t *out); /* exactly this many bits, 4..32 */

#endif
