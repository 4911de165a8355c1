/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of users and groups that the configuration gives, as numbers: looked up by root's process alone. */
#ifndef QKNOCKD_ACCOUNTS_H
#define QKNOCKD_ACCOUNTS_H

#include <sys/types.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "qknockd/sandbox.h"

/* Whom the processes become. Errors, logged with what mends them: CONFIG (no such user, root, both the same). */
int accounts_processes(const struct config *config, const struct log *log, struct sandbox_ids *verifier,
		       struct sandbox_ids *capture);

/* That of requests_adapter; (uid_t)-1: there is none, or no such user, which is logged. */
uid_t accounts_adapter(const struct config *config, const struct log *log);

/* *gid is (gid_t)-1 where none is configured. Errors, logged: CONFIG. */
int accounts_group(const struct config *config, const struct log *log, gid_t *gid);

#endif
