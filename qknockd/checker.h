/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that checks pass-codes (hasher.h): it has nothing but them, and no privileges. */
#ifndef QKNOCKD_CHECKER_H
#define QKNOCKD_CHECKER_H

#include "qknockd/child.h"
#include "qknockd/expected.h"
#include "qknockd/sandbox.h"

/* Starts it; expected, NULL or what the helper has, is left there. *fd, for hasher_attach, is the caller's. Errors: IO.
 */
int checker_start(struct child *child, const struct sandbox_ids *ids, struct expected_set *expected,
		  const struct log *log, int *fd);

#endif
