/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "qknockd/frame.h"
#include "tests/unit/packets.h"

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
static const int links[] = {DLT_EN10MB, DLT_RAW, DLT_IPV4, DLT_IPV6, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_LOOP};
#define LINKS (sizeof(links) / sizeof(links[0]))

/* From memory that ends where the captured bytes do, so that a sanitizer sees any step beyond. */
static enum frame_result parse_cut(int link_type, const struct frame *f, size_t captured, struct frame_knock *out)
{
	uint8_t *copy = malloc(captured > 0 ? captured : 1);
	enum frame_result result;

	assert_non_null(copy);
	memcpy(copy, f->b, captured);
	memset(out, 0xff, sizeof(*out));
	result = frame_parse(link_type, copy, captured, f->n, &shape, out);
	free(copy);
	return result;
}

static void expect(int link_type, const struct frame *f, enum frame_result expected)
{
	static const struct frame_knock nothing;
	struct frame_knock knock;
	struct address source;

	assert_int_equal(parse_cut(link_type, f, f->n, &knock), expected);
	if (expected != FRAME_KNOCK) {
		assert_memory_equal(&knock, &nothing, sizeof(knock));
		return;
	}
	if (f->b[f->ip] >> 4 == 4)
		address_from_v4(&source, (const uint8_t *)FRAME_V4);
	else
		memcpy(source.b, FRAME_V6, 16);
	assert_true(address_equal(&knock.source, &source));
	assert_int_equal(knock.port, FRAME_PORT);
	assert_int_equal(knock.word, FRAME_WORD);
}

static int link_carries(int link_type, int v6)
{
	return link_type != (v6 ? DLT_IPV4 : DLT_IPV6);
}

static void test_both_carriers_on_every_link(void **state)
{
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (size_t i = 0; i < LINKS; i++) {
		assert_true(frame_link_supported(links[i]));
		for (int v6 = 0; v6 < 2; v6++) {
			enum frame_result expected = link_carries(links[i], v6) ? FRAME_KNOCK : FRAME_MALFORMED;

			frame_knock(&f, links[i], v6, 0);
			expect(links[i], &f, expected);
			assert_int_equal(parse_cut(links[i], &f, f.n, &knock), expected);
			assert_int_equal(knock.carrier, FRAME_SYN);
			frame_knock(&f, links[i], v6, 20);
			expect(links[i], &f, expected);
			assert_int_equal(parse_cut(links[i], &f, f.n, &knock), expected);
			assert_int_equal(knock.carrier, expected == FRAME_KNOCK ? FRAME_UDP : FRAME_SYN);
		}
	}
	assert_false(frame_link_supported(DLT_PPP));
	expect(DLT_PPP, &f, FRAME_OTHER);
}

/* Whatever a cut leaves: never a step beyond it, a knock once all that decides is there, malformed before. */
static void test_every_truncation(void **state)
{
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (size_t i = 0; i < LINKS; i++)
		for (int v6 = 0; v6 < 2; v6++)
			for (size_t payload = 0; payload <= 36; payload += 36) {
				size_t decides = payload != 0 ? 12 : 14;

				if (!link_carries(links[i], v6))
					continue;
				frame_knock(&f, links[i], v6, payload);
				for (size_t captured = 0; captured <= f.n; captured++)
					assert_int_equal(parse_cut(links[i], &f, captured, &knock),
							 captured < f.transport + decides ? FRAME_MALFORMED
											  : FRAME_KNOCK);
				/* The same, but it was the sender who left it off. */
				for (; f.n > f.transport; f.n--) {
					struct frame whole = f;

					frame_close(&whole);
					if (payload != 0 && f.n - f.transport != 8 + payload)
						expect(links[i], &whole, FRAME_MALFORMED);
					expect(links[i], &f,
					       f.n == whole.n && f.n - f.transport == (payload ? 8 + payload : 40)
						   ? FRAME_KNOCK
						   : FRAME_MALFORMED);
				}
			}
	assert_int_equal(frame_parse(DLT_EN10MB, f.b, 60, 59, &shape, &knock), FRAME_MALFORMED);
}

static void test_short_frames_are_padded(void **state)
{
	struct frame f;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		frame_knock(&f, DLT_EN10MB, v6, 4);
		f.n += 30;
		expect(DLT_EN10MB, &f, FRAME_KNOCK);
	}
}

