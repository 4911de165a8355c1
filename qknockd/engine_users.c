/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and their policy: changes reach pending keys, sheets and grants at once. */
#include <string.h>

#include "libcore/chain.h"
#include "libcore/crypto.h"
#include "qknockd/engine_state.h"
#include "qknockd/policy.h"

/* Brings a pending key in line with policy; one that allows nothing any more is dropped. */
static int refresh_key(struct engine *engine, const struct store_user *user, struct keyring_key *key)
{
	int rc = keyring_rebuild(engine->ring, engine->config, user, key);

	if (rc == QK_ERR_POLICY) {
		engine_drop_key(engine, key, error_text(rc));
		rc = 0;
	}
	return rc;
}

static int refresh_keys(struct engine *engine)
{
	struct keyring_key *next;
	int rc = 0;

	for (struct keyring_key *key = keyring_first_to_expire(engine->ring); key != NULL; key = next) {
		struct store_user user;
		int one;

		next = keyring_next_to_expire(key);
		one = store_user_get(engine->store, keyring_pending(key)->user, &user);
		if (one == 0)
			one = refresh_key(engine, &user, key);
		crypto_wipe(&user, sizeof(user));
		if (one != 0 && rc == 0)
			rc = one;
	}
	return rc;
}

int engine_reload(struct engine *engine, const struct config *config)
{
	bool same = config != engine->config && policy_is_same(engine->config, config) && !engine->behind;
	int rc;

	engine->config = config;
	rc = same ? 0 : refresh_keys(engine);
	engine->behind = rc != 0;
	sheets_reload(engine->sheets, config);
	return rc;
}

int engine_user_add(struct engine *engine, const struct store_user *user)
{
	uint64_t n_mod;
	int rc = name_check_user(user->id);

	if (rc == 0)
		rc = chain_modulus(user->p, user->q, &n_mod);
	return rc != 0 ? rc : store_user_add(engine->store, user);
}

/* Ends every grant of a user who may no longer have one. */
struct user_grants {
	const char *user;
	struct store_grant found;
};

static int first_of_user(void *arg, const struct store_grant *grant)
{
	struct user_grants *search = arg;

	if (strcmp(grant->grant.user, search->user) != 0)
		return 0;
	search->found = *grant;
	return 1;
}

static void shut_out(struct engine *engine, const char *id, const char *reason)
{
	struct user_grants search = {.user = id};
	struct keyring_key *key = keyring_find(engine->ring, id);

	if (key != NULL)
		engine_drop_key(engine, key, reason);
	sheets_drop(engine->sheets, id, reason);
	while (granter_each(engine->granter, NULL, first_of_user, &search) == 1)
		granter_revoke(engine->granter, search.found.grant.service, &search.found.grant.client);
}

int engine_user_update(struct engine *engine, const struct store_user *user)
{
	struct keyring_key *key = keyring_find(engine->ring, user->id);
	struct store_user old;
	uint64_t n_mod;
	bool same_modulus;
	int rc = chain_modulus(user->p, user->q, &n_mod);

	if (rc == 0)
		rc = store_user_get(engine->store, user->id, &old);
	if (rc != 0)
		return rc;
	same_modulus = old.p * old.q == n_mod;
	crypto_wipe(&old, sizeof(old));
	rc = store_user_update(engine->store, user);
	if (rc != 0)
		return rc;
	sheets_drop_candidates(engine->sheets, user->id);
	if (user->enabled && !same_modulus)
		sheets_drop(engine->sheets, user->id, "P and Q were changed");
	if (!user->enabled)
		shut_out(engine, user->id, error_text(QK_ERR_DISABLED));
	else if (key != NULL && !same_modulus)
		engine_drop_key(engine, key, "P and Q were changed");
	else if (key != NULL)
		rc = refresh_key(engine, user, key);
	return rc;
}

int engine_user_delete(struct engine *engine, const char *id)
{
	int rc = store_user_delete(engine->store, id);

	if (rc == 0)
		shut_out(engine, id, "user was deleted");
	return rc;
}

int engine_user_set_failures(struct engine *engine, const char *id, uint32_t failures)
{
	struct store_user user;
	int rc = store_user_get(engine->store, id, &user);

	if (rc == 0 && user.failures != failures) {
		user.failures = failures;
		rc = store_user_update(engine->store, &user);
	}
	crypto_wipe(&user, sizeof(user));
	return rc;
}

int engine_user_get(struct engine *engine, const char *id, struct store_user *user)
{
	return store_user_get(engine->store, id, user);
}

int engine_user_each(struct engine *engine, const char *after, unsigned limit,
		     int (*each)(void *arg, const struct store_user *user), void *arg)
{
	return store_user_each(engine->store, after, limit, each, arg);
}

static void fill_services(const struct config *config, const struct store_user *user, struct profile *profile)
{
	for (size_t i = 0; i < config->service_count && profile->service_count < PROFILE_SERVICES_MAX; i++)
		if (policy_allows_service(user, config->services[i].service.name))
			profile->services[profile->service_count++] = config->services[i].service;
}

static void fill_widths(const struct config *config, const struct store_user *user, struct profile *profile)
{
	for (size_t i = 0; i < config->width_count; i++)
		for (size_t j = 0; j < user->width_count; j++)
			if (config->widths[i] == user->widths[j] && profile->width_count < CHAIN_WIDTHS_ALL)
				profile->widths[profile->width_count++] = config->widths[i];
}

int engine_profile(struct engine *engine, const char *id, struct profile *profile)
{
	const struct config *config = engine->config;
	struct store_user user;
	int rc = store_user_get(engine->store, id, &user);

	memset(profile, 0, sizeof(*profile));
	if (rc != 0)
		return rc;
	strncpy(profile->server_id, config->server_id, SERVER_ID_MAX);
	if (config->host != NULL)
		strncpy(profile->host, config->host, PROFILE_HOST_MAX);
	if (config->sms_number != NULL)
		strncpy(profile->number, config->sms_number, NUMBER_SIZE - 1);
	memcpy(profile->user, user.id, sizeof(profile->user));
	profile->n_mod = user.p * user.q;
	profile->validity = config->validity_s;
	profile->shape = config->shape;
	fill_services(config, &user, profile);
	fill_widths(config, &user, profile);
	crypto_wipe(&user, sizeof(user));
	return profile->service_count > 0 && profile->width_count > 0 ? 0 : QK_ERR_POLICY;
}
