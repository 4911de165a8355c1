/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl status, reload */
#include "qknockctl/daemon.h"

#include <stdio.h>

#include "qknockctl/listing.h"

const struct output_column daemon_status_columns[] = {
    {"version", "Version", OUTPUT_TEXT},
    {"pid", "Process", OUTPUT_NUMBER},
    {"uptime", "Running for", OUTPUT_DURATION},
    {"sandbox", "Processes kept apart by", OUTPUT_TEXT},
    {"verifier-restarts", "Verifier died", OUTPUT_COUNT},
    {"packets-seen", "Packets seen", OUTPUT_COUNT},
    {"packets-known", "  part of a knock", OUTPUT_COUNT},
    {"packets-other", "  no knock", OUTPUT_COUNT},
    {"packets-malformed", "  malformed", OUTPUT_COUNT},
    {"packets-dropped", "  lost by the capture", OUTPUT_COUNT},
    {"filter", "Filter", OUTPUT_TEXT},
    {"filter-reason", "  why not the kernel's", OUTPUT_TEXT},
    {"expected", "  packets expected", OUTPUT_NUMBER},
    {"expected-max", "  the kernel has room for", OUTPUT_NUMBER},
    {"sessions", "Knocks awaited", OUTPUT_NUMBER},
    {"keys-pending", "Keys pending", OUTPUT_NUMBER},
    {"keys-issued", "Keys issued", OUTPUT_COUNT},
    {"keys-expired", "Keys expired", OUTPUT_COUNT},
    {"sheets", "Sheets of keys", OUTPUT_NUMBER},
    {"grants-live", "Grants live", OUTPUT_NUMBER},
    {"grants-given", "Grants given", OUTPUT_COUNT},
    {"failures", "Knocks that failed", OUTPUT_COUNT},
    {"requests", "Requests by SMS", OUTPUT_COUNT},
    {"requests-answered", "  answered with a key", OUTPUT_COUNT},
    {"requests-refused", "  refused", OUTPUT_COUNT},
};

const size_t daemon_status_column_count = sizeof(daemon_status_columns) / sizeof(daemon_status_columns[0]);

int daemon_status(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;

	(void)argc;
	(void)argv;
	if (control_init(&m, "status") != 0)
		return CTL_REFUSED;
	return listing_one(ctl, &m, daemon_status_columns, daemon_status_column_count);
}

int daemon_reload(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code;

	(void)argc;
	(void)argv;
	if (control_init(&m, "reload") != 0)
		return CTL_REFUSED;
	code = link_call(ctl, &m, NULL, NULL);
	if (code == CTL_OK && ctl->json)
		puts("{}");
	return code;
}
