/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pinned programs some rule uses, in whatever network namespace and kind of iptables, and the removal of
 * those that none does.
 *
 * A rule that is loaded holds its program; so a program that lives although nothing is pinned is in use. To learn
 * that without taking the path away, which iptables-legacy looks up at each commit, a fresh program is put in its
 * place: the one before then dies, or a rule holds it. All programs of the path's identity count, pinned ever or now.
 */
#ifndef XT_KNOCK_KNOCKCOLLECT_H
#define XT_KNOCK_KNOCKCOLLECT_H

#include <stdbool.h>
#include <stddef.h>

#include "xt_knock/knocklock.h"
#include "xt_knock/knockoptions.h"

struct knockcollect_pin {
	struct knockoptions options;
	bool is_kept;
	bool is_used;
};

/* Examines the table's pins with the table locked alone. The caller frees *pins. Errors: NOT_FOUND (no map),
 * NOMEM, BPFFS, TABLE_DIR, KERNEL. */
int knockcollect_examine(const char *table, const struct knocklock *lock, struct knockcollect_pin **pins,
			 size_t *count);

/* Removes the pins that no rule uses and that are not kept; leaves all of them if another process is at work.
 * Errors: BUSY and those of knockcollect_examine. */
int knockcollect(const char *table);

#endif
