/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/error.h"
#include "libcore/keys.h"
#include "libcore/message.h"

static int check(const struct sequence_input *in)
{
	int rc;

	if ((rc = name_check_server(in->server_id)) != 0 || (rc = name_check_user(in->user)) != 0 ||
	    (rc = service_check(in->service)) != 0 || (rc = knock_shape_check(&in->shape)) != 0 ||
	    (rc = chain_check_modulus(in->n_mod)) != 0 || (rc = chain_check_r(in->otp->r, in->n_mod)) != 0)
		return rc;
	return chain_check_width(&in->client, in->width);
}

/* What keys were derived for. Compared as a whole, so all of it is set, to zero where there is nothing. */
struct scope {
	struct otp_key key;
	char server_id[SERVER_ID_MAX + 1];
	char user[USER_ID_MAX + 1];
	char service[SERVICE_NAME_MAX + 1];
	struct address client;
	uint64_t issued_at;
	uint32_t count;
};

struct sequence_maker {
	struct crypto_hkdf *hkdf;
	struct crypto_siv *siv;
	struct scope scope; /* while derived */
	struct keys keys;
	bool derived;
};

int sequence_maker_new(struct sequence_maker **out)
{
	struct sequence_maker *maker = calloc(1, sizeof(*maker));
	int rc;

	*out = NULL;
	if (maker == NULL)
		return QK_ERR_NOMEM;
	rc = crypto_hkdf_new(&maker->hkdf);
	if (rc == 0)
		rc = crypto_siv_new(&maker->siv);
	if (rc != 0)
		sequence_maker_free(maker);
	else
		*out = maker;
	return rc;
}

static void forget(struct sequence_maker *maker)
{
	crypto_hkdf_wipe(maker->hkdf);
	crypto_siv_wipe(maker->siv);
	keys_wipe(&maker->keys);
	crypto_wipe(&maker->scope, sizeof(maker->scope));
	maker->derived = false;
}

void sequence_maker_forget(struct sequence_maker *maker, const struct otp_key *key)
{
	if (maker->derived && crypto_equal(&maker->scope.key, key, sizeof(*key)))
		forget(maker);
}

void sequence_maker_free(struct sequence_maker *maker)
{
	if (maker == NULL)
		return;
	crypto_siv_free(maker->siv);
	crypto_hkdf_free(maker->hkdf);
	crypto_wipe(maker, sizeof(*maker));
	free(maker);
}

/* The input has been checked, so all names fit. */
static void scope_of(const struct sequence_input *in, struct scope *scope)
{
	memset(scope, 0, sizeof(*scope));
	scope->key = in->otp->key;
	memcpy(scope->server_id, in->server_id, strlen(in->server_id));
	memcpy(scope->user, in->user, strlen(in->user));
	memcpy(scope->service, in->service->name, strlen(in->service->name));
	scope->client = in->client;
	scope->issued_at = in->otp->issued_at;
	scope->count = in->shape.count;
}

/* The keys of a scope. */
static int derive(struct sequence_maker *maker, const struct scope *scope)
{
	const struct keys_context context = {.server_id = scope->server_id,
					     .user = scope->user,
					     .service = scope->service,
					     .client = scope->client,
					     .issued_at = scope->issued_at};
	int rc = 0;

	if (!maker->derived || !crypto_equal(&maker->scope.key, &scope->key, sizeof(scope->key)))
		rc = keys_extract(maker->hkdf, &scope->key);
	if (rc == 0)
		rc = keys_derive(maker->hkdf, &context, scope->count, &maker->keys);
	if (rc != 0) {
		forget(maker);
		return rc;
	}
	crypto_siv_wipe(maker->siv);
	memcpy(&maker->scope, scope, sizeof(*scope)); /* padding too */
	maker->derived = true;
	return 0;
}

/* All that comes before sealing, or opening, a message. */
static int get_ready(struct sequence_maker *maker, const struct sequence_input *in, enum crypto_siv_use use)
{
	struct scope scope;
	int rc = check(in);

	if (rc != 0)
		return rc;
	scope_of(in, &scope);
	if (!maker->derived || !crypto_equal(&maker->scope, &scope, sizeof(scope)))
		rc = derive(maker, &scope);
	crypto_wipe(&scope, sizeof(scope));
	if (rc == 0 && crypto_siv_get_use(maker->siv) != use)
		rc = crypto_siv_set_key(maker->siv, use, maker->keys.seal);
	return rc;
}

