/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules that Linux-PAM would call for a service, in order: pam.d(5) with everything that it includes. */
#ifndef QKNOCKCTL_PAMSTACK_H
#define QKNOCKCTL_PAMSTACK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define PAMSTACK_TEXT_SIZE 1024 /* of a line, as libpam has it */

struct pamstack_line {
	char file[PATH_MAX];
	unsigned number;		  /* of the line in its file */
	unsigned substack;		  /* 0: none; "done" and "die" inside one end only that one */
	char control[PAMSTACK_TEXT_SIZE]; /* "required", or the inside of [...] */
	char module[PAMSTACK_TEXT_SIZE];
	char arguments[PAMSTACK_TEXT_SIZE];
};

struct pamstack {
	struct pamstack_line *lines;
	size_t count;
	unsigned substacks;
	char fault[PATH_MAX]; /* the file that could not be read */
};

/* type: "auth", "account" and so on. What is included is looked for beside path. Errors: IO (errno, stack->fault),
 * CONFIG when files include each other without end, NOMEM; nothing is to be freed then. */
int pamstack_read(struct pamstack *stack, const char *path, const char *type);
void pamstack_free(struct pamstack *stack);

/* What libpam does when the module returns the value, written as pam.d(5) does ("perm_denied"): "ok", "done", "bad",
 * "die", "ignore", "reset" or a number of lines to skip. */
const char *pamstack_action(const struct pamstack_line *line, const char *value, char text[static 16]);

/* The same module, whatever its directory? name as "pam_unix". */
bool pamstack_is(const struct pamstack_line *line, const char *name);

#endif
