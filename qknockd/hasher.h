/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks pass-codes off the packet path: a process of its own does nothing but crypt(3), 65 ms and 64 MB a time.
 * What one that dies was asked stays undecided; whoever starts processes gives another one.
 */
#ifndef QKNOCKD_HASHER_H
#define QKNOCKD_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/log.h"

struct hasher;

#define HASHER_WAITING_MAX 64

enum hasher_answer {
	HASHER_NO,
	HASHER_YES,    /* the pass-code is that of the hash */
	HASHER_UNDONE, /* the process died: nobody knows */
};

/* Called once for each check that was accepted. */
typedef void hasher_done(void *arg, uint64_t id, enum hasher_answer answer);

/* What the process does with its end of a SOCK_SEQPACKET pair. Returns when the other end is closed. */
void hasher_serve(int fd);

/* Without a process yet. Errors: NOMEM, IO. log and arg are borrowed. */
int hasher_new(hasher_done *done, void *arg, const struct log *log, struct hasher **out);
void hasher_free(struct hasher *hasher); /* waiting checks are forgotten */

/* The process behind fd, which becomes the hasher's, is the one to ask from now on; what was asked of another before
 * stays undecided. Errors: IO. */
int hasher_attach(struct hasher *hasher, int fd);

/* hash: NULL for a user that there is not; costs the same time and is never ok. Errors: AGAIN when
 * HASHER_WAITING_MAX wait already, or while there is no process. */
int hasher_check(struct hasher *hasher, uint64_t id, const char *hash, const char *pass_code);

int hasher_fd(const struct hasher *hasher); /* for epoll: the same one for the life of the hasher */
void hasher_dispatch(struct hasher *hasher);

#endif
