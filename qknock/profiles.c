/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock profiles": lists what was imported. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "libcore/error.h"
#include "qknock/client.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"

static const char usage[] = "Usage: qknock profiles [--json]\n\n"
			    "Lists the imported profiles.\n\n"
			    "  -j, --json   as a JSON array\n"
			    "  -h, --help\n";

/* Takes names borrowed, returns a new reference or NULL. */
static json_t *profile_json(const char *name, const struct profile *p)
{
	json_t *widths = json_array(), *services = json_array();

	for (size_t i = 0; i < p->width_count; i++)
		json_array_append_new(widths, json_integer(p->widths[i]));
	for (size_t i = 0; i < p->service_count; i++)
		json_array_append_new(services, json_pack("{s:s, s:s, s:i}", "name", p->services[i].name, "protocol",
							  service_protocol_name(p->services[i].protocol), "port",
							  p->services[i].port));
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o}", "name", name, "server_id", p->server_id,
			 "user", p->user, "host", p->host, "port_first", p->shape.port_first, "port_last",
			 p->shape.port_last, "count", p->shape.count, "validity", (int)p->validity, "hop_widths",
			 widths, "services", services);
}

static void print_row(const char *name, const struct profile *p)
{
	printf("%-24s %-16s %-24s", name, p->user, p->host[0] != '\0' ? p->host : "-");
	for (size_t i = 0; i < p->service_count; i++)
		printf(" %s", p->services[i].name);
	putchar('\n');
}

/* One that is damaged is said and left out; the others are shown. */
static int list(const struct profile_names *names, json_t *array)
{
	int status = CLIENT_OK;

	if (array == NULL && names->count > 0)
		printf("%-24s %-16s %-24s %s\n", "NAME", "USER", "HOST", "SERVICES");
	for (size_t i = 0; i < names->count; i++) {
		char chosen[PROFILE_NAME_MAX + 1];
		struct profile profile;

		if (profile_store_load(names->name[i], &profile, chosen) != 0)
			status = CLIENT_PROFILE;
		else if (array == NULL)
			print_row(chosen, &profile);
		else if (json_array_append_new(array, profile_json(chosen, &profile)) != 0)
			status = CLIENT_FAILED;
	}
	return status;
}

static int run_profiles(struct client *client, int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct profile_names names;
	json_t *array = NULL;
	bool json = false;
	int c, status;

	(void)client;
	while ((c = getopt_long(argc, argv, "jh", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLIENT_OK;
		}
		if (c != 'j')
			return CLIENT_USAGE;
		json = true;
	}
	if (optind != argc) {
		say_error("profiles takes no arguments");
		return CLIENT_USAGE;
	}
	if (profile_store_list(&names) != 0)
		return CLIENT_FAILED;
	if (json && (array = json_array()) == NULL) {
		free(names.name);
		say_error("%s", error_text(QK_ERR_NOMEM));
		return CLIENT_FAILED;
	}
	status = list(&names, array);
	if (json) {
		json_dumpf(array, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(array);
	free(names.name);
	return status;
}

const struct command profiles_command = {
    .name = "profiles", .summary = "list the imported profiles", .usage = usage, .run = run_profiles};
