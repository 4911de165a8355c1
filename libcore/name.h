/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers and their alphabets (protocol.md section 1). Each check returns 0 or the error that names it. */
#ifndef LIBCORE_NAME_H
#define LIBCORE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER_ID_MAX 64
#define USER_ID_MAX 32
#define SERVICE_NAME_MAX 15
#define LOGIN_MAX 64
#define LOGINS_SIZE 256 /* a list of logins and its NUL */

int name_check_server(const char *s);  /* SERVER_ID: 1..64 of ASCII 0x21..0x7e */
int name_check_user(const char *s);    /* USER_ID: 1..32 of [a-z0-9._-], first a letter */
int name_check_service(const char *s); /* SERVICE_NAME: 1..15 of [a-z0-9-] */
/* LOGIN_NAME: empty, or accounts of the host, 1..64 of printable ASCII without blank ':' '/', first not '-',
 * separated by one blank each, LOGINS_SIZE in all. */
int name_check_logins(const char *s);
int name_check_table(const char *s); /* TABLE_NAME: 1..15 of [a-z0-9-], because bpffs forbids '.' */

/* Is name one of the names of a list, which blanks separate? */
bool name_in_list(const char *list, const char *name);

#endif
