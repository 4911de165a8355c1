/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From options to packets: what "knock", "connect" and "exec" share. The steps are taken in the order in which they
 * stand here. Each returns CLIENT_OK or the exit code, after saying why on standard error.
 */
#ifndef QKNOCK_KNOCKER_H
#define QKNOCK_KNOCKER_H

#include "libcore/profile.h"
#include "qknock/client.h"
#include "qknock/knock_options.h"
#include "qknock/knock_report.h"
#include "qknock/knock_send.h"
#include "qknock/peer.h"
#include "qknock/plan.h"
#include "qknock/profile_store.h"

/* All that is secret, in one piece of guarded memory. */
struct knocker_vault;

struct knocker {
	struct knock_options options;
	char profile_name[PROFILE_NAME_MAX + 1];
	struct profile profile;
	const struct service *service;
	struct peer peer;
	int raw; /* of the server's family; -1: not open */
	struct knocker_vault *vault;
	struct sender *sender;
};

/* Profile, service, and the way to the server. */
int knocker_find(struct knocker *k);

/* All else that can be wrong before a key is asked for: the hop width and the carrier. */
int knocker_check(struct knocker *k, const struct client *client);

/* Asks for the key line, and makes the packets of it. */
int knocker_read_key(struct knocker *k);

/* How many different packets the knock has. */
unsigned knocker_count(const struct knocker *k);
/* The line of a sheet that the key is; 0: it is none. */
unsigned knocker_line(const struct knocker *k);

/* What knock_report.h prints; points into the knocker. */
struct knock_report knocker_report(const struct knocker *k);

/* Does all that can fail before the first packet. */
int knocker_open(struct knocker *k);

/* The whole set, repeat times; adds to outcome, which begins as zero. More than once is legal. */
int knocker_send(const struct knocker *k, unsigned repeat, const struct knock_watch *watch,
		 struct knock_outcome *outcome);

/* Wipes the secrets. To be called in any case, also after a failure, and again. */
void knocker_wipe(struct knocker *k);

#endif
