/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/error.h"
#include "libcore/service.h"

#define BIG_N UINT64_C(18446743979220271189) /* 4294967279 * 4294967291 */

static struct address address(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(&a, text), 0);
	return a;
}

static void test_modulus(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(chain_modulus(11, 17, &n), 0);
	assert_int_equal(n, 187);
	assert_int_equal(chain_modulus(7, 11, &n), 0);
	assert_int_equal(n, 77);
	assert_int_equal(chain_modulus(4294967279, 4294967291, &n), 0);
	assert_true(n == BIG_N);
	assert_int_equal(chain_modulus(11, 11, &n), QK_ERR_PRIME);
	assert_int_equal(chain_modulus(15, 17, &n), QK_ERR_PRIME);
	assert_int_equal(chain_modulus(17, 15, &n), QK_ERR_PRIME);
	assert_int_equal(chain_modulus(5, 13, &n), QK_ERR_MODULUS);
	assert_int_equal(chain_modulus(4294967311, 4294967291, &n), QK_ERR_MODULUS);
	assert_int_equal(n, 0);
}

static void test_drawn_primes_make_a_modulus(void **state)
{
	uint64_t p, q, n;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(chain_draw_primes(&p, &q), 0);
		assert_int_equal(chain_modulus(p, q, &n), 0);
		assert_true(p >> (CHAIN_PRIME_BITS - 1) == 1 && q >> (CHAIN_PRIME_BITS - 1) == 1);
	}
}

static void test_bounds_of_n_and_r(void **state)
{
	(void)state;
	assert_int_equal(chain_check_modulus(76), QK_ERR_MODULUS);
	assert_int_equal(chain_check_modulus(77), 0);
	assert_int_equal(chain_check_modulus(UINT64_MAX), 0);
	assert_int_equal(chain_check_r(0, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(1, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(2, 187), 0);
	assert_int_equal(chain_check_r(11, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(34, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(186, 187), 0);
	assert_int_equal(chain_check_r(187, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(188, 187), QK_ERR_R);
	assert_int_equal(chain_check_r(BIG_N - 1, BIG_N), 0);
	assert_int_equal(chain_check_r(4294967291, BIG_N), QK_ERR_R);
}

static void test_widths_of_each_family(void **state)
{
	const struct address v4 = address("172.17.12.20");
	const struct address v6 = address("2001:db8::1");

	(void)state;
	assert_int_equal(chain_check_width(&v4, 0), 0);
	assert_int_equal(chain_check_width(&v4, 8), 0);
	assert_int_equal(chain_check_width(&v4, 64), QK_ERR_WIDTH);
	assert_int_equal(chain_check_width(&v6, 0), 0);
	assert_int_equal(chain_check_width(&v6, 8), QK_ERR_WIDTH);
	assert_int_equal(chain_check_width(&v6, 64), 0);
	assert_int_equal(chain_check_width(&v6, 65535), QK_ERR_WIDTH);
}

static void test_figure_5(void **state)
{
	static const uint8_t last_octets[] = {19, 34, 191, 39, 64, 201, 140, 218, 189, 52, 113, 39};
	const struct address client = address("172.17.12.20");
	struct address hops[12];

	(void)state;
	assert_int_equal(chain_hops(&client, 8, 7, 187, 12, hops), 0);
	for (size_t i = 0; i < 12; i++) {
		assert_memory_equal(hops[i].b, client.b, 15);
		assert_int_equal(hops[i].b[15], last_octets[i]);
	}
}

/* Worked out by hand: r = N-1 is -1, its square 1; the square of 2^63 needs 126 bits. */
static void test_64_bit_squares_do_not_overflow(void **state)
{
	const struct address client = address("2001:db8::");
	struct address hops[3];

	(void)state;
	assert_int_equal(chain_hops(&client, 64, BIG_N - 1, BIG_N, 3, hops), 0);
	assert_true(address_equal(
	    &hops[0], &(struct address){{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xea, 0, 0, 0, 0x54}}));
	assert_int_equal(hops[1].b[15], 0x55);
	assert_int_equal(hops[2].b[15], 0x54);
	assert_memory_equal(hops[2].b, hops[0].b, 16);
}

static void test_hops_refuse_bad_input(void **state)
{
	const struct address client = address("172.17.12.20");
	struct address hops[12];

	(void)state;
	assert_int_equal(chain_hops(&client, 8, 7, 76, 12, hops), QK_ERR_MODULUS);
	assert_int_equal(chain_hops(&client, 8, 1, 187, 12, hops), QK_ERR_R);
	assert_int_equal(chain_hops(&client, 0, 11, 187, 12, hops), QK_ERR_R);
	assert_int_equal(chain_hops(&client, 64, 7, 187, 12, hops), QK_ERR_WIDTH);
	assert_int_equal(chain_hops(&client, 65535, 7, 187, 12, hops), QK_ERR_WIDTH);
}

static const uint16_t v4_widths[] = {0, 8};

static void expect_good_r(const struct address *client, uint64_t r, const struct chain_policy *policy)
{
	struct address hops[KNOCK_COUNT_MAX];

	assert_int_equal(chain_hops(client, 8, r, BIG_N, policy->packet_count, hops), 0);
	for (size_t i = 0; i < policy->packet_count; i++) {
		assert_int_not_equal(hops[i].b[15], 0);
		assert_int_not_equal(hops[i].b[15], 255);
		for (size_t j = 0; j < i; j++)
			assert_false(address_equal(&hops[i], &hops[j]));
		for (size_t j = 0; j < policy->avoid_count; j++)
			assert_false(address_equal(&hops[i], &policy->avoid[j]));
	}
}

static void test_drawn_r_avoids_what_it_should(void **state)
{
	const struct address client = address("198.51.100.20");
	struct address avoid[120];
	struct chain_policy policy = {v4_widths, 2, avoid, 0, 12};
	uint64_t r;

	(void)state;
	for (size_t i = 0; i < 120; i++) {
		avoid[i] = client;
		avoid[i].b[15] = (uint8_t)(2 * i + 1);
	}
	for (int i = 0; i < 200; i++) {
		assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), 0);
		expect_good_r(&client, r, &policy);
	}
	policy.packet_count = KNOCK_COUNT_MAX; /* one R in seven has 32 different hops */
	for (int i = 0; i < 50; i++) {
		assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), 0);
		expect_good_r(&client, r, &policy);
	}
	policy.packet_count = 3; /* one in eight avoids nearly half of the neighbours */
	policy.avoid_count = 120;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), 0);
		expect_good_r(&client, r, &policy);
	}
}

