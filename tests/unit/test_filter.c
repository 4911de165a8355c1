/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as the kernel shows them to the filter: an outermost 802.1Q or 802.1ad tag is not in them any more. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "qknockd/filter.h"
#include "qknockd/frame.h"
#include "tests/unit/packets.h"

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
/* Those that libpcap has for live interfaces of Linux. */
static const int links[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW};
static const unsigned tags[] = {0x8100, 0x88a8, 0x9100};
static struct bpf_program programs[4];
#define LINKS 4
#define TAGGED 3 /* the first of links */

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINKS; i++) {
		pcap_t *pcap = pcap_open_dead(links[i], 256);

		if (pcap == NULL || filter_compile(pcap, &shape, &programs[i]) != 0)
			return -1;
		pcap_close(pcap);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINKS; i++)
		pcap_freecode(&programs[i]);
	return 0;
}

static int passes(size_t link, const struct frame *f)
{
	struct pcap_pkthdr header = {.caplen = (bpf_u_int32)f->n, .len = (bpf_u_int32)f->n};

	return pcap_offline_filter(&programs[link], &header, f->b) != 0;
}

static void begin(struct frame *f, size_t link, unsigned tag, unsigned count, unsigned type)
{
	frame_begin(f, links[link], tag, count, type);
}

/* Calls check for every link type and number of tags. */
static void each_frame(void (*check)(size_t link, unsigned tag, unsigned count))
{
	for (size_t i = 0; i < LINKS; i++)
		for (unsigned count = 0; count <= (i < TAGGED ? 2 : 0); count++)
			for (size_t t = 0; t < 3; t++)
				check(i, tags[t], count);
}

static void check_carriers(size_t link, unsigned tag, unsigned count)
{
	struct frame f;

	for (unsigned flags = 0; flags < 256; flags++)
		for (int v6 = 0; v6 < 2; v6++) {
			begin(&f, link, tag, count, v6 ? 0x86dd : 0x0800);
			v6 ? frame_ipv6(&f, 6) : frame_ipv4(&f, 6, 0);
			frame_tcp(&f, flags, 20);
			frame_close(&f);
			assert_int_equal(passes(link, &f), (flags & 0x17) == 0x02);
		}
	for (size_t payload = 0; payload < 50; payload++)
		for (int v6 = 0; v6 < 2; v6++) {
			begin(&f, link, tag, count, v6 ? 0x86dd : 0x0800);
			v6 ? frame_ipv6(&f, 17) : frame_ipv4(&f, 17, 0);
			frame_udp(&f, payload);
			frame_close(&f);
			assert_int_equal(passes(link, &f), payload >= 4 && payload <= 36);
		}
}

static void test_both_carriers(void **state)
{
	(void)state;
	each_frame(check_carriers);
}

static void check_ports(size_t link, unsigned tag, unsigned count)
{
	static const unsigned ports[][2] = {{8799, 0}, {8800, 1}, {8899, 1}, {8900, 0}};
	struct frame f;

	for (size_t i = 0; i < 4; i++)
		for (int v6 = 0; v6 < 2; v6++)
			for (int udp = 0; udp < 2; udp++) {
				begin(&f, link, tag, count, v6 ? 0x86dd : 0x0800);
				v6 ? frame_ipv6(&f, udp ? 17 : 6) : frame_ipv4(&f, udp ? 17 : 6, 0);
				udp ? frame_udp(&f, 4) : frame_tcp(&f, 2, 0);
				frame_close(&f);
				frame_u16(&f, f.transport + 2, ports[i][0]);
				assert_int_equal(passes(link, &f), ports[i][1]);
			}
}

static void test_only_the_knock_ports(void **state)
{
	(void)state;
	each_frame(check_ports);
}

static void check_ipv4(size_t link, unsigned tag, unsigned count)
{
	struct frame f;

	for (size_t options = 0; options <= 40; options += 4) {
		begin(&f, link, tag, count, 0x0800);
		frame_ipv4(&f, 6, options);
		frame_tcp(&f, 2, 0);
		frame_close(&f);
		assert_true(passes(link, &f));
		f.b[f.ip + 6] = 0x20;
		assert_false(passes(link, &f));
		f.b[f.ip + 6] = 0;
		f.b[f.ip + 16] = 224;
		assert_false(passes(link, &f));
		f.b[f.ip + 16] = 10;
		f.b[f.ip + 9] = 1;
		assert_false(passes(link, &f));
	}
}

