/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests need to send and the client has no reason to offer: a knock in a given order, forged, tagged or
 * in part, strangers' packets, captured frames again; and two things to measure with, a connect that fails
 * fast and a race of SYNs against the last packet of a knock.
 */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/profile.h"
#include "libcore/sequence.h"
#include "tests/netns/wire.h"

#define RACE_GAP_NS 50000
#define RACE_LIMIT_NS UINT64_C(10000000000)
#define RACE_PORT_FIRST 20000
#define RACE_PORTS 40000 /* used in turn */
#define SETTLE_MS 20
#define NOISE_BURST 50 /* packets a millisecond */

static const char usage_text[] =
    "usage: knock_tool [-i INTERFACE] [-m MAC] [-t VLAN]... [-S SOURCE] [-D DESTINATION]\n"
    "                  [-p PROFILE] [-k KEYFILE] [-s SERVICE] [-w WIDTH] [-u] COMMAND\n"
    "  knock ORDER           packets of the knock for SOURCE in this order, as in 0,1,2\n"
    "  forge ORDER           the same packets with other words\n"
    "  steal ORDER           the same ports and words, all from SOURCE + 1\n"
    "  scan FIRST-LAST       one SYN from SOURCE to each port\n"
    "  noise COUNT FIRST-LAST  random SYNs from SOURCE and its neighbours, nearly 50,000 a second\n"
    "  replay FILE           frames of a capture file that came from INTERFACE's link\n"
    "  probe PORT MS         connect: exit 0 open, 1 silence, 2 refused\n"
    "  connect PORT          microseconds from a SYN to its SYN-ACK\n"
    "  race PORT             knock; microseconds from its last packet to the first SYN-ACK\n"
    "  race-ports A,B PORT   the same for a SYN to each port in turn\n"
    "  race-datagram FILE KNOCKPORT PORT  the same for one datagram\n"
    "  sync FILE             microseconds to append a page to it and have it on the disk\n";

struct options {
	const char *interface, *mac, *profile, *key_file, *service;
	struct address source, destination;
	uint16_t width;
	bool udp;
	uint16_t tags[WIRE_TAGS_MAX];
	size_t tag_count;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "knock_tool: %s: %s\n", what, why);
	exit(3);
}

static size_t read_file(const char *path, char *text, size_t size)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	size_t n;

	if (!f)
		die(path ? path : "-p and -k", path ? strerror(errno) : "are needed");
	n = fread(text, 1, size, f);
	fclose(f);
	return n;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint32_t random_word(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

/* Derives the knock; the count of its packets. */
static unsigned derive(const struct options *o, struct sequence_packet packets[static KNOCK_COUNT_MAX])
{
	static struct profile profile;
	struct otp otp;
	struct sequence_input in = {.user = profile.user, .otp = &otp, .width = o->width};
	char text[PROFILE_TEXT_SIZE];
	int e = profile_parse(&profile, text, read_file(o->profile, text, sizeof(text)), NULL);

	if (e)
		die(o->profile, error_text(e));
	e = otp_reply_parse(&otp, text, read_file(o->key_file, text, sizeof(text)));
	if (e)
		die(o->key_file, error_text(e));
	in.server_id = profile.server_id;
	in.service = profile_service(&profile, o->service);
	if (!in.service)
		die(o->service, "no such service in the profile");
	in.client = o->source;
	in.shape = profile.shape;
	in.n_mod = profile.n_mod;
	e = sequence_derive(&in, packets);
	if (e)
		die("knock", error_text(e));
	return profile.shape.count;
}

static int open_wire(const struct options *o, struct wire *wire)
{
	if (wire_open(wire, o->interface, o->mac))
		return -1;
	memcpy(wire->tags, o->tags, sizeof(wire->tags));
	wire->tag_count = o->tag_count;
	return 0;
}

static struct wire_packet stranger(const struct options *o, uint16_t port)
{
	return (struct wire_packet){
	    .source = o->source,
	    .destination = o->destination,
	    .source_port = (uint16_t)(32768 + random() % 28000),
	    .port = port,
	    .word = random_word(),
	    .udp = o->udp,
	};
}

static struct wire_packet expected(const struct options *o, const struct sequence_packet *p)
{
	struct wire_packet packet = stranger(o, p->port);

	packet.source = p->source;
	packet.word = p->word;
	return packet;
}

/* The next index of "0,3,1", or -1 at the end. */
static int next_index(const char **order, unsigned count)
{
	char *end;
	unsigned long i;

	if (!**order)
		return -1;
	i = strtoul(*order, &end, 10);
	if (end == *order || i >= count || (*end && *end != ','))
		die(*order, "not a list of packets");
	*order = *end ? end + 1 : end;
	return (int)i;
}

static int send_knock(const struct options *o, const char *how, const char *order)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	unsigned count = derive(o, packets);
	struct wire wire;

	if (open_wire(o, &wire))
		return 3;
	for (int i; (i = next_index(&order, count)) >= 0;) {
		struct wire_packet packet = expected(o, &packets[i]);

		if (!strcmp(how, "forge"))
			packet.word = random_word();
		if (!strcmp(how, "steal")) {
			packet.source = o->source;
			packet.source.b[15]++;
		}
		if (wire_send(&wire, &packet))
			return 3;
	}
	return 0;
}

