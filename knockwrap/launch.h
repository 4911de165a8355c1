/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming the server. */
#ifndef KNOCKWRAP_LAUNCH_H
#define KNOCKWRAP_LAUNCH_H

#include "knockwrap/environ.h"
#include "knockwrap/options.h"
#include "knockwrap/peer.h"
#include "knockwrap/privileges.h"

/*
 * Connection on 0 and 1, no descriptor above 2, signals as they are for a new program, umask, root directory, account
 * (NULL: none to switch to), then execve(2). Returns only if that fails: STATUS_SYSTEM, STATUS_NOT_FOUND,
 * STATUS_CANNOT_RUN; the connection is then still open on descriptor 0.
 */
enum status launch(const struct options *options, const struct peer *peer, const struct account *account,
		   const struct environment *environment, struct fault *fault);

/* The umask that a server starts with, unless --umask says otherwise. */
#define LAUNCH_MASK 022

#endif
