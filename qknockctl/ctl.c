/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void ctl_error(const char *format, ...)
{
	va_list ap;

	fputs("qknockctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void write_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	ctl_error("%s", line);
}

int ctl_config(struct ctl *ctl, bool optional)
{
	static const struct log log = {.write = write_line, .level = LOG_LEVEL_WARNING};
	const char *path = ctl->config_path != NULL ? ctl->config_path : CONFIG_FILE_DEFAULT;

	if (ctl->config != NULL)
		return CTL_OK;
	if (optional && ctl->config_path == NULL && access(path, F_OK) != 0)
		return CTL_OK;
	return config_load(path, &log, &ctl->config) != 0 ? CTL_USAGE : CTL_OK;
}

int ctl_finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	ctl_error("the result could not be written");
	return code != CTL_OK ? code : CTL_REFUSED;
}
