/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nanoseconds per stranger's packet in the session table, with 1 to 100,000 pending keys of two services and
 * two widths each, and with 10,000 sheets of keys besides, which cost a second look-up. The tables are measured by
 * turns in one run, so that whatever else the machine does meets all of them; medians over all samples. Two kinds of
 * strangers: random ones, and the worst, who use the client's own address and a port of the range. "many" is
 * what the daemon does, which hands over what has come together; "one" looks each up by itself.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/median.h"
#include "libcore/crypto.h"
#include "libcore/sequence.h"
#include "qknockd/session.h"

#define TURNS 9
#define SAMPLES_PER_TURN 24
#define SAMPLES (TURNS * SAMPLES_PER_TURN)
#define SAMPLE_PACKETS (1u << 13)
/* So few packets are drawn, their words changed in each round, that it is the table which is measured, and not how
 * fast packets come from memory. */
#define DRAWN_PACKETS (1u << 12)
#define WARM_PACKETS                                                                                                   \
	(1u << 20) /* a flood lasts: the caches are as it leaves them, with the whole of the largest filter */
#define SESSIONS_PER_KEY 4
#define LINES_PER_SHEET 4
#define AIM_NS 100.0
#define AIM_RATIO 1.1

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
static const unsigned keys[] = {1, 1000, 10000, 100000, 10000};
static const unsigned sheets[] = {0, 0, 0, 0, 10000};
#define TABLES (sizeof(keys) / sizeof(keys[0]))
#define PLAIN_TABLES (TABLES - 1) /* those without sheets come first */

enum stranger { STRANGER_RANDOM, STRANGER_CLIENT, STRANGERS };
enum pace { PACE_ONE, PACE_MANY, PACES };

static const char *const stranger_names[] = {"random", "client's address"};
static const char *const pace_names[] = {"one", "many"};

struct table {
	struct session_table *sessions;
	struct address *clients;
	unsigned count;
	double ns[STRANGERS][PACES][SAMPLES];
};

/* xorshift64*: inputs only need to vary, and drawing them must not take all day. */
static uint64_t random_state = 88172645463325252u;

