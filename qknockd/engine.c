/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/engine.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/sequence.h"
#include "qknockd/keyring.h"
#include "qknockd/localaddr.h"
#include "qknockd/policy.h"
#include "qknockd/session.h"

#define REPLIES_MAX 3
/* A complete knock whose key could not be consumed is tried again by its own packets, but not at their rate. */
#define RETRY_NS (CLOCK_NS_PER_S / 5)

struct engine {
	const struct config *config;
	struct store *store;
	struct granter *granter;
	const struct log *log;
	struct session_table *table;
	struct keyring *ring;
	struct sheets *sheets;
	struct engine_counters counters;
	struct address *own; /* the host's addresses as somebody else sees them; NULL: nobody else looks */
	size_t own_count;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	bool behind; /* keys are left as they were before the last reload */
};

/* --- keys that were pending when the daemon stopped --- */

/* Of another boot, or past its time. */
static bool is_stale(const struct engine *engine, const struct store_pending *pending)
{
	return strcmp(pending->boot_id, engine->boot_id) != 0 || pending->expires_ns <= clock_boot_ns();
}

/* A key lives on if it is not stale and its user may use it. The stale ones are removed together. */
static int load_one(void *arg, const struct store_pending *pending)
{
	struct engine *engine = arg;
	struct store_user user;
	int rc = QK_ERR_STALE;

	if (!is_stale(engine, pending)) {
		rc = store_user_get(engine->store, pending->user, &user);
		if (rc == 0)
			rc = user.enabled ? keyring_add(engine->ring, engine->config, &user, pending) : QK_ERR_DISABLED;
		crypto_wipe(&user, sizeof(user));
	}
	if (rc == QK_ERR_STORE || rc == QK_ERR_NOMEM || rc == 0)
		return rc;
	log_line(engine->log, LOG_LEVEL_INFO, "key dropped at start user=%s reason=\"%s\"", pending->user,
		 error_text(rc));
	/* One that can't be removed is refused for the same reason at the next start. */
	if (rc != QK_ERR_STALE)
		store_pending_remove(engine->store, pending->id);
	else
		engine->counters.expired++;
	return 0;
}

static int load(struct engine *engine)
{
	int rc = store_pending_each(engine->store, load_one, engine);

	if (engine->counters.expired > 0)
		store_pending_remove_stale(engine->store, engine->boot_id, clock_boot_ns());
	return rc;
}

int engine_new(const struct config *config, struct store *store, struct granter *granter, const struct log *log,
	       struct engine **out)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int rc = QK_ERR_NOMEM;

	*out = NULL;
	if (engine == NULL)
		return rc;
	engine->config = config;
	engine->store = store;
	engine->granter = granter;
	engine->log = log;
	rc = clock_boot_id(engine->boot_id);
	if (rc == 0)
		rc = session_table_new(&engine->table);
	if (rc == 0)
		rc = keyring_new(engine->table, &engine->ring);
	if (rc == 0)
		rc = load(engine);
	if (rc == 0)
		rc = sheets_new(config, store, engine->table, engine->ring, log, &engine->sheets);
	if (rc != 0) {
		engine_free(engine);
		return rc;
	}
	*out = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	sheets_free(engine->sheets);
	keyring_free(engine->ring);
	session_table_free(engine->table);
	free(engine->own);
	free(engine);
}

void engine_expect(struct engine *engine, struct expected_set *expected)
{
	session_table_expect(engine->table, expected);
}

/* --- end of a pending key --- */

static void drop_key(struct engine *engine, struct keyring_key *key, const char *reason)
{
	const struct store_pending *pending = keyring_pending(key);
	int rc;

	if (keyring_is_candidate(key)) {
		sheets_forget(engine->sheets, key);
		return;
	}
	rc = store_pending_remove(engine->store, pending->id);
	log_line(engine->log, LOG_LEVEL_INFO, "key dropped user=%s reason=\"%s\"", pending->user, reason);
	if (rc != 0 && rc != QK_ERR_NOT_FOUND)
		log_line(engine->log, LOG_LEVEL_WARNING, "key of user=%s stays in the store until the next start: %s",
			 pending->user, error_text(rc));
	keyring_remove(engine->ring, key);
}

