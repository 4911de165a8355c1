/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/keys.h"

#include <string.h>

#include "libcore/error.h"

#define LABEL_SIZE 5 /* four letters and a zero byte */
#define CONTEXT_MAX (1 + SERVER_ID_MAX + 1 + USER_ID_MAX + 16 + 8 + 1 + SERVICE_NAME_MAX)
#define ANNOUNCE_MAX (sizeof(announce) + 1 + SERVER_ID_MAX + 1 + USER_ID_MAX + 8)

static const uint8_t salt[8] = {'q', 'k', 'n', 'o', 'c', 'k', '/', '1'};
static const char announce[] = "announce"; /* with its zero byte */

static uint8_t *put_lp(uint8_t *p, const char *s)
{
	size_t len = strlen(s);

	*p++ = (uint8_t)len;
	memcpy(p, s, len);
	return p + len;
}

static uint8_t *put_u64(uint8_t *p, uint64_t value)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(value >> shift);
	return p;
}

/* Behind the label of info; returns the length. */
static size_t put_context(uint8_t *start, const struct keys_context *c)
{
	uint8_t *p = start;

	p = put_lp(p, c->server_id);
	p = put_lp(p, c->user);
	memcpy(p, c->client.b, sizeof(c->client.b));
	p = put_u64(p + sizeof(c->client.b), c->issued_at);
	p = put_lp(p, c->service);
	return (size_t)(p - start);
}

static int check(const struct keys_context *c)
{
	int rc;

	if ((rc = name_check_server(c->server_id)) != 0 || (rc = name_check_user(c->user)) != 0)
		return rc;
	return name_check_service(c->service);
}

int keys_extract(struct crypto_hkdf *hkdf, const struct otp_key *key)
{
	return crypto_hkdf_extract(hkdf, key->b, sizeof(key->b), salt, sizeof(salt));
}

/* One output under its own label; info has room for it before the context. */
static int derive(struct crypto_hkdf *hkdf, const char label[static LABEL_SIZE], uint8_t *info, size_t info_len,
		  uint8_t *out, size_t len)
{
	memcpy(info, label, LABEL_SIZE);
	return crypto_hkdf_expand(hkdf, info, info_len, out, len);
}

int keys_derive(struct crypto_hkdf *hkdf, const struct keys_context *context, unsigned count, struct keys *out)
{
	uint8_t info[LABEL_SIZE + CONTEXT_MAX];
	size_t info_len;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = check(context);
	if (rc == 0 && (count < KNOCK_COUNT_MIN || count > KNOCK_COUNT_MAX))
		rc = QK_ERR_COUNT;
	if (rc != 0)
		return rc;
	info_len = LABEL_SIZE + put_context(info + LABEL_SIZE, context);
	rc = derive(hkdf, "seal", info, info_len, out->seal, sizeof(out->seal));
	if (rc == 0 && count > KNOCK_COUNT_MIN)
		rc = derive(hkdf, "fill", info, info_len, out->fill, 4 * (size_t)(count - KNOCK_COUNT_MIN));
	if (rc == 0)
		rc = derive(hkdf, "port", info, info_len, out->placement, 4 * (size_t)count);
	if (rc != 0)
		keys_wipe(out);
	return rc;
}

int keys_derive_announcement(struct crypto_hkdf *hkdf, const struct keys_context *context,
			     uint8_t out[static KEYS_ANNOUNCEMENT_SIZE])
{
	uint8_t info[ANNOUNCE_MAX], *p = info + sizeof(announce);
	int rc;

	memset(out, 0, KEYS_ANNOUNCEMENT_SIZE);
	if ((rc = name_check_server(context->server_id)) != 0 || (rc = name_check_user(context->user)) != 0)
		return rc;
	memcpy(info, announce, sizeof(announce));
	p = put_lp(p, context->server_id);
	p = put_lp(p, context->user);
	p = put_u64(p, context->issued_at);
	return crypto_hkdf_expand(hkdf, info, (size_t)(p - info), out, KEYS_ANNOUNCEMENT_SIZE);
}

void keys_wipe(struct keys *k)
{
	crypto_wipe(k, sizeof(*k));
}
