/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/engine.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "qknockd/engine_state.h"

/* A complete knock whose key could not be consumed is tried again by its own packets, but not at their rate. */
#define RETRY_NS (CLOCK_NS_PER_S / 5)

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

/* A random number takes its time when none was drawn for a while. */
static int draw_next_grant(struct engine *engine)
{
	while (engine->next_grant == 0)
		if (crypto_random(&engine->next_grant, sizeof(engine->next_grant)) != 0)
			return QK_ERR_CRYPTO;
	return 0;
}

static void on_almost_complete(void *arg, struct session *session)
{
	const struct engine *engine = arg;

	keyring_prepare(engine->ring, session_owner(session), engine->config);
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
		rc = draw_next_grant(engine);
	if (rc == 0)
		rc = session_table_new(&engine->table);
	if (rc == 0)
		session_table_prepare(engine->table, on_almost_complete, engine);
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

/* True for a candidate, of which the store knows nothing. */
static bool forget_candidate(struct engine *engine, struct keyring_key *key)
{
	if (!keyring_is_candidate(key))
		return false;
	sheets_forget(engine->sheets, key);
	return true;
}

static void forget_key(struct engine *engine, struct keyring_key *key, const char *reason)
{
	log_line(engine->log, LOG_LEVEL_INFO, "key dropped user=%s reason=\"%s\"", keyring_pending(key)->user, reason);
	keyring_remove(engine->ring, key);
}

void engine_drop_key(struct engine *engine, struct keyring_key *key, const char *reason)
{
	const struct store_pending *pending = keyring_pending(key);
	int rc;

	if (forget_candidate(engine, key))
		return;
	rc = store_pending_remove(engine->store, pending->id);
	if (rc != 0 && rc != QK_ERR_NOT_FOUND)
		log_line(engine->log, LOG_LEVEL_WARNING, "key of user=%s stays in the store until the next start: %s",
			 pending->user, error_text(rc));
	forget_key(engine, key, reason);
}

static void expire_one(struct engine *engine, struct keyring_key *key)
{
	if (forget_candidate(engine, key))
		return;
	engine->counters.expired++;
	forget_key(engine, key, error_text(QK_ERR_STALE));
}

/* However many end at once, as after a time asleep, they cost the store one commit. */
void engine_expire_keys(struct engine *engine)
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

static int make_grant(struct engine *engine, const struct keyring_knock *knock, struct store_grant *out)
{
	const struct config_service *policy = config_service(engine->config, knock->service.name);
	const struct store_pending *pending = keyring_pending(knock->key);
	struct grant *g = &out->grant;

	memset(out, 0, sizeof(*out));
	if (policy == NULL)
		return QK_ERR_POLICY;
	if (draw_next_grant(engine) != 0)
		return QK_ERR_CRYPTO;
	g->id = engine->next_grant;
	engine->next_grant = 0;
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
	if (keyring_pending(knock->key)->expires_ns <= clock_boot_ns())
		return QK_ERR_STALE;
	return keyring_verify(engine->ring, knock, engine->config);
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
	draw_next_grant(engine);
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
	engine_expire_keys(engine);
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
