/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's filter of expected packets (expected.bpf.c) and expected.c agree on. Plain C types of fixed size
 * only; included by a program compiled with -target bpf.
 */
#ifndef QKNOCKD_EXPECTED_BPF_H
#define QKNOCKD_EXPECTED_BPF_H

#include <linux/types.h>

/* An entry of the map; its value means nothing. Numbers are the host's. */
struct expected_key {
	__u8 source[16]; /* IPv4 as ::ffff:a.b.c.d; all zero: whatever the source */
	__u32 word;
	__u16 port;
	__u16 zero;
};

/* Before the map stands a sieve, which fits where the map does not, in the processor's cache: one bit for each value of
 * a word's low bits, set while a packet with such a word is expected. Words are as good as random to whoever lacks the
 * key, so they need no hash. */
#define EXPECTED_SIEVE_BITS (1u << 20)

/* The one element of the array: what the daemon tells the filter. All zero, as the kernel makes it, lets nothing
 * through, because there is no port 0 to knock at. */
struct expected_control {
	__u32 exact;	  /* only what is in the map passes; else all that could be a knock */
	__u32 any_source; /* there are entries without source */
	__u16 port_first;
	__u16 port_last;
	__u32 zero;
	__u32 sieve[EXPECTED_SIEVE_BITS / 32];
};

#endif
