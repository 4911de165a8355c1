/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results, for people or as JSON: one row of columns describes both. People get an aligned table with a heading, or
 * "heading: value" lines for a single thing; scripts get an array of objects, or one object.
 */
#ifndef QKNOCKCTL_OUTPUT_H
#define QKNOCKCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/control.h"

enum output_kind {
	OUTPUT_TEXT,
	OUTPUT_NUMBER,	 /* below 2^63 */
	OUTPUT_COUNT,	 /* the same, of something that only grows while the daemon runs */
	OUTPUT_BIG,	 /* any u64: a string in JSON, whose readers often hold 53 bits only */
	OUTPUT_FLAG,	 /* yes or no: a boolean */
	OUTPUT_WORDS,	 /* blank-separated: an array of strings; none means all of them */
	OUTPUT_NAMES,	 /* the same, but none means none */
	OUTPUT_NUMBERS,	 /* blank-separated: an array of numbers */
	OUTPUT_DURATION, /* seconds: 1m30s for people */
	OUTPUT_TIME,	 /* Unix seconds: local time for people */
};

struct output_column {
	const char *field;   /* of the message; in JSON with _ for - */
	const char *heading; /* NULL: not shown to people */
	enum output_kind kind;
};

struct output;

/* none: what people read when nothing was added. Everything is borrowed. NULL when out of memory. */
struct output *output_new(bool json, const struct output_column *columns, size_t count, const char *none);

/* Takes one item; a column without its field is left out. Returns false when out of memory. */
bool output_add(struct output *output, const struct control_message *item);

/* Writes everything to standard output. */
void output_table(struct output *output);
void output_single(struct output *output);

void output_free(struct output *output);

/* Writes {"key": "value"}. False when out of memory. */
bool output_object(const char *key, const char *value);
/* And {"key": "value", "key2": "value2"}. */
bool output_pair(const char *key, const char *value, const char *key2, const char *value2);

/* "45s", "1m30s", "2h05m", "3d04h". */
#define OUTPUT_DURATION_SIZE 32
void output_duration(uint64_t seconds, char text[static OUTPUT_DURATION_SIZE]);

#endif
