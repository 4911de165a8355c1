/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/crypto.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "libcore/error.h"

void crypto_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

int crypto_random(void *out, size_t len)
{
	if (len <= INT_MAX && RAND_priv_bytes(out, (int)len) == 1)
		return 0;
	memset(out, 0, len);
	return QK_ERR_CRYPTO;
}

int crypto_random_below(uint64_t bound, uint64_t *out)
{
	uint64_t value;
	uint64_t biased;

	assert(bound > 0);
	*out = 0;
	biased = -bound % bound; /* 2^64 mod bound: this many values would make the small results likelier */
	do {
		int rc = crypto_random(&value, sizeof(value));

		if (rc != 0)
			return rc;
	} while (value < biased);
	*out = value % bound;
	return 0;
}

/* --- HKDF --- */

#define HASH_SIZE 32
#define HKDF_BLOCKS_MAX 255

/* EVP_KDF keeps nothing from one derivation to the next, and a derivation by it takes five times as long. */
struct crypto_hkdf {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx; /* NULL: nothing was extracted */
};

int crypto_hkdf_new(struct crypto_hkdf **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return QK_ERR_NOMEM;
	ERR_set_mark();
	(*out)->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ERR_pop_to_mark();
	if ((*out)->mac != NULL)
		return 0;
	free(*out);
	*out = NULL;
	return QK_ERR_CRYPTO;
}

void crypto_hkdf_wipe(struct crypto_hkdf *hkdf)
{
	EVP_MAC_CTX_free(hkdf->ctx);
	hkdf->ctx = NULL;
}

void crypto_hkdf_free(struct crypto_hkdf *hkdf)
{
	if (hkdf == NULL)
		return;
	crypto_hkdf_wipe(hkdf);
	EVP_MAC_free(hkdf->mac);
	free(hkdf);
}

static bool hmac_begin(struct crypto_hkdf *hkdf)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_end(),
	};

	if (hkdf->ctx == NULL) {
		hkdf->ctx = EVP_MAC_CTX_new(hkdf->mac);
		if (hkdf->ctx != NULL && EVP_MAC_CTX_set_params(hkdf->ctx, params) != 1)
			crypto_hkdf_wipe(hkdf);
	}
	return hkdf->ctx != NULL;
}

static bool hmac_end(const struct crypto_hkdf *hkdf, uint8_t out[static HASH_SIZE])
{
	size_t len;

	return EVP_MAC_final(hkdf->ctx, out, &len, HASH_SIZE) == 1 && len == HASH_SIZE;
}

int crypto_hkdf_extract(struct crypto_hkdf *hkdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
			size_t salt_len)
{
	uint8_t key[HASH_SIZE];
	int rc = QK_ERR_CRYPTO;

	ERR_set_mark();
	if (hmac_begin(hkdf) && EVP_MAC_init(hkdf->ctx, salt, salt_len, NULL) == 1 &&
	    EVP_MAC_update(hkdf->ctx, ikm, ikm_len) == 1 && hmac_end(hkdf, key) &&
	    EVP_MAC_init(hkdf->ctx, key, sizeof(key), NULL) == 1)
		rc = 0;
	else
		crypto_hkdf_wipe(hkdf);
	crypto_wipe(key, sizeof(key));
	ERR_pop_to_mark();
	return rc;
}

/* T(number) of RFC 5869: block has the one before, but for the first. */
static bool expand_block(const struct crypto_hkdf *hkdf, uint8_t number, const uint8_t *info, size_t info_len,
			 uint8_t block[static HASH_SIZE])
{
	return EVP_MAC_init(hkdf->ctx, NULL, 0, NULL) == 1 &&
	       (number == 1 || EVP_MAC_update(hkdf->ctx, block, HASH_SIZE) == 1) &&
	       EVP_MAC_update(hkdf->ctx, info, info_len) == 1 &&
	       EVP_MAC_update(hkdf->ctx, &number, sizeof(number)) == 1 && hmac_end(hkdf, block);
}

int crypto_hkdf_expand(struct crypto_hkdf *hkdf, const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len)
{
	uint8_t block[HASH_SIZE];
	size_t done = 0;

	assert(hkdf->ctx != NULL);
	ERR_set_mark();
	for (unsigned number = 1; done < out_len && number <= HKDF_BLOCKS_MAX; number++) {
		size_t len = out_len - done < HASH_SIZE ? out_len - done : HASH_SIZE;

		if (!expand_block(hkdf, (uint8_t)number, info, info_len, block))
			break;
		memcpy(out + done, block, len);
		done += len;
	}
	crypto_wipe(block, sizeof(block));
	ERR_pop_to_mark();
	if (done == out_len)
		return 0;
	crypto_wipe(out, out_len);
	return QK_ERR_CRYPTO;
}

/* --- SIV --- */

struct crypto_siv {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	enum crypto_siv_use use;
};

