/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/name.h"

#include <stdbool.h>
#include <string.h>

#include "libcore/error.h"

static const char lower_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static bool consists_of(const char *s, size_t max, const char *more)
{
	size_t len = strlen(s);

	if (len == 0 || len > max)
		return false;
	for (; *s != '\0'; s++)
		if (strchr(lower_and_digits, *s) == NULL && strchr(more, *s) == NULL)
			return false;
	return true;
}

int name_check_server(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > SERVER_ID_MAX)
		return QK_ERR_SERVER_ID;
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return QK_ERR_SERVER_ID;
	return 0;
}

int name_check_user(const char *s)
{
	if (!consists_of(s, USER_ID_MAX, "._-") || *s < 'a' || *s > 'z')
		return QK_ERR_USER_ID;
	return 0;
}

int name_check_service(const char *s)
{
	return consists_of(s, SERVICE_NAME_MAX, "-") ? 0 : QK_ERR_SERVICE_NAME;
}

int name_check_logins(const char *s)
{
	size_t len = 0; /* of the name so far */

	if (*s == '\0')
		return 0;
	if (strlen(s) >= LOGINS_SIZE)
		return QK_ERR_LOGIN_NAME;
	for (; *s != '\0'; s++) {
		if (*s == ' ' && len > 0)
			len = 0;
		else if (*s > ' ' && *s < 0x7f && strchr(":/", *s) == NULL && (len > 0 || *s != '-') && len < LOGIN_MAX)
			len++;
		else
			return QK_ERR_LOGIN_NAME;
	}
	return len > 0 ? 0 : QK_ERR_LOGIN_NAME;
}

int name_check_table(const char *s)
{
	return consists_of(s, SERVICE_NAME_MAX, "-") ? 0 : QK_ERR_TABLE_NAME;
}

bool name_in_list(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list != '\0') {
		size_t word = strcspn(list, " ");

		if (word != 0 && word == len && memcmp(list, name, len) == 0)
			return true;
		list += word;
		list += strspn(list, " ");
	}
	return false;
}
