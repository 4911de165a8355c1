/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet socket of Linux shows to a filter is not what libpcap hands over: the kernel takes the outermost tag
 * of 802.1Q or 802.1ad off and keeps it beside the frame, on every path that a received frame can take. So an
 * expression for untagged frames meets those with one tag too, one for a single tag meets those with two, and only a
 * tag of type 0x9100, which the kernel does not know, is left in its place. pcap-filter's own "vlan" is of no use
 * here: it asks for the tag beside the frame, refuses cooked links, and shifts all offsets of what follows it.
 */
#include "qknockd/filter.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include "libcore/error.h"

struct text {
	char b[8192];
	size_t n;
};

/* Where a link type has the type of its payload, and the payload. */
struct offsets {
	unsigned type;
	unsigned payload;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->b + t->n, sizeof(t->b) - t->n, format, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(t->b) - t->n);
	t->n += (size_t)n;
}

/* A TCP or UDP header at this offset of what base names: "ip6" or "link". at_protocol is that of the IP header. */
static void add_transport(struct text *t, const char *base, unsigned at_protocol, unsigned at,
			  const struct knock_shape *shape)
{
	add(t, "(%s[%u:2] >= %u and %s[%u:2] <= %u and ", base, at + 2, shape->port_first, base, at + 2,
	    shape->port_last);
	add(t, "((%s[%u] = 6 and %s[%u] & 0x17 = 2) or ", base, at_protocol, base, at + 13);
	add(t, "(%s[%u] = 17 and %s[%u:2] >= 12 and %s[%u:2] <= 44)))", base, at_protocol, base, at + 4, base, at + 4);
}

/* Extension headers have no fixed length: their packets are left to frame_parse. Without multicast, where routers and
 * neighbours always have one, they are rare. */
static void add_ipv6(struct text *t, const char *base, unsigned at, const struct knock_shape *shape)
{
	static const unsigned extensions[] = {0, 43, 44, 51, 60};

	add(t, "(%s[%u] != 0xff and (", base, at + 24);
	add_transport(t, base, at + 6, at + 40, shape);
	for (unsigned i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		add(t, " or %s[%u] = %u", base, at + 6, extensions[i]);
	add(t, "))");
}

static void add_untagged(struct text *t, const struct knock_shape *shape)
{
	unsigned first = shape->port_first, last = shape->port_last;

	add(t,
	    "(ip and ip[16] < 224 and ip[6:2] & 0x3fff = 0 and ((tcp dst portrange %u-%u and tcp[13] & 0x17 = 2) or ",
	    first, last);
	add(t, "(udp dst portrange %u-%u and udp[4:2] >= 12 and udp[4:2] <= 44))) or (ip6 and ", first, last);
	add_ipv6(t, "ip6", 0, shape);
	add(t, ")");
}

/* IP behind tags that are in the frame: type is at this offset, the packet at that. Constant offsets alone, because
 * libpcap moves only these rightly to where a cooked socket has them; so IPv4 with options passes unseen. */
static void add_tagged(struct text *t, unsigned type, unsigned at, const struct knock_shape *shape)
{
	add(t, "((link[%u:2] = 0x0800 and link[%u] < 224 and link[%u:2] & 0x3fff = 0 and ", type, at + 16, at + 6);
	add(t, "((link[%u] = 0x45 and ", at);
	add_transport(t, "link", at + 9, at + 20, shape);
	add(t, ") or (link[%u] > 0x45 and link[%u] < 0x50 and (link[%u] = 6 or link[%u] = 17)))) or ", at, at, at + 9,
	    at + 9);
	add(t, "(link[%u:2] = 0x86dd and ", type);
	add_ipv6(t, "link", at, shape);
	add(t, "))");
}

static void add_is_tag(struct text *t, unsigned type)
{
	add(t, "(link[%u:2] = 0x8100 or link[%u:2] = 0x88a8 or link[%u:2] = 0x9100) and ", type, type, type);
}

/* Whether frames of this link type can have tags, and where. */
static int tag_offsets(int link_type, struct offsets *out)
{
	switch (link_type) {
	case DLT_EN10MB:
		*out = (struct offsets){12, 14};
		return 1;
	case DLT_LINUX_SLL:
		*out = (struct offsets){14, 16};
		return 1;
	case DLT_LINUX_SLL2:
		*out = (struct offsets){0, 20};
		return 1;
	default:
		return 0;
	}
}

int filter_compile(pcap_t *pcap, const struct knock_shape *shape, struct bpf_program *program)
{
	struct text t = {.n = 0};
	struct offsets o;

	add_untagged(&t, shape);
	if (tag_offsets(pcap_datalink(pcap), &o)) {
		add(&t, " or (");
		add_is_tag(&t, o.type);
		add(&t, "(");
		add_tagged(&t, o.payload + 2, o.payload + 4, shape);
		add(&t, " or (");
		add_is_tag(&t, o.payload + 2);
		add_tagged(&t, o.payload + 6, o.payload + 8, shape);
		add(&t, ")))");
	}
	return pcap_compile(pcap, program, t.b, 1, PCAP_NETMASK_UNKNOWN) == 0 ? 0 : QK_ERR_IO;
}

static int program_for(const struct expected_programs *programs, int link_type)
{
	switch (link_type) {
	case DLT_EN10MB:
		return programs->ethernet;
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return programs->network;
	default:
		return -1;
	}
}

int filter_attach(pcap_t *pcap, const struct expected_programs *programs)
{
	int program = program_for(programs, pcap_datalink(pcap));

	if (program < 0)
		return QK_ERR_NOT_FOUND;
	return setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) == 0 ? 0
													: QK_ERR_KERNEL;
}
