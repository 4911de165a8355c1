/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging as the core sees it: the caller supplies where lines go. One line per event, "key=value" fields
 * after the text; never a key, a pass-code or the name of a user that is not registered.
 */
#ifndef LIBCORE_LOG_H
#define LIBCORE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	/* Takes one line without a newline; must not keep the pointer. */
	void (*write)(void *arg, enum log_level level, const char *line);
	void *arg;
	enum log_level level; /* lines above this level are dropped */
};

/* Formats one line of at most 1023 bytes, made printable (printable.h), and hands it to log->write.
 * A NULL log drops the line. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "error", "warning", "notice", "info", "debug"; parsing returns 0 or CONFIG. */
const char *log_level_name(enum log_level level);
int log_level_parse(const char *name, enum log_level *level);

#endif
