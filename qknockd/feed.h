/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Possible knocks on their way from the capture processes to the verifier: records of fixed size, several in a message,
 * over SOCK_SEQPACKET pairs. A verifier that is slow makes nobody wait: what does not fit is counted and dropped.
 */
#ifndef QKNOCKD_FEED_H
#define QKNOCKD_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qknockd/capture.h"
#include "qknockd/frame.h"

/* --- the capture's end --- */

#define FEED_BATCH 64

struct feed_record {
	uint8_t source[16];
	uint32_t word;
	uint16_t port;
	uint8_t carrier;
	uint8_t zero;
};

struct feed_message {
	struct capture_counters counters; /* since the capture began */
	uint32_t count;
	uint32_t zero;
	struct feed_record records[FEED_BATCH];
};

struct feed_writer {
	int fd;
	uint64_t dropped; /* of ours: the verifier was slow */
	struct feed_message message;
};

/* A pair of ends with room for some 0.1 s of a flood, both non-blocking. Errors: IO. */
int feed_pair(int fds[2]);

void feed_write(void *writer, const struct frame_knock *knock); /* for capture_dispatch */
/* Sends what was written. counters are the capture's own. False when nobody reads any more. */
bool feed_flush(struct feed_writer *writer, const struct capture_counters *counters);

/* --- the verifier's end --- */

/* Whether the first len bytes are a message as feed_flush sends it. Errors: CONTROL. */
int feed_check(const struct feed_message *message, size_t len);

struct feed;

/* Errors: NOMEM, IO. */
int feed_new(struct feed **out);
void feed_free(struct feed *feed);

/* Reads from fd too, until its capture has ended; fd becomes the feed's, also on error. Errors: NOMEM, IO. */
int feed_add(struct feed *feed, int fd);

int feed_fd(const struct feed *feed); /* for epoll */

/* Hands over what has come to the ports of shape, a bounded amount. What is no message ends its capture's feed. */
void feed_dispatch(struct feed *feed, const struct knock_shape *shape,
		   void (*take)(void *arg, const struct frame_knock *knocks, size_t count), void *arg);

/* Of all captures, those that have ended too. */
void feed_counters(const struct feed *feed, struct capture_counters *out);

#endif
