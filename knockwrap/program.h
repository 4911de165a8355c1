/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program is started. */
#ifndef KNOCKWRAP_PROGRAM_H
#define KNOCKWRAP_PROGRAM_H

#include <stddef.h>

#include "knockwrap/status.h"

/*
 * Is path, as seen below root unless that is NULL, a program that we can become, and not we ourselves? So that a
 * grant is not spent on a server that can't be started, and a link that leads back here doesn't start us for ever.
 * STATUS_NOT_FOUND, STATUS_CANNOT_RUN; STATUS_SYSTEM: root is no directory.
 */
enum status program_check(const char *root, const char *path, struct fault *fault);

/*
 * The server of a service: the entry dir/service is a program, or a link to the absolute path of one, which is then
 * the path that it is started by. dir is held to the rule of the grants directory (grant.h).
 * STATUS_NOT_FOUND: no such entry; STATUS_CANNOT_RUN: dir is unsafe, or the link is relative or too long.
 */
enum status program_of_link(const char *dir, const char *service, char *path, size_t size, struct fault *fault);

#endif
