/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter of expected packets in the kernel against the parser: whatever frame_parse takes must pass where it is
 * expected, or where the filter is not exact; strangers never do. Needs root; without it this program says so (77).
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/expected.h"
#include "qknockd/frame.h"
#include "tests/unit/bpfrun.h"
#include "tests/unit/packets.h"

#define SKIP 77
#define MAX 4096
#define ETHERNET 14

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
static const struct address anywhere;
static struct expected_set *set;
static uint64_t random_state = 11;

static int setup(void **state)
{
	(void)state;
	if (expected_open(MAX, NULL, &set) != 0)
		return -1;
	expected_set_ports(set, shape.port_first, shape.port_last);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	expected_close(set);
	return 0;
}

static bool passes(const struct frame *f)
{
	int64_t rc = bpf_run(expected_get_programs(set)->network, f->b, f->n);

	assert_true(rc >= 0);
	return rc != 0;
}

static enum frame_result parse(const struct frame *f, struct frame_knock *out)
{
	return frame_parse(DLT_EN10MB, f->b, f->n, f->n, &shape, out);
}

static void expect(const struct frame_knock *k)
{
	assert_int_equal(expected_add(set, &k->source, k->port, k->word), 0);
}

static void forget(const struct frame_knock *k)
{
	expected_remove(set, &k->source, k->port, k->word);
}

/* A knock: not without its entry, but with it, with one that differs in any part not either. */
static void check_knock(const struct frame *f, const struct frame_knock *knock)
{
	struct frame_knock other = *knock;

	assert_false(passes(f));
	expect(knock);
	assert_true(passes(f));
	forget(knock);
	other.word ^= UINT32_C(1) << frame_random(&random_state, 32);
	expect(&other);
	assert_false(passes(f));
	forget(&other);
	/* One that has the same bit in the sieve. */
	other = *knock;
	other.word ^= UINT32_C(1) << (20 + frame_random(&random_state, 12));
	expect(&other);
	assert_false(passes(f));
	expect(knock);
	assert_true(passes(f));
	forget(&other);
	assert_true(passes(f));
	forget(knock);
	assert_false(passes(f));
	other = *knock;
	other.port ^= (uint16_t)(1u << frame_random(&random_state, 16));
	expect(&other);
	assert_false(passes(f));
	forget(&other);
	other = *knock;
	other.source.b[frame_random(&random_state, 16)] ^= 0x10;
	expect(&other);
	assert_false(passes(f));
	forget(&other);
}

/* The outermost tag, which the kernel keeps beside the frame where it knows its type. */
static void take_tag_off(struct frame *f)
{
	unsigned type = (unsigned)f->b[12] << 8 | f->b[13];

	if (type != 0x8100 && type != 0x88a8)
		return;
	memmove(f->b + 12, f->b + 16, f->n - 16);
	f->n -= 4;
}

static void test_what_the_parser_takes_passes(void **state)
{
	struct frame_knock knock;
	struct frame f;
	unsigned knocks = 0, inexact = 0;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		bool is_knock, passed;

		frame_draw(&f, DLT_EN10MB, 2, &random_state);
		is_knock = parse(&f, &knock) == FRAME_KNOCK;
		if (frame_random(&random_state, 2))
			take_tag_off(&f);
		expected_set_exact(set, false);
		passed = passes(&f);
		assert_true(passed || !is_knock);
		inexact += passed;
		expected_set_exact(set, true);
		if (is_knock)
			check_knock(&f, &knock);
		else
			assert_false(passes(&f));
		knocks += is_knock;
	}
	assert_true(knocks > 10000 && inexact < knocks * 3 / 2);
}

static void build(struct frame *f, int v6, size_t udp, unsigned tags)
{
	frame_begin(f, DLT_EN10MB, 0x8100, tags, v6 ? 0x86dd : 0x0800);
	v6 ? frame_ipv6(f, udp != 0 ? 17 : 6) : frame_ipv4(f, udp != 0 ? 17 : 6, 0);
	udp != 0 ? frame_udp(f, udp) : frame_tcp(f, 2, 20);
	frame_close(f);
}

static void test_ports(void **state)
{
	struct frame f;

	(void)state;
	for (int exact = 0; exact < 2; exact++)
		for (unsigned port = 8799; port <= 8900; port++) {
			struct frame_knock knock = {.port = (uint16_t)port, .word = FRAME_WORD};

			build(&f, 0, port & 1 ? 4 : 0, 0);
			frame_u16(&f, f.transport + 2, port);
			address_from_v4(&knock.source, (const uint8_t *)FRAME_V4);
			expected_set_exact(set, exact);
			expect(&knock);
			assert_int_equal(passes(&f), port >= 8800 && port <= 8899);
			expected_set_ports(set, 9000, 9063);
			assert_false(passes(&f));
			expected_set_ports(set, shape.port_first, shape.port_last);
			forget(&knock);
		}
}

