/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a SYN as this host's kernel would send it (protocol.md section 5, carrier syn). Pure computation:
 * syn_settings.h asks the kernel for the numbers. Follows tcp_connect_init, tcp_select_initial_window,
 * tcp_syn_options and tcp_ecn_send_syn of Linux; hosts that use a congestion control which needs ECN by itself
 * (DCTCP) differ.
 */
#ifndef QKNOCK_SYN_FORM_H
#define QKNOCK_SYN_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"

#define SYN_WINDOW_RATIO_BITS 8

/* What the kernel would look up. Bytes unless said otherwise; 0 in a metric: the route sets none. */
struct syn_settings {
	bool v6;
	uint8_t ttl; /* or hop limit */
	bool dont_fragment;
	uint32_t mtu;
	uint32_t metric_mss;
	uint32_t metric_window;
	uint32_t metric_initrwnd; /* segments */
	uint32_t receive_buffer;  /* of a new TCP socket */
	uint32_t window_ratio;	  /* part of the buffer that is offered as window, in 1/256 */
	uint32_t buffer_limit;	  /* larger of tcp_rmem's maximum and rmem_max */
	bool timestamps;
	bool random_timestamps; /* tcp_timestamps is 1: each connection has an offset of its own */
	bool sack;
	bool window_scaling;
	bool signed_windows;   /* tcp_workaround_signed_windows */
	bool ecn;	       /* asks for ECN */
	bool accurate_ecn;     /* asks for accurate ECN too */
	bool flow_labels;      /* IPv6: the kernel makes them up */
	bool stateless_labels; /* IPv6: made up ones have their highest bit set */
};

struct syn_form {
	bool v6;
	uint8_t ttl;
	bool dont_fragment;
	uint16_t flags; /* TCP's 12 bits beside the header length */
	uint16_t mss;
	uint16_t window;
	bool timestamps;
	bool sack;
	int window_scale; /* -1: not offered */
	bool flow_labels;
	bool stateless_labels;
};

void syn_form_compute(const struct syn_settings *settings, struct syn_form *out);

/* What differs from packet to packet. Host byte order. */
struct syn_packet {
	struct address source, destination; /* both of the form's family */
	uint16_t source_port, destination_port;
	uint32_t sequence;
	uint32_t timestamp;  /* ignored when the form has none */
	uint16_t ip_id;	     /* IPv4 */
	uint32_t flow_label; /* IPv6: random; cut to 20 bits, marked as stateless, or left out, as the form says */
};

#define SYN_PACKET_MAX 100 /* IPv6 header, TCP header with all its options */

/* IP header and on, checksums filled in. Returns the length. */
size_t syn_form_packet(const struct syn_form *form, const struct syn_packet *packet,
		       uint8_t out[static SYN_PACKET_MAX]);

#endif
