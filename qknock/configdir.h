/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a user's files of qknock are: $XDG_CONFIG_HOME/qknock, or ~/.config/qknock without that variable. */
#ifndef QKNOCK_CONFIGDIR_H
#define QKNOCK_CONFIGDIR_H

#include <limits.h>

/* The path of what is called name there; it need not exist. Errors, said on standard error: NOT_FOUND (no home
 * directory), SPACE. */
int configdir_path(const char *name, char path[static PATH_MAX]);

#endif
