/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon put together: its parts, the event loop, and what signals do. */
#ifndef QKNOCKD_DAEMON_H
#define QKNOCKD_DAEMON_H

#include "libcore/config.h"
#include "qknockd/logger.h"

struct daemon;

/* Opens everything that the configuration names; config becomes the daemon's, also on error. path is what a
 * reload reads. SIGTERM, SIGINT, SIGHUP and SIGCHLD are blocked from here on. Each fault is one log line.
 * Errors: those of the parts. */
int daemon_open(const char *path, struct config *config, struct logger *logger, struct daemon **out);

/* Serves until SIGTERM or SIGINT. Errors: IO. */
int daemon_run(struct daemon *daemon);

/* Leaves grants as they are: they end by themselves, and their hooks are made up for at the next start. */
void daemon_close(struct daemon *daemon);

#endif