static void expire_one(struct engine *engine, struct keyring_key *key)
{
	if (keyring_is_candidate(key)) {
		sheets_forget(engine->sheets, key);
		return;
	}
	engine->counters.expired++;
	log_line(engine->log, LOG_LEVEL_INFO, "key dropped user=%s reason=\"%s\"", keyring_pending(key)->user,
		 error_text(QK_ERR_STALE));
	keyring_remove(engine->ring, key);
}

/* However many end at once, as after a time asleep, they cost the store one commit. */
static void expire_keys(struct engine *engine)
{
	uint64_t now = clock_boot_ns(), before = engine->counters.expired;
	struct keyring_key *key;
	int rc = 0;

	while ((key = keyring_first_to_expire(engine->ring)) != NULL && keyring_pending(key)->expires_ns <= now)
		expire_one(engine, key);
	if (engine->counters.expired > before)
		rc = store_pending_remove_stale(engine->store, engine->boot_id, now);
	if (rc != 0)
		log_line(engine->log, LOG_LEVEL_WARNING, "expired keys stay in the store for now: %s", error_text(rc));
}

/* --- a complete knock --- */

static int make_grant(const struct engine *engine, const struct keyring_knock *knock, struct store_grant *out)
{
	const struct config_service *policy = config_service(engine->config, knock->service.name);
	const struct store_pending *pending = keyring_pending(knock->key);
	struct grant *g = &out->grant;

	memset(out, 0, sizeof(*out));
	if (policy == NULL)
		return QK_ERR_POLICY;
	while (g->id == 0)
		if (crypto_random(&g->id, sizeof(g->id)) != 0)
			return QK_ERR_CRYPTO;
	memcpy(g->user, pending->user, sizeof(g->user));
	memcpy(g->service, knock->service.name, sizeof(g->service));
	strncpy(g->logins, keyring_logins(knock->key), sizeof(g->logins) - 1);
	memcpy(g->boot_id, engine->boot_id, sizeof(g->boot_id));
	g->client = pending->client;
	g->granted_ns = clock_boot_ns();
	g->expires_ns = g->granted_ns + policy->grant_s * CLOCK_NS_PER_S;
	g->single_use = policy->single_use;
	out->expires_wall_s = clock_wall_s() + policy->grant_s;
	return 0;
}

static int verify(const struct engine *engine, const struct keyring_knock *knock)
{
	uint32_t words[KNOCK_COUNT_MAX];
	struct sequence_input in;
	int rc;

	if (keyring_pending(knock->key)->expires_ns <= clock_boot_ns())
		return QK_ERR_STALE;
	keyring_input(knock, engine->config, &in);
	session_words(knock->session, words);
	rc = sequence_verify(&in, words);
	crypto_wipe(words, sizeof(words));
	return rc;
}

static int consume(const struct engine *engine, const struct store_pending *pending, const struct store_grant *grant)
{
	if (pending->otp.line != 0)
		return store_sheet_consume(engine->store, pending->id, pending->otp.line, grant);
	return store_consume(engine->store, pending->id, grant);
}

/* The session of the very packet that is being delivered goes too: session_packet allows that. */
static void forget_consumed(struct engine *engine, struct keyring_key *key)
{
	if (keyring_is_candidate(key))
		sheets_consumed(engine->sheets, key);
	else
		keyring_remove(engine->ring, key);
}

/* Section 6, in this order: open and compare, consume durably, grant, hooks. */
static void try_knock(struct engine *engine, const struct session *session)
{
	struct keyring_knock *knock = session_owner(session);
	const struct store_pending *pending = keyring_pending(knock->key);
	uint64_t now = clock_boot_ns();
	struct store_grant grant;
	int rc;

	if (now < knock->retry_ns)
		return;
	knock->retry_ns = now + RETRY_NS;
	rc = verify(engine, knock);
	if (rc == 0)
		rc = make_grant(engine, knock, &grant);
	if (rc == 0)
		rc = consume(engine, pending, &grant);
	if (rc != 0) {
		engine->counters.failures++;
		log_line(engine->log, LOG_LEVEL_ERROR, "no grant for a complete knock user=%s service=%s: %s",
			 pending->user, knock->service.name, error_text(rc));
		/* Consumed elsewhere: never to be tried again. */
		if (rc == QK_ERR_NOT_FOUND)
			forget_consumed(engine, knock->key);
		return;
	}
	engine->counters.grants++;
	/* What the granter could not write it has logged and tries again. */
	granter_add(engine->granter, &grant);
	/* Only now, as each packet that is no longer expected costs a system call, and the port is to open first. But
	 * in here, before another session of the key is delivered. */
	forget_consumed(engine, knock->key);
}

