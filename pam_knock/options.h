/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of a line in /etc/pam.d, pam_knock(8). */
#ifndef PAM_KNOCK_OPTIONS_H
#define PAM_KNOCK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/name.h"

/* What pam_unix asks for after a wrong password, in microseconds: a refusal must not be told from one by time. */
#define OPTIONS_DELAY_DEFAULT 2000000

struct options {
	char service[SERVICE_NAME_MAX + 1]; /* of qknock, not PAM's */
	const char *grants;
	uint32_t max_age_s; /* 0: any age */
	uint32_t delay_us;
	bool match_user;
	bool single_use;
	bool ignore_no_host; /* norhost=ignore */
	bool debug;
	bool quiet;
};

/*
 * Borrows from argv. pam_service is PAM's name of the application and decides on the default of service=.
 * NULL when all is well, else the faulty argument, with what is wrong in *why (static text); out->delay_us is
 * usable even then.
 */
const char *options_parse(struct options *out, const char *pam_service, int argc, const char **argv, const char **why);

#endif
