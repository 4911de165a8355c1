/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hex.h"

#include <openssl/err.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

static struct crypto_hkdf *hkdf; /* one for all */
static struct crypto_siv *siv;

static void expect_hkdf(const char *ikm, const char *salt, const char *info, const char *okm)
{
	uint8_t b[4][HEX_MAX];
	uint8_t out[HEX_MAX];
	size_t ikm_len = hex(b[0], ikm);
	size_t salt_len = hex(b[1], salt);
	size_t info_len = hex(b[2], info);
	size_t len = hex(b[3], okm);

	assert_int_equal(crypto_hkdf_extract(hkdf, b[0], ikm_len, b[1], salt_len), 0);
	/* As often as wanted. */
	for (int i = 0; i < 3; i++) {
		memset(out, 0, sizeof(out));
		assert_int_equal(crypto_hkdf_expand(hkdf, b[2], info_len, out, len), 0);
		assert_memory_equal(out, b[3], len);
		assert_int_equal(crypto_hkdf_expand(hkdf, b[0], ikm_len, out, len), 0);
		assert_memory_not_equal(out, b[3], len);
	}
	crypto_hkdf_wipe(hkdf);
}

static void test_hkdf_of_rfc_5869(void **state)
{
	(void)state;
	expect_hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
		    "f0f1f2f3f4f5f6f7f8f9",
		    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	expect_hkdf("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
		    "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
		    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
		    "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
		    "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
		    "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
	expect_hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
		    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void test_hkdf_beyond_its_limit_fails_with_zeros(void **state)
{
	static uint8_t out[255 * 32 + 1];
	static const uint8_t zero[sizeof(out)];
	const uint8_t key[32] = {1};

	(void)state;
	assert_int_equal(crypto_hkdf_extract(hkdf, key, 32, key, 8), 0);
	assert_int_equal(crypto_hkdf_expand(hkdf, key, 8, out, sizeof(out) - 1), 0);
	assert_int_equal(crypto_hkdf_expand(hkdf, key, 8, out, sizeof(out)), QK_ERR_CRYPTO);
	assert_memory_equal(out, zero, sizeof(out));
	assert_int_equal(ERR_peek_error(), 0);
}

/* RFC 5297 has no vector for 64-byte keys without associated data; these come from an independent S2V and CTR over the
 * bare block cipher, which reproduces the RFC's A.1 and A.2. */
static const struct {
	const char *key, *plain, *sealed;
} siv_answers[] = {
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "01", "928acbd40992414e10ca7859f900025e7e"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "000102030405060708090a0b0c0d0e", "76f1f5610dbf6a371fbca26280f931209e9411d925e8fd1cbe330cb533ca85"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
     "5a05d3504a08975d868687e59acb70387597e4dc3d45dca789aae199e1d7c15066ffaccf224d77ed4dd9bef545eb4077"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e",
     "2fbeb86373b211210656aafeb871d334fa2574ec20b37170fc135a6b28eeb082"
     "2a7e618548f0080a8970cbf650e45837df853a809d5b18aad534c0ee1636d7"},
    {"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "112233445566778899aabbccddee", "91854de33a370567bf41094208f20d8f61ebf3fcc818c540bd5842dd4c6b"},
};

static void test_siv_known_answers(void **state)
{
	uint8_t key[HEX_MAX], plain[HEX_MAX], sealed[HEX_MAX], out[HEX_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(siv_answers) / sizeof(siv_answers[0]); i++) {
		size_t len = hex(plain, siv_answers[i].plain);

		assert_int_equal(hex(key, siv_answers[i].key), CRYPTO_SIV_KEY_SIZE);
		assert_int_equal(hex(sealed, siv_answers[i].sealed), CRYPTO_SIV_TAG_SIZE + len);
		for (int again = 0; again < 3; again++) {
			if (crypto_siv_get_use(siv) != CRYPTO_SIV_SEAL)
				assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_SEAL, key), 0);
			assert_int_equal(crypto_siv_seal(siv, plain, len, out), 0);
			assert_memory_equal(out, sealed, CRYPTO_SIV_TAG_SIZE + len);
			assert_int_equal(crypto_siv_get_use(siv), len < 16 ? CRYPTO_SIV_NONE : CRYPTO_SIV_SEAL);
		}
		for (int again = 0; again < 3; again++) {
			if (crypto_siv_get_use(siv) != CRYPTO_SIV_OPEN)
				assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_OPEN, key), 0);
			assert_int_equal(crypto_siv_open(siv, sealed, CRYPTO_SIV_TAG_SIZE + len, out), 0);
			assert_memory_equal(out, plain, len);
		}
		crypto_siv_wipe(siv);
		assert_int_equal(crypto_siv_get_use(siv), CRYPTO_SIV_NONE);
	}
}

