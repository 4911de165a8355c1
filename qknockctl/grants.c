/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl grants, revoke */
#include <inttypes.h>
#include <stdio.h>

#include "qknockctl/ctl.h"
#include "qknockctl/listing.h"

int grants_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct output_column columns[] = {
	    {"service", "SERVICE", OUTPUT_TEXT},
	    {"address", "ADDRESS", OUTPUT_TEXT},
	    {"user", "USER", OUTPUT_TEXT},
	    {"seconds-left", "LEFT", OUTPUT_DURATION},
	    {"expires-at", "EXPIRES", OUTPUT_TIME},
	    {"single-use", "SINGLE-USE", OUTPUT_FLAG},
	    {"id", "ID", OUTPUT_TEXT},
	};

	(void)argc;
	(void)argv;
	return listing_all(ctl, "grants", columns, sizeof(columns) / sizeof(columns[0]), "no grants");
}

static int take_count(void *arg, const struct control_message *item)
{
	const struct ctl *ctl = arg;
	uint64_t count;

	if (control_get_u64(item, "revoked", &count) != 0)
		return CTL_REFUSED;
	if (ctl->json)
		printf("{\n  \"revoked\": %" PRIu64 "\n}\n", count);
	else
		printf("%" PRIu64 " %s revoked\n", count, count == 1 ? "grant" : "grants");
	return CTL_OK;
}

int grants_revoke(struct ctl *ctl, int argc, char **argv)
{
	const char *service = ctl->options[CTL_SERVICE], *address = ctl->options[CTL_ADDRESS];
	struct control_message m;
	int code = CTL_OK;

	(void)argc;
	(void)argv;
	if ((ctl->options[CTL_ALL] != NULL) != (service == NULL && address == NULL)) {
		ctl_error("revoke: either --all, or --service, --address or both");
		return CTL_USAGE;
	}
	if (control_init(&m, "revoke") != 0)
		return CTL_REFUSED;
	if (service != NULL)
		code = link_add(&m, "service", service);
	if (code == CTL_OK && address != NULL)
		code = link_add(&m, "address", address);
	if (code == CTL_OK && ctl->options[CTL_ALL] != NULL)
		code = link_add(&m, "all", "yes");
	return code == CTL_OK ? link_call(ctl, &m, take_count, ctl) : code;
}
