/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/environ.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const kept[ENVIRON_KEPT] = {
    "PATH", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
};
static const char *const ours[] = {"REMOTE_HOST", "REMOTE_PORT", "QKNOCK_USER", "QKNOCK_SERVICE"};

static bool is_named(const char *entry, const char *name, size_t len)
{
	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* NULL when it is not there. */
static const char *find(char *const *inherited, const char *name, size_t len)
{
	for (; *inherited != NULL; inherited++)
		if (is_named(*inherited, name, len))
			return *inherited;
	return NULL;
}

bool environ_may_set(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strspn(text, more);

	if (len == 0 || strspn(text, letters) == 0 || (text[len] != '\0' && text[len] != '='))
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strlen(ours[i]) == len && strncmp(text, ours[i], len) == 0)
			return false;
	return true;
}

/* Takes the place of an entry of the same name. */
static void put(struct environment *env, const char *entry)
{
	size_t len = strcspn(entry, "=");
	size_t i = 0;

	while (i < env->count && !is_named(env->vector[i], entry, len))
		i++;
	assert(i < ENVIRON_MAX);
	env->vector[i] = entry;
	env->count += i == env->count;
}

static bool put_made(struct environment *env, const char *name, const char *value)
{
	char *entry = env->made[env->made_count];
	int len;

	assert(env->made_count < ENVIRON_MADE);
	len = snprintf(entry, ENVIRON_MADE_SIZE, "%s=%s", name, value);
	env->made_count++;
	put(env, entry);
	return len >= 0 && len < ENVIRON_MADE_SIZE;
}

static void put_options(struct environment *env, char *const *inherited, const struct options *options)
{
	for (size_t i = 0; i < options->env_count; i++) {
		const char *entry = options->env[i];

		if (strchr(entry, '=') == NULL)
			entry = find(inherited, entry, strlen(entry));
		if (entry != NULL)
			put(env, entry);
	}
}

static bool put_account(struct environment *env, const struct account *account)
{
	return account->name == NULL ||
	       (put_made(env, "USER", account->name) && put_made(env, "LOGNAME", account->name) &&
		put_made(env, "HOME", account->home) && put_made(env, "SHELL", account->shell));
}

enum status environ_build(struct environment *out, char *const *inherited, const struct options *options,
			  const struct account *account, const struct peer *peer, const struct grant *g,
			  struct fault *fault)
{
	char address[ADDRESS_TEXT_SIZE], port[sizeof("65535")];

	out->count = 0;
	out->made_count = 0;
	put(out, PATH_DEFAULT);
	for (size_t i = 0; i < ENVIRON_KEPT; i++) {
		const char *entry = find(inherited, kept[i], strlen(kept[i]));

		if (entry != NULL)
			put(out, entry);
	}
	if (account != NULL && !put_account(out, account))
		return fault_set(fault, STATUS_SYSTEM, "an entry of the user database is too long");
	put_options(out, inherited, options);
	address_format(&peer->address, address);
	snprintf(port, sizeof(port), "%u", peer->port);
	put_made(out, "REMOTE_HOST", address);
	put_made(out, "REMOTE_PORT", port);
	put_made(out, "QKNOCK_USER", g->user);
	put_made(out, "QKNOCK_SERVICE", g->service);
	out->vector[out->count] = NULL;
	return STATUS_OK;
}
