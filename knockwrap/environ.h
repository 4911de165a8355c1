/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's environment: made anew, whatever the super-server had or looked up about the client. */
#ifndef KNOCKWRAP_ENVIRON_H
#define KNOCKWRAP_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>

#include "knockwrap/options.h"
#include "knockwrap/peer.h"
#include "knockwrap/privileges.h"
#include "libcore/grant.h"

#define ENVIRON_KEPT 10	       /* variables that are taken over */
#define ENVIRON_MADE 8	       /* variables of our own making */
#define ENVIRON_MADE_SIZE 4200 /* room for one */
#define ENVIRON_MAX (ENVIRON_KEPT + ENVIRON_MADE + OPTIONS_ENV_MAX)

struct environment {
	const char *vector[ENVIRON_MAX + 1]; /* for execve(2) */
	size_t count;
	char made[ENVIRON_MADE][ENVIRON_MADE_SIZE];
	size_t made_count;
};

/* Is text "NAME" or "NAME=VALUE" with a name that --env may set? */
bool environ_may_set(const char *text);

/*
 * From the inherited environment PATH (a fixed one if there is none), TZ, LANG and the LC_ ones; HOME, USER, LOGNAME
 * and SHELL of the account that is switched to, which may be NULL; what --env says; last REMOTE_HOST, REMOTE_PORT,
 * QKNOCK_USER and QKNOCK_SERVICE. Borrows from all its arguments. STATUS_SYSTEM: a value is longer than a path.
 */
enum status environ_build(struct environment *out, char *const *inherited, const struct options *options,
			  const struct account *account, const struct peer *peer, const struct grant *g,
			  struct fault *fault);

#endif