int sequence_maker_prepare(struct sequence_maker *maker, const struct sequence_input *in)
{
	return get_ready(maker, in, CRYPTO_SIV_OPEN);
}

static struct message message_of(const struct sequence_input *in)
{
	return (struct message){
	    .count = in->shape.count,
	    .protocol = in->service->protocol,
	    .port = in->service->port,
	    .width = in->width,
	    .issued_at = in->otp->issued_at,
	    .client = in->client,
	};
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t place(const struct knock_shape *shape, uint32_t placement)
{
	uint32_t span = (uint32_t)shape->port_last - shape->port_first + 1;

	return (uint16_t)(shape->port_first + ((uint64_t)placement * span >> 32));
}

int sequence_maker_derive(struct sequence_maker *maker, const struct sequence_input *in,
			  struct sequence_packet out[static KNOCK_COUNT_MAX])
{
	uint8_t words[4 * KNOCK_COUNT_MAX] = {0};
	struct address hops[KNOCK_COUNT_MAX];
	const struct keys *keys = &maker->keys;
	struct message message;
	int rc;

	memset(out, 0, KNOCK_COUNT_MAX * sizeof(*out));
	rc = get_ready(maker, in, CRYPTO_SIV_SEAL);
	if (rc != 0)
		return rc;
	message = message_of(in);
	if ((rc = chain_hops(&in->client, in->width, in->otp->r, in->n_mod, in->shape.count, hops)) != 0 ||
	    (rc = message_seal(&message, maker->siv, words)) != 0)
		goto out;
	memcpy(words + MESSAGE_SEALED_SIZE, keys->fill, sizeof(keys->fill));
	for (size_t i = 0; i < in->shape.count; i++) {
		out[i].source = hops[i];
		out[i].port = place(&in->shape, get_u32(keys->placement + 4 * i));
		out[i].word = get_u32(words + 4 * i);
	}
out:
	crypto_wipe(words, sizeof(words));
	return rc;
}

int sequence_maker_verify(struct sequence_maker *maker, const struct sequence_input *in,
			  const uint32_t words[static KNOCK_COUNT_MIN])
{
	uint8_t sealed[MESSAGE_SEALED_SIZE];
	struct message expected;
	int rc = sequence_maker_prepare(maker, in);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < KNOCK_COUNT_MIN; i++)
		for (size_t j = 0; j < 4; j++)
			sealed[4 * i + j] = (uint8_t)(words[i] >> (24 - 8 * j));
	expected = message_of(in);
	rc = message_verify(&expected, maker->siv, sealed);
	crypto_wipe(sealed, sizeof(sealed));
	return rc;
}

int sequence_derive(const struct sequence_input *in, struct sequence_packet out[static KNOCK_COUNT_MAX])
{
	struct sequence_maker *maker;
	int rc = sequence_maker_new(&maker);

	memset(out, 0, KNOCK_COUNT_MAX * sizeof(*out));
	if (rc == 0)
		rc = sequence_maker_derive(maker, in, out);
	sequence_maker_free(maker);
	return rc;
}

int sequence_announce(const struct sequence_input *in, struct sequence_packet *out)
{
	const struct keys_context context = {
	    .server_id = in->server_id, .user = in->user, .issued_at = in->otp->issued_at};
	uint8_t bytes[KEYS_ANNOUNCEMENT_SIZE];
	struct crypto_hkdf *hkdf = NULL;
	int rc = knock_shape_check(&in->shape);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = crypto_hkdf_new(&hkdf);
	if (rc == 0)
		rc = keys_extract(hkdf, &in->otp->key);
	if (rc == 0)
		rc = keys_derive_announcement(hkdf, &context, bytes);
	crypto_hkdf_free(hkdf);
	if (rc != 0)
		return rc;
	out->source = in->client;
	out->word = get_u32(bytes);
	out->port = place(&in->shape, get_u32(bytes + 4));
	crypto_wipe(bytes, sizeof(bytes));
	return 0;
}

bool sequence_hops_well(const struct sequence_packet *packets, unsigned count, uint16_t width,
			const struct address *server)
{
	const struct chain_policy policy = {.avoid = server, .avoid_count = 1, .packet_count = count};
	struct address hops[KNOCK_COUNT_MAX];

	for (unsigned i = 0; i < count; i++)
		hops[i] = packets[i].source;
	return width == 0 || chain_hops_are_good(hops, width, &policy);
}

_Static_assert(MESSAGE_SEALED_SIZE == 4 * KNOCK_COUNT_MIN, "the sealed message fills the shortest knock exactly");
