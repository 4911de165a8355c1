/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants in being, among their own files granter*.c: what is known of them, and what is done at the places. */
#ifndef QKNOCKD_GRANTER_STATE_H
#define QKNOCKD_GRANTER_STATE_H

#include <bsd/sys/tree.h>
#include <stdbool.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/granter.h"

/* In the order in which they are written and cleared: the table decides who reaches a port at all, so it is the one
 * that somebody waits for. Its entries carry their own end, hence none of them needs a file behind it. */
enum { TABLE, DIRECTORY, PLACES };

struct key {
	char service[SERVICE_NAME_MAX + 1];
	struct address client;
};

/* A grant: live, found by its key, or ending, when its end is still owed to a place, to the hook or to the store. */
struct entry {
	struct store_grant grant;
	struct key key;
	struct {
		bool there;
		uint64_t used;
	} at[PLACES];
	bool hook_queued, hook_started;
	RB_ENTRY(entry) in_keys, in_ends; /* of a live one */
	struct entry *prev, *next;	  /* of an ending one */
};

/* Trees and not lists: ends come in any order where services have different grant times, and listings need an order. */
RB_HEAD(key_tree, entry);
RB_HEAD(end_tree, entry);

struct granter {
	struct store *store;
	struct granter_outside outside;
	const struct log *log;
	const struct config *config;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	struct place *places[PLACES];
	bool behind[PLACES]; /* a live grant is missing there */
	bool missed;	     /* a grant of the store has no entry here */
	struct key_tree live;
	struct end_tree ends; /* the same, in this order */
	size_t live_count;
	struct entry *ending;
	uint64_t store_retry_ns;
};

/* granter.c: the live ones, the first to end first; NULL behind the last. */
struct entry *granter_find(const struct granter *granter, const struct grant *g); /* by service and client */
struct entry *granter_first_end(const struct granter *granter);
struct entry *granter_next_end_after(struct entry *entry);

/* granter_places.c. Each returns 0 or the error of the place. */

/* Opens, moves after, and writes what is missing, whatever of these is due. */
int granter_maintain(struct granter *granter, int i);
/* A live one that is new, at all places that are open or can be opened now. */
int granter_begin(struct granter *granter, struct entry *entry);
/* An ending one. */
int granter_remove_from(struct granter *granter, int i, struct entry *entry);
/* All that is there, to another place; use states are kept. */
int granter_move(struct granter *granter, int i, const char *where, const char *group);

#endif
