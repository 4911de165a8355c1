/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Are the client's SYNs of the form of its kernel's own? syn_compare CAPTURE COUNT [hops|hops2]
 *
 * The capture holds both: the client's go to the knock ports, the kernel's to ports below them.
 *
 * Compares byte by byte, from the IP header on, after blanking what is random or given by the knock: ports, sequence
 * number, IPv4 identification, IPv6 flow label, time stamp, checksums, and with "hops" the source. Of the blanked
 * fields it checks what can be: checksums right, parity of source ports as the kernel's, flow label there or not and
 * its highest bit as the kernel's, time stamps that run on the millisecond clock, sequence numbers and identifications
 * not all alike. COUNT of the SYNs must be ours. Prints what differs; exit 1 then, 2 when the file is no use.
 */
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define SYNS_MAX 256
#define BYTES_MAX 128
#define ETHERNET 14
#define CLOCK_SLACK_MS 50
#define KNOCK_PORT_FIRST 8800

struct syn {
	uint8_t bytes[BYTES_MAX]; /* from the IP header on */
	size_t len;
	size_t tcp; /* offset of the TCP header */
	bool v6;
	uint64_t ms;	  /* of capture */
	size_t timestamp; /* offset of TSval; 0: none */
};

struct capture {
	struct syn syns[SYNS_MAX];
	size_t count;
};

static struct capture kernel, ours;
static bool failed;

static void fail(const char *what)
{
	fprintf(stderr, "syn_compare: %s\n", what);
	failed = true;
}

static uint32_t u16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
	return u16(p) << 16 | u16(p + 2);
}

static size_t find_timestamp(const struct syn *s)
{
	size_t end = s->tcp + (s->bytes[s->tcp + 12] >> 4) * 4u;

	for (size_t i = s->tcp + 20; i < end && i < s->len && s->bytes[i] != 0;) {
		if (s->bytes[i] == 8)
			return i + 2;
		i += s->bytes[i] == 1 ? 1 : s->bytes[i + 1] > 1 ? s->bytes[i + 1] : BYTES_MAX;
	}
	return 0;
}

/* Frames that are no SYN are passed over. */
static void take(const struct pcap_pkthdr *header, const uint8_t *frame)
{
	struct syn s = {.ms = (uint64_t)header->ts.tv_sec * 1000 + (uint64_t)header->ts.tv_usec / 1000};
	struct capture *c;

	if (header->caplen < ETHERNET + 40 || header->caplen - ETHERNET > BYTES_MAX)
		return;
	s.len = header->caplen - ETHERNET;
	memcpy(s.bytes, frame + ETHERNET, s.len);
	s.v6 = s.bytes[0] >> 4 == 6;
	s.tcp = s.v6 ? 40 : (s.bytes[0] & 15) * 4u;
	if (s.bytes[s.v6 ? 6 : 9] != 6 || s.len < s.tcp + 20 || (s.bytes[s.tcp + 13] & 0x17) != 0x02)
		return;
	s.timestamp = find_timestamp(&s);
	c = u16(s.bytes + s.tcp + 2) < KNOCK_PORT_FIRST ? &kernel : &ours;
	if (c->count < SYNS_MAX)
		c->syns[c->count++] = s;
}

static void read_capture(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *frame;

	if (pcap == NULL || pcap_datalink(pcap) != DLT_EN10MB) {
		fprintf(stderr, "syn_compare: %s: %s\n", path, pcap == NULL ? error : "not Ethernet");
		exit(2);
	}
	while (pcap_next_ex(pcap, &header, &frame) == 1)
		take(header, frame);
	pcap_close(pcap);
	if (kernel.count == 0 || ours.count == 0) {
		fprintf(stderr, "syn_compare: %s has %zu SYNs of the kernel's and %zu of ours\n", path, kernel.count,
			ours.count);
		exit(2);
	}
}

/* What is random, or the knock's, becomes zero. */
static void blank(const struct syn *s, bool hops, uint8_t out[static BYTES_MAX])
{
	memset(out, 0, BYTES_MAX);
	memcpy(out, s->bytes, s->len);
	if (s->v6) {
		out[1] &= 0xf0;
		out[2] = out[3] = 0;
	} else {
		memset(out + 4, 0, 2);
		memset(out + 10, 0, 2);
	}
	if (hops)
		memset(out + (s->v6 ? 8 : 12), 0, s->v6 ? 16 : 4);
	memset(out + s->tcp, 0, 8);
	memset(out + s->tcp + 16, 0, 2);
	if (s->timestamp != 0)
		memset(out + s->timestamp, 0, 4);
}

static void print_hex(const char *who, const uint8_t *bytes, size_t len)
{
	fprintf(stderr, "%-7s", who);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x%s", bytes[i], i % 4 == 3 ? " " : "");
	fputc('\n', stderr);
}

static void compare_bytes(const struct syn *a, const struct syn *b, bool hops)
{
	uint8_t x[BYTES_MAX], y[BYTES_MAX];

	blank(a, hops, x);
	blank(b, hops, y);
	if (a->len == b->len && memcmp(x, y, a->len) == 0)
		return;
	fail("the forms differ");
	print_hex("kernel", x, a->len);
	print_hex("ours", y, b->len);
}

static uint32_t sum(const uint8_t *p, size_t len)
{
	uint32_t total = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		total += u16(p + i);
	return total;
}

static bool sums_to_zero(uint32_t total)
{
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return total == 0xffff;
}

