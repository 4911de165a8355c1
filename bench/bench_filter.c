/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nanoseconds that the kernel's filter of expected packets takes for one packet, by itself (BPF_PROG_TEST_RUN), and
 * that the verifier takes to tell it a packet, with few entries and with as many as it has room for. The packets of one
 * sample are all alike, so their entries are in the cache; but for "strangers in turn", where each is another's.
 * Medians.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/median.h"
#include "qknockd/expected.h"
#include "qknockd/frame.h"
#include "tests/unit/bpfrun.h"
#include "tests/unit/packets.h"
#include "xt_knock/bpfsys.h"

#define SAMPLES 501
#define REPEAT 2000
#define FEW 48

static const struct knock_shape shape = KNOCK_SHAPE_DEFAULT;
static struct expected_set *set;

static void die(const char *what)
{
	fprintf(stderr, "bench_filter: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double one_kind(int program, const struct frame *f)
{
	double samples[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		uint32_t ns;

		if (bpf_run_repeated(program, f->b, f->n, REPEAT, &ns) < 0)
			die("the filter does not run");
		samples[i] = ns;
	}
	return median(samples, SAMPLES);
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void add(uint32_t word)
{
	struct address source;
	uint32_t v4 = word * 2654435761u;

	address_from_v4(&source, (const uint8_t *)&v4);
	if (expected_add(set, &source, (uint16_t)(8800 + word % 100), word) != 0)
		die("the map cannot be filled");
}

static void expect_knock(const struct frame *f, int on)
{
	struct frame_knock k;

	if (frame_parse(DLT_EN10MB, f->b, f->n, f->n, &shape, &k) != FRAME_KNOCK)
		die("no knock");
	if (!on)
		expected_remove(set, &k.source, k.port, k.word);
	else if (expected_add(set, &k.source, k.port, k.word) != 0)
		die("the map cannot be filled");
}

/* Of another port: the sieve lets the stranger through, the map does not. */
static void expect_word(const struct frame *f, int on)
{
	struct frame_knock k;

	if (frame_parse(DLT_EN10MB, f->b, f->n, f->n, &shape, &k) != FRAME_KNOCK)
		die("no knock");
	if (!on)
		expected_remove(set, &k.source, k.port + 1, k.word);
	else if (expected_add(set, &k.source, k.port + 1, k.word) != 0)
		die("the map cannot be filled");
}

enum { EMPTY, STRANGER4, STRANGER6, STRANGER_UDP, STRANGER_SIEVED, HIT, ESTABLISHED, OTHER_PORT, INEXACT, KINDS };

static const char *const names[KINDS] = {"a filter that does nothing",
					 "a stranger's SYN, IPv4",
					 "a stranger's SYN, IPv6",
					 "a stranger's datagram",
					 "a stranger's SYN that is in the sieve",
					 "an expected SYN",
					 "a segment of a connection",
					 "a SYN to another port",
					 "a SYN, all let through"};

/* What a run costs by itself. */
static int empty_program(void)
{
	static const struct bpf_insn insns[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	static int fd;

	if (fd == 0)
		fd = bpfsys_prog_load("empty", insns, 2);
	return fd;
}

static void measure(double out[static KINDS])
{
	int program = expected_get_programs(set)->network;
	struct frame f;

	expected_set_exact(set, true);
	frame_knock(&f, DLT_EN10MB, 0, 0);
	out[EMPTY] = one_kind(empty_program(), &f);
	out[STRANGER4] = one_kind(program, &f);
	expect_word(&f, 1);
	out[STRANGER_SIEVED] = one_kind(program, &f);
	expect_word(&f, 0);
	expect_knock(&f, 1);
	out[HIT] = one_kind(program, &f);
	expect_knock(&f, 0);
	expected_set_exact(set, false);
	out[INEXACT] = one_kind(program, &f);
	expected_set_exact(set, true);
	frame_u16(&f, f.transport + 2, 443);
	out[OTHER_PORT] = one_kind(program, &f);
	f.b[f.transport + 13] = 0x10;
	out[ESTABLISHED] = one_kind(program, &f);
	frame_knock(&f, DLT_EN10MB, 1, 0);
	out[STRANGER6] = one_kind(program, &f);
	frame_knock(&f, DLT_EN10MB, 0, 4);
	out[STRANGER_UDP] = one_kind(program, &f);
}

int main(void)
{
	double few[KINDS], full[KINDS];
	double begin;
	uint32_t words = 0;

	if (expected_open(EXPECTED_MAX, NULL, &set) != 0) {
		printf("the kernel's filter is not measured: %s\n", strerror(errno));
		return 0;
	}
	expected_set_ports(set, shape.port_first, shape.port_last);
	while (words < FEW)
		add(words++);
	measure(few);
	begin = cpu_ns();
	while (words < EXPECTED_MAX - 1)
		add(words++);
	begin = cpu_ns() - begin;
	measure(full);
	printf("nanoseconds of the kernel's filter per packet\nexpected packets:              %9d %9d    ratio\n", FEW,
	       EXPECTED_MAX - 1);
	for (int i = 0; i < KINDS; i++)
		printf("%-30s %9.1f %9.1f %8.2f\n", names[i], few[i], full[i], full[i] / few[i]);
	printf("a packet is told to it in %.0f ns\n", begin / (EXPECTED_MAX - 1 - FEW));
	expected_close(set);
	return 0;
}
