/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line, knockwrap(8). */
#ifndef KNOCKWRAP_OPTIONS_H
#define KNOCKWRAP_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "knockwrap/refuse.h"
#include "knockwrap/report.h"
#include "knockwrap/status.h"
#include "libcore/address.h"
#include "libcore/name.h"

/* Where a link's name is looked up: an entry for each service, a link to its server. */
#define OPTIONS_SERVERS_DIR SYSCONFDIR "/qknock/servers"
#define OPTIONS_ENV_MAX 32

enum options_mode { OPTIONS_LAUNCH, OPTIONS_CHECK, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
	enum options_mode mode;
	char service[SERVICE_NAME_MAX + 1];
	const char *grants;
	uint32_t max_age_s; /* 0: any age */
	bool single_use;
	struct address check; /* for OPTIONS_CHECK */
	bool peek;
	const char *user; /* NULL: stay who we are */
	const char *root; /* NULL: no chroot */
	const char *env[OPTIONS_ENV_MAX];
	size_t env_count;
	mode_t mask;
	struct refusal refusal;
	struct report_options report;
	char **program;	       /* the server's argument vector; its first is the path, absolute */
	char linked[PATH_MAX]; /* room for that path when the service is a link's name */
};

/*
 * Called by its own name, knockwrap takes options; by any other, that is the service and all arguments are the
 * server's, which is found in the directory servers. Borrows from argv and writes into it. What was parsed before
 * a fault is usable for the report about it.
 */
enum status options_parse(struct options *out, int argc, char **argv, const char *servers, struct fault *fault);

const char *options_help(void);

#endif
