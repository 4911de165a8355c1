/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture processes, one for each interface: started by the helper while it still may open the interface, then
 * without any privilege. One whose interface goes away, or that dies, is started again when the interface is there.
 */
#ifndef QKNOCKD_CAPTURES_H
#define QKNOCKD_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "qknockd/child.h"
#include "qknockd/expected.h"
#include "qknockd/sandbox.h"

struct captures;

/* Takes a message that a capture process sent over its channel. Returns its number (privop.h), or an error for what is
 * none, or for the end. */
typedef int captures_message(void *arg, struct child *child);

/* Takes the end from which the packets of a process that has just started can be read (feed.h); borrowed. */
typedef void captures_started(void *arg, int feed);

struct captures_owner {
	captures_message *message;
	captures_started *started; /* not called by captures_new */
	void *arg;
	const struct log *log; /* borrowed */
	const struct sandbox_ids *ids;
	struct expected_set *expected; /* borrowed; NULL without the kernel's filter */
};

/* One process for each interface of config, which is not kept; waits until each is open or has said why not.
 * Errors: NOMEM, IO when none is open. */
int captures_new(const struct config *config, const struct captures_owner *owner, struct captures **out);

/* Each process hands over what it holds and ends. None is started any more. */
void captures_dismiss(struct captures *captures);
bool captures_are_gone(const struct captures *captures); /* all have ended */

/* Ends what has not ended yet. */
void captures_free(struct captures *captures);

/* Descriptors for epoll: of the process with this index, below captures_count; -1: there is none now. */
size_t captures_count(const struct captures *captures);
int captures_channel(const struct captures *captures, size_t i);
int captures_feed(const struct captures *captures, size_t i);

/* The process of this channel has something to say. */
void captures_dispatch(struct captures *captures, int channel);

void captures_reap(struct captures *captures); /* upon SIGCHLD */
void captures_tick(struct captures *captures); /* once a second: starts what is missing */

/* Whether each process that has an interface open has said since captures_doubt that it is alive. */
bool captures_are_alive(const struct captures *captures);
void captures_doubt(struct captures *captures);

#endif