static void on_complete(void *arg, struct session *session, const struct frame_knock *packet)
{
	struct engine *engine = arg;

	if (session_is_from_anywhere(session))
		sheets_announced(engine->sheets, session, &packet->source);
	else
		try_knock(engine, session);
}

void engine_packets(void *arg, const struct frame_knock *packets, size_t count)
{
	struct engine *engine = arg;

	session_packets(engine->table, packets, count, on_complete, engine, &engine->counters.known);
}

void engine_tick(struct engine *engine)
{
	expire_keys(engine);
	sheets_tick(engine->sheets);
	granter_tick(engine->granter);
}

uint64_t engine_next_event(const struct engine *engine)
{
	struct keyring_key *key = keyring_first_to_expire(engine->ring);
	uint64_t end = granter_next_end(engine->granter);

	if (key == NULL)
		return end;
	if (end == 0 || keyring_pending(key)->expires_ns < end)
		return keyring_pending(key)->expires_ns;
	return end;
}

/* --- issuing --- */

/* The pending key once more, if the request is the same. */
static int issue_again(struct engine *engine, struct keyring_key *key, const struct address *client, const uint64_t *r,
		       struct otp *otp)
{
	struct store_pending *pending = keyring_pending(key);
	int rc;

	if (!address_equal(&pending->client, client) || (r != NULL && *r != pending->otp.r))
		return QK_ERR_KEY_PENDING;
	if (pending->replies >= REPLIES_MAX)
		return QK_ERR_REPLY_LIMIT;
	rc = store_pending_count_reply(engine->store, pending->id);
	if (rc != 0)
		return rc;
	pending->replies++;
	*otp = pending->otp;
	return 0;
}

static int draw_r(const struct engine *engine, const struct store_user *user, const struct address *client, uint64_t *r)
{
	uint16_t widths[CHAIN_WIDTHS_MAX];
	struct address *found = NULL;
	struct chain_policy policy = {.widths = widths,
				      .packet_count = engine->config->shape.count,
				      .avoid = engine->own,
				      .avoid_count = engine->own_count};
	int rc = engine->own == NULL ? localaddr_list(&found, &policy.avoid_count) : 0;

	if (rc == 0) {
		if (found != NULL)
			policy.avoid = found;
		policy.width_count = policy_widths(engine->config, user, client, widths);
		rc = chain_draw_r(client, user->p * user->q, &policy, r);
	}
	free(found);
	return rc;
}

static int draw_pending(const struct engine *engine, const struct store_user *user, const struct address *client,
			const uint64_t *r, struct store_pending *pending)
{
	int rc = otp_key_draw(&pending->otp.key);

	while (rc == 0 && pending->id == 0)
		rc = crypto_random(&pending->id, sizeof(pending->id));
	if (rc != 0)
		return rc;
	rc = r != NULL ? chain_check_r(*r, user->p * user->q) : draw_r(engine, user, client, &pending->otp.r);
	if (rc != 0)
		return rc;
	if (r != NULL)
		pending->otp.r = *r;
	pending->otp.issued_at = clock_wall_s();
	pending->client = *client;
	pending->expires_ns = clock_boot_ns() + engine->config->validity_s * CLOCK_NS_PER_S;
	pending->replies = 1;
	memcpy(pending->user, user->id, sizeof(pending->user));
	memcpy(pending->boot_id, engine->boot_id, sizeof(pending->boot_id));
	return 0;
}

