/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strangers' packets at a given rate, or as fast as they go, and what they cost: the time of the processes given, and
 * the time that one packet takes to be sent. Over a veth pair the sender's processor also receives: filters, taps and
 * firewall of the other side are part of that time, so that its difference to a host without daemon is what the daemon
 * makes the kernel do for each packet. It is a median over bursts, which a neighbour on the machine does not move.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/meter.h"
#include "libcore/error.h"
#include "libcore/sequence.h"
#include "tests/netns/wire.h"

#define FRAMES 16384   /* drawn beforehand and sent in turn; whole bursts of them */
#define BURST_PACED 16 /* at 50,000 a second: every 0.32 ms */
#define BURST_FAST 64
#define BURSTS_MAX (1u << 20)
#define SPA_LENGTH 205 /* of fwknop's packets, for one port and a short address */
#define NS_PER_S UINT64_C(1000000000)
#define CALM_NS 200000000 /* before the meter starts: the daemon's timers adapt to the flood */

static const char usage_text[] =
    "usage: flood -i INTERFACE -m MAC -D DESTINATION -p FIRST-LAST [-S FIRST-LAST] [-k syn|udp|spa] [-r RATE]\n"
    "             [-t MILLISECONDS] [-c PROCESSOR] [PROCESS...]\n"
    "Sends packets from random sources, or from FIRST to LAST, RATE a second or as many as it can, and prints\n"
    "  rate=PACKETS/S sent=PACKETS send_ns=NS cpu_ns=NS user_share=0..1 split=sampled|ticks busy=SHARE\n"
    "send_ns: median time to send and receive a packet; cpu_ns: of the processes, for each packet; busy: of one\n"
    "processor, by the processes. With -t 0 it says \"started\" and goes on until it is told to end.\n";

enum kind { KIND_SYN, KIND_UDP, KIND_SPA };

struct options {
	const char *interface, *mac;
	struct address destination;
	uint32_t source_first, source_last; /* IPv4; all zero: random */
	struct knock_shape shape;	    /* only its ports */
	enum kind kind;
	uint64_t rate, duration_ns;
	int cpu;
	pid_t processes[METER_PROCESSES_MAX];
	unsigned process_count;
};

struct frame {
	size_t length;
	uint8_t bytes[WIRE_FRAME_MAX];
};

struct flood {
	struct wire wire;
	struct frame *frames;
	struct iovec *parts;
	struct mmsghdr *messages;
	float *burst_ns; /* for each burst, of one packet */
	size_t bursts;
	size_t next; /* of the frames */
	uint64_t sent;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "flood: %s: %s\n", what, why);
	exit(2);
}

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		die("memory", strerror(errno));
	return p;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint32_t draw(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

/* What a packet of single packet authorization looks like from outside: some 200 characters of base64. */
static void draw_spa(uint8_t text[static SPA_LENGTH])
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < SPA_LENGTH; i++)
		text[i] = (uint8_t)base64[draw() % 64];
}

