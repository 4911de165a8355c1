/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user's profiles: one file each, $XDG_CONFIG_HOME/qknock/profiles/NAME, or ~/.config/... without that variable.
 * The functions below say what went wrong on standard error.
 */
#ifndef QKNOCK_PROFILE_STORE_H
#define QKNOCK_PROFILE_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcore/profile.h"

#define PROFILE_NAME_MAX 64

/* 1..64 of [A-Za-z0-9._-], not first '.': what can be a file's name, a hidden one is a half-written profile. */
bool profile_name_valid(const char *name);

/* The directory, which may not be there yet. Errors: NOT_FOUND (no home directory), SPACE. */
int profile_store_path(char path[static PATH_MAX]);

/* A profile's text, or its URI; label is what messages call it. Errors: PROFILE or that of the value. */
int profile_take(const char *text, size_t len, const char *label, struct profile *out);

/* As above from all that a descriptor has. Errors: IO too. */
int profile_read(int fd, const char *label, struct profile *out);

/* Makes the directory (mode 0700) and writes the profile (mode 0600) by temporary file and rename.
 * Errors: EXISTS unless replace, IO, SPACE. */
int profile_store_save(const char *name, const struct profile *profile, bool replace);

/* name is one of the store or, with a '/' in it, a path. NULL: the default one, or the only one there
 * is.
 * chosen gets the name, cut to fit if it is a path. Files that others may write are refused.
 * Errors: NOT_FOUND, DENIED, IO, PROFILE or that of the value. */
int profile_store_load(const char *name, struct profile *out, char chosen[static PROFILE_NAME_MAX + 1]);

/* The one that is taken among several when none is named. Errors: NOT_FOUND (there is none; nothing is said). */
int profile_store_default(char name[static PROFILE_NAME_MAX + 1]);
/* NULL: none from now on. Errors: NOT_FOUND, IO. */
int profile_store_set_default(const char *name);

/* Names are valid ones. The default follows. Errors: NOT_FOUND, EXISTS, IO. */
int profile_store_remove(const char *name);
int profile_store_rename(const char *from, const char *to);

struct profile_names {
	char (*name)[PROFILE_NAME_MAX + 1]; /* in alphabetic order */
	size_t count;
};

/* All names; none when the directory is missing. The caller frees names->name. Errors: IO, NOMEM. */
int profile_store_list(struct profile_names *names);

#endif