static void test_siv_refuses_every_flipped_bit(void **state)
{
	static const uint8_t zero[32];
	uint8_t key[HEX_MAX], sealed[HEX_MAX], out[32];
	size_t len = hex(sealed, siv_answers[2].sealed);

	(void)state;
	hex(key, siv_answers[2].key);
	assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_OPEN, key), 0);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memset(out, 0xaa, sizeof(out));
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(crypto_siv_open(siv, sealed, len, out), QK_ERR_SEAL);
		assert_memory_equal(out, zero, sizeof(out));
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	key[63] ^= 1;
	assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_OPEN, key), 0);
	assert_int_equal(crypto_siv_open(siv, sealed, len, out), QK_ERR_SEAL);
	key[63] ^= 1;
	key[0] ^= 1;
	assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_OPEN, key), 0);
	assert_int_equal(crypto_siv_open(siv, sealed, len, out), QK_ERR_SEAL);
	key[0] ^= 1;
	assert_int_equal(crypto_siv_set_key(siv, CRYPTO_SIV_OPEN, key), 0);
	assert_int_equal(crypto_siv_open(siv, sealed, len, out), 0);
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_comparison_and_wiping(void **state)
{
	uint8_t a[33] = {1, 2, 3};
	uint8_t b[33] = {1, 2, 3};
	static const uint8_t zero[33];

	(void)state;
	assert_true(crypto_equal(a, b, sizeof(a)));
	b[32] = 0x80;
	assert_false(crypto_equal(a, b, sizeof(a)));
	assert_true(crypto_equal(a, b, 32));
	crypto_wipe(a, sizeof(a));
	assert_memory_equal(a, zero, sizeof(a));
}

static void test_random_bytes_differ(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	assert_int_equal(crypto_random(a, sizeof(a)), 0);
	assert_int_equal(crypto_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Taking the remainder alone would put half of the values, not a third, below 2^62. */
static void test_random_below_is_not_biased(void **state)
{
	const uint64_t quarter = UINT64_C(1) << 62;
	unsigned low = 0;
	uint64_t value;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(crypto_random_below(3 * quarter, &value), 0);
		assert_true(value < 3 * quarter);
		low += value < quarter;
	}
	assert_in_range(low, 840, 1160); /* 1000 expected; 6 standard deviations are 155 */
}

static void test_random_below_small_bounds(void **state)
{
	unsigned seen = 0;
	uint64_t value;

	(void)state;
	assert_int_equal(crypto_random_below(1, &value), 0);
	assert_int_equal(value, 0);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(crypto_random_below(5, &value), 0);
		assert_true(value < 5);
		seen |= 1u << value;
	}
	assert_int_equal(seen, 31);
}

static void test_primes_are_told_apart(void **state)
{
	static const uint64_t primes[] = {2, 3, 11, 17, 65537, 4294967291, 4294967311, UINT64_C(18446744073709551557)};
	/* Among them Carmichael numbers and a strong pseudoprime to the first nine prime bases. */
	static const uint64_t others[] = {0,	      1,
					  4,	      187,
					  561,	      41041,
					  3215031751, UINT64_C(3825123056546413051),
					  4294967295, UINT64_C(18446744073709551615)};

	(void)state;
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		assert_true(crypto_is_prime(primes[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(crypto_is_prime(others[i]));
}

static void test_drawn_primes_have_their_size(void **state)
{
	static const unsigned sizes[] = {4, 5, 8, 16, 31, 32};
	uint64_t prime;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int j = 0; j < 10; j++) {
			assert_int_equal(crypto_draw_prime(sizes[i], &prime), 0);
			assert_true(crypto_is_prime(prime));
			assert_int_equal(prime >> (sizes[i] - 1), 1);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	return crypto_hkdf_new(&hkdf) != 0 || crypto_siv_new(&siv) != 0;
}

static int teardown(void **state)
{
	(void)state;
	crypto_hkdf_free(hkdf);
	crypto_siv_free(siv);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hkdf_of_rfc_5869),
	    cmocka_unit_test(test_hkdf_beyond_its_limit_fails_with_zeros),
	    cmocka_unit_test(test_siv_known_answers),
	    cmocka_unit_test(test_siv_refuses_every_flipped_bit),
	    cmocka_unit_test(test_comparison_and_wiping),
	    cmocka_unit_test(test_random_bytes_differ),
	    cmocka_unit_test(test_random_below_is_not_biased),
	    cmocka_unit_test(test_random_below_small_bounds),
	    cmocka_unit_test(test_primes_are_told_apart),
	    cmocka_unit_test(test_drawn_primes_have_their_size),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
