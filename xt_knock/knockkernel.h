/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qknockctl kernel load|unload|show": a table's map and pins, without a rule or a daemon.
 *
 * iptables-legacy looks pinned paths up at each commit, and a rule set that was saved without our listing names
 * them: load makes map and pins before the firewall is restored at boot.
 */
#ifndef XT_KNOCK_KNOCKKERNEL_H
#define XT_KNOCK_KNOCKKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xt_knock/knockoptions.h"

/* Makes the table's map and a pin for each name: a service ("ssh"), or the last part of the path that a saved rule
 * names ("ssh_age30_once_not"). They stay, used or not, until they are unloaded. Names are all checked first.
 * Errors: TABLE_NAME, SERVICE_NAME (a name that is neither), BPFFS, TABLE_DIR, KERNEL (errno tells). */
int knockkernel_load(const char *table, const char *const *names, size_t count);

/* Removes the table's pins and map. Unless forced, BUSY and nothing is removed while a rule uses any of it, or
 * while iptables runs go on for two seconds. Forced, rules go on with the grants that they have but see no new ones,
 * and iptables-legacy can't change tables that hold them. qknockd notices by knockmap_is_current.
 * Errors: TABLE_NAME, NOT_FOUND, BUSY, BPFFS, TABLE_DIR, KERNEL. */
int knockkernel_unload(const char *table, bool force);

struct knockkernel_map {
	uint32_t id;
	uint32_t entries; /* grants, live or not */
	uint32_t max_entries;
};

struct knockkernel_pin {
	struct knockoptions options;
	const char *path;
	uint32_t program_id;
	unsigned programs; /* loaded of this path, in rules or pinned; 2 and more: a rule uses it */
	bool is_kept;	   /* from knockkernel_load */
};

/* Reads only. The map, then each pin in order; a non-zero return of each ends the walk and is returned.
 * Errors: TABLE_NAME, NOT_FOUND, BPFFS, NOMEM, KERNEL. */
int knockkernel_show(const char *table, struct knockkernel_map *map,
		     int (*each)(void *arg, const struct knockkernel_pin *pin), void *arg);

#endif
