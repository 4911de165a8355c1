/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl status, reload */
#include <stdio.h>

#include "qknockctl/ctl.h"
#include "qknockctl/listing.h"

int daemon_status(struct ctl *ctl, int argc, char **argv)
{
	static const struct output_column columns[] = {
	    {"version", "Version", OUTPUT_TEXT},
	    {"pid", "Process", OUTPUT_NUMBER},
	    {"uptime", "Running for", OUTPUT_DURATION},
	    {"packets-seen", "Packets seen", OUTPUT_NUMBER},
	    {"packets-known", "  part of a knock", OUTPUT_NUMBER},
	    {"packets-other", "  no knock", OUTPUT_NUMBER},
	    {"packets-malformed", "  malformed", OUTPUT_NUMBER},
	    {"packets-dropped", "  lost by the capture", OUTPUT_NUMBER},
	    {"sessions", "Knocks awaited", OUTPUT_NUMBER},
	    {"keys-pending", "Keys pending", OUTPUT_NUMBER},
	    {"keys-issued", "Keys issued", OUTPUT_NUMBER},
	    {"keys-expired", "Keys expired", OUTPUT_NUMBER},
	    {"grants-live", "Grants live", OUTPUT_NUMBER},
	    {"grants-given", "Grants given", OUTPUT_NUMBER},
	    {"failures", "Knocks that failed", OUTPUT_NUMBER},
	    {"requests", "Requests by SMS", OUTPUT_NUMBER},
	    {"requests-answered", "  answered with a key", OUTPUT_NUMBER},
	    {"requests-refused", "  refused", OUTPUT_NUMBER},
	};
	struct control_message m;

	(void)argc;
	(void)argv;
	if (control_init(&m, "status") != 0)
		return CTL_REFUSED;
	return listing_one(ctl, &m, columns, sizeof(columns) / sizeof(columns[0]));
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