static void test_ipv4_headers(void **state)
{
	(void)state;
	each_frame(check_ipv4);
}

static void check_extensions(size_t link, unsigned tag, unsigned count)
{
	static const unsigned kinds[] = {0, 43, 44, 51, 60};
	struct frame f;

	for (size_t i = 0; i < 5; i++) {
		begin(&f, link, tag, count, 0x86dd);
		frame_ipv6(&f, kinds[i]);
		frame_extension(&f, kinds[i], 6, 8);
		frame_tcp(&f, 2, 0);
		frame_close(&f);
		assert_true(passes(link, &f));
		f.b[f.ip + 24] = 0xff; /* as neighbours' and routers' own */
		assert_false(passes(link, &f));
	}
	begin(&f, link, tag, count, 0x86dd);
	frame_ipv6(&f, 58);
	frame_tcp(&f, 2, 0);
	frame_close(&f);
	assert_false(passes(link, &f));
}

static void test_extension_headers_are_left_to_the_parser(void **state)
{
	(void)state;
	each_frame(check_extensions);
}

static void test_other_traffic_stays_in_the_kernel(void **state)
{
	struct frame f;

	(void)state;
	for (size_t i = 0; i < LINKS; i++) {
		frame_knock(&f, links[i], 0, 0);
		assert_true(passes(i, &f));
		f.b[f.transport + 13] = 0x10; /* the mass of it: established connections */
		assert_false(passes(i, &f));
		begin(&f, i, 0, 0, 0x0806);
		f.n += 46;
		assert_false(passes(i, &f));
		if (i >= TAGGED)
			continue;
		begin(&f, i, 0x8100, 1, 0x0806);
		f.n += 46;
		assert_false(passes(i, &f));
		/* More tags than the parser reads. */
		begin(&f, i, 0x8100, 3, 0x0800);
		frame_ipv4(&f, 6, 0);
		frame_tcp(&f, 2, 0);
		frame_close(&f);
		assert_false(passes(i, &f));
	}
}

/* Whatever becomes of a frame: what the parser would take must reach it. */
static void test_no_knock_is_held_back(void **state)
{
	struct frame f;
	struct frame_knock knock;
	unsigned knocks = 0, passed = 0;
	uint64_t random_state = 7;

	(void)state;
	for (unsigned i = 0; i < 400000; i++) {
		size_t link = frame_random(&random_state, LINKS);
		int pass;

		frame_draw(&f, links[link], link < TAGGED ? 2 : 0, &random_state);
		/* The parser takes a tagged one in one form more, which the filter never gets to see. */
		if (links[link] == DLT_LINUX_SLL && f.b[14] != 0x08 && f.b[14] != 0x86)
			continue;
		pass = passes(link, &f);
		passed += (unsigned)pass;
		if (frame_parse(links[link], f.b, f.n, f.n, &shape, &knock) != FRAME_KNOCK)
			continue;
		knocks++;
		assert_true(pass);
	}
	assert_true(knocks > 100000 && passed < knocks * 3 / 2);
}

/* libpcap moves the offsets of a cooked socket's program to where the kernel has the bytes; it cannot do that for
 * the header's own, but for type and protocol, and gets those that are relative to a register wrong. */
static void test_cooked_programs_run_in_the_kernel(void **state)
{
	(void)state;
	for (size_t i = 1; i < TAGGED; i++)
		for (unsigned k = 0; k < programs[i].bf_len; k++) {
			const struct bpf_insn *insn = &programs[i].bf_insns[k];
			unsigned header = links[i] == DLT_LINUX_SLL ? 16 : 20;
			unsigned protocol = links[i] == DLT_LINUX_SLL ? 14 : 0;

			if (BPF_CLASS(insn->code) != BPF_LD && BPF_CLASS(insn->code) != BPF_LDX)
				continue;
			if (BPF_MODE(insn->code) == BPF_ABS)
				assert_true(insn->k >= header || insn->k == protocol);
			if (BPF_MODE(insn->code) == BPF_IND || BPF_MODE(insn->code) == BPF_MSH)
				assert_true(insn->k >= header);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_carriers),
	    cmocka_unit_test(test_only_the_knock_ports),
	    cmocka_unit_test(test_ipv4_headers),
	    cmocka_unit_test(test_extension_headers_are_left_to_the_parser),
	    cmocka_unit_test(test_other_traffic_stays_in_the_kernel),
	    cmocka_unit_test(test_no_knock_is_held_back),
	    cmocka_unit_test(test_cooked_programs_run_in_the_kernel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
