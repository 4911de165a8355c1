/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers and their alphabets (protocol.md section 1). Each check returns 0 or the error that names it. */
#ifndef LIBCORE_NAME_H
#define LIBCORE_NAME_H

#include <stddef.h>

#define SERVER_ID_MAX 64
#define USER_ID_MAX 32
#define SERVICE_NAME_MAX 15

int name_check_server(const char *s);  /* SERVER_ID: 1..64 of ASCII 0x21..0x7e */
int name_check_user(const char *s);    /* USER_ID: 1..32 of [a-z0-9._-], first a letter */
int name_check_service(const char *s); /* SERVICE_NAME: 1..15 of [a-z0-9-] */
int name_check_table(const char *s);   /* TABLE_NAME: 1..15 of [a-z0-9-], because bpffs forbids '.' */

#endif
