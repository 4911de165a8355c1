/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/sequence.h"

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

static struct keys_context context_of(const struct sequence_input *in)
{
	return (struct keys_context){
	    .server_id = in->server_id,
	    .user = in->user,
	    .service = in->service->name,
	    .client = in->client,
	    .issued_at = in->otp->issued_at,
	};
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

int sequence_derive(const struct sequence_input *in, struct sequence_packet out[static KNOCK_COUNT_MAX])
{
	uint8_t words[4 * KNOCK_COUNT_MAX] = {0};
	struct address hops[KNOCK_COUNT_MAX];
	struct keys keys = {0};
	struct keys_context context;
	struct message message;
	int rc;

	memset(out, 0, KNOCK_COUNT_MAX * sizeof(*out));
	rc = check(in);
	if (rc != 0)
		return rc;
	context = context_of(in);
	message = message_of(in);
	if ((rc = chain_hops(&in->client, in->width, in->otp->r, in->n_mod, in->shape.count, hops)) != 0 ||
	    (rc = keys_derive(&context, &in->otp->key, in->shape.count, &keys)) != 0 ||
	    (rc = message_seal(&message, keys.seal, words)) != 0)
		goto out;
	memcpy(words + MESSAGE_SEALED_SIZE, keys.fill, sizeof(keys.fill));
	for (size_t i = 0; i < in->shape.count; i++) {
		out[i].source = hops[i];
		out[i].port = place(&in->shape, get_u32(keys.placement + 4 * i));
		out[i].word = get_u32(words + 4 * i);
	}
out:
	keys_wipe(&keys);
	crypto_wipe(words, sizeof(words));
	return rc;
}

int sequence_announce(const struct sequence_input *in, struct sequence_packet *out)
{
	const struct keys_context context = {
	    .server_id = in->server_id, .user = in->user, .issued_at = in->otp->issued_at};
	uint8_t bytes[KEYS_ANNOUNCEMENT_SIZE];
	int rc = knock_shape_check(&in->shape);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = keys_derive_announcement(&context, &in->otp->key, bytes);
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

int sequence_verify(const struct sequence_input *in, const uint32_t words[static KNOCK_COUNT_MIN])
{
	uint8_t sealed[MESSAGE_SEALED_SIZE], seal[CRYPTO_SIV_KEY_SIZE];
	struct keys_context context;
	struct message expected;
	int rc;

	rc = check(in);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < KNOCK_COUNT_MIN; i++)
		for (size_t j = 0; j < 4; j++)
			sealed[4 * i + j] = (uint8_t)(words[i] >> (24 - 8 * j));
	context = context_of(in);
	expected = message_of(in);
	rc = keys_derive_seal(&context, &in->otp->key, seal);
	if (rc == 0)
		rc = message_verify(&expected, seal, sealed);
	crypto_wipe(seal, sizeof(seal));
	crypto_wipe(sealed, sizeof(sealed));
	return rc;
}

_Static_assert(MESSAGE_SEALED_SIZE == 4 * KNOCK_COUNT_MIN, "the sealed message fills the shortest knock exactly");
