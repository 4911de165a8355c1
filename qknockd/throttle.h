/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often someone may ask: a bucket of tokens for each name (a telephone number, a user), refilled at a steady
 * rate, and a wait that doubles with each failure in a row. Bounded: the name that was idle longest makes room.
 */
#ifndef QKNOCKD_THROTTLE_H
#define QKNOCKD_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_NAME_SIZE 40
#define THROTTLE_NAMES_MAX 4096

struct throttle;

int throttle_new(struct throttle **out); /* NOMEM */
void throttle_free(struct throttle *throttle);

/* At most count within any seconds, in the long run, and no wait longer than wait_max_s. Keeps what is known of
 * names. */
void throttle_set(struct throttle *throttle, uint32_t count, uint32_t seconds, uint32_t wait_max_s);

enum throttle_answer {
	THROTTLE_YES,
	THROTTLE_NO,	/* the first refusal since the last yes: worth a line in the log */
	THROTTLE_AGAIN, /* refused again */
};

/* Takes a token of name at now_ns (CLOCK_BOOTTIME). Without memory for the name: NO, and nothing is known of it. */
enum throttle_answer throttle_take(struct throttle *throttle, const char *name, uint64_t now_ns);

/* Gives back the token that the last YES took. */
void throttle_give_back(struct throttle *throttle, const char *name);

/* After each failure the name waits 1, 2, 4, ... seconds; a success forgets that. */
void throttle_failed(struct throttle *throttle, const char *name, uint64_t now_ns);
void throttle_succeeded(struct throttle *throttle, const char *name);

/* As if name had never asked. */
void throttle_forget(struct throttle *throttle, const char *name);

#endif
