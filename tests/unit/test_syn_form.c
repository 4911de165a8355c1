/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "qknock/syn_form.h"

/* A stock Linux 6 between 1500-byte links. */
static const struct syn_settings stock = {
    .ttl = 64,
    .dont_fragment = true,
    .mtu = 1500,
    .receive_buffer = 131072,
    .window_ratio = 128,
    .buffer_limit = 6291456,
    .timestamps = true,
    .random_timestamps = true,
    .sack = true,
    .window_scaling = true,
};

static struct syn_form form_of(const struct syn_settings *settings)
{
	struct syn_form form;

	syn_form_compute(settings, &form);
	return form;
}

static void test_stock_windows(void **state)
{
	struct syn_settings s = stock;
	struct syn_form f = form_of(&s);

	(void)state;
	assert_int_equal(f.mss, 1460);
	assert_int_equal(f.window, 64240);
	assert_int_equal(f.window_scale, 7);
	assert_int_equal(f.flags, 0x002);

	s.v6 = true;
	f = form_of(&s);
	assert_int_equal(f.mss, 1440);
	assert_int_equal(f.window, 64800);
}

/* Windows that Linux 6.6 to 6.8 offered until its ratio was raised, and 5.x with tcp_adv_win_scale=2. */
static void test_windows_of_other_ratios(void **state)
{
	struct syn_settings s = stock;

	(void)state;
	s.window_ratio = 65;
	assert_int_equal(form_of(&s).window, 32120);
	s.window_ratio = 192;
	assert_int_equal(form_of(&s).window, 65535);
}

static void test_windows_are_bounded(void **state)
{
	struct syn_settings s = stock;

	(void)state;
	s.receive_buffer = 6000000;
	assert_int_equal(form_of(&s).window, 65535);
	s.signed_windows = true;
	assert_int_equal(form_of(&s).window, 32767);
	s = stock;
	s.receive_buffer = 2304; /* less than one segment */
	assert_int_equal(form_of(&s).window, 1152);
	s = stock;
	s.metric_window = 20000;
	assert_int_equal(form_of(&s).window, 13 * 1460);
	assert_int_equal(form_of(&s).window_scale, 0);
	s = stock;
	s.metric_initrwnd = 4;
	assert_int_equal(form_of(&s).window, 4 * 1460);
	s.metric_initrwnd = UINT32_MAX;
	assert_int_equal(form_of(&s).window, 64240);
}

static void test_window_scale_follows_the_largest_buffer(void **state)
{
	struct syn_settings s = stock;

	(void)state;
	s.buffer_limit = 33554432;
	assert_int_equal(form_of(&s).window_scale, 10);
	s.buffer_limit = UINT32_MAX;
	assert_int_equal(form_of(&s).window_scale, 14);
	s.buffer_limit = 0;
	assert_int_equal(form_of(&s).window_scale, 0);
	s.receive_buffer = 1 << 20;
	assert_int_equal(form_of(&s).window_scale, 3);
	s.window_scaling = false;
	assert_int_equal(form_of(&s).window_scale, -1);
}

static void test_segment_sizes(void **state)
{
	struct syn_settings s = stock;

	(void)state;
	s.mtu = 200;
	assert_int_equal(form_of(&s).mss, 256);
	s.mtu = 65536;
	assert_int_equal(form_of(&s).mss, 65495);
	s.metric_mss = 1000;
	assert_int_equal(form_of(&s).mss, 1000);
	s = stock;
	s.v6 = true;
	s.mtu = 65536;
	assert_int_equal(form_of(&s).mss, 65476);
	s.mtu = 1280;
	assert_int_equal(form_of(&s).mss, 1220);
	s.mtu = 70000;
	assert_int_equal(form_of(&s).mss, 65535);
}

static void test_ecn(void **state)
{
	struct syn_settings s = stock;

	(void)state;
	s.ecn = true;
	assert_int_equal(form_of(&s).flags, 0x0c2);
	s.ecn = false;
	s.accurate_ecn = true;
	assert_int_equal(form_of(&s).flags, 0x1c2);
}

static struct syn_packet packet_v4(void)
{
	struct syn_packet p = {.source_port = 0xac52,
			       .destination_port = 8811,
			       .sequence = 0x7dc2ea0e,
			       .timestamp = 0x1d74349f,
			       .ip_id = 0x2801};

	assert_int_equal(address_parse(&p.source, "172.17.12.20"), 0);
	assert_int_equal(address_parse(&p.destination, "172.17.12.32"), 0);
	return p;
}

/* Captured from Linux 6.18; the checksums as hardware would have completed them. */
static const uint8_t kernel_v4[] = {
    0x45, 0x00, 0x00, 0x3c, 0x28, 0x01, 0x40, 0x00, 0x40, 0x06, 0xa2, 0x64, 0xac, 0x11, 0x0c,
    0x14, 0xac, 0x11, 0x0c, 0x20, 0xac, 0x52, 0x22, 0x6b, 0x7d, 0xc2, 0xea, 0x0e, 0x00, 0x00,
    0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x54, 0x13, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04,
    0x02, 0x08, 0x0a, 0x1d, 0x74, 0x34, 0x9f, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
};

