/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libcore/error.h"
#include "libcore/printable.h"

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (log == NULL || level > log->level)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* A field may hold bytes from outside: no one shall forge a second line, or command a terminal. */
	printable(line);
	log->write(log->arg, level, line);
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return QK_ERR_CONFIG;
}
