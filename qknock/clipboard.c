/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/clipboard.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 5

/* In order of preference. */
static const struct {
	const char *needs; /* a variable of the environment; NULL: none */
	char *const argv[ARGUMENTS_MAX];
} commands[] = {
    {"WAYLAND_DISPLAY", {(char *)"wl-paste", (char *)"--no-newline", NULL}},
    {"DISPLAY", {(char *)"xclip", (char *)"-selection", (char *)"clipboard", (char *)"-o", NULL}},
    {"DISPLAY", {(char *)"xsel", (char *)"--clipboard", (char *)"--output", NULL}},
    {NULL, {(char *)"pbpaste", NULL}},
};

static bool is_in_path(const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");

		if (snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name) < PATH_MAX && access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

char *const *clipboard_find(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *value = commands[i].needs != NULL ? getenv(commands[i].needs) : NULL;

		if ((commands[i].needs == NULL || (value != NULL && *value != '\0')) && is_in_path(commands[i].argv[0]))
			return commands[i].argv;
	}
	return NULL;
}
