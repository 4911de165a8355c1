/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator is told. Descriptors 1 and 2 may be the client: nothing is ever written to a socket.
 * Lines about clients have the form of tcpd's and libwrap's, under the name of the server that they were for.
 */
#ifndef KNOCKWRAP_REPORT_H
#define KNOCKWRAP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/grant.h"

enum report_level { REPORT_ERRORS, REPORT_REFUSED, REPORT_ALL };

struct report_options {
	enum report_level level;
	int facility;	/* of syslog(3) */
	bool to_stderr; /* instead of syslog, unless that is a socket */
};

struct report {
	const struct report_options *options;
	const char *name; /* of the server, the base of its path */
};

/* "auth", "authpriv", "daemon", "user", "local0" to "local7"; false for anything else. */
bool report_facility(const char *name, int *facility);

/* Opens syslog under the name of the program; path may be NULL. The options are borrowed. */
void report_open(struct report *report, const struct report_options *options, const char *path);

/* Text for standard output: help and version. */
void report_print(const char *text);

/* Something that the administrator has to mend. */
void report_error(const struct report *report, const char *text);

void report_refused(const struct report *report, const char *service, const struct address *client, const char *why);
void report_passed(const struct report *report, const struct address *client, const struct grant *g);

#endif
