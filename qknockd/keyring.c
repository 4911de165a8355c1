/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/keyring.h"

#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/policy.h"

struct keyring_key {
	struct store_pending pending;
	uint64_t n_mod;
	char *logins; /* NULL: none */
	struct keyring_knock *knocks;
	size_t knock_count;
	unsigned server; /* the one that the knocks are for */
	RB_ENTRY(keyring_key) in_users;
	RB_ENTRY(keyring_key) in_expiry;
};

/* Trees and not lists: 100,000 keys may come in any order, after a start or a change of their validity. */
RB_HEAD(user_tree, keyring_key);
RB_HEAD(expiry_tree, keyring_key);

struct keyring {
	struct session_table *table;
	struct sequence_maker *maker; /* knows no key's secrets but those of one that is here */
	struct user_tree users;
	struct expiry_tree expiry;
	size_t count; /* in users */
	char server_id[SERVER_ID_MAX + 1];
	unsigned server; /* counts the server ids that there were */
};

static int by_user(const struct keyring_key *a, const struct keyring_key *b)
{
	return strcmp(a->pending.user, b->pending.user);
}

/* Two keys are never equal. */
static int by_expiry(const struct keyring_key *a, const struct keyring_key *b)
{
	uint64_t end_a = a->pending.expires_ns, end_b = b->pending.expires_ns;

	if (end_a != end_b)
		return end_a < end_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Not RB_GENERATE_STATIC: it needs a name that the headers of Linux have in use. */
RB_GENERATE_INTERNAL(user_tree, keyring_key, in_users, by_user, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(expiry_tree, keyring_key, in_expiry, by_expiry, __attribute__((unused)) static)

int keyring_new(struct session_table *table, struct keyring **out)
{
	struct keyring *ring = calloc(1, sizeof(*ring));
	int rc;

	*out = NULL;
	if (ring == NULL)
		return QK_ERR_NOMEM;
	rc = sequence_maker_new(&ring->maker);
	if (rc != 0) {
		free(ring);
		return rc;
	}
	ring->table = table;
	RB_INIT(&ring->users);
	RB_INIT(&ring->expiry);
	*out = ring;
	return 0;
}

void keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	while (!RB_EMPTY(&ring->expiry))
		keyring_remove(ring, RB_ROOT(&ring->expiry));
	sequence_maker_free(ring->maker);
	free(ring);
}

/* Borrows from the key and config. */
static void input_of(const struct keyring_knock *knock, const struct config *config, struct sequence_input *in)
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

static int expect(struct keyring *ring, const struct config *config, struct keyring_knock *knock)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct sequence_input in;
	int rc;

	input_of(knock, config, &in);
	rc = sequence_maker_derive(ring->maker, &in, packets);
	if (rc == 0)
		rc = session_add(ring->table, packets, knock->shape.count, knock, &knock->session);
	crypto_wipe(packets, sizeof(packets));
	return rc;
}

int keyring_verify(struct keyring *ring, const struct keyring_knock *knock, const struct config *config)
{
	uint32_t words[KNOCK_COUNT_MAX];
	struct sequence_input in;
	int rc;

	input_of(knock, config, &in);
	session_words(knock->session, words);
	rc = sequence_maker_verify(ring->maker, &in, words);
	crypto_wipe(words, sizeof(words));
	return rc;
}

/* What fails here fails there again, and is said there. */
void keyring_prepare(struct keyring *ring, const struct keyring_knock *knock, const struct config *config)
{
	struct sequence_input in;

	input_of(knock, config, &in);
	sequence_maker_prepare(ring->maker, &in);
}

/* The server id is part of every packet, but no part of a key's own state. */
static unsigned server_of(struct keyring *ring, const struct config *config)
{
	if (strcmp(ring->server_id, config->server_id) != 0) {
		strncpy(ring->server_id, config->server_id, SERVER_ID_MAX);
		ring->server++;
	}
	return ring->server;
}

static bool same_packets(const struct keyring_knock *a, const struct keyring_knock *b)
{
	return strcmp(a->service.name, b->service.name) == 0 && a->service.protocol == b->service.protocol &&
	       a->service.port == b->service.port && a->shape.port_first == b->shape.port_first &&
	       a->shape.port_last == b->shape.port_last && a->shape.count == b->shape.count && a->width == b->width;
}

/* The knocks of a key, or those that it had. */
struct knocks {
	struct keyring_knock *knock;
	size_t count;
};

static struct keyring_knock *find_knock(const struct knocks *knocks, const struct keyring_knock *like)
{
	for (size_t i = 0; i < knocks->count; i++)
		if (same_packets(&knocks->knock[i], like))
			return &knocks->knock[i];
	return NULL;
}

/* Ends the sessions of those that are not among the others as well. */
static void drop_knocks(struct keyring *ring, const struct knocks *knocks, const struct knocks *kept)
{
	for (size_t i = 0; i < knocks->count; i++)
		if (find_knock(kept, &knocks->knock[i]) == NULL)
			session_remove(ring->table, knocks->knock[i].session);
	free(knocks->knock);
}

/* Takes the session over that there is, or makes one. */
static int expect_one(struct keyring *ring, const struct config *config, const struct knocks *old,
		      struct keyring_knock *knock)
{
	const struct keyring_knock *same = find_knock(old, knock);