int crypto_siv_new(struct crypto_siv **out)
{
	struct crypto_siv *siv = calloc(1, sizeof(*siv));

	*out = NULL;
	if (siv == NULL)
		return QK_ERR_NOMEM;
	ERR_set_mark();
	siv->cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
	siv->ctx = EVP_CIPHER_CTX_new();
	ERR_pop_to_mark();
	if (siv->cipher == NULL || siv->ctx == NULL) {
		crypto_siv_free(siv);
		return QK_ERR_CRYPTO;
	}
	*out = siv;
	return 0;
}

void crypto_siv_free(struct crypto_siv *siv)
{
	if (siv == NULL)
		return;
	EVP_CIPHER_CTX_free(siv->ctx);
	EVP_CIPHER_free(siv->cipher);
	free(siv);
}

void crypto_siv_wipe(struct crypto_siv *siv)
{
	EVP_CIPHER_CTX_reset(siv->ctx);
	siv->use = CRYPTO_SIV_NONE;
}

enum crypto_siv_use crypto_siv_get_use(const struct crypto_siv *siv)
{
	return siv->use;
}

/* "Speed" is what OpenSSL calls it when a key serves for more than one message. */
int crypto_siv_set_key(struct crypto_siv *siv, enum crypto_siv_use use, const uint8_t key[static CRYPTO_SIV_KEY_SIZE])
{
	unsigned speed = 1;
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_SPEED, &speed),
	    OSSL_PARAM_construct_end(),
	};
	int rc = QK_ERR_CRYPTO;

	assert(use != CRYPTO_SIV_NONE);
	crypto_siv_wipe(siv);
	ERR_set_mark();
	if (EVP_CipherInit_ex2(siv->ctx, siv->cipher, key, NULL, use == CRYPTO_SIV_SEAL, params) == 1) {
		siv->use = use;
		rc = 0;
	} else {
		crypto_siv_wipe(siv);
	}
	ERR_pop_to_mark();
	return rc;
}

/* OpenSSL changes the state that the key made by a message shorter than a block, and would not know it again. */
static void siv_end(struct crypto_siv *siv, size_t len)
{
	if (len < CRYPTO_SIV_TAG_SIZE)
		crypto_siv_wipe(siv);
}

int crypto_siv_seal(struct crypto_siv *siv, const uint8_t *in, size_t len, uint8_t *out)
{
	int rc = QK_ERR_CRYPTO;
	int done;

	assert(siv->use == CRYPTO_SIV_SEAL && len > 0 &&
	       len <= INT_MAX); /* OpenSSL gives no tag for an empty message */
	ERR_set_mark();
	if (EVP_CipherUpdate(siv->ctx, out + CRYPTO_SIV_TAG_SIZE, &done, in, (int)len) == 1 && done == (int)len &&
	    EVP_CIPHER_CTX_ctrl(siv->ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_SIV_TAG_SIZE, out) == 1)
		rc = 0;
	else
		memset(out, 0, CRYPTO_SIV_TAG_SIZE + len);
	siv_end(siv, len);
	ERR_pop_to_mark();
	return rc;
}

int crypto_siv_open(struct crypto_siv *siv, const uint8_t *in, size_t in_len, uint8_t *out)
{
	size_t len = in_len - CRYPTO_SIV_TAG_SIZE;
	int rc = QK_ERR_CRYPTO;
	int done;

	assert(siv->use == CRYPTO_SIV_OPEN && in_len > CRYPTO_SIV_TAG_SIZE && in_len <= INT_MAX);
	ERR_set_mark();
	if (EVP_CIPHER_CTX_ctrl(siv->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_SIV_TAG_SIZE, (void *)in) == 1)
		rc = EVP_CipherUpdate(siv->ctx, out, &done, in + CRYPTO_SIV_TAG_SIZE, (int)len) == 1 && done == (int)len
			 ? 0
			 : QK_ERR_SEAL;
	if (rc != 0)
		crypto_wipe(out, len);
	siv_end(siv, len);
	ERR_pop_to_mark();
	return rc;
}

/* --- primes --- */

static BIGNUM *bn_from_u64(uint64_t n)
{
	uint8_t b[8];

	for (int i = 7; i >= 0; i--, n >>= 8)
		b[i] = (uint8_t)n;
	return BN_bin2bn(b, sizeof(b), NULL);
}

bool crypto_is_prime(uint64_t n)
{
	BIGNUM *bn = bn_from_u64(n);
	bool prime = bn != NULL && BN_check_prime(bn, NULL, NULL) == 1;

	BN_clear_free(bn);
	return prime;
}

int crypto_draw_prime(unsigned bits, uint64_t *out)
{
	BIGNUM *bn = BN_new();
	uint8_t b[4] = {0};
	int rc = QK_ERR_CRYPTO;

	assert(bits >= 4 && bits <= 32);
	*out = 0;
	ERR_set_mark();
	if (bn == NULL || BN_generate_prime_ex(bn, (int)bits, 0, NULL, NULL, NULL) != 1 ||
	    BN_bn2binpad(bn, b, sizeof(b)) != sizeof(b))
		goto out;
	*out = (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
	rc = 0;
out:
	crypto_wipe(b, sizeof(b));
	BN_clear_free(bn);
	ERR_pop_to_mark();
	return rc;
}
