/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which profile and which service HOST and PORT of "qknock connect" mean. HOST is, in this order: a profile's name, a
 * profile's host (or the same address written otherwise), a profile's server id. PORT is that of one of its tcp
 * services. --profile and --service decide what these leave open or would decide otherwise.
 */
#ifndef QKNOCK_TARGET_H
#define QKNOCK_TARGET_H

#include "libcore/profile.h"
#include "qknock/knock_options.h"
#include "qknock/profile_store.h"

struct target {
	char profile[PROFILE_NAME_MAX + 1];
	char service[SERVICE_NAME_MAX + 1];
	char host[PROFILE_HOST_MAX + 1]; /* where to connect: HOST, or the profile's host when HOST only names it */
};

/* Says on standard error what was looked for and what there is. Errors: NOT_FOUND, and those of profile_store.h. */
int target_find(const struct knock_options *options, struct target *out);

/* How profile (called name in the store) is meant by host: 0 not at all, else the better the smaller. */
unsigned target_rank(const struct profile *profile, const char *name, const char *host);

#endif
