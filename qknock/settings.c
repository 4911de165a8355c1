/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/settings.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/keyword.h"
#include "qknock/configdir.h"
#include "qknock/say.h"

#define COMMAND_EXPECTED "a program and its arguments, {\"program\", \"argument\"}"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int set_command(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return values->items[0]->text[0] != '\0' ? keyword_set_vector(keyword, values, target) : QK_ERR_CONFIG;
}

static int set_qr(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	static const char *const names[] = {
	    [SETTINGS_QR_AUTO] = "auto", [SETTINGS_QR_ALWAYS] = "always", [SETTINGS_QR_NEVER] = "never"};
	enum settings_qr *out = keyword_member(keyword, target);

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(values->items[0]->text, names[i]) == 0) {
			*out = (enum settings_qr)i;
			return 0;
		}
	}
	return QK_ERR_CONFIG;
}

/* clang-format off */
static const struct keyword keywords[] = {
	{.name = "otp_command", .list = true, .set = set_command, .offset = offsetof(struct settings, otp_command),
	 .expected = COMMAND_EXPECTED},
	{.name = "clipboard_command", .list = true, .set = set_command,
	 .offset = offsetof(struct settings, clipboard_command), .expected = COMMAND_EXPECTED},
	{.name = "qr", .preset = "auto", .set = set_qr, .offset = offsetof(struct settings, qr),
	 .expected = "auto, always or never"},
};
/* clang-format on */

static const struct keyword_grammar grammar = {keywords, COUNT(keywords), NULL};

static void say_fault(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	say_error("%s", line);
}

/* Empties out after a fault. */
static int finish(int rc, struct settings *out)
{
	if (rc != 0)
		settings_free(out);
	return rc;
}

int settings_parse(const char *name, const char *text, size_t len, const struct log *log, struct settings *out)
{
	memset(out, 0, sizeof(*out));
	return finish(keyword_parse(&grammar, name, text, len, log, out), out);
}

int settings_load(struct settings *out)
{
	static const struct log log = {say_fault, NULL, LOG_LEVEL_ERROR};
	char path[PATH_MAX];
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (configdir_path("config", path) != 0)
		return QK_ERR_IO;
	if (stat(path, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		say_error("%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		say_error("%s: others may write it, and it names commands; it must be yours: chmod go-w", path);
		return QK_ERR_CONFIG;
	}
	return finish(keyword_load(&grammar, path, &log, out), out);
}

void settings_free(struct settings *settings)
{
	keyword_free_vector(settings->otp_command);
	keyword_free_vector(settings->clipboard_command);
	memset(settings, 0, sizeof(*settings));
}
