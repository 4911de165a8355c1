/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a flood of events from becoming one of log lines: for each kind of line, and for all together, so many at once
 * and so many a second. A kind is what stands before the first "=". What was left out is counted and told.
 */
#ifndef QKNOCKD_LOGLIMIT_H
#define QKNOCKD_LOGLIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGLIMIT_KIND_BURST 2000
#define LOGLIMIT_KIND_PER_S 100
#define LOGLIMIT_ALL_BURST 8000
#define LOGLIMIT_ALL_PER_S 400

/* All zero: full. */
struct loglimit_bucket {
	uint64_t spent; /* in units of 1 / CLOCK_NS_PER_S of a line */
	uint64_t last_ns;
};

/* What one of several who write may have of it: so many lines at once, and so many a second. */
struct loglimit_share {
	uint64_t burst, per_s;
	struct loglimit_bucket bucket;
	uint64_t left_out; /* since it was last told */
};

/* As loglimit_take, before that. */
bool loglimit_share_take(struct loglimit_share *share, uint64_t now_ns);

struct loglimit;

struct loglimit *loglimit_new(void); /* NULL: out of memory */
void loglimit_free(struct loglimit *limit);

/* Whether the line may be written at this time, CLOCK_BOOTTIME. */
bool loglimit_take(struct loglimit *limit, const char *line, uint64_t now_ns);

/* Once a second. Fills text with what is to be told about one kind of which lines were left out since it was last told;
 * false: there is none (any more). */
bool loglimit_report(struct loglimit *limit, uint64_t now_ns, char *text, size_t size);

#endif
