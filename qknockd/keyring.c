/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/policy.h"

struct keyring_key {
	struct store_pending pending;
	uint64_t n_mod;
	struct keyring_knock *knocks;
	size_t knock_count;
	struct keyring_key *prev, *next; /* by expiry */
	UT_hash_handle hh;		 /* by user */
};

struct keyring {
	struct session_table *table;
	struct keyring_key *by_user;
	struct keyring_key *by_expiry;
};

int keyring_new(struct session_table *table, struct keyring **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return QK_ERR_NOMEM;
	(*out)->table = table;
	return 0;
}

void keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	while (ring->by_expiry != NULL)
		keyring_remove(ring, ring->by_expiry);
	free(ring);
}

void keyring_input(const struct keyring_knock *knock, const struct config *config, struct sequence_input *in)
{
	const struct keyring_key *key = knock->key;

	*in = (struct sequence_input){
	    .server_id = config->server_id,
	    .user = key->pending.user,
	    .otp = &key->pending.otp,
	    .service = &knock->service,
	    .client = key->pending.client,
	    .shape = knock->shape,
	    .n_mod = key->n_mod,
	    .width = knock->width,
	};
}

static void drop_knocks(struct keyring *ring, struct keyring_knock *knocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		session_remove(ring->table, knocks[i].session);
	free(knocks);
}

static int expect(struct keyring *ring, const struct config *config, struct keyring_knock *knock)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct sequence_input in;
	int rc;

	keyring_input(knock, config, &in);
	rc = sequence_derive(&in, packets);
	if (rc == 0)
		rc = session_add(ring->table, packets, knock->shape.count, knock, &knock->session);
	crypto_wipe(packets, sizeof(packets));
	return rc;
}

/* The knocks of every allowed service and width, in sessions of their own. */
static int expect_all(struct keyring *ring, const struct config *config, const struct store_user *user,
		      struct keyring_key *key, struct keyring_knock **out, size_t *out_count)
{
	uint16_t widths[CHAIN_WIDTHS_MAX];
	size_t width_count = policy_widths(config, user, &key->pending.client, widths);
	struct keyring_knock *knocks = calloc(config->service_count * CHAIN_WIDTHS_MAX, sizeof(*knocks));
	size_t n = 0;
	int rc = 0;

	if (knocks == NULL)
		return QK_ERR_NOMEM;
	for (size_t s = 0; s < config->service_count; s++) {
		if (!policy_allows_service(user, config->services[s].service.name))
			continue;
		for (size_t w = 0; w < width_count; w++) {
			knocks[n] = (struct keyring_knock){
			    .key = key,
			    .service = config->services[s].service,
			    .shape = config->shape,
			    .width = widths[w],
			};
			rc = expect(ring, config, &knocks[n]);
			if (rc != 0)
				goto out;
			n++;
		}
	}
	if (n == 0)
		rc = QK_ERR_POLICY;
out:
	if (rc != 0) {
		drop_knocks(ring, knocks, n);
		return rc;
	}
	*out = knocks;
	*out_count = n;
	return 0;
}

static int by_expiry(const struct keyring_key *a, const struct keyring_key *b)
{
	return a->pending.expires_ns < b->pending.expires_ns ? -1 : a->pending.expires_ns > b->pending.expires_ns;
}

/* Keys mostly arrive in the order of their expiry, so the place is sought from the end. */
static void insert_by_expiry(struct keyring *ring, struct keyring_key *key)
{
	struct keyring_key *before = ring->by_expiry == NULL ? NULL : ring->by_expiry->prev;

	while (before != NULL && by_expiry(before, key) > 0)
		before = before == ring->by_expiry ? NULL : before->prev;
	if (before == NULL)
		DL_PREPEND(ring->by_expiry, key);
	else
		DL_APPEND_ELEM(ring->by_expiry, before, key);
}

static int add(struct keyring *ring, const struct config *config, const struct store_user *user,
	       const struct store_pending *pending, struct keyring_key **out)
{
	struct keyring_key *key = calloc(1, sizeof(*key));
	int rc;

	if (key == NULL)
		return QK_ERR_NOMEM;
	key->pending = *pending;
	/* Checked to fit when the user was registered. */
	key->n_mod = user->p * user->q;
	rc = expect_all(ring, config, user, key, &key->knocks, &key->knock_count);
	if (rc != 0) {
		crypto_wipe(key, sizeof(*key));
		free(key);
		return rc;
	}
	insert_by_expiry(ring, key);
	*out = key;
	return 0;
}

int keyring_add(struct keyring *ring, const struct config *config, const struct store_user *user,
		const struct store_pending *pending)
{
	struct keyring_key *key;
	int rc = keyring_find(ring, pending->user) != NULL ? QK_ERR_EXISTS : add(ring, config, user, pending, &key);

	if (rc == 0)
		HASH_ADD_STR(ring->by_user, pending.user, key);
	return rc;
}

int keyring_add_candidate(struct keyring *ring, const struct config *config, const struct store_user *user,
			  const struct store_pending *pending, struct keyring_key **out)
{
	return add(ring, config, user, pending, out);
}

bool keyring_is_candidate(struct keyring_key *key)
{
	return key->pending.otp.line != 0;
}

void keyring_remove(struct keyring *ring, struct keyring_key *key)
{
	drop_knocks(ring, key->knocks, key->knock_count);
	if (!keyring_is_candidate(key))
		HASH_DEL(ring->by_user, key);
	DL_DELETE(ring->by_expiry, key);
	crypto_wipe(key, sizeof(*key));
	free(key);
}

static void inherit(struct keyring_knock *knocks, size_t count, const struct keyring_key *old)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < old->knock_count; j++)
			if (strcmp(knocks[i].service.name, old->knocks[j].service.name) == 0 &&
			    knocks[i].width == old->knocks[j].width)
				session_inherit(knocks[i].session, old->knocks[j].session);
}

int keyring_rebuild(struct keyring *ring, const struct config *config, const struct store_user *user,
		    struct keyring_key *key)
{
	struct keyring_knock *knocks;
	size_t count;
	int rc = expect_all(ring, config, user, key, &knocks, &count);

	if (rc != 0)
		return rc;
	inherit(knocks, count, key);
	drop_knocks(ring, key->knocks, key->knock_count);
	key->knocks = knocks;
	key->knock_count = count;
	return 0;
}

struct keyring_key *keyring_find(struct keyring *ring, const char *user)
{
	struct keyring_key *key;

	HASH_FIND_STR(ring->by_user, user, key);
	return key;
}

struct keyring_key *keyring_first_to_expire(struct keyring *ring)
{
	return ring->by_expiry;
}

struct keyring_key *keyring_next_to_expire(struct keyring_key *key)
{
	return key->next;
}

static int by_user(const struct keyring_key *a, const struct keyring_key *b)
{
	return strcmp(a->pending.user, b->pending.user);
}

struct keyring_key *keyring_first_after(struct keyring *ring, const char *user)
{
	struct keyring_key *key;

	HASH_SORT(ring->by_user, by_user);
	for (key = ring->by_user; key != NULL; key = key->hh.next)
		if (strcmp(key->pending.user, user) > 0)
			return key;
	return NULL;
}

struct keyring_key *keyring_next_by_user(struct keyring_key *key)
{
	return key->hh.next;
}

size_t keyring_count(const struct keyring *ring)
{
	return HASH_COUNT(ring->by_user);
}

struct store_pending *keyring_pending(struct keyring_key *key)
{
	return &key->pending;
}
