/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests for one-time keys that come over a channel of their own, SMS first of all (protocol.md section 2):
 * who may ask, how often, and what is answered. A request without a right to an answer gets none, and costs the
 * same time whether the user exists or not.
 */
#ifndef QKNOCKD_REQUESTS_H
#define QKNOCKD_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "libcore/number.h"
#include "qknockd/engine.h"

#define REQUESTS_TEXT_MAX 512 /* longer ones are no requests */
#define REQUESTS_REPLY_SIZE 161

/* What is to be sent; text empty: silence. number is one that is registered, never the sender's own words. */
struct requests_answer {
	int error; /* 0, or AGAIN: nothing was decided, the same request may be handed in again */
	char number[NUMBER_SIZE];
	char text[REQUESTS_REPLY_SIZE];
};

/* Who waits for an answer: the caller's to fill in, given back as it was. */
struct requests_token {
	uint64_t a, b;
};

typedef void requests_done(void *arg, const struct requests_token *token, const struct requests_answer *answer);

struct requests;

struct requests_counters {
	uint64_t taken;	   /* requests handed in */
	uint64_t answered; /* with a key */
	uint64_t refused;  /* in silence, or with a reason to a registered person */
};

/* engine, log and arg are borrowed; config until the next reload. Errors: NOMEM, IO. */
int requests_new(struct engine *engine, const struct config *config, requests_done *done, void *arg,
		 const struct log *log, struct requests **out);
void requests_free(struct requests *requests);
void requests_reload(struct requests *requests, const struct config *config);

/* Who checks pass-codes from now on (hasher_attach): until then all are told to try again. Errors: IO. */
int requests_attach(struct requests *requests, int fd);

/* Takes one request as it came: sender in any form, text of len bytes. done is called exactly once, perhaps before
 * this returns, unless requests_free comes first. */
void requests_submit(struct requests *requests, const char *sender, const char *text, size_t len,
		     const struct requests_token *token);

/* Forgets a user's wrong pass-codes, and what the limits remember of the user and the registered numbers.
 * Errors: NOT_FOUND, STORE. */
int requests_unlock(struct requests *requests, const char *user);

void requests_counters(const struct requests *requests, struct requests_counters *out);

int requests_fd(const struct requests *requests); /* for epoll */
void requests_dispatch(struct requests *requests);

#endif