	if (same == NULL)
		return expect(ring, config, knock);
	knock->session = same->session;
	knock->retry_ns = same->retry_ns;
	return 0;
}

/* The knocks of every allowed service and width, in sessions of their own. Nothing changes on error. */
static int expect_all(struct keyring *ring, const struct config *config, const struct store_user *user,
		      struct keyring_key *key, const struct knocks *old, struct knocks *out)
{
	uint16_t widths[CHAIN_WIDTHS_MAX];
	size_t width_count = policy_widths(config, user, &key->pending.client, widths);
	int rc = 0;

	out->knock = calloc(config->service_count * width_count + 1, sizeof(*out->knock));
	out->count = 0;
	if (out->knock == NULL)
		return QK_ERR_NOMEM;
	for (size_t i = 0; i < config->service_count * width_count && rc == 0; i++) {
		const struct service *service = &config->services[i / width_count].service;

		if (!policy_allows_service(user, service->name))
			continue;
		out->knock[out->count] = (struct keyring_knock){
		    .key = key, .service = *service, .shape = config->shape, .width = widths[i % width_count]};
		rc = expect_one(ring, config, old, &out->knock[out->count]);
		out->count += rc == 0;
	}
	if (rc == 0 && out->count == 0)
		rc = QK_ERR_POLICY;
	if (rc != 0)
		drop_knocks(ring, out, old);
	return rc;
}

/* Out of memory there are none rather than old ones. */
static int take_logins(struct keyring_key *key, const struct store_user *user)
{
	free(key->logins);
	key->logins = NULL;
	if (user->logins[0] == '\0')
		return 0;
	key->logins = strdup(user->logins);
	return key->logins != NULL ? 0 : QK_ERR_NOMEM;
}

/* Brings the sessions in line with configuration and user. */
static int refresh(struct keyring *ring, const struct config *config, const struct store_user *user,
		   struct keyring_key *key)
{
	unsigned server = server_of(ring, config);
	struct knocks had = {key->knocks, key->knock_count}, none = {NULL, 0}, now;
	int rc = take_logins(key, user);

	if (rc == 0)
		rc = expect_all(ring, config, user, key, server == key->server ? &had : &none, &now);
	if (rc != 0)
		return rc;
	drop_knocks(ring, &had, server == key->server ? &now : &none);
	for (size_t i = 0; i < now.count; i++)
		session_set_owner(now.knock[i].session, &now.knock[i]);
	key->knocks = now.knock;
	key->knock_count = now.count;
	key->server = server;
	return 0;
}

static void free_key(struct keyring *ring, struct keyring_key *key)
{
	sequence_maker_forget(ring->maker, &key->pending.otp.key);
	free(key->logins);
	crypto_wipe(key, sizeof(*key));
	free(key);
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
	rc = refresh(ring, config, user, key);
	if (rc != 0) {
		free_key(ring, key);
		return rc;
	}
	RB_INSERT(expiry_tree, &ring->expiry, key);
	*out = key;
	return 0;
}

int keyring_add(struct keyring *ring, const struct config *config, const struct store_user *user,
		const struct store_pending *pending)
{
	struct keyring_key *key;
	int rc = keyring_find(ring, pending->user) != NULL ? QK_ERR_EXISTS : add(ring, config, user, pending, &key);

	if (rc == 0) {
		RB_INSERT(user_tree, &ring->users, key);
		ring->count++;
	}
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
	const struct knocks had = {key->knocks, key->knock_count}, none = {NULL, 0};

	drop_knocks(ring, &had, &none);
	if (!keyring_is_candidate(key)) {
		RB_REMOVE(user_tree, &ring->users, key);
		ring->count--;
	}
	RB_REMOVE(expiry_tree, &ring->expiry, key);
	free_key(ring, key);
}

int keyring_rebuild(struct keyring *ring, const struct config *config, const struct store_user *user,
		    struct keyring_key *key)
{
	return refresh(ring, config, user, key);
}

/* To look for: nothing but the name is read of it. */
static struct keyring_key like_user(const char *user)
{
	struct keyring_key key = {.pending = {.id = 0}};

	strncpy(key.pending.user, user, sizeof(key.pending.user) - 1);
	return key;
}

struct keyring_key *keyring_find(struct keyring *ring, const char *user)
{
	struct keyring_key like = like_user(user);

	return RB_FIND(user_tree, &ring->users, &like);
}

struct keyring_key *keyring_first_to_expire(struct keyring *ring)
{
	return RB_MIN(expiry_tree, &ring->expiry);
}

struct keyring_key *keyring_next_to_expire(struct keyring_key *key)
{
	return RB_NEXT(expiry_tree, NULL, key);
}

struct keyring_key *keyring_first_after(struct keyring *ring, const char *user)
{
	struct keyring_key like = like_user(user);
	struct keyring_key *key = RB_NFIND(user_tree, &ring->users, &like);

	if (key != NULL && by_user(key, &like) == 0)
		key = RB_NEXT(user_tree, &ring->users, key);
	return key;
}

struct keyring_key *keyring_next_by_user(struct keyring_key *key)
{
	return RB_NEXT(user_tree, NULL, key);
}

size_t keyring_count(const struct keyring *ring)
{
	return ring->count;
}

struct store_pending *keyring_pending(struct keyring_key *key)
{
	return &key->pending;
}

const char *keyring_logins(const struct keyring_key *key)
{
	return key->logins != NULL ? key->logins : "";
}
