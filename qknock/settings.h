/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's settings, qknock_config(5): $XDG_CONFIG_HOME/qknock/config. */
#ifndef QKNOCK_SETTINGS_H
#define QKNOCK_SETTINGS_H

#include <stddef.h>

#include "libcore/log.h"

enum settings_qr { SETTINGS_QR_AUTO, SETTINGS_QR_ALWAYS, SETTINGS_QR_NEVER };

struct settings {
	char **otp_command;	  /* an argument vector, what prints the key line; NULL: ask */
	char **clipboard_command; /* what prints the clipboard; NULL: find one */
	enum settings_qr qr;	  /* with a request for a key */
};

/* Reads the file; without one, what holds then. Refuses one that others may write, because it names commands. Every
 * fault is said on standard error. Errors: CONFIG, IO, NOMEM, and out is then empty. */
int settings_load(struct settings *out);

/* From text; name stands for the file. */
int settings_parse(const char *name, const char *text, size_t len, const struct log *log, struct settings *out);

void settings_free(struct settings *settings);

#endif
