/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/completer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/complete.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"

#define COMMANDS_MAX 16

static void offer(void *arg, const char *word, const char *description)
{
	(void)arg;
	printf("%s%s%s\n", word, description != NULL ? "\t" : "", description != NULL ? description : "");
}

static void offer_profiles(void)
{
	struct profile_names names;

	if (profile_store_list(&names) != 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		offer(NULL, names.name[i], NULL);
	free(names.name);
}

/* A profile's name stands for its host too. */
static void offer_hosts(void)
{
	offer_profiles();
	puts(":host");
}

/* The profile that was named, else the one that would be taken; as services, or as their ports. */
static void offer_services(char *const *words, size_t count, bool ports)
{
	char chosen[PROFILE_NAME_MAX + 1];
	struct profile profile;
	const char *name = NULL;

	for (size_t i = 0; i + 1 < count; i++)
		if (strcmp(words[i], "--profile") == 0 || strcmp(words[i], "-p") == 0)
			name = words[i + 1];
	if (profile_store_load(name, &profile, chosen) != 0)
		return;
	for (size_t i = 0; i < profile.service_count; i++) {
		const struct service *s = &profile.services[i];

		if (ports)
			printf("%u\t%s\n", s->port, s->name);
		else
			printf("%s\t%s port %u\n", s->name, service_protocol_name(s->protocol), s->port);
	}
}

/* "syn|udp" */
static void offer_alternatives(const char *placeholder)
{
	while (*placeholder != '\0') {
		size_t len = strcspn(placeholder, "|");

		printf("%.*s\n", (int)len, placeholder);
		placeholder += len + (placeholder[len] == '|');
	}
}

static void offer_values(void *arg, const char *command, const char *option, const char *placeholder,
			 char *const *words, size_t count)
{
	bool is_profile = option != NULL ? strcmp(option, "--profile") == 0 : strcmp(command, "profiles") == 0;

	(void)arg;
	if (strncmp(placeholder, "FILE", 4) == 0)
		puts(":file");
	else if (strcmp(placeholder, "...") == 0 || strcmp(placeholder, "COMMAND") == 0 ||
		 strcmp(placeholder, "CMD") == 0)
		puts(":command");
	else if (strcmp(placeholder, "HOST") == 0)
		offer_hosts();
	else if (strcmp(placeholder, "PORT") == 0)
		offer_services(words, count, true);
	else if (strcmp(placeholder, "SERVICE") == 0 || (option != NULL && strcmp(option, "--service") == 0))
		offer_services(words, count, false);
	else if (strcmp(placeholder, "NAME") == 0 && is_profile)
		offer_profiles();
	else if (strcmp(placeholder, "WIDTH") == 0)
		offer_alternatives("0|8|64");
	else if (islower((unsigned char)placeholder[0]))
		offer_alternatives(placeholder);
}

int completer_run(const struct command *const *commands, size_t command_count, char *const *words, size_t count)
{
	struct complete_command table[COMMANDS_MAX];
	struct complete c = {.program = "qknock",
			     .commands = table,
			     .common = "  -h, --help\n",
			     .offer = offer,
			     .offer_values = offer_values};

	for (size_t i = 0; i < command_count && i < COMMANDS_MAX; i++)
		table[c.count++] = (struct complete_command){
		    .name = commands[i]->name, .summary = commands[i]->summary, .help = commands[i]->usage};
	say_set_level(SAY_QUIET); /* errors go where the shell sends them */
	if (count > 0)
		complete(&c, words, count);
	return CLIENT_OK;
}
