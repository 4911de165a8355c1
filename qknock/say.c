/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "qknock/status.h"

static enum say_level current = SAY_NORMAL;

void say_set_level(enum say_level level)
{
	current = level;
}

enum say_level say_get_level(void)
{
	return current;
}

static void say(const char *prefix, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void say(const char *prefix, const char *format, va_list args)
{
	status_clear();
	fputs(prefix, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("qknock: ", format, args);
	va_end(args);
}

void say_hint(const char *format, ...)
{
	va_list args;

	if (current == SAY_QUIET)
		return;
	va_start(args, format);
	say("  ", format, args);
	va_end(args);
}

void say_warning(const char *format, ...)
{
	va_list args;

	if (current == SAY_QUIET)
		return;
	va_start(args, format);
	say("qknock: warning: ", format, args);
	va_end(args);
}

void say_verbose(const char *format, ...)
{
	va_list args;

	if (current < SAY_VERBOSE)
		return;
	va_start(args, format);
	say("qknock: ", format, args);
	va_end(args);
}
