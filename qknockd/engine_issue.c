/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-time keys: drawn, kept, given out (protocol.md section 2). */
#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/crypto.h"
#include "qknockd/engine_state.h"
#include "qknockd/localaddr.h"
#include "qknockd/policy.h"

#define REPLIES_MAX 3

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
	engine_expire_keys(engine);
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