static int send_scan(const struct options *o, const char *range)
{
	struct knock_shape shape;
	struct wire wire;

	if (knock_ports_parse(range, &shape))
		die(range, "not a range of ports");
	if (open_wire(o, &wire))
		return 3;
	for (unsigned port = shape.port_first; port <= shape.port_last; port++) {
		struct wire_packet packet = stranger(o, (uint16_t)port);

		if (wire_send(&wire, &packet))
			return 3;
	}
	return 0;
}

static int send_noise(const struct options *o, const char *count, const char *range)
{
	struct knock_shape shape;
	struct wire wire;

	if (knock_ports_parse(range, &shape))
		die(range, "not a range of ports");
	if (open_wire(o, &wire))
		return 3;
	for (long n = strtol(count, NULL, 10); n > 0; n--) {
		long span = shape.port_last - shape.port_first + 1;
		struct wire_packet packet = stranger(o, (uint16_t)(shape.port_first + random() % span));

		if (n % 2)
			packet.source.b[15] = (uint8_t)random();
		if (n % NOISE_BURST == 0)
			poll(NULL, 0, 1);
		if (wire_send(&wire, &packet))
			return 3;
	}
	return 0;
}

static int replay(const struct options *o, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *frame;
	struct wire wire;
	pcap_t *file = pcap_open_offline(path, why);
	int sent = 0;

	if (!file)
		die(path, why);
	if (open_wire(o, &wire))
		return 3;
	while (pcap_next_ex(file, &header, &frame) == 1) {
		if (wire_send_frame(&wire, frame, header->caplen))
			return 3;
		sent++;
	}
	pcap_close(file);
	printf("%d\n", sent);
	return sent ? 0 : 3;
}

/* To the source address, if one was given. */
static void bind_source(const struct options *o, int fd)
{
	static const struct address none;
	struct sockaddr_storage from;
	socklen_t length = address_to_sockaddr(&o->source, 0, &from);

	if (!address_equal(&o->source, &none) && bind(fd, (struct sockaddr *)&from, length) < 0)
		die("bind", strerror(errno));
}

static int probe(const struct options *o, uint16_t port, int timeout_ms)
{
	struct sockaddr_storage to;
	socklen_t length = address_to_sockaddr(&o->destination, port, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;

	if (fd < 0)
		die("socket", strerror(errno));
	bind_source(o, fd);
	if (connect(fd, (struct sockaddr *)&to, length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		die("connect", strerror(errno));
	if (poll(&p, 1, timeout_ms) == 0)
		return 1;
	length = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error && error != ECONNREFUSED)
		die("connect", strerror(error));
	return error ? 2 : 0;
}

/* Sends a SYN from a new port every RACE_GAP_NS until one is answered; microseconds from start to the answer. The
 * client's own kernel answers the SYN-ACK by a reset, so that nothing is left at the server. */
static int race(const struct options *o, const struct wire *wire, uint16_t port, uint64_t start)
{
	struct pollfd p = {.fd = wire->fd, .events = POLLIN};
	uint64_t next = start;

	for (unsigned sent = 0; next < start + RACE_LIMIT_NS;) {
		uint64_t now = now_ns();
		struct timespec wait = {.tv_nsec = next > now ? (long)(next - now) : 0};
		uint8_t frame[256];
		uint16_t answered;
		ssize_t n;

		if (now >= next) {
			struct wire_packet syn = stranger(o, port);

			syn.source_port = (uint16_t)(RACE_PORT_FIRST + sent++ % RACE_PORTS);
			if (wire_send(wire, &syn))
				return 3;
			next = now + RACE_GAP_NS; /* those that were missed are not made up for */
		}
		if (ppoll(&p, 1, &wait, NULL) <= 0)
			continue;
		n = recv(wire->fd, frame, sizeof(frame), MSG_DONTWAIT);
		now = now_ns();
		if (n > 0 && wire_is_syn_ack(frame, (size_t)n, &o->destination, port, &answered) &&
		    answered >= RACE_PORT_FIRST && answered < RACE_PORT_FIRST + RACE_PORTS) {
			printf("%.1f\n", (double)(now - start) / 1000);
			return 0;
		}
	}
	die("race", "no SYN was accepted");
	return 3;
}

/* Sends the packets; all before the last have been dealt with when that one leaves and the clock starts. */
static int race_packets(const struct options *o, const struct wire_packet *packets, unsigned count, uint16_t port)
{
	uint64_t start = 0;
	struct wire wire;

	if (open_wire(o, &wire))
		return 3;
	for (unsigned i = 0; i < count; i++) {
		if (i + 1 == count)
			poll(NULL, 0, SETTLE_MS);
		start = now_ns();
		if (wire_send(&wire, &packets[i]))
			return 3;
	}
	return race(o, &wire, port, start);
}

static int race_knock(const struct options *o, uint16_t port)
{
	struct sequence_packet knock[KNOCK_COUNT_MAX];
	struct wire_packet packets[KNOCK_COUNT_MAX];
	unsigned count = derive(o, knock);

	for (unsigned i = 0; i < count; i++)
		packets[i] = expected(o, &knock[i]);
	return race_packets(o, packets, count, port);
}

/* The knock of others: SYNs to some ports, or one datagram. */
static int race_ports(const struct options *o, const char *list, uint16_t port)
{
	struct wire_packet packets[KNOCK_COUNT_MAX];
	unsigned count = 0;

	for (int knock_port; (knock_port = next_index(&list, 65536)) >= 0; count++) {
		if (count == KNOCK_COUNT_MAX)
			die(list, "too many ports");
		packets[count] = stranger(o, (uint16_t)knock_port);
	}
	return race_packets(o, packets, count, port);
}

static int race_datagram(const struct options *o, const char *path, uint16_t knock_port, uint16_t port)
{
	struct wire_packet packet = stranger(o, knock_port);
	char text[WIRE_PAYLOAD_MAX + 1];

	packet.udp = true;
	packet.payload = (const uint8_t *)text;
	packet.payload_length = read_file(path, text, sizeof(text));
	if (packet.payload_length > WIRE_PAYLOAD_MAX)
		die(path, "too long for a datagram of this tool");
	return race_packets(o, &packet, 1, port);
}

static int race_connect(const struct options *o, uint16_t port)
{
	struct wire wire;

	if (open_wire(o, &wire))
		return 3;
	poll(NULL, 0, SETTLE_MS);
	return race(o, &wire, port, now_ns());
}

/* What one durable commit costs at least: a page written and on the disk, microseconds. */
static int sync_page(const char *path)
{
	static const uint8_t page[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	uint64_t start = now_ns();

	if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd) != 0)
		die(path, strerror(errno));
	printf("%.1f\n", (double)(now_ns() - start) / 1000);
	close(fd);
	return 0;
}

static uint16_t number(const char *text, unsigned long max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end || v > max)
		die(text, "not a number in range");
	return (uint16_t)v;
}

