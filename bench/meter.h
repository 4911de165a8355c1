/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor time of some processes between two moments. The sum is the scheduler's, in nanoseconds. How much of it was
 * spent in the program itself and how much in the kernel is sampled on the processors that the processes run on,
 * because the kernel's own division goes by its tick, which a daemon with a timer of its own may always or never meet.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define METER_PROCESSES_MAX 64

struct meter;

struct meter_time {
	uint64_t total_ns;
	double user_share; /* of the total, 0 to 1; 1 if nothing is known: then no program is flattered */
	unsigned samples;
	bool sampled; /* else user_share is from the kernel's ticks */
};

/* not_on: the processor that is left alone, because the sender of the flood has it. NULL, with a line on stderr, when
 * there is not enough memory. The processes are there all the time, or meter_stop fails. */
struct meter *meter_new(const pid_t *processes, unsigned count, int not_on);
void meter_free(struct meter *meter);

/* 0, or -1 with a line on stderr. */
int meter_start(struct meter *meter);
int meter_stop(struct meter *meter, struct meter_time *out);

#endif
