/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that holds keys and store and decides about knocks: engine, granter, requests and control socket behind
 * one event loop, without privileges. What lies outside of it is reached through remote.h.
 */
#ifndef QKNOCKD_VERIFIER_H
#define QKNOCKD_VERIFIER_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "qknockd/child.h"
#include "qknockd/expected.h"
#include "qknockd/sandbox.h"

/* What it inherits from the helper. */
struct verifier_setup {
	const char *path;  /* of the configuration, for messages */
	const char *store; /* the same until the daemon ends */
	struct config *config;
	uint32_t generation;
	struct sandbox_ids ids;
	uid_t adapter; /* of requests_adapter, or (uid_t)-1 */
	int call;      /* set by verifier_run */
	int control;   /* listening */
	int events;
	int checker;
	const int *feeds;
	size_t feed_count;
	const struct address *addresses; /* the host's own */
	size_t address_count;
	struct expected_set *expected; /* NULL without the kernel's filter; plain_reason says why */
	const char *plain_reason;
	uint64_t started_ns; /* the daemon as a whole */
	uint32_t restarts;   /* of verifiers before */
};

/* Runs it to its end in the calling process, whose whole life it is; for child_start. Returns its exit code. */
int verifier_run(void *setup, const struct child_self *self);

#endif
