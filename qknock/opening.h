/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a port answer: tries whether it does already, else asks for a key, knocks, and tries to connect from the
 * moment on when the port may open, which is when one whole set has left. While it stays shut the set is sent again now
 * and then, because a packet may have been lost.
 */
#ifndef QKNOCK_OPENING_H
#define QKNOCK_OPENING_H

#include "qknock/knocker.h"

struct opening {
	struct knocker *knocker; /* after knocker_find */
	const struct peer *to;	 /* where to connect */
	uint16_t port;

	/* What came of it: */
	int fd; /* the connection, the caller's to close; -1 without */
	bool opened;
	bool knocked;
	struct knock_outcome outcome;
	unsigned attempts; /* to connect */
	int error;	   /* errno of those that failed otherwise than by silence; 0: none did */
	uint64_t wait_ms;  /* from the first packet to the connection */
};

/* Returns CLIENT_OK with fd, or the exit code after saying why on standard error. Stops early when a signal comes,
 * silently. */
int opening_run(struct opening *o, const struct client *client);

/* Knocks without a connection before or after. */
int opening_knock_only(struct opening *o, const struct client *client);

#endif
