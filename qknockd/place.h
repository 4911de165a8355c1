/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A place where integrations look for grants: the grants directory (PAM, launchers) or the kernel's table
 * (iptables). Both are written through one interface, so that the granter treats them alike. A place that fails
 * is one log line when it begins to fail and one when it works again.
 */
#ifndef QKNOCKD_PLACE_H
#define QKNOCKD_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/grant.h"
#include "libcore/log.h"

struct place;

/* What kind of place it is; set and recovered may be NULL. */
struct place_operations {
	const char *name;
	int (*open)(struct place *place);
	void (*close)(struct place *place);
	bool (*is_current)(const struct place *place);
	int (*put)(struct place *place, const struct grant *g, uint64_t used);
	/* NULL: one after the other */
	void (*put_both)(struct place *const both[2], const struct grant *g, int rc[2]);
	int (*remove)(struct place *place, const struct grant *g);
	int (*walk)(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg);
	int (*set)(struct place *place);	/* where it shall be next has changed */
	void (*recovered)(struct place *place); /* place_recovered was called */
};

#define PLACE_FILES_MAX 131072 /* as many grants as the kernel's table has room for */

/* With so many files at most. Errors: NOMEM. */
int place_new_directory(size_t files_max, const struct log *log, struct place **out);
int place_new_table(const struct log *log, struct place **out); /* NOMEM */
/* One of another kind, which finds arg again by place_arg. log may be NULL: somebody else says what fails. */
int place_new(const struct place_operations *operations, void *arg, const struct log *log, struct place **out);
void *place_arg(const struct place *place);
void place_free(struct place *place); /* what is written stays */

/* Closes the place and remembers where it shall be next: path or table, NULL for nowhere; group (only of a
 * directory) may be NULL. Errors: NOMEM. */
int place_set(struct place *place, const char *where, const char *group);
bool place_is_set_to(const struct place *place, const char *where, const char *group);
bool place_is_nowhere(const struct place *place);

/* Makes it if necessary. Errors: GRANT_DIR, BPFFS, TABLE_DIR, KERNEL, IO, NOT_FOUND (group), NOMEM. */
int place_open(struct place *place);
void place_close(struct place *place);
bool place_is_open(const struct place *place);

/* False when integrations now look elsewhere: the table was unloaded and perhaps made again. */
bool place_is_current(const struct place *place);

/* Of an open place. used is its use state, 0 for none: a grant that is used is no good there any more (or only for
 * the connection that used it), and stays so when it is put somewhere else with the same state. Errors: those of
 * grantdir.h and knockmap.h, FULL, NOMEM. */
int place_put(struct place *place, const struct grant *g, uint64_t used);
/* An unused grant into two open places of which the table is the first. How it went at each goes to rc. */
void place_put_both(struct place *const both[2], const struct grant *g, int rc[2]);
int place_remove(struct place *place, const struct grant *g);

/* Of g only id, service and client are certain to be filled. A non-zero return ends the walk and is returned. each
 * may remove g. */
int place_walk(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg);

/* All that was to be written is written: says so if the place had failed. */
void place_recovered(struct place *place);

#endif
