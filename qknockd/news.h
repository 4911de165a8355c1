/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the helper tells the verifier unasked (privop.h), in order and without ever waiting for it: what does not fit
 * the socket stays in a queue.
 */
#ifndef QKNOCKD_NEWS_H
#define QKNOCKD_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcore/address.h"
#include "qknockd/privop.h"

struct news;

/* As many as hooks can wait, and some: a verifier that lets more of them lie does not listen any more. */
#define NEWS_MAX 20000

int news_new(struct news **out); /* NOMEM */
void news_free(struct news *news);

/* To a verifier that has just been started, which listens at the other end of fd. fd becomes the queue's; what was
 * meant for the verifier before is forgotten. -1: there is none, and what is told then is dropped. */
void news_attach(struct news *news, int fd);
int news_fd(const struct news *news); /* -1: none */

/* A descriptor (-1: none) is borrowed. Errors: NOMEM (or NEWS_MAX wait), IO (out of descriptors). */
int news_tell(struct news *news, enum privop_news what, uint64_t value, int fd);
int news_tell_addresses(struct news *news, const struct address *list, size_t count);

/* Sends what can be sent now. True when something is left: to be called again once fd is writable. */
bool news_flush(struct news *news);

#endif
