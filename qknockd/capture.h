/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets from the interfaces: libpcap handles with a kernel filter that lets possible knocks through.
 * An interface that is missing or goes away is said in the log and looked for again.
 */
#ifndef QKNOCKD_CAPTURE_H
#define QKNOCKD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/log.h"
#include "qknockd/expected.h"
#include "qknockd/frame.h"

struct capture;

struct capture_counters {
	uint64_t seen;	    /* frames that passed the kernel filter */
	uint64_t malformed; /* of those: truncated or contradicting themselves */
	uint64_t other;	    /* of those: no knock after all */
	uint64_t dropped;   /* by the kernel for want of room */
	uint64_t plain;	    /* interfaces, of those open now, that have the classic filter alone */
};

/* interfaces: NULL-terminated names, "any" alone for all. programs: of the expected packets, NULL for none. Opens what
 * is there; errors: NOMEM, IO when none could be opened (each reason was logged). log and programs are borrowed for the
 * life of the capture. */
int capture_open(char *const *interfaces, const struct knock_shape *shape, const struct expected_programs *programs,
		 const struct log *log, struct capture **out);
void capture_close(struct capture *capture);

/* From now on nothing is opened or closed any more, for a process that may not: what is lost stays lost. */
void capture_seal(struct capture *capture);
bool capture_is_open(const struct capture *capture); /* at least one interface is */

/* A descriptor for epoll: readable when capture_dispatch has work. */
int capture_fd(const struct capture *capture);

/* Hands over what has arrived, bounded so that other work gets its turn. Never blocks. */
void capture_dispatch(struct capture *capture, void (*each)(void *arg, const struct frame_knock *knock), void *arg);

/* Once a second: looks for interfaces that were missing, refreshes the drop counters. */
void capture_tick(struct capture *capture);

void capture_counters(const struct capture *capture, struct capture_counters *out);

#endif
