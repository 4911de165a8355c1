/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/logger.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/loglimit.h"

struct logger {
	struct log log;
	struct loglimit *limit;
	int fd; /* -1: syslog */
	bool starting;
};

static void to_syslog(enum log_level level, const char *line)
{
	static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

	syslog(priorities[level], "%s", line);
}

/* One write per line, so that lines of a rotated file are never torn. */
static void to_descriptor(const struct logger *logger, enum log_level level, const char *line)
{
	char text[1200];
	char stamp[32];
	struct tm tm;
	time_t now = time(NULL);
	int len;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &tm);
	len =
	    snprintf(text, sizeof(text), "%s qknockd[%d] %s: %s\n", stamp, (int)getpid(), log_level_name(level), line);
	/* There is no place left to complain to when this fails. */
	if (write(logger->fd, text, (size_t)len) < 0)
		return;
}

static void write_line(const struct logger *logger, enum log_level level, const char *line)
{
	/* Who starts the daemon sees why it does not come up, without the log, which perhaps nobody writes. */
	if (logger->starting && level <= LOG_LEVEL_WARNING && logger->fd != STDERR_FILENO)
		fprintf(stderr, "qknockd: %s\n", line);
	if (logger->fd < 0)
		to_syslog(level, line);
	else
		to_descriptor(logger, level, line);
}

static void take_line(void *arg, enum log_level level, const char *line)
{
	const struct logger *logger = arg;

	if (loglimit_take(logger->limit, line, clock_boot_ns()))
		write_line(logger, level, line);
}

void logger_tick(struct logger *logger)
{
	char text[128];

	while (loglimit_report(logger->limit, clock_boot_ns(), text, sizeof(text)))
		write_line(logger, LOG_LEVEL_WARNING, text);
}

struct logger *logger_new(void)
{
	struct logger *logger = calloc(1, sizeof(*logger));

	if (logger == NULL)
		return NULL;
	logger->limit = loglimit_new();
	if (logger->limit == NULL) {
		free(logger);
		return NULL;
	}
	logger->fd = STDERR_FILENO;
	logger->log = (struct log){.write = take_line, .arg = logger, .level = LOG_LEVEL_NOTICE};
	return logger;
}

static void close_target(struct logger *logger)
{
	if (logger->fd > STDERR_FILENO)
		close(logger->fd);
	else if (logger->fd < 0)
		closelog();
}

void logger_free(struct logger *logger)
{
	if (logger == NULL)
		return;
	close_target(logger);
	loglimit_free(logger->limit);
	free(logger);
}

int logger_open(struct logger *logger, const char *target, enum log_level level)
{
	int fd = -1;

	if (strcmp(target, "stderr") == 0)
		fd = STDERR_FILENO;
	else if (strcmp(target, "syslog") != 0) {
		fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0)
			return QK_ERR_IO;
	}
	close_target(logger);
	if (fd < 0)
		openlog("qknockd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	logger->fd = fd;
	logger->log.level = level;
	return 0;
}

void logger_starting(struct logger *logger, bool starting)
{
	logger->starting = starting;
}

const struct log *logger_log(const struct logger *logger)
{
	return &logger->log;
}
