/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile as it is shown. */
#ifndef QKNOCK_PROFILE_SHOW_H
#define QKNOCK_PROFILE_SHOW_H

#include <stdbool.h>

#include <jansson.h>

#include "libcore/profile.h"

/* On standard output, for people. */
void profile_show(const struct profile *profile);

/* A new reference, or NULL without memory. */
json_t *profile_show_json(const char *name, bool is_default, const struct profile *profile);

#endif