/* With N = 187 the chain of squares has a period of four, so twelve hops always repeat. */
static void test_drawing_r_ends_when_there_is_no_good_one(void **state)
{
	const struct address client = address("172.17.12.20");
	const struct chain_policy policy = {v4_widths, 2, NULL, 0, 12};
	struct address hops[12];
	uint64_t r;
	bool repeats = false;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(chain_draw_r(&client, 187, &policy, &r), 0);
		assert_int_equal(chain_check_r(r, 187), 0);
	}
	assert_int_equal(chain_hops(&client, 8, r, 187, 12, hops), 0);
	for (size_t i = 0; i < 12; i++)
		for (size_t j = 0; j < i; j++)
			repeats = repeats || address_equal(&hops[i], &hops[j]);
	assert_true(repeats);
}

/* Without hopping nothing is drawn again: all 159 values, each with its share. */
static void test_drawn_r_is_uniform(void **state)
{
	const struct address client = address("172.17.12.20");
	const struct chain_policy policy = {v4_widths, 1, NULL, 0, 12};
	const int draws = 159 * 100;
	unsigned count[187] = {0};
	double chi_square = 0;
	uint64_t r;

	(void)state;
	for (int i = 0; i < draws; i++) {
		assert_int_equal(chain_draw_r(&client, 187, &policy, &r), 0);
		assert_int_equal(chain_check_r(r, 187), 0);
		count[r]++;
	}
	for (uint64_t i = 0; i < 187; i++)
		if (chain_check_r(i, 187) == 0)
			chi_square += (count[i] - 100.0) * (count[i] - 100.0) / 100.0;
	assert_true(chi_square < 300); /* 158 degrees of freedom: once in 10^10 */
}

static void test_drawing_r_refuses_bad_input(void **state)
{
	const struct address client = address("2001:db8::1");
	static const uint16_t v6_widths[] = {0, 64};
	struct chain_policy policy = {v6_widths, 2, NULL, 0, 12};
	uint64_t r;

	(void)state;
	assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), 0);
	assert_int_equal(chain_draw_r(&client, 76, &policy, &r), QK_ERR_MODULUS);
	assert_int_equal(r, 0);
	policy.packet_count = KNOCK_COUNT_MAX + 1;
	assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), QK_ERR_COUNT);
	policy.packet_count = 12;
	policy.widths = v4_widths;
	assert_int_equal(chain_draw_r(&client, BIG_N, &policy, &r), QK_ERR_WIDTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_modulus),
	    cmocka_unit_test(test_drawn_primes_make_a_modulus),
	    cmocka_unit_test(test_bounds_of_n_and_r),
	    cmocka_unit_test(test_widths_of_each_family),
	    cmocka_unit_test(test_figure_5),
	    cmocka_unit_test(test_64_bit_squares_do_not_overflow),
	    cmocka_unit_test(test_hops_refuse_bad_input),
	    cmocka_unit_test(test_drawn_r_avoids_what_it_should),
	    cmocka_unit_test(test_drawing_r_ends_when_there_is_no_good_one),
	    cmocka_unit_test(test_drawn_r_is_uniform),
	    cmocka_unit_test(test_drawing_r_refuses_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
