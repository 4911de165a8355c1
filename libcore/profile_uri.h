/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile in one line, short enough for a QR code on a terminal:
 *
 *     qknock:1?i=gw.example&u=alice&n=18446743979220271189&h=gw.example.net&t=%2B441632960123&s=ssh,tcp,22
 *
 * Each field is a line of libcore/profile.h: i server-id, h host, t number, u user, n n, p ports, c count, v validity,
 * w widths, s service (one field each). Words are separated by commas; other characters than A-Z a-z 0-9 - . _ ~ : are
 * written as %XX. Left out, p is 8800-8899, c 12, v 120 and w 0,8,64.
 */
#ifndef LIBCORE_PROFILE_URI_H
#define LIBCORE_PROFILE_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "libcore/profile.h"

#define PROFILE_URI_SIZE PROFILE_TEXT_SIZE

/* Whether text begins as such a URI. */
bool profile_uri_begins(const char *text, size_t len);

/* As strict as profile_parse. Errors: the same; *fault counts fields in the place of lines. */
int profile_uri_parse(struct profile *out, const char *uri, size_t len, struct profile_fault *fault);

/* Errors: SPACE, and uri is then empty. */
int profile_uri_format(const struct profile *profile, char *uri, size_t size);

#endif
