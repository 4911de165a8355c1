/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quadratic-residue chain: N, R and the source addresses of a knock (protocol.md sections 1, 2, 5).
 * It is camouflage; nothing here is a security claim.
 */
#ifndef LIBCORE_CHAIN_H
#define LIBCORE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"

#define CHAIN_MODULUS_MIN 77
#define CHAIN_PRIME_BITS 32
#define CHAIN_WIDTHS_MAX 2 /* of one address family: no hopping and the family's one width */
#define CHAIN_WIDTHS_ALL 3 /* of both */

/* N = p*q. Errors: PRIME unless both are prime and different, MODULUS when N is below 77 or needs more than 64 bits. */
int chain_modulus(uint64_t p, uint64_t q, uint64_t *n_mod);

/* Two different primes of CHAIN_PRIME_BITS bits. Errors: CRYPTO. */
int chain_draw_primes(uint64_t *p, uint64_t *q);

/* 0 or MODULUS; 0 or R (2 <= r < n_mod, gcd 1); 0 or WIDTH for this client's family. */
int chain_check_modulus(uint64_t n_mod);
int chain_check_r(uint64_t r, uint64_t n_mod);
int chain_check_width(const struct address *client, uint16_t width);
int chain_check_any_width(uint16_t width); /* of either family */

/* The count source addresses of a knock. Inputs are checked; errors: MODULUS, R, WIDTH. */
int chain_hops(const struct address *client, uint16_t width, uint64_t r, uint64_t n_mod, size_t count,
	       struct address *hops);

/* What R should keep the hops away from, besides network and broadcast of the low width bits. */
struct chain_policy {
	const uint16_t *widths; /* those the user may use with this client address */
	size_t width_count;
	const struct address *avoid; /* the server's own and broadcast addresses */
	size_t avoid_count;
	size_t packet_count;
};

/* Whether these sources of packet_count packets keep away from what the policy says, and from network and broadcast of
 * the low width bits, and do not repeat. */
bool chain_hops_are_good(const struct address *hops, uint16_t width, const struct chain_policy *policy);

/* R alone, for a key that is bound to no address: uniform, coprime. Errors: MODULUS, CRYPTO. */
int chain_draw_any_r(uint64_t n_mod, uint64_t *r);

/* Draws R (section 2): uniform, coprime, again up to 1,000 times while a hop meets the policy's avoid list,
 * the network or the broadcast address, or repeats; then the last one is kept. Errors: MODULUS, WIDTH, COUNT (more than
 * 32 packets), CRYPTO. */
int chain_draw_r(const struct address *client, uint64_t n_mod, const struct chain_policy *policy, uint64_t *r);

#endif
