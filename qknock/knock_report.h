/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "qknock knock" prints on standard output. */
#ifndef QKNOCK_KNOCK_REPORT_H
#define QKNOCK_KNOCK_REPORT_H

#include <stdbool.h>

#include "libcore/profile.h"
#include "qknock/knock_options.h"
#include "qknock/knock_send.h"
#include "qknock/plan.h"

struct opening;

struct knock_report {
	const struct knock_options *options; /* carrier resolved */
	const char *profile;
	const struct service *service;
	const struct plan *plan;
};

/* --dry-run: a table in the manner of the paper's Figure 5, or JSON. Source ports are chosen at sending. Words only
 * with --show-words. Errors: CRYPTO, NOMEM. */
int knock_report_packets(const struct knock_report *report);

/* One line, or JSON. Errors: NOMEM. */
int knock_report_outcome(const struct knock_report *report, const struct knock_outcome *outcome);

/* What connect and exec report as JSON, on standard error, since standard output is not theirs. Errors: NOMEM. */
int knock_report_opening(const struct opening *opening, int status);

#endif