static uint64_t draw(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(2685821657736338717);
}

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL) {
		fputs("bench_session: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static struct address draw_address(void)
{
	struct address a;
	uint32_t v4 = (uint32_t)draw();

	address_from_v4(&a, (const uint8_t *)&v4);
	return a;
}

static uint16_t draw_port(void)
{
	return (uint16_t)(shape.port_first + draw() % (unsigned)(shape.port_last - shape.port_first + 1));
}

/* One service with one width: without hopping all packets come from the client itself. */
static void add_session(struct table *t, const struct address *client, int hopping)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct session *session;

	for (unsigned i = 0; i < shape.count; i++) {
		packets[i] = (struct sequence_packet){*client, draw_port(), (uint32_t)draw()};
		if (hopping)
			packets[i].source.b[15] = (uint8_t)draw();
	}
	if (session_add(t->sessions, packets, shape.count, NULL, &session) != 0) {
		fputs("bench_session: out of memory\n", stderr);
		exit(1);
	}
}

/* What announces the next lines of a sheet: expected from anywhere. */
static void add_sheet(struct table *t)
{
	for (int i = 0; i < LINES_PER_SHEET; i++) {
		struct sequence_packet packet = {.port = draw_port(), .word = (uint32_t)draw()};
		struct session *session;

		if (session_add(t->sessions, &packet, 1, NULL, &session) != 0) {
			fputs("bench_session: out of memory\n", stderr);
			exit(1);
		}
	}
}

static void table_fill(struct table *t, unsigned count, unsigned sheet_count)
{
	if (session_table_new(&t->sessions) != 0) {
		fputs("bench_session: no session table\n", stderr);
		exit(1);
	}
	t->count = count;
	t->clients = allocate(count, sizeof(*t->clients));
	for (unsigned i = 0; i < count; i++) {
		t->clients[i] = draw_address();
		for (int s = 0; s < SESSIONS_PER_KEY; s++)
			add_session(t, &t->clients[i], s & 1);
	}
	for (unsigned i = 0; i < sheet_count; i++)
		add_sheet(t);
}

static void draw_packets(const struct table *t, enum stranger stranger, struct frame_knock *packets)
{
	for (unsigned i = 0; i < DRAWN_PACKETS; i++) {
		packets[i].word = (uint32_t)draw();
		packets[i].port = draw_port();
		packets[i].source = stranger == STRANGER_CLIENT ? t->clients[draw() % t->count] : draw_address();
		packets[i].carrier = FRAME_SYN;
	}
}

/* An announcement is met by chance, in so many packets. */
static void count_complete(void *arg, struct session *session, const struct frame_knock *packet)
{
	(void)packet;
	*(unsigned *)arg += !session_is_from_anywhere(session);
}

static void run(const struct table *t, const struct frame_knock *packets, unsigned count, enum pace pace)
{
	struct frame_knock knocks[SESSION_BATCH];
	unsigned completed = 0, n = pace == PACE_MANY ? SESSION_BATCH : 1;
	uint32_t round = 0;
	uint64_t known = 0;

	for (unsigned i = 0; i < count; i += n) {
		if (i % DRAWN_PACKETS == 0)
			round = (uint32_t)draw();
		for (unsigned k = 0; k < n; k++) {
			knocks[k] = packets[(i + k) % DRAWN_PACKETS];
			knocks[k].word ^= round;
		}
		session_packets(t->sessions, knocks, n, count_complete, &completed, &known);
	}
	if (completed > 0)
		fputs("bench_session: a stranger completed a knock\n", stderr);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(const struct table *t, const struct frame_knock *packets, enum pace pace, double *samples)
{
	run(t, packets, WARM_PACKETS, pace);
	for (unsigned i = 0; i < SAMPLES_PER_TURN; i++) {
		double start = now_ns();

		run(t, packets, SAMPLE_PACKETS, pace);
		samples[i] = (now_ns() - start) / SAMPLE_PACKETS;
	}
}

/* Others who get the processor between two samples leave its caches empty, which is not what is to be measured: for
 * these few seconds none shall, if we may ask for that. */
static void keep_processor(void)
{
	struct sched_param param = {.sched_priority = 1};
	double load;

	if (sched_setscheduler(0, SCHED_FIFO, &param) != 0 && getloadavg(&load, 1) == 1 && load > 0.5)
		printf(
		    "the machine is busy (load %.1f) and real-time scheduling not allowed: the figures are too high\n",
		    load);
}

static void print_row(struct table tables[static TABLES], int stranger, int pace)
{
	double ns[TABLES];

	printf("%-17s %-7s", stranger_names[stranger], pace_names[pace]);
	for (size_t i = 0; i < TABLES; i++) {
		ns[i] = median(tables[i].ns[stranger][pace], SAMPLES);
		printf(" %8.1f", ns[i]);
	}
	for (size_t i = 1; i < PLAIN_TABLES; i++)
		printf(" %8.2f", ns[i] / ns[0]);
	printf("   %s\n",
	       ns[PLAIN_TABLES - 1] / ns[0] < AIM_RATIO && ns[PLAIN_TABLES - 1] < AIM_NS && ns[TABLES - 1] < AIM_NS
		   ? "within"
		   : "missed");
}

int main(void)
{
	struct table *tables = allocate(TABLES, sizeof(*tables));
	struct frame_knock *packets = allocate(DRAWN_PACKETS, sizeof(*packets));

	keep_processor();
	for (size_t i = 0; i < TABLES; i++)
		table_fill(&tables[i], keys[i], sheets[i]);
	for (int turn = 0; turn < TURNS; turn++)
		for (int stranger = 0; stranger < STRANGERS; stranger++)
			for (size_t i = 0; i < TABLES; i++) {
				draw_packets(&tables[i], stranger, packets);
				for (int pace = 0; pace < PACES; pace++)
					measure(&tables[i], packets, pace,
						&tables[i].ns[stranger][pace][turn * SAMPLES_PER_TURN]);
			}
	printf("nanoseconds of processor time per stranger's packet, medians of %d samples of %u packets\n", SAMPLES,
	       SAMPLE_PACKETS);
	printf("pending keys:            ");
	for (size_t i = 0; i < PLAIN_TABLES; i++)
		printf(" %8u", keys[i]);
	printf("   10000+sheets  ratios to 1 key   aim: < %.0f ns, < %.1f x\n", AIM_NS, AIM_RATIO);
	for (int stranger = 0; stranger < STRANGERS; stranger++)
		for (int pace = 0; pace < PACES; pace++)
			print_row(tables, stranger, pace);
	for (size_t i = 0; i < TABLES; i++) {
		session_table_free(tables[i].sessions);
		free(tables[i].clients);
	}
	free(packets);
	free(tables);
	return 0;
}
