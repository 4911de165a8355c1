/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock profiles": lists what was imported, and keeps it in order. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "libcore/error.h"
#include "qknock/client.h"
#include "qknock/profile_show.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"

#define OPERANDS_MAX 2

static const char usage[] =
    "Usage: qknock profiles [--json] [list]\n"
    "       qknock profiles [--json] show [NAME]\n"
    "       qknock profiles default [NAME|--none]\n"
    "       qknock profiles rename NAME NEW-NAME\n"
    "       qknock profiles remove NAME\n\n"
    "Lists the imported profiles, shows one, says or sets which is taken when none is named, gives one\n"
    "another name, or removes one. They hold no secret but N, which alone opens nothing.\n\n"
    "  -j, --json   list and show: as JSON\n"
    "      --none   default: none\n"
    "  -h, --help\n";

struct arguments {
	bool json, none;
	const char *operands[OPERANDS_MAX];
	int count;
};

static void print_row(const char *name, bool is_default, const struct profile *p)
{
	printf("%c %-22s %-16s %-24s", is_default ? '*' : ' ', name, p->user, p->host[0] != '\0' ? p->host : "-");
	for (size_t i = 0; i < p->service_count; i++)
		printf(" %s", p->services[i].name);
	putchar('\n');
}

/* One that is damaged is said and left out; the others are shown. */
static int list_all(const struct profile_names *names, json_t *array)
{
	char preferred[PROFILE_NAME_MAX + 1];
	int status = CLIENT_OK;

	(void)profile_store_default(preferred);
	if (array == NULL && names->count > 0)
		printf("  %-22s %-16s %-24s %s\n", "NAME", "USER", "HOST", "SERVICES");
	for (size_t i = 0; i < names->count; i++) {
		bool is_default = strcmp(names->name[i], preferred) == 0;
		char chosen[PROFILE_NAME_MAX + 1];
		struct profile profile;

		if (profile_store_load(names->name[i], &profile, chosen) != 0)
			status = CLIENT_PROFILE;
		else if (array == NULL)
			print_row(chosen, is_default, &profile);
		else if (json_array_append_new(array, profile_show_json(chosen, is_default, &profile)) != 0)
			status = CLIENT_FAILED;
	}
	return status;
}

static int print_json(json_t *json)
{
	int rc = json != NULL ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

	if (rc == 0)
		putchar('\n');
	json_decref(json);
	return rc == 0 ? CLIENT_OK : CLIENT_FAILED;
}

static int list(const struct arguments *args)
{
	struct profile_names names;
	json_t *array = NULL;
	int status;

	if (profile_store_list(&names) != 0)
		return CLIENT_FAILED;
	if (args->json && (array = json_array()) == NULL) {
		free(names.name);
		say_error("%s", error_text(QK_ERR_NOMEM));
		return CLIENT_FAILED;
	}
	status = list_all(&names, array);
	free(names.name);
	if (array != NULL && print_json(array) != CLIENT_OK)
		status = CLIENT_FAILED;
	return status;
}

static int show(const struct arguments *args)
{
	char preferred[PROFILE_NAME_MAX + 1], chosen[PROFILE_NAME_MAX + 1];
	struct profile profile;
	bool is_default;

	if (profile_store_load(args->count > 0 ? args->operands[0] : NULL, &profile, chosen) != 0)
		return CLIENT_PROFILE;
	is_default = profile_store_default(preferred) == 0 && strcmp(chosen, preferred) == 0;
	if (args->json)
		return print_json(profile_show_json(chosen, is_default, &profile));
	printf("Profile %s%s\n", chosen, is_default ? ", the default" : "");
	profile_show(&profile);
	return CLIENT_OK;
}

static int exit_code(int rc)
{
	if (rc == 0)
		return CLIENT_OK;
	return rc == QK_ERR_NOT_FOUND || rc == QK_ERR_EXISTS ? CLIENT_PROFILE : CLIENT_FAILED;
}

/* A damaged profile may be removed and renamed, not preferred. */
static int set_default(const struct arguments *args)
{
	char name[PROFILE_NAME_MAX + 1];
	struct profile profile;

	if (args->none)
		return exit_code(profile_store_set_default(NULL));
	if (args->count > 0) {
		if (profile_store_load(args->operands[0], &profile, name) != 0)
			return CLIENT_PROFILE;
		return exit_code(profile_store_set_default(args->operands[0]));
	}
	if (profile_store_default(name) != 0) {
		say_error("there is no default profile");
		return CLIENT_PROFILE;
	}
	puts(name);
	return CLIENT_OK;
}

static int rename_one(const struct arguments *args)
{
	return exit_code(profile_store_rename(args->operands[0], args->operands[1]));
}

static int remove_one(const struct arguments *args)
{
	return exit_code(profile_store_remove(args->operands[0]));
}

static const struct action {
	const char *name;
	int min, max; /* operands */
	bool json, none;
	int (*run)(const struct arguments *args);
} actions[] = {
    {"list", 0, 0, true, false, list},		 {"show", 0, 1, true, false, show},
    {"default", 0, 1, false, true, set_default}, {"rename", 2, 2, false, false, rename_one},
    {"remove", 1, 1, false, false, remove_one},
};

static const char *check(const struct action *action, const struct arguments *args)
{
	if (args->count < action->min)
		return "an argument is missing";
	if (args->count > action->max || (args->none && args->count > 0))
		return "too many arguments";
	if (args->json && !action->json)
		return "there is no JSON of it";
	return args->none && !action->none ? "it takes no --none" : NULL;
}

static int run_action(int argc, char **argv, struct arguments *args)
{
	const char *name = argc > 0 ? argv[0] : "list", *fault = "there is no such action";
	size_t i = 0;

	while (i < sizeof(actions) / sizeof(actions[0]) && strcmp(actions[i].name, name) != 0)
		i++;
	if (i < sizeof(actions) / sizeof(actions[0])) {
		args->count = argc > 0 ? argc - 1 : 0;
		fault = check(&actions[i], args);
	}
	for (int k = 0; fault == NULL && k < args->count; k++) {
		args->operands[k] = argv[k + 1];
		if (!profile_name_valid(args->operands[k]))
			fault = "a profile's name is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with a dot";
	}
	if (fault == NULL)
		return actions[i].run(args);
	say_error("profiles %s: %s; see qknock profiles --help", name, fault);
	return CLIENT_USAGE;
}

static int run_profiles(struct client *client, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"json", no_argument, NULL, 'j'}, {"none", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct arguments args = {0};
	int c;

	(void)client;
	while ((c = getopt_long(argc, argv, "jh", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLIENT_OK;
		}
		if (c == 'j')
			args.json = true;
		else if (c == 'n')
			args.none = true;
		else
			return CLIENT_USAGE;
	}
	return run_action(argc - optind, argv + optind, &args);
}

const struct command profiles_command = {
    .name = "profiles", .summary = "list, show, rename and remove profiles", .usage = usage, .run = run_profiles};