static void check_checksums(const struct syn *s)
{
	uint32_t pseudo = s->v6 ? sum(s->bytes + 8, 32) : sum(s->bytes + 12, 8);

	if (!s->v6 && !sums_to_zero(sum(s->bytes, s->tcp)))
		fail("a header checksum is wrong");
	if (!sums_to_zero(pseudo + 6 + (uint32_t)(s->len - s->tcp) + sum(s->bytes + s->tcp, s->len - s->tcp)))
		fail("a TCP checksum is wrong");
}

static uint32_t flow_label(const struct syn *s)
{
	return s->v6 ? u32(s->bytes) & 0xfffff : 0;
}

static bool same_flow(const struct syn *a, const struct syn *b)
{
	return memcmp(a->bytes + (a->v6 ? 8 : 12), b->bytes + (b->v6 ? 8 : 12), a->v6 ? 32 : 8) == 0 &&
	       memcmp(a->bytes + a->tcp, b->bytes + b->tcp, 8) == 0;
}

/* The same SYN sent again: its time stamp has gone on as the clock has, its identification by one for each. */
static void check_again(const struct syn *first, const struct syn *again)
{
	if (first->timestamp != 0) {
		int64_t stamped =
		    (int32_t)(u32(again->bytes + again->timestamp) - u32(first->bytes + first->timestamp));
		int64_t passed = (int64_t)(again->ms - first->ms);

		if (stamped - passed > CLOCK_SLACK_MS || passed - stamped > CLOCK_SLACK_MS)
			fail("time stamps do not run on the millisecond clock");
	}
	if (!first->v6 && ((u16(again->bytes + 4) - u16(first->bytes + 4)) & 0xffff) != 1)
		fail("the identification of a SYN that was sent again is not the next one");
}

static void check_against_kernel(const struct syn *s, const struct syn *k)
{
	if ((u16(s->bytes + s->tcp) ^ u16(k->bytes + k->tcp)) & 1)
		fail("a source port has not the parity of the kernel's");
	if ((flow_label(s) == 0) != (flow_label(k) == 0))
		fail("flow labels are there in one, not in the other");
}

/* The highest bit is set in each of the kernel's, or comes as it comes. */
static void check_labels(void)
{
	bool kernel_all = true, ours_all = true;

	for (size_t i = 0; i < kernel.count; i++)
		kernel_all = kernel_all && (flow_label(&kernel.syns[i]) & 0x80000) != 0;
	for (size_t i = 0; i < ours.count; i++)
		ours_all = ours_all && (flow_label(&ours.syns[i]) & 0x80000) != 0;
	if (kernel_all != ours_all)
		fail("the highest bit of the flow labels is not the kernel's");
}

static void check_variety(void)
{
	const struct syn *first = &ours.syns[0];
	bool id = first->v6, port = false, sequence = false, label = flow_label(first) == 0;

	for (size_t i = 1; i < ours.count; i++) {
		const struct syn *s = &ours.syns[i];

		id = id || u16(s->bytes + 4) - u16(first->bytes + 4) > ours.count;
		port = port || u16(s->bytes + s->tcp) != u16(first->bytes + first->tcp);
		sequence = sequence || u32(s->bytes + s->tcp + 4) != u32(first->bytes + first->tcp + 4);
		label = label || flow_label(s) != flow_label(first);
	}
	if (!id || !port || !sequence || !label)
		fail("a field that is random in the kernel's is not in ours");
}

/* Do all time stamps differ from the clock by what that of like does? */
static bool same_offset(const struct capture *c, const struct syn *like)
{
	uint32_t offset = u32(like->bytes + like->timestamp) - (uint32_t)like->ms;

	for (size_t i = 0; i < c->count; i++) {
		const struct syn *s = &c->syns[i];
		int32_t difference = (int32_t)(u32(s->bytes + s->timestamp) - (uint32_t)s->ms - offset);

		if (difference > CLOCK_SLACK_MS || difference < -CLOCK_SLACK_MS)
			return false;
	}
	return true;
}

static void check_offsets(void)
{
	const struct syn *like = &kernel.syns[0];

	if (like->timestamp != 0 && same_offset(&kernel, like) != same_offset(&ours, like))
		fail("time stamps have one offset in one, not in the other");
}

int main(int argc, char **argv)
{
	bool no_offset = argc == 4 && strcmp(argv[3], "hops2") == 0;
	bool hops = no_offset || (argc == 4 && strcmp(argv[3], "hops") == 0);

	if (argc != 3 && !hops) {
		fputs("usage: syn_compare CAPTURE COUNT [hops|hops2]\n", stderr);
		return 2;
	}
	read_capture(argv[1]);
	if (ours.count != strtoul(argv[2], NULL, 10)) {
		fprintf(stderr, "syn_compare: %zu SYNs instead of %s\n", ours.count, argv[2]);
		failed = true;
	}
	for (size_t i = 0; i < kernel.count; i++)
		compare_bytes(&kernel.syns[i], &ours.syns[0], hops);
	for (size_t i = 0; i < ours.count && !failed; i++) {
		compare_bytes(&kernel.syns[0], &ours.syns[i], hops);
		check_checksums(&ours.syns[i]);
		check_against_kernel(&ours.syns[i], &kernel.syns[0]);
		for (size_t j = 0; j < i; j++)
			if (same_flow(&ours.syns[j], &ours.syns[i]))
				check_again(&ours.syns[j], &ours.syns[i]);
	}
	check_labels();
	check_variety();
	if (!failed && (!hops || no_offset))
		check_offsets();
	return failed ? 1 : 0;
}
