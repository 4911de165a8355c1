/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library fails at every call in turn (linked with --wrap): each is reported and leaves nothing behind. */
#include "tests/unit/unit.h"

#include <string.h>

#include "libcore/chain.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/keys.h"
#include "libcore/sequence.h"

static int calls_until_failure; /* -1: never */

static int fails(void)
{
	return calls_until_failure >= 0 && calls_until_failure-- == 0;
}

int __real_crypto_hkdf_extract(struct crypto_hkdf *hkdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
			       size_t salt_len);
int __wrap_crypto_hkdf_extract(struct crypto_hkdf *hkdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
			       size_t salt_len);
int __real_crypto_hkdf_expand(struct crypto_hkdf *hkdf, const uint8_t *info, size_t info_len, uint8_t *out,
			      size_t out_len);
int __wrap_crypto_hkdf_expand(struct crypto_hkdf *hkdf, const uint8_t *info, size_t info_len, uint8_t *out,
			      size_t out_len);
int __real_crypto_siv_set_key(struct crypto_siv *siv, enum crypto_siv_use use, const uint8_t *key);
int __wrap_crypto_siv_set_key(struct crypto_siv *siv, enum crypto_siv_use use, const uint8_t *key);
int __real_crypto_siv_seal(struct crypto_siv *siv, const uint8_t *in, size_t len, uint8_t *out);
int __wrap_crypto_siv_seal(struct crypto_siv *siv, const uint8_t *in, size_t len, uint8_t *out);
int __real_crypto_siv_open(struct crypto_siv *siv, const uint8_t *in, size_t in_len, uint8_t *out);
int __wrap_crypto_siv_open(struct crypto_siv *siv, const uint8_t *in, size_t in_len, uint8_t *out);
int __real_crypto_random_below(uint64_t bound, uint64_t *out);
int __wrap_crypto_random_below(uint64_t bound, uint64_t *out);
int __real_crypto_draw_prime(unsigned bits, uint64_t *out);
int __wrap_crypto_draw_prime(unsigned bits, uint64_t *out);

int __wrap_crypto_hkdf_extract(struct crypto_hkdf *hkdf, const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
			       size_t salt_len)
{
	return fails() ? QK_ERR_CRYPTO : __real_crypto_hkdf_extract(hkdf, ikm, ikm_len, salt, salt_len);
}

int __wrap_crypto_hkdf_expand(struct crypto_hkdf *hkdf, const uint8_t *info, size_t info_len, uint8_t *out,
			      size_t out_len)
{
	if (!fails())
		return __real_crypto_hkdf_expand(hkdf, info, info_len, out, out_len);
	memset(out, 0, out_len);
	return QK_ERR_CRYPTO;
}

int __wrap_crypto_siv_set_key(struct crypto_siv *siv, enum crypto_siv_use use, const uint8_t *key)
{
	return fails() ? QK_ERR_CRYPTO : __real_crypto_siv_set_key(siv, use, key);
}

int __wrap_crypto_siv_seal(struct crypto_siv *siv, const uint8_t *in, size_t len, uint8_t *out)
{
	if (!fails())
		return __real_crypto_siv_seal(siv, in, len, out);
	memset(out, 0, len + CRYPTO_SIV_TAG_SIZE);
	return QK_ERR_CRYPTO;
}

int __wrap_crypto_siv_open(struct crypto_siv *siv, const uint8_t *in, size_t in_len, uint8_t *out)
{
	if (!fails())
		return __real_crypto_siv_open(siv, in, in_len, out);
	memset(out, 0, in_len - CRYPTO_SIV_TAG_SIZE);
	return QK_ERR_CRYPTO;
}

int __wrap_crypto_random_below(uint64_t bound, uint64_t *out)
{
	if (!fails())
		return __real_crypto_random_below(bound, out);
	*out = 0;
	return QK_ERR_CRYPTO;
}

int __wrap_crypto_draw_prime(unsigned bits, uint64_t *out)
{
	if (!fails())
		return __real_crypto_draw_prime(bits, out);
	*out = 0;
	return QK_ERR_CRYPTO;
}

static void test_keys(void **state)
{
	const struct keys_context c = {"gw", "alice", "ssh", {{1}}, 1763895000};
	const struct otp_key key = {{1}};
	static const struct keys zero;
	struct crypto_hkdf *hkdf;
	struct keys keys;

	(void)state;
	assert_int_equal(crypto_hkdf_new(&hkdf), 0);
	calls_until_failure = 0;
	assert_int_equal(keys_extract(hkdf, &key), QK_ERR_CRYPTO);
	calls_until_failure = -1;
	assert_int_equal(keys_extract(hkdf, &key), 0);
	for (int i = 0; i < 3; i++) {
		calls_until_failure = i;
		assert_int_equal(keys_derive(hkdf, &c, 13, &keys), QK_ERR_CRYPTO);
		assert_memory_equal(&keys, &zero, sizeof(keys));
	}
	calls_until_failure = 3;
	assert_int_equal(keys_derive(hkdf, &c, 13, &keys), 0);
	crypto_hkdf_free(hkdf);
}

static void test_sequence(void **state)
{
	static const struct sequence_packet zero[KNOCK_COUNT_MAX];
	const struct service service = {"ssh", SERVICE_TCP, 22};
	const struct otp otp = {.r = 7};
	const struct sequence_input in = {
	    "gw", "alice", &otp, &service, {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}}, {8800, 8899, 13},
	    187,  8};
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct sequence_maker *maker;
	uint32_t words[KNOCK_COUNT_MAX];

	(void)state;
	for (int i = 0; i < 6; i++) { /* what the keys come from, three keys, the cipher's, the seal */
		calls_until_failure = i;
		assert_int_equal(sequence_derive(&in, packets), QK_ERR_CRYPTO);
		assert_memory_equal(packets, zero, sizeof(zero));
	}
	calls_until_failure = -1;
	assert_int_equal(sequence_derive(&in, packets), 0);
	for (size_t i = 0; i < KNOCK_COUNT_MAX; i++)
		words[i] = packets[i].word;
	/* One maker goes through all of them: what failed is not taken for done. */
	assert_int_equal(sequence_maker_new(&maker), 0);
	for (int i = 0; i < 5; i++) {
		calls_until_failure = i;
		assert_int_equal(sequence_maker_verify(maker, &in, words), QK_ERR_CRYPTO);
	}
	for (int i = 1; i >= 0; i--) { /* the keys are there by now, and then the cipher has its own */
		calls_until_failure = i;
		assert_int_equal(sequence_maker_verify(maker, &in, words), QK_ERR_CRYPTO);
	}
	calls_until_failure = -1;
	assert_int_equal(sequence_maker_verify(maker, &in, words), 0);
	sequence_maker_free(maker);
}

static void test_chain(void **state)
{
	static const uint16_t widths[] = {64};
	const struct chain_policy policy = {widths, 1, NULL, 0, 12};
	const struct address client = {{0x20, 1}};
	uint64_t p, q, r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		calls_until_failure = i;
		assert_int_equal(chain_draw_primes(&p, &q), QK_ERR_CRYPTO);
		assert_true(p == 0 && q == 0);
	}
	calls_until_failure = 0;
	assert_int_equal(chain_draw_r(&client, UINT64_C(18446743979220271189), &policy, &r), QK_ERR_CRYPTO);
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_sequence),
	    cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