static void test_bytes_of_ipv4(void **state)
{
	struct syn_packet p = packet_v4();
	struct syn_form f = form_of(&stock);
	uint8_t bytes[SYN_PACKET_MAX];

	(void)state;
	f.window_scale = 10;
	assert_int_equal(syn_form_packet(&f, &p, bytes), sizeof(kernel_v4));
	assert_memory_equal(bytes, kernel_v4, sizeof(kernel_v4));
}

static const uint8_t kernel_v6[] = {
    0x60, 0x06, 0xd1, 0x17, 0x00, 0x28, 0x06, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x32, 0xdf, 0x92, 0x22, 0x6b, 0x86, 0xaa, 0xfe, 0x32,
    0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfd, 0x20, 0xe6, 0x47, 0x00, 0x00, 0x02, 0x04, 0x05, 0xa0,
    0x04, 0x02, 0x08, 0x0a, 0x37, 0xba, 0x4a, 0x4f, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
};

static void test_bytes_of_ipv6(void **state)
{
	struct syn_settings s = stock;
	struct syn_packet p = {.source_port = 0xdf92,
			       .destination_port = 8811,
			       .sequence = 0x86aafe32,
			       .timestamp = 0x37ba4a4f,
			       .flow_label = 0x6d117};
	struct syn_form f;
	uint8_t bytes[SYN_PACKET_MAX];

	(void)state;
	assert_int_equal(address_parse(&p.source, "2001:db8::20"), 0);
	assert_int_equal(address_parse(&p.destination, "2001:db8::32"), 0);
	s.v6 = true;
	s.flow_labels = true;
	f = form_of(&s);
	f.window_scale = 10;
	assert_int_equal(syn_form_packet(&f, &p, bytes), sizeof(kernel_v6));
	assert_memory_equal(bytes, kernel_v6, sizeof(kernel_v6));
}

static void expect_options(bool timestamps, bool sack, bool scaling, const char *hex)
{
	struct syn_packet p = packet_v4();
	struct syn_settings s = stock;
	struct syn_form f;
	uint8_t bytes[SYN_PACKET_MAX];
	char text[2 * SYN_PACKET_MAX + 1] = "";

	s.timestamps = timestamps;
	s.sack = sack;
	s.window_scaling = scaling;
	f = form_of(&s);
	size_t len = syn_form_packet(&f, &p, bytes);

	assert_int_equal((bytes[32] >> 4) * 4, len - 20);
	for (size_t i = 40; i < len; i++)
		snprintf(text + strlen(text), 3, "%02x", bytes[i]);
	assert_string_equal(text, hex);
}

static void test_options_and_their_padding(void **state)
{
	(void)state;
	expect_options(true, true, true, "020405b40402080a1d74349f0000000001030307");
	expect_options(true, false, true, "020405b40101080a1d74349f0000000001030307");
	expect_options(false, true, true, "020405b40101040201030307");
	expect_options(false, false, true, "020405b401030307");
	expect_options(true, true, false, "020405b40402080a1d74349f00000000");
	expect_options(false, false, false, "020405b4");
}

static void test_flow_labels(void **state)
{
	static const struct {
		bool made_up, stateless;
		uint32_t random;
		uint8_t bytes[4];
	} cases[] = {
	    {true, false, 0xfff12345, {0x60, 0x01, 0x23, 0x45}},
	    {true, true, 0xfff12345, {0x60, 0x09, 0x23, 0x45}},
	    {false, true, 0xfff12345, {0x60, 0x00, 0x00, 0x00}},
	};
	struct syn_packet p = {0};
	uint8_t bytes[SYN_PACKET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct syn_form f = {
		    .v6 = true, .flow_labels = cases[i].made_up, .stateless_labels = cases[i].stateless};

		p.flow_label = cases[i].random;
		syn_form_packet(&f, &p, bytes);
		assert_memory_equal(bytes, cases[i].bytes, 4);
	}
}

static void test_fragments_may_be_allowed(void **state)
{
	struct syn_packet p = packet_v4();
	struct syn_form f = form_of(&stock);
	uint8_t bytes[SYN_PACKET_MAX];

	(void)state;
	f.dont_fragment = false;
	syn_form_packet(&f, &p, bytes);
	assert_int_equal(bytes[6], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stock_windows),
	    cmocka_unit_test(test_windows_of_other_ratios),
	    cmocka_unit_test(test_windows_are_bounded),
	    cmocka_unit_test(test_window_scale_follows_the_largest_buffer),
	    cmocka_unit_test(test_segment_sizes),
	    cmocka_unit_test(test_ecn),
	    cmocka_unit_test(test_bytes_of_ipv4),
	    cmocka_unit_test(test_bytes_of_ipv6),
	    cmocka_unit_test(test_options_and_their_padding),
	    cmocka_unit_test(test_flow_labels),
	    cmocka_unit_test(test_fragments_may_be_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