/* The sessions are made first: a key that is durable but not listened for would be of no use. */
static int issue_new(struct engine *engine, const struct store_user *user, const struct address *client,
		     const uint64_t *r, struct otp *otp)
{
	struct store_pending pending = {0};
	int rc = draw_pending(engine, user, client, r, &pending);

	if (rc == 0)
		rc = keyring_add(engine->ring, engine->config, user, &pending);
	if (rc != 0)
		goto out;
	rc = store_pending_add(engine->store, &pending);
	if (rc != 0) {
		keyring_remove(engine->ring, keyring_find(engine->ring, user->id));
		goto out;
	}
	engine->counters.issued++;
	*otp = pending.otp;
out:
	crypto_wipe(&pending, sizeof(pending));
	return rc;
}

static int issue(struct engine *engine, const char *id, const struct address *client, const uint64_t *r,
		 struct otp *otp)
{
	struct store_user user;
	struct keyring_key *key;
	int rc = policy_check_client(client);

	if (rc == 0)
		rc = store_user_get(engine->store, id, &user);
	if (rc != 0)
		return rc;
	expire_keys(engine);
	key = keyring_find(engine->ring, id);
	if (!user.enabled)
		rc = QK_ERR_DISABLED;
	else if (key != NULL)
		rc = issue_again(engine, key, client, r, otp);
	else
		rc = issue_new(engine, &user, client, r, otp);
	log_line(engine->log, rc == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE, "key %s user=%s reason=\"%s\"",
		 rc != 0 ? "refused" : (key != NULL ? "repeated" : "issued"), user.id, error_text(rc));
	crypto_wipe(&user, sizeof(user));
	return rc;
}

int engine_issue(struct engine *engine, const char *user, const struct address *client, const uint64_t *r,
		 struct otp *otp)
{
	memset(otp, 0, sizeof(*otp));
	return issue(engine, user, client, r, otp);
}

int engine_set_own_addresses(struct engine *engine, const struct address *list, size_t count)
{
	struct address *copy = calloc(count + 1, sizeof(*copy));

	if (copy == NULL)
		return QK_ERR_NOMEM;
	memcpy(copy, list, count * sizeof(*copy));
	free(engine->own);
	engine->own = copy;
	engine->own_count = count;
	return 0;
}

/* --- configuration and users --- */

/* Brings a pending key in line with policy; one that allows nothing any more is dropped. */
static int refresh_key(struct engine *engine, const struct store_user *user, struct keyring_key *key)
{
	int rc = keyring_rebuild(engine->ring, engine->config, user, key);

	if (rc == QK_ERR_POLICY) {
		drop_key(engine, key, error_text(rc));
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
		drop_key(engine, key, reason);
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
		drop_key(engine, key, "P and Q were changed");
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

/* --- what is shown --- */

static void describe(struct keyring_key *key, uint64_t now, struct engine_pending *out)
{
	const struct store_pending *pending = keyring_pending(key);

	*out = (struct engine_pending){
	    .client = pending->client, .issued_at = pending->otp.issued_at, .replies = pending->replies};
	memcpy(out->user, pending->user, sizeof(out->user));
	if (pending->expires_ns > now)
		out->seconds_left = (uint32_t)((pending->expires_ns - now + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
}

int engine_pending_each(struct engine *engine, const char *after, unsigned limit,
			int (*each)(void *arg, const struct engine_pending *pending), void *arg)
{
	struct keyring_key *key = keyring_first_after(engine->ring, after);
	uint64_t now = clock_boot_ns();
	int rc = 0;

	for (; key != NULL && limit > 0 && rc == 0; key = keyring_next_by_user(key), limit--) {
		struct engine_pending one;

		describe(key, now, &one);
		rc = each(arg, &one);
	}
	return rc;
}

struct granter *engine_granter(struct engine *engine)
{
	return engine->granter;
}

struct sheets *engine_sheets(struct engine *engine)
{
	return engine->sheets;
}

void engine_counters(const struct engine *engine, struct engine_counters *out)
{
	*out = engine->counters;
	out->sessions = session_count(engine->table);
	out->pending = keyring_count(engine->ring);
	out->sheets = sheets_count(engine->sheets);
	out->live_grants = granter_count(engine->granter);
}
