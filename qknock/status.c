/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "qknock/say.h"

#define LINE_SIZE 256
#define COLUMNS_USUAL 80

static struct {
	bool on;
	bool moves; /* the terminal can wipe a line */
	bool colour;
	bool shown;
} state;

void status_begin(void)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	state.on = say_get_level() > SAY_QUIET && isatty(STDERR_FILENO);
	state.moves = term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
	state.colour = state.moves && (no_colour == NULL || no_colour[0] == '\0');
}

static int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS_USUAL;
	return size.ws_col;
}

void status_show(const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;

	if (!state.on || !state.moves)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* The last column stays free: some terminals begin a new line there. */
	fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
	fflush(stderr);
	state.shown = true;
}

void status_clear(void)
{
	if (!state.shown)
		return;
	fputs("\r\033[K", stderr);
	state.shown = false;
}

void status_done(const char *format, ...)
{
	va_list args;

	if (!state.on)
		return;
	status_clear();
	fputs(state.colour ? "\033[32m" : "", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(state.colour ? "\033[0m\n" : "\n", stderr);
}
