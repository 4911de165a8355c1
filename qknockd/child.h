/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that the helper starts: how it begins, the channel between both, and how it is told to have ended. */
#ifndef QKNOCKD_CHILD_H
#define QKNOCKD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcore/log.h"
#include "qknockd/loglimit.h"

struct child {
	const char *name; /* static */
	pid_t pid;	  /* 0: there is none */
	int fd;		  /* the helper's end of the channel; -1: none */
	unsigned from;	  /* PRIVOP_VERIFIER, ... */
	bool alive;	  /* it has said so since this was last set to false */
	struct loglimit_share lines;
};

/* Of what all may log together (loglimit.h) the verifier has three quarters, as most lines are its own; the others have
 * next to nothing to say. What is left is the helper's. */
#define CHILD_NONE(name_, from_)                                                                                       \
	{                                                                                                              \
		.name = (name_), .fd = -1, .from = (from_),                                                            \
		.lines = {.burst = (from_) == PRIVOP_VERIFIER ? LOGLIMIT_ALL_BURST * 3 / 4 : 200,                      \
			  .per_s = (from_) == PRIVOP_VERIFIER ? LOGLIMIT_ALL_PER_S * 3 / 4 : 10},                      \
	}

/* Of a child, in the child: its end of the channel, and its parent. */
struct child_self {
	int fd;
	pid_t parent;
	int log_flags;
	struct log log; /* lines go to the helper; level is that of the log given to child_start */
};

/*
 * Forks. The child keeps the descriptors of keep (count of them, room for one more, sorted in place), its channel and
 * /dev/null on 0 to 2, ignores SIGTERM, SIGINT and SIGHUP (the helper ends it), runs run and exits with what that
 * returns. Errors: IO.
 */
int child_start(struct child *child, int (*run)(void *arg, const struct child_self *self), void *arg, int *keep,
		size_t count, const struct log *log);

/* Closes the channel, which tells the child to end. */
void child_dismiss(struct child *child);

/* Ends it at once, as one that nobody can talk to any more. */
void child_end(struct child *child);

/* The same, and waits. */
void child_kill(struct child *child);

bool child_has_ended(const struct child *child); /* and is still to be reaped */

/* Once a second: tells how many of its lines were left out. */
void child_tick(struct child *child, const struct log *log);

/* True when it has ended, which is then logged unless expected. */
bool child_reap(struct child *child, bool expected, const struct log *log);

#endif
