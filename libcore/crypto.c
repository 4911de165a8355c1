/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/crypto.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
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

int crypto_hkdf(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt, size_t salt_len, const uint8_t *info,
		size_t info_len, uint8_t *out, size_t out_len)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm, ikm_len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_len),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx = NULL;
	EVP_KDF *kdf;
	int rc = QK_ERR_CRYPTO;

	ERR_set_mark();
	kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (kdf != NULL)
		ctx = EVP_KDF_CTX_new(kdf);
	if (ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) == 1)
		rc = 0;
	else
		memset(out, 0, out_len);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	ERR_pop_to_mark();
	return rc;
}

/* A context with the cipher fetched and the key set; NULL when the library fails. */
static EVP_CIPHER_CTX *siv_begin(const uint8_t *key, int encrypt)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (cipher == NULL || ctx == NULL || EVP_CipherInit_ex2(ctx, cipher, key, NULL, encrypt, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(cipher); /* the context holds its own reference */
	return ctx;
}

int crypto_siv_seal(const uint8_t key[static CRYPTO_SIV_KEY_SIZE], const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	int rc = QK_ERR_CRYPTO;
	int done;

	assert(len > 0 && len <= INT_MAX); /* OpenSSL gives no tag for an empty message */
	ERR_set_mark();
	ctx = siv_begin(key, 1);
	if (ctx != NULL && EVP_CipherUpdate(ctx, out + CRYPTO_SIV_TAG_SIZE, &done, in, (int)len) == 1 &&
	    done == (int)len && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_SIV_TAG_SIZE, out) == 1)
		rc = 0;
	else
		memset(out, 0, CRYPTO_SIV_TAG_SIZE + len);
	EVP_CIPHER_CTX_free(ctx);
	ERR_pop_to_mark();
	return rc;
}

int crypto_siv_open(const uint8_t key[static CRYPTO_SIV_KEY_SIZE], const uint8_t *in, size_t in_len, uint8_t *out)
{
	size_t len = in_len - CRYPTO_SIV_TAG_SIZE;
	EVP_CIPHER_CTX *ctx;
	int rc = QK_ERR_CRYPTO;
	int done;

	assert(in_len > CRYPTO_SIV_TAG_SIZE && in_len <= INT_MAX);
	ERR_set_mark();
	ctx = siv_begin(key, 0);
	if (ctx == NULL || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_SIV_TAG_SIZE, (void *)in) != 1)
		goto out;
	rc = EVP_CipherUpdate(ctx, out, &done, in + CRYPTO_SIV_TAG_SIZE, (int)len) == 1 && done == (int)len
		 ? 0
		 : QK_ERR_SEAL;
out:
	if (rc != 0)
		crypto_wipe(out, len);
	EVP_CIPHER_CTX_free(ctx);
	ERR_pop_to_mark();
	return rc;
}

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
