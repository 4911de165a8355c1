/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qknockctl metrics: the daemon's counters in the text format of Prometheus, for the directory that node_exporter's
 * textfile collector reads. A command and not the daemon writes the file, so that the daemon needs no right to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockctl/daemon.h"
#include "qknockctl/link.h"

#define NAME_SIZE (CONTROL_NAME_MAX + 32)

static void make_name(const struct output_column *column, char name[static NAME_SIZE])
{
	const char *suffix = column->kind == OUTPUT_COUNT      ? "_total"
			     : column->kind == OUTPUT_DURATION ? "_seconds"
							       : "";

	snprintf(name, NAME_SIZE, "qknock_%s%s", column->field, suffix);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
}

static void write_number(FILE *out, const struct output_column *column, const char *value)
{
	char name[NAME_SIZE];

	make_name(column, name);
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, column->heading + strspn(column->heading, " "), name,
		column->kind == OUTPUT_COUNT ? "counter" : "gauge", name, value);
}

/* Words are labels of a metric that is always 1; backslash, quote and newline are escaped as the format wants it. */
static void write_words(FILE *out, const struct control_message *item)
{
	const char *comma = "";

	fputs("# HELP qknock_info What runs, in words\n# TYPE qknock_info gauge\nqknock_info{", out);
	for (size_t i = 0; i < daemon_status_column_count; i++) {
		const struct output_column *column = &daemon_status_columns[i];
		const char *value = control_get(item, column->field);

		if (column->kind != OUTPUT_TEXT || value == NULL)
			continue;
		fputs(comma, out);
		for (const char *p = column->field; *p != '\0'; p++)
			fputc(*p == '-' ? '_' : *p, out);
		fputs("=\"", out);
		for (; *value != '\0'; value++)
			fprintf(out, *value == '\\' || *value == '"' ? "\\%c" : "%c", *value);
		fputc('"', out);
		comma = ",";
	}
	fputs("} 1\n", out);
}

static int write_item(void *arg, const struct control_message *item)
{
	FILE *out = arg;

	for (size_t i = 0; i < daemon_status_column_count; i++) {
		const char *value = control_get(item, daemon_status_columns[i].field);

		if (value != NULL && daemon_status_columns[i].kind != OUTPUT_TEXT)
			write_number(out, &daemon_status_columns[i], value);
	}
	write_words(out, item);
	return CTL_OK;
}

/* All or nothing: whoever reads the file meanwhile sees the old one. */
static int replace(const char *path, const char *text, size_t size)
{
	char *temporary;
	int fd, code = CTL_REFUSED;

	if (asprintf(&temporary, "%s.%ld", path, (long)getpid()) < 0) {
		ctl_error("%s", error_text(QK_ERR_NOMEM));
		return code;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, text, size) == (ssize_t)size && rename(temporary, path) == 0)
		code = CTL_OK;
	else
		ctl_error("%s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		if (code != CTL_OK)
			unlink(temporary);
	}
	free(temporary);
	return code;
}

int daemon_metrics(struct ctl *ctl, int argc, char **argv)
{
	const char *path = ctl->options[CTL_OUTPUT];
	struct control_message request;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int code, written;

	(void)argc;
	(void)argv;
	if (out == NULL || control_init(&request, "status") != 0) {
		ctl_error("%s", error_text(QK_ERR_NOMEM));
		return CTL_REFUSED;
	}
	code = link_call(ctl, &request, write_item, out);
	/* A daemon that is down is a fact to be told, not a file that grows old unseen. */
	if (code == CTL_OK || code == CTL_UNREACHABLE)
		fprintf(out, "# HELP qknock_up Whether the daemon answers\n# TYPE qknock_up gauge\nqknock_up %d\n",
			code == CTL_OK);
	if (fclose(out) != 0 || text == NULL) {
		ctl_error("%s", error_text(QK_ERR_NOMEM));
		free(text);
		return CTL_REFUSED;
	}
	written = path != NULL && size > 0 ? replace(path, text, size) : CTL_OK;
	if (path == NULL)
		fwrite(text, 1, size, stdout);
	free(text);
	return code != CTL_OK ? code : written;
}