static struct address draw_source(const struct options *o)
{
	/* Random ones are of 11.0.0.0 to 126.255.255.255: no loopback, multicast or broadcast. */
	uint32_t v = o->source_last > 0 ? o->source_first + draw() % (o->source_last - o->source_first + 1)
					: (11 + draw() % 116) << 24 | (draw() & 0xffffff);
	uint8_t v4[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	struct address a;

	address_from_v4(&a, v4);
	return a;
}

static void draw_frame(const struct flood *f, const struct options *o, struct frame *frame)
{
	uint8_t text[SPA_LENGTH];
	struct wire_packet packet = {
	    .destination = o->destination,
	    .source_port = (uint16_t)(32768 + draw() % 28000),
	    .port = (uint16_t)(o->shape.port_first + draw() % (uint32_t)(o->shape.port_last - o->shape.port_first + 1)),
	    .word = draw(),
	    .udp = o->kind != KIND_SYN,
	};

	packet.source = draw_source(o);
	if (o->kind == KIND_SPA) {
		draw_spa(text);
		packet.payload = text;
		packet.payload_length = SPA_LENGTH;
	}
	frame->length = wire_frame(&f->wire, &packet, frame->bytes);
}

static void flood_open(struct flood *f, const struct options *o)
{
	int one = 1;

	if (wire_open(&f->wire, o->interface, o->mac) != 0)
		exit(2);
	/* Straight to the interface: a queue would take packets that are then counted as sent. */
	if (setsockopt(f->wire.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) != 0)
		die("PACKET_QDISC_BYPASS", strerror(errno));
	f->frames = allocate(FRAMES, sizeof(*f->frames));
	f->parts = allocate(FRAMES, sizeof(*f->parts));
	f->messages = allocate(FRAMES, sizeof(*f->messages));
	f->burst_ns = allocate(BURSTS_MAX, sizeof(*f->burst_ns));
	for (size_t i = 0; i < FRAMES; i++) {
		draw_frame(f, o, &f->frames[i]);
		f->parts[i] = (struct iovec){f->frames[i].bytes, f->frames[i].length};
		f->messages[i].msg_hdr.msg_iov = &f->parts[i];
		f->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static void flood_close(struct flood *f)
{
	close(f->wire.fd);
	free(f->frames);
	free(f->parts);
	free(f->messages);
	free(f->burst_ns);
}

static void send_burst(struct flood *f, unsigned count)
{
	uint64_t start = now_ns();
	int n = sendmmsg(f->wire.fd, &f->messages[f->next], count, 0);

	f->next = (f->next + count) % FRAMES;
	if (n < 0 && errno != ENOBUFS && errno != EINTR)
		die("sendmmsg", strerror(errno));
	if (n <= 0)
		return;
	if (f->bursts < BURSTS_MAX)
		f->burst_ns[f->bursts++] = (float)(now_ns() - start) / (float)n;
	f->sent += (unsigned)n;
}

/* Until the end; bursts that were missed because the processor was taken away are made up for, up to 10 ms of them. */
static void run(struct flood *f, const struct options *o, uint64_t end)
{
	unsigned burst = o->rate > 0 ? BURST_PACED : BURST_FAST;
	uint64_t gap = o->rate > 0 ? burst * NS_PER_S / o->rate : 0;
	uint64_t next = now_ns();

	while (!ended) {
		uint64_t now = now_ns();

		if (now >= end)
			return;
		if (now < next) {
			struct timespec wait = {.tv_nsec = (long)(next - now)};

			nanosleep(&wait, NULL);
			continue;
		}
		send_burst(f, burst);
		next += gap;
		if (next + NS_PER_S / 100 < now)
			next = now;
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void report(struct flood *f, uint64_t ns, const struct meter_time *time)
{
	double sent = (double)f->sent;

	if (f->bursts == 0)
		die("nothing sent", "the interface takes no packets");
	qsort(f->burst_ns, f->bursts, sizeof(f->burst_ns[0]), compare);
	printf("rate=%.0f sent=%" PRIu64 " send_ns=%.1f cpu_ns=%.3f user_share=%.4f samples=%u split=%s busy=%.4f\n",
	       sent * NS_PER_S / (double)ns, f->sent, (double)f->burst_ns[f->bursts / 2], (double)time->total_ns / sent,
	       time->user_share, time->samples, time->sampled ? "sampled" : "ticks",
	       (double)time->total_ns / (double)ns);
}

static void keep_processor(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		die("processor", strerror(errno));
}

static void flood(const struct options *o)
{
	struct meter *meter = meter_new(o->processes, o->process_count, o->cpu);
	struct flood f = {.sent = 0};
	struct meter_time time;
	uint64_t start;

	if (meter == NULL)
		exit(2);
	flood_open(&f, o);
	keep_processor(o->cpu);
	run(&f, o, now_ns() + CALM_NS);
	f.sent = 0;
	f.bursts = 0;
	if (meter_start(meter) != 0)
		exit(2);
	if (o->duration_ns == 0) {
		puts("started");
		fflush(stdout);
	}
	start = now_ns();
	run(&f, o, o->duration_ns > 0 ? start + o->duration_ns : UINT64_MAX);
	if (meter_stop(meter, &time) != 0)
		exit(2);
	report(&f, now_ns() - start, &time);
	meter_free(meter);
	flood_close(&f);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-' || v > max)
		die(text, "not a number in range");
	return v;
}

static void parse_address(struct address *out, const char *text)
{
	if (address_parse(out, text) != 0 || !address_is_v4(out))
		die(text, "not an IPv4 address");
}

static uint32_t parse_v4(const char *text)
{
	struct address a;

	parse_address(&a, text);
	return (uint32_t)a.b[12] << 24 | (uint32_t)a.b[13] << 16 | (uint32_t)a.b[14] << 8 | a.b[15];
}

static void parse_sources(struct options *o, const char *range)
{
	char first[ADDRESS_TEXT_SIZE], last[ADDRESS_TEXT_SIZE];

	if (sscanf(range, "%45[^-]-%45s", first, last) != 2)
		die(range, "not a range of addresses");
	o->source_first = parse_v4(first);
	o->source_last = parse_v4(last);
	if (o->source_last < o->source_first)
		die(range, "not a range of addresses");
}

static enum kind parse_kind(const char *text)
{
	static const char *const names[] = {"syn", "udp", "spa"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum kind)i;
	die(text, "not syn, udp or spa");
	return KIND_SYN;
}

static void parse(struct options *o, int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "i:m:S:D:p:k:r:t:c:")) != -1;) {
		switch (c) {
		case 'i':
			o->interface = optarg;
			break;
		case 'm':
			o->mac = optarg;
			break;
		case 'S':
			parse_sources(o, optarg);
			break;
		case 'D':
			parse_address(&o->destination, optarg);
			break;
		case 'p':
			if (sscanf(optarg, "%hu-%hu", &o->shape.port_first, &o->shape.port_last) != 2 ||
			    o->shape.port_last < o->shape.port_first)
				die(optarg, "not a range of ports");
			break;
		case 'k':
			o->kind = parse_kind(optarg);
			break;
		case 'r':
			o->rate = number(optarg, 10000000);
			break;
		case 't':
			o->duration_ns = number(optarg, 60000) * 1000000;
			break;
		case 'c':
			o->cpu = (int)number(optarg, 1023);
			break;
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = {.cpu = -1, .duration_ns = NS_PER_S};
	struct sigaction action = {.sa_handler = on_signal};

	parse(&o, argc, argv);
	if (o.interface == NULL || o.mac == NULL || o.shape.port_last == 0 || argc - optind > METER_PROCESSES_MAX) {
		fputs(usage_text, stderr);
		return 2;
	}
	for (; optind < argc; optind++)
		o.processes[o.process_count++] = (pid_t)number(argv[optind], INT32_MAX);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	srandom((unsigned)(now_ns() ^ (uint64_t)getpid() << 32));
	flood(&o);
	return 0;
}
