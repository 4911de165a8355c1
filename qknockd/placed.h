/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grants whose files a directory holds, as far as this process has written or seen them, so that there is a bound
 * to them, whoever asks for more.
 */
#ifndef QKNOCKD_PLACED_H
#define QKNOCKD_PLACED_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcore/grant.h"

struct placed_file;
RB_HEAD(placed_tree, placed_file);

/* All zero: none. */
struct placed {
	struct placed_tree files;
	size_t count;
};

/* Remembers id, service and client of g, once. Errors: NOMEM. */
int placed_add(struct placed *placed, const struct grant *g);
bool placed_has(const struct placed *placed, const struct grant *g);
void placed_remove(struct placed *placed, const struct grant *g);
void placed_clear(struct placed *placed);

#endif
