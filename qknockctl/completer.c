/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/completer.h"

#include <stdio.h>
#include <string.h>

#include "qknockctl/ctl.h"
#include "qknockctl/link.h"

static void offer(void *arg, const char *word, const char *description)
{
	(void)arg;
	printf("%s%s%s\n", word, description != NULL ? "\t" : "", description != NULL ? description : "");
}

static int offer_user(void *arg, const struct control_message *item)
{
	const char *user = control_get(item, "user");

	(void)arg;
	if (user != NULL)
		puts(user);
	return CTL_OK;
}

static void offer_users(struct ctl *ctl)
{
	(void)link_list(ctl, "user-list", offer_user, NULL);
}

static void offer_services(struct ctl *ctl)
{
	if (ctl_config(ctl, true) != CTL_OK || ctl->config == NULL)
		return;
	for (size_t i = 0; i < ctl->config->service_count; i++)
		puts(ctl->config->services[i].service.name);
}

/* The configuration and the socket that the words so far name. */
static void look_for_paths(struct ctl *ctl, char *const *words, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		if (strcmp(words[i], "-c") == 0 || strcmp(words[i], "--config") == 0)
			ctl->config_path = words[i + 1];
		else if (strcmp(words[i], "-s") == 0 || strcmp(words[i], "--socket") == 0)
			ctl->socket_path = words[i + 1];
	}
}

static void offer_values(void *arg, const char *command, const char *option, const char *placeholder,
			 char *const *words, size_t count)
{
	struct ctl ctl = {.command = "complete"};

	(void)arg;
	look_for_paths(&ctl, words, count);
	if (strstr(placeholder, "FILE") != NULL || strcmp(placeholder, "PATH") == 0)
		puts(":file");
	else if (strcmp(placeholder, "COMMAND") == 0)
		puts(":command");
	else if (option != NULL && strncmp(option, "--service", strlen("--service")) == 0)
		offer_services(&ctl);
	else if (option != NULL && strcmp(option, "--widths") == 0)
		puts(placeholder);
	else if (option == NULL && strcmp(command, "kernel load") == 0)
		offer_services(&ctl);
	else if (option == NULL && strcmp(command, "user add") != 0 &&
		 (strcmp(placeholder, "USER") == 0 || strcmp(placeholder, "NAME") == 0))
		offer_users(&ctl);
	config_free(ctl.config);
}

int completer_run(const struct complete_command *commands, size_t command_count, char *const *words, size_t count)
{
	const struct complete c = {
	    .program = "qknockctl",
	    .commands = commands,
	    .count = command_count,
	    .common = "  -c, --config FILE\n  -s, --socket PATH\n      --json\n  -h, --help\n  -V, --version\n",
	    .offer = offer,
	    .offer_values = offer_values,
	};

	if (count > 0)
		complete(&c, words, count);
	return CTL_OK;
}