static void test_up_to_two_vlan_tags(void **state)
{
	static const unsigned tags[] = {0x8100, 0x88a8, 0x9100};
	static const int tagged[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2};
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			for (unsigned count = 1; count <= 3; count++) {
				frame_link(&f, tagged[j], tags[i]);
				for (unsigned k = 1; k < count; k++)
					frame_vlan(&f, 0x8100);
				frame_vlan(&f, 0x0800);
				frame_ipv4(&f, 6, 0);
				frame_tcp(&f, 0x02, 0);
				frame_close(&f);
				expect(tagged[j], &f, count < 3 ? FRAME_KNOCK : FRAME_OTHER);
				for (size_t cut = 0; cut < f.ip && count < 3; cut++)
					assert_int_equal(parse_cut(tagged[j], &f, cut, &knock), FRAME_MALFORMED);
			}
}

/* As cooked sockets of Linux 6.10 and later show two tags, whatever priority the second one has. */
static void test_a_second_tag_hidden_by_the_kernel(void **state)
{
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (unsigned priority = 0; priority < 256; priority++)
		for (int v6 = 0; v6 < 2; v6++) {
			unsigned type = v6 ? 0x86dd : 0x0800;

			frame_link(&f, DLT_LINUX_SLL, 0x88a8);
			frame_vlan(&f, type);
			frame_vlan(&f, type);
			f.b[20] = (uint8_t)priority;
			v6 ? frame_ipv6(&f, 17) : frame_ipv4(&f, 17, 0);
			frame_udp(&f, 20);
			frame_close(&f);
			expect(DLT_LINUX_SLL, &f, FRAME_KNOCK);
			for (size_t cut = 0; cut < f.transport + 12; cut++)
				assert_int_equal(parse_cut(DLT_LINUX_SLL, &f, cut, &knock), FRAME_MALFORMED);
		}
	/* Elsewhere that is no tag. */
	frame_link(&f, DLT_EN10MB, 0x88a8);
	frame_vlan(&f, 0x0800);
	frame_vlan(&f, 0x0800);
	frame_ipv4(&f, 6, 0);
	frame_tcp(&f, 2, 0);
	frame_close(&f);
	expect(DLT_EN10MB, &f, FRAME_MALFORMED);
}

static void test_only_a_pure_syn(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		int pure = (flags & 0x17) == 0x02;

		frame_link(&f, DLT_RAW, 0);
		frame_ipv4(&f, 6, 0);
		frame_tcp(&f, flags, 20);
		frame_close(&f);
		expect(DLT_RAW, &f, pure ? FRAME_KNOCK : FRAME_OTHER);
	}
}

static void test_lengths_of_the_tcp_header(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned words = 0; words < 16; words++) {
		frame_knock(&f, DLT_RAW, 0, 0); /* with 20 bytes of options */
		f.b[f.transport + 12] = (uint8_t)(words << 4);
		expect(DLT_RAW, &f, words >= 5 && words <= 10 ? FRAME_KNOCK : FRAME_MALFORMED);
	}
}

static void test_only_the_right_payload(void **state)
{
	struct frame f;

	(void)state;
	for (size_t payload = 1; payload <= 60; payload++)
		for (int v6 = 0; v6 < 2; v6++) {
			frame_knock(&f, DLT_RAW, v6, payload);
			expect(DLT_RAW, &f, payload >= 4 && payload <= 36 ? FRAME_KNOCK : FRAME_OTHER);
		}
	/* A length of its own that does not agree with the packet's. */
	for (unsigned length = 0; length < 64; length++) {
		frame_knock(&f, DLT_RAW, 0, 10);
		frame_u16(&f, f.transport + 4, length);
		expect(DLT_RAW, &f, length == 18 ? FRAME_KNOCK : FRAME_MALFORMED);
	}
}

static void test_only_the_knock_ports(void **state)
{
	static const unsigned ports[][2] = {{0, 0}, {8799, 0}, {8800, 1}, {8899, 1}, {8900, 0}, {65535, 0}};
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t payload = 0; payload < 8; payload += 7) {
			frame_knock(&f, DLT_RAW, 0, payload);
			frame_u16(&f, f.transport + 2, ports[i][0]);
			assert_int_equal(parse_cut(DLT_RAW, &f, f.n, &knock), ports[i][1] ? FRAME_KNOCK : FRAME_OTHER);
			assert_int_equal(knock.port, ports[i][1] ? ports[i][0] : 0);
		}
}

