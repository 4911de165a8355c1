/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants in being: writes them where the integrations look (files, kernel map), runs the hooks at their
 * beginning and end, and makes up for ends that were missed while the daemon was down.
 */
#ifndef QKNOCKD_GRANTER_H
#define QKNOCKD_GRANTER_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "qknockd/hooks.h"
#include "qknockd/place.h"
#include "qknockd/store.h"

struct granter;

/* What a granter does outside of itself, for one that may do nothing there by itself. */
struct granter_outside {
	struct place *directory, *table; /* become the granter's, also on error */
	/* As hooks_run, for one of the hooks of the grant's service. argv is what the configuration says, NULL for
	 * none. */
	int (*run_hook)(void *arg, enum hook_kind kind, char *const *argv, const struct store_grant *grant,
			void (*started)(void *arg), void *started_arg);
	void *arg;
};

/* All borrowed; to be freed before hooks. granter_start (below) does the work. Errors: NOMEM. */
int granter_new(struct store *store, struct hooks *hooks, const struct log *log, struct granter **out);
int granter_new_outside(struct store *store, const struct granter_outside *outside, const struct log *log,
			struct granter **out);
void granter_free(struct granter *granter);

/* At start: opens directory and map of the configuration, brings both in line with the store's grants (a used
 * one stays used), removes what has no grant, and ends what expired meanwhile, belongs to an earlier boot or to a
 * service that is no longer configured. A directory or map that fails is logged once and tried again at every
 * tick. config is borrowed until granter_reload. Errors: STORE, IO (no boot id), NOMEM. */
int granter_start(struct granter *granter, const struct config *config);

/* After SIGHUP: new hooks, and new places if these changed (old files are removed, new ones written, what was used
 * stays used). Grants of services that are gone end, with the hooks of the configuration before, which must still be
 * there during the call. Errors: NOMEM, or that of the first place that failed; the rest is done nevertheless. */
int granter_reload(struct granter *granter, const struct config *config);

/* The grant that store_consume just made durable: map, file, hook, one line in the log, in this order; map and file
 * with one request to who writes them, so that the file is there before a program that looks for it could have been
 * started. It supersedes a live one of the same service and address, whose close hook does not run. What could not be
 * written is logged and tried again at each tick while the grant lives. Errors: NOMEM (begun at a later tick), or that
 * of the first place that failed. */
int granter_add(struct granter *granter, const struct store_grant *grant);

/* Ends what is due; writes what failed before. The store forgets a grant only after its files are gone and its close
 * hook was started: what a crash interrupts is made up for, so a close hook can run twice. */
void granter_tick(struct granter *granter);

/* Nanoseconds of CLOCK_BOOTTIME at which the next grant ends, 0 if there is none: the caller's timer. */
uint64_t granter_next_end(const struct granter *granter);

/* Ends grants before their time; NULL service or client: any. Returns how many. */
unsigned granter_revoke(struct granter *granter, const char *service, const struct address *client);

size_t granter_count(const struct granter *granter);
/* Live grants ordered by service and address, those behind the service and address of after, which may be NULL. A
 * non-zero return of each, which must not change them, ends the walk and is returned. */
int granter_each(const struct granter *granter, const struct grant *after,
		 int (*each)(void *arg, const struct store_grant *grant), void *arg);

#endif