static int run(const struct options *o, int argc, char **argv)
{
	const char *command = argc > 0 ? argv[0] : "";

	if (argc == 2 && (!strcmp(command, "knock") || !strcmp(command, "forge") || !strcmp(command, "steal")))
		return send_knock(o, command, argv[1]);
	if (argc == 2 && !strcmp(command, "scan"))
		return send_scan(o, argv[1]);
	if (argc == 3 && !strcmp(command, "noise"))
		return send_noise(o, argv[1], argv[2]);
	if (argc == 2 && !strcmp(command, "replay"))
		return replay(o, argv[1]);
	if (argc == 3 && !strcmp(command, "probe"))
		return probe(o, number(argv[1], 65535), number(argv[2], 60000));
	if (argc == 2 && !strcmp(command, "connect"))
		return race_connect(o, number(argv[1], 65535));
	if (argc == 2 && !strcmp(command, "race"))
		return race_knock(o, number(argv[1], 65535));
	if (argc == 3 && !strcmp(command, "race-ports"))
		return race_ports(o, argv[1], number(argv[2], 65535));
	if (argc == 4 && !strcmp(command, "race-datagram"))
		return race_datagram(o, argv[1], number(argv[2], 65535), number(argv[3], 65535));
	if (argc == 2 && !strcmp(command, "sync"))
		return sync_page(argv[1]);
	fputs(usage_text, stderr);
	return 3;
}

static void parse_address(struct address *out, const char *text)
{
	if (address_parse(out, text))
		die(text, "not a numeric address");
}

int main(int argc, char **argv)
{
	struct options o = {.interface = "e0", .service = "http"};

	srandom((unsigned)(now_ns() ^ (uint64_t)getpid() << 32));
	for (int c; (c = getopt(argc, argv, "i:m:t:S:D:p:k:s:w:u")) != -1;) {
		switch (c) {
		case 'i':
			o.interface = optarg;
			break;
		case 'm':
			o.mac = optarg;
			break;
		case 't':
			if (o.tag_count == WIRE_TAGS_MAX)
				die(optarg, "one tag too many");
			o.tags[o.tag_count++] = number(optarg, 4094);
			break;
		case 'S':
			parse_address(&o.source, optarg);
			break;
		case 'D':
			parse_address(&o.destination, optarg);
			break;
		case 'p':
			o.profile = optarg;
			break;
		case 'k':
			o.key_file = optarg;
			break;
		case 's':
			o.service = optarg;
			break;
		case 'w':
			o.width = number(optarg, 64);
			break;
		case 'u':
			o.udp = true;
			break;
		default:
			fputs(usage_text, stderr);
			return 3;
		}
	}
	if (!o.mac)
		o.mac = "ff:ff:ff:ff:ff:ff";
	return run(&o, argc - optind, argv + optind);
}