static void test_flags_and_lengths_decide_where_no_map_does(void **state)
{
	struct frame f;

	(void)state;
	expected_set_exact(set, false);
	for (unsigned flags = 0; flags < 256; flags++) {
		build(&f, (int)flags & 1, 0, flags % 3);
		f.b[f.transport + 13] = (uint8_t)flags;
		assert_int_equal(passes(&f), (flags & 0x17) == 0x02);
	}
	for (size_t payload = 1; payload < 50; payload++) {
		build(&f, payload & 1, payload, payload % 3);
		assert_int_equal(passes(&f), payload >= 4 && payload <= 36);
	}
	/* The kernel runs no program on less than the header of IP. */
	for (size_t cut = 1; cut <= 12; cut++) {
		build(&f, 0, 4, 0);
		f.n -= cut;
		assert_false(passes(&f));
	}
}

/* Up to where the capture cuts frames off. */
static void test_chains_of_extension_headers(void **state)
{
	static const unsigned kinds[] = {60, 43, 44, 51, 60};
	struct frame_knock knock;
	struct frame f;

	(void)state;
	expected_set_exact(set, true);
	for (unsigned count = 1; count <= 20; count++) {
		frame_begin(&f, DLT_EN10MB, 0, 0, 0x86dd);
		frame_ipv6(&f, kinds[0]);
		for (unsigned i = 0; i < count; i++)
			frame_extension(&f, kinds[i % 5], i + 1 < count ? kinds[(i + 1) % 5] : 6,
					kinds[i % 5] == 51   ? 12
					: kinds[i % 5] == 43 ? 16
							     : 8);
		frame_tcp(&f, 2, 0);
		frame_close(&f);
		assert_int_equal(parse(&f, &knock), FRAME_KNOCK);
		check_knock(&f, &knock);
	}
}

static void test_mapped_addresses_are_not_ipv4s(void **state)
{
	struct frame_knock knock = {.port = FRAME_PORT, .word = FRAME_WORD};
	struct frame f;

	(void)state;
	expected_set_exact(set, true);
	address_from_v4(&knock.source, (const uint8_t *)FRAME_V4);
	expect(&knock);
	build(&f, 0, 0, 0);
	assert_true(passes(&f));
	build(&f, 1, 0, 0);
	memcpy(f.b + f.ip + 8, knock.source.b, 16);
	assert_false(passes(&f));
	forget(&knock);
}

static void test_packets_from_anywhere(void **state)
{
	struct frame_knock knock = {.source = anywhere, .port = FRAME_PORT, .word = FRAME_WORD};
	struct frame_knock second = {.source = anywhere, .port = FRAME_PORT, .word = 1};
	struct frame f;

	(void)state;
	expected_set_exact(set, true);
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned tags = 0; tags < 3; tags++) {
			build(&f, v6, tags * 4, tags);
			assert_false(passes(&f));
			expect(&second);
			assert_false(passes(&f));
			expect(&knock);
			assert_true(passes(&f));
			forget(&second);
			assert_true(passes(&f));
			f.b[f.ip + (v6 ? 8 : 12)] ^= 0xff;
			assert_true(passes(&f));
			f.b[f.transport + 3] ^= 1;
			assert_false(passes(&f));
			f.b[f.transport + 3] ^= 1;
			forget(&knock);
			assert_false(passes(&f));
		}
}

/* A pair of sockets that takes any bytes, where the filter sees a whole frame. */
static bool passes_a_socket(int program, const struct frame *f)
{
	uint8_t got[sizeof(f->b)];
	bool passed;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)), 0);
	assert_int_equal(send(pair[0], f->b, f->n, 0), f->n);
	passed = recv(pair[1], got, sizeof(got), 0) == (ssize_t)f->n;
	assert_true(passed || errno == EAGAIN);
	close(pair[0]);
	close(pair[1]);
	return passed;
}

static void test_where_frames_begin(void **state)
{
	const struct expected_programs *programs = expected_get_programs(set);
	struct frame_knock knock;
	struct frame f, bare;

	(void)state;
	expected_set_exact(set, true);
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t udp = 0; udp <= 4; udp += 4) {
			build(&f, v6, udp, 0);
			assert_int_equal(parse(&f, &knock), FRAME_KNOCK);
			memcpy(bare.b, f.b + ETHERNET, f.n - ETHERNET);
			bare.n = f.n - ETHERNET;
			assert_false(passes_a_socket(programs->ethernet, &f));
			expect(&knock);
			assert_true(passes_a_socket(programs->ethernet, &f));
			assert_false(passes_a_socket(programs->ethernet, &bare));
			assert_true(passes_a_socket(programs->network, &bare));
			assert_false(passes_a_socket(programs->network, &f));
			forget(&knock);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_the_parser_takes_passes),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_flags_and_lengths_decide_where_no_map_does),
	    cmocka_unit_test(test_chains_of_extension_headers),
	    cmocka_unit_test(test_mapped_addresses_are_not_ipv4s),
	    cmocka_unit_test(test_packets_from_anywhere),
	    cmocka_unit_test(test_where_frames_begin),
	};

	if (geteuid() != 0) {
		fputs("test_expected_program: needs root to load a BPF program\n", stderr);
		return SKIP;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