static void test_ipv4_headers(void **state)
{
	struct frame f;

	(void)state;
	for (size_t options = 4; options <= 40; options += 4) {
		frame_link(&f, DLT_EN10MB, 0x0800);
		frame_ipv4(&f, 6, options);
		frame_tcp(&f, 0x02, 40);
		frame_close(&f);
		expect(DLT_EN10MB, &f, FRAME_KNOCK);
	}
	/* Header lengths below 20 and beyond the packet, another version, impossible totals. */
	for (unsigned first = 0; first < 256; first++) {
		frame_knock(&f, DLT_EN10MB, 0, 4);
		f.b[f.ip] = (uint8_t)first;
		if (first != 0x45)
			assert_int_not_equal(frame_parse(DLT_EN10MB, f.b, f.n, f.n, &shape, &(struct frame_knock){0}),
					     FRAME_KNOCK);
	}
	frame_link(&f, DLT_RAW, 0);
	frame_ipv4(&f, 17, 0);
	f.n -= 4; /* a header of 16 bytes, but for that in order */
	f.b[f.ip] = 0x44;
	frame_udp(&f, 4);
	frame_u16(&f, f.ip + 2, (unsigned)f.n);
	expect(DLT_RAW, &f, FRAME_MALFORMED);
	for (unsigned total = 0; total < 100; total++) {
		frame_knock(&f, DLT_EN10MB, 0, 0);
		frame_u16(&f, f.ip + 2, total);
		/* 60 is right; what is shorter cuts into the SYN's own length. */
		expect(DLT_EN10MB, &f, total == 60 ? FRAME_KNOCK : FRAME_MALFORMED);
	}
}

static void test_fragments_are_no_knock(void **state)
{
	static const unsigned fields[][2] = {{0x0000, 1}, {0x4000, 1}, {0x8000, 1},
					     {0x2000, 0}, {0x0001, 0}, {0x1fff, 0}};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		frame_knock(&f, DLT_RAW, 0, 0);
		frame_u16(&f, f.ip + 6, fields[i][0]);
		expect(DLT_RAW, &f, fields[i][1] ? FRAME_KNOCK : FRAME_OTHER);
	}
}

static void test_extension_headers(void **state)
{
	static const unsigned kinds[] = {0, 43, 44, 51, 60};
	struct frame f;
	struct frame_knock knock;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t size = 8; size <= (kinds[i] == 44 ? 8u : 64u); size += kinds[i] == 51 ? 4 : 8)
			for (unsigned udp = 0; udp < 2; udp++) {
				frame_link(&f, DLT_EN10MB, 0x86dd);
				frame_ipv6(&f, kinds[i]);
				frame_extension(&f, kinds[i], 60, size);
				frame_extension(&f, 60, udp ? 17 : 6, 16);
				if (udp)
					frame_udp(&f, 9);
				else
					frame_tcp(&f, 0x02, 8);
				frame_close(&f);
				expect(DLT_EN10MB, &f, FRAME_KNOCK);
				for (size_t cut = 0; cut < f.transport + 12; cut++)
					assert_int_equal(parse_cut(DLT_EN10MB, &f, cut, &knock), FRAME_MALFORMED);
				/* A length that leads out of the packet. */
				if (kinds[i] != 44) {
					f.b[f.ip + 41] = 0xff;
					expect(DLT_EN10MB, &f, FRAME_MALFORMED);
				}
			}
}

