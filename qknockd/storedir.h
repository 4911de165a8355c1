/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's directory, handed over by root to the user whose process alone opens the store. */
#ifndef QKNOCKD_STOREDIR_H
#define QKNOCKD_STOREDIR_H

#include "libcore/log.h"
#include "qknockd/sandbox.h"

/*
 * Makes the directory of the file store if it alone is missing. One that is root's and holds nothing but the store
 * becomes, with the store's files, ids' own, mode 0700. One that is theirs already is left as it is: from then on
 * somebody else than root decides what lies there. *lock holds the directory against a second daemon until it is
 * closed. Errors, logged with what mends them: STORE; NOMEM; *lock is -1 then.
 */
int storedir_hand_over(const char *store, const struct sandbox_ids *ids, const struct log *log, int *lock);

#endif
