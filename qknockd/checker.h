/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that checks pass-codes (hasher.h): it has nothing but them, and no privileges. */
#ifndef QKNOCKD_CHECKER_H
#define QKNOCKD_CHECKER_H

#include "qknockd/child.h"
#include "qknockd/sandbox.h"

/* Starts it. *fd, for hasher_attach, is the caller's. Errors: IO. */
int checker_start(struct child *child, const struct sandbox_ids *ids, const struct log *log, int *fd);

#endif
