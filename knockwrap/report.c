/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_SIZE 1024

bool report_facility(const char *name, int *facility)
{
	static const struct {
		const char *name;
		int facility;
	} facilities[] = {
	    {"auth", LOG_AUTH},	    {"authpriv", LOG_AUTHPRIV}, {"daemon", LOG_DAEMON}, {"user", LOG_USER},
	    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},	{"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
	    {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},	{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
	};

	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (strcmp(name, facilities[i].name) == 0) {
			*facility = facilities[i].facility;
			return true;
		}
	}
	return false;
}

void report_open(struct report *report, const struct report_options *options, const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	report->options = options;
	report->name = slash != NULL && slash[1] != '\0' ? slash + 1 : "knockwrap";
	openlog(report->name, LOG_PID, options->facility);
}

static bool is_socket(int fd)
{
	struct stat st;

	/* If it can't be told, it is one. */
	return fstat(fd, &st) != 0 || S_ISSOCK(st.st_mode);
}

void report_print(const char *text)
{
	if (!is_socket(STDOUT_FILENO))
		dprintf(STDOUT_FILENO, "%s", text);
}

/* An error is also shown to those who read the standard error: a log file, a logger behind a pipe. */
static void emit(const struct report *report, int priority, const char *text)
{
	bool is_log = !is_socket(STDERR_FILENO);
	bool is_terminal = is_log && isatty(STDERR_FILENO) == 1;
	bool only_there = is_terminal || (report->options->to_stderr && is_log);

	if (only_there || (priority == LOG_ERR && is_log))
		dprintf(STDERR_FILENO, "%s[%ld]: %s\n", report->name, (long)getpid(), text);
	if (!only_there)
		syslog(priority, "%s", text);
}

void report_error(const struct report *report, const char *text)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "knockwrap: %s", text);
	emit(report, LOG_ERR, line);
}

void report_refused(const struct report *report, const char *service, const struct address *client, const char *why)
{
	char address[ADDRESS_TEXT_SIZE], line[LINE_SIZE];

	if (report->options->level < REPORT_REFUSED)
		return;
	address_format(client, address);
	snprintf(line, sizeof(line), "refused connect from %s (%s): %s service=%s", address, address, why, service);
	emit(report, LOG_WARNING, line);
}

void report_passed(const struct report *report, const struct address *client, const struct grant *g)
{
	char address[ADDRESS_TEXT_SIZE], line[LINE_SIZE];

	if (report->options->level < REPORT_ALL)
		return;
	address_format(client, address);
	snprintf(line, sizeof(line), "connect from %s (%s) service=%s grant=%016" PRIx64 " knocked=%s", address,
		 address, g->service, g->id, g->user);
	emit(report, LOG_INFO, line);
}
