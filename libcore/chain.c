/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/chain.h"

#include <stdbool.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/service.h"

#define REDRAWS_MAX 1000

int chain_modulus(uint64_t p, uint64_t q, uint64_t *n_mod)
{
	uint64_t product;

	*n_mod = 0;
	if (p == q || !crypto_is_prime(p) || !crypto_is_prime(q))
		return QK_ERR_PRIME;
	if (__builtin_mul_overflow(p, q, &product) || product < CHAIN_MODULUS_MIN)
		return QK_ERR_MODULUS;
	*n_mod = product;
	return 0;
}

int chain_draw_primes(uint64_t *p, uint64_t *q)
{
	int rc;

	*q = 0;
	rc = crypto_draw_prime(CHAIN_PRIME_BITS, p);
	if (rc != 0)
		return rc;
	do {
		rc = crypto_draw_prime(CHAIN_PRIME_BITS, q);
	} while (rc == 0 && *q == *p);
	if (rc != 0)
		*p = *q = 0;
	return rc;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

int chain_check_modulus(uint64_t n_mod)
{
	return n_mod >= CHAIN_MODULUS_MIN ? 0 : QK_ERR_MODULUS;
}

int chain_check_r(uint64_t r, uint64_t n_mod)
{
	return r >= 2 && r < n_mod && gcd(r, n_mod) == 1 ? 0 : QK_ERR_R;
}

#define WIDTH_V4 8
#define WIDTH_V6 64

int chain_check_width(const struct address *client, uint16_t width)
{
	return width == 0 || width == (address_is_v4(client) ? WIDTH_V4 : WIDTH_V6) ? 0 : QK_ERR_WIDTH;
}

int chain_check_any_width(uint16_t width)
{
	return width == 0 || width == WIDTH_V4 || width == WIDTH_V6 ? 0 : QK_ERR_WIDTH;
}

static uint64_t low_mask(uint16_t width)
{
	return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static uint64_t low_64(const struct address *a)
{
	uint64_t value = 0;

	for (int i = 8; i < 16; i++)
		value = value << 8 | a->b[i];
	return value;
}

static void set_low_64(struct address *a, uint64_t value)
{
	for (int i = 15; i >= 8; i--, value >>= 8)
		a->b[i] = (uint8_t)value;
}

int chain_hops(const struct address *client, uint16_t width, uint64_t r, uint64_t n_mod, size_t count,
	       struct address *hops)
{
	uint64_t mask = low_mask(width == 8 || width == 64 ? width : 0);
	uint64_t low = low_64(client);
	int rc;

	if ((rc = chain_check_modulus(n_mod)) != 0 || (rc = chain_check_r(r, n_mod)) != 0 ||
	    (rc = chain_check_width(client, width)) != 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		low ^= r & mask;
		hops[i] = *client;
		set_low_64(&hops[i], low);
		r = (uint64_t)((unsigned __int128)r * r % n_mod);
	}
	return 0;
}

static bool on_list(const struct address *a, const struct address *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_equal(a, &list[i]))
			return true;
	return false;
}

bool chain_hops_are_good(const struct address *hops, uint16_t width, const struct chain_policy *policy)
{
	uint64_t mask = low_mask(width);

	for (size_t i = 0; i < policy->packet_count; i++) {
		uint64_t low = low_64(&hops[i]) & mask;

		if (low == 0 || low == mask || on_list(&hops[i], hops, i) ||
		    on_list(&hops[i], policy->avoid, policy->avoid_count))
			return false;
	}
	return true;
}

/* Without hopping every packet comes from the client itself, whatever R is: that width decides nothing. */
static bool r_is_good(const struct address *client, uint64_t r, uint64_t n_mod, const struct chain_policy *policy)
{
	struct address hops[KNOCK_COUNT_MAX];

	for (size_t i = 0; i < policy->width_count; i++) {
		uint16_t width = policy->widths[i];

		if (width != 0 && (chain_hops(client, width, r, n_mod, policy->packet_count, hops) != 0 ||
				   !chain_hops_are_good(hops, width, policy)))
			return false;
	}
	return true;
}

static int draw_coprime(uint64_t n_mod, uint64_t *r)
{
	do {
		int rc = crypto_random_below(n_mod - 2, r);

		if (rc != 0)
			return rc;
		*r += 2;
	} while (gcd(*r, n_mod) != 1);
	return 0;
}

int chain_draw_any_r(uint64_t n_mod, uint64_t *r)
{
	int rc = chain_check_modulus(n_mod);

	*r = 0;
	return rc != 0 ? rc : draw_coprime(n_mod, r);
}

int chain_draw_r(const struct address *client, uint64_t n_mod, const struct chain_policy *policy, uint64_t *r)
{
	int rc = chain_check_modulus(n_mod);

	*r = 0;
	for (size_t i = 0; rc == 0 && i < policy->width_count; i++)
		rc = chain_check_width(client, policy->widths[i]);
	if (rc == 0 && policy->packet_count > KNOCK_COUNT_MAX)
		rc = QK_ERR_COUNT;
	if (rc != 0)
		return rc;
	for (int redraws = 0; redraws <= REDRAWS_MAX; redraws++) {
		rc = draw_coprime(n_mod, r);
		if (rc != 0 || r_is_good(client, *r, n_mod, policy))
			break;
	}
	return rc;
}
