/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming another account for good: user, groups, capabilities. */
#ifndef KNOCKWRAP_PRIVILEGES_H
#define KNOCKWRAP_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

#include "knockwrap/status.h"

struct account {
	char *name; /* NULL for a number that the user database doesn't know */
	char *home;
	char *shell;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
};

/*
 * Looks "NAME" or "NAME:GROUP" up; both may be numbers. NAME comes with all groups of its own, NAME:GROUP and a number
 * that is nobody's account with that one group. The caller frees. STATUS_SYSTEM: there is no such one.
 */
enum status privileges_find(const char *text, struct account *out, struct fault *fault);
void privileges_free(struct account *account);

/* Becomes it, and makes sure that there is no way back. */
enum status privileges_drop(const struct account *account, struct fault *fault);

#endif
