/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP connections to a port that is silent until it opens. The kernel sends a SYN that was lost or dropped again after
 * a whole second; here new attempts start in short, growing intervals beside the older ones, and the first that comes
 * about is the one. An attempt is given up when too many younger ones are there, not because of its age, so that a slow
 * path is not cut off.
 */
#ifndef QKNOCK_CONNECTOR_H
#define QKNOCK_CONNECTOR_H

#include <stdint.h>

#include "qknock/peer.h"

struct connector;

/* Attempts go to port of to's server, from to's client address where that is this host's own. to is copied.
 * Errors: NOMEM. */
int connector_new(const struct peer *to, uint16_t port, struct connector **out);
void connector_free(struct connector *c); /* ends all attempts; takes NULL */

/* One attempt, now. That it fails at once shows in connector_error. */
void connector_try(struct connector *c);

/* One attempt now, and from now on more whenever they are due while connector_wait runs. */
void connector_hasten(struct connector *c);

/* Waits until a connection came about or until_ns (of clock_boot_ns) is reached; once at least it looks.
 * Errors: AGAIN when there is none: the time is over, or a signal came (interrupt.h). */
int connector_wait(struct connector *c, uint64_t until_ns);

/* The connection, blocking and without options set; the caller's to close. -1 if there is none. */
int connector_take(struct connector *c);

unsigned connector_attempts(const struct connector *c);

/* errno of the last attempt that failed; 0 when all that happened was silence. */
int connector_error(const struct connector *c);

#endif