static void test_ipv6_oddities(void **state)
{
	static const unsigned fragments[][2] = {{0, 1}, {0x0006, 1}, {0x0001, 0}, {0x0008, 0}, {0xfff8, 0}};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		frame_link(&f, DLT_RAW, 0);
		frame_ipv6(&f, 44);
		frame_extension(&f, 44, 6, 8);
		frame_u16(&f, f.ip + 42, fragments[i][0]);
		frame_tcp(&f, 0x02, 0);
		frame_close(&f);
		expect(DLT_RAW, &f, fragments[i][1] ? FRAME_KNOCK : FRAME_OTHER);
	}
	/* Hop-by-hop options anywhere but first; a jumbogram; no payload; nothing next; ESP. */
	frame_link(&f, DLT_RAW, 0);
	frame_ipv6(&f, 60);
	frame_extension(&f, 60, 0, 8);
	frame_extension(&f, 0, 6, 8);
	frame_tcp(&f, 0x02, 0);
	frame_close(&f);
	expect(DLT_RAW, &f, FRAME_MALFORMED);
	frame_u16(&f, f.ip + 4, 0);
	f.b[f.ip + 6] = 0;
	expect(DLT_RAW, &f, FRAME_OTHER);
	f.b[f.ip + 6] = 6;
	expect(DLT_RAW, &f, FRAME_MALFORMED);
	f.b[f.ip + 6] = 59;
	expect(DLT_RAW, &f, FRAME_OTHER);
	f.b[f.ip + 6] = 50;
	expect(DLT_RAW, &f, FRAME_OTHER);
	/* One that would pass for an IPv4 client. */
	frame_knock(&f, DLT_RAW, 1, 0);
	memcpy(f.b + f.ip + 8, "\0\0\0\0\0\0\0\0\0\0\xff\xff" FRAME_V4, 16);
	expect(DLT_RAW, &f, FRAME_OTHER);
}

static void test_groups_are_not_knocked_at(void **state)
{
	struct frame f;

	(void)state;
	frame_knock(&f, DLT_RAW, 0, 0);
	f.b[f.ip + 16] = 223;
	expect(DLT_RAW, &f, FRAME_KNOCK);
	f.b[f.ip + 16] = 224;
	expect(DLT_RAW, &f, FRAME_OTHER);
	frame_knock(&f, DLT_RAW, 1, 0);
	f.b[f.ip + 24] = 0xfe;
	expect(DLT_RAW, &f, FRAME_KNOCK);
	f.b[f.ip + 24] = 0xff;
	expect(DLT_RAW, &f, FRAME_OTHER);
}

static void test_what_is_no_ip(void **state)
{
	struct frame f;

	(void)state;
	frame_knock(&f, DLT_EN10MB, 0, 0);
	frame_u16(&f, 12, 0x0806);
	expect(DLT_EN10MB, &f, FRAME_OTHER);
	frame_u16(&f, 12, 46); /* a length: IEEE 802.3 */
	expect(DLT_EN10MB, &f, FRAME_OTHER);
	frame_u16(&f, 12, 0x86dd); /* contradicts the version */
	expect(DLT_EN10MB, &f, FRAME_MALFORMED);
	frame_knock(&f, DLT_RAW, 0, 0);
	f.b[0] = 0x55;
	expect(DLT_RAW, &f, FRAME_MALFORMED);
	frame_knock(&f, DLT_NULL, 0, 0);
	f.b[0] = 7;
	expect(DLT_NULL, &f, FRAME_OTHER);
	/* Another transport. */
	frame_link(&f, DLT_RAW, 0);
	frame_ipv4(&f, 132, 0);
	frame_tcp(&f, 0x02, 0);
	frame_close(&f);
	expect(DLT_RAW, &f, FRAME_OTHER);
}

static void test_what_we_sent_ourselves(void **state)
{
	struct frame f;

	(void)state;
	frame_knock(&f, DLT_LINUX_SLL, 0, 0);
	f.b[1] = 4;
	expect(DLT_LINUX_SLL, &f, FRAME_OTHER);
	frame_knock(&f, DLT_LINUX_SLL2, 0, 0);
	f.b[10] = 4;
	expect(DLT_LINUX_SLL2, &f, FRAME_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_carriers_on_every_link),
	    cmocka_unit_test(test_every_truncation),
	    cmocka_unit_test(test_short_frames_are_padded),
	    cmocka_unit_test(test_up_to_two_vlan_tags),
	    cmocka_unit_test(test_a_second_tag_hidden_by_the_kernel),
	    cmocka_unit_test(test_only_a_pure_syn),
	    cmocka_unit_test(test_lengths_of_the_tcp_header),
	    cmocka_unit_test(test_only_the_right_payload),
	    cmocka_unit_test(test_only_the_knock_ports),
	    cmocka_unit_test(test_ipv4_headers),
	    cmocka_unit_test(test_fragments_are_no_knock),
	    cmocka_unit_test(test_extension_headers),
	    cmocka_unit_test(test_ipv6_oddities),
	    cmocka_unit_test(test_groups_are_not_knocked_at),
	    cmocka_unit_test(test_what_is_no_ip),
	    cmocka_unit_test(test_what_we_sent_ourselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
