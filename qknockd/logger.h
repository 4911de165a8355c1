/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon's lines go: syslog, standard error or a file that is opened again on reload. */
#ifndef QKNOCKD_LOGGER_H
#define QKNOCKD_LOGGER_H

#include <stdbool.h>

#include "libcore/log.h"

struct logger;

/* Starts on standard error at level notice, which is what a daemon has before it has read its configuration.
 * NULL when out of memory. */
struct logger *logger_new(void);
void logger_free(struct logger *logger);

/* Moves to target ("syslog", "stderr" or an absolute path) and level. Errors: IO (errno tells), the old
 * target then stays. Also opens a file again that was rotated away. */
int logger_open(struct logger *logger, const char *target, enum log_level level);

/* Once a second: tells what the limits on lines left out (loglimit.h). */
void logger_tick(struct logger *logger);

/* While it starts, errors and warnings go to standard error as well as to the target. Off at first. */
void logger_starting(struct logger *logger, bool starting);

/* Valid for the life of the logger, whatever its target. */
const struct log *logger_log(const struct logger *logger);

#endif
