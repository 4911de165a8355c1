/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"

struct fake fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
}

static struct store_user *find(const char *id)
{
	for (size_t i = 0; i < fake.user_count; i++)
		if (strcmp(fake.users[i].id, id) == 0)
			return &fake.users[i];
	return NULL;
}

int engine_user_add(struct engine *engine, const struct store_user *user)
{
	(void)engine;
	for (size_t i = 0; i < fake.user_count; i++)
		if (strcmp(fake.users[i].id, user->id) == 0 || fake.users[i].p == user->p)
			return QK_ERR_EXISTS;
	if (fake.user_count == FAKE_USERS)
		return QK_ERR_STORE;
	fake.users[fake.user_count++] = *user;
	return 0;
}

int engine_user_update(struct engine *engine, const struct store_user *user)
{
	struct store_user *old = find(user->id);

	(void)engine;
	for (size_t i = 0; i < fake.user_count; i++)
		if (&fake.users[i] != old && fake.users[i].p == user->p)
			return QK_ERR_EXISTS;
	*old = *user;
	return 0;
}

int engine_user_delete(struct engine *engine, const char *id)
{
	struct store_user *user = find(id);

	(void)engine;
	if (user == NULL)
		return QK_ERR_NOT_FOUND;
	*user = fake.users[--fake.user_count];
	return 0;
}

int engine_user_get(struct engine *engine, const char *id, struct store_user *user)
{
	(void)engine;
	memset(user, 0, sizeof(*user));
	if (find(id) == NULL)
		return QK_ERR_NOT_FOUND;
	*user = *find(id);
	return 0;
}

int engine_user_each(struct engine *engine, const char *after, unsigned limit,
		     int (*each)(void *arg, const struct store_user *user), void *arg)
{
	int err = 0;

	(void)engine;
	for (size_t i = 0; err == 0 && i < fake.user_count && limit > 0; i++) {
		if (strcmp(fake.users[i].id, after) > 0) {
			limit--;
			err = each(arg, &fake.users[i]);
		}
	}
	return err;
}

int engine_profile(struct engine *engine, const char *id, struct profile *profile)
{
	(void)engine;
	if (find(id) == NULL)
		return QK_ERR_NOT_FOUND;
	*profile = (struct profile){.server_id = "gw",
				    .n_mod = 187,
				    .validity = 120,
				    .shape = KNOCK_SHAPE_DEFAULT,
				    .width_count = 1,
				    .service_count = PROFILE_SERVICES_MAX};
	strcpy(profile->user, id);
	for (unsigned i = 0; i < PROFILE_SERVICES_MAX; i++) {
		profile->services[i] = (struct service){.protocol = SERVICE_TCP, .port = (uint16_t)(22 + i)};
		snprintf(profile->services[i].name, sizeof(profile->services[i].name), "service-%u", i);
	}
	return 0;
}

int engine_issue(struct engine *engine, const char *user, const struct address *client, const uint64_t *r,
		 struct otp *otp)
{
	(void)engine;
	(void)client;
	memset(otp, 0, sizeof(*otp));
	if (find(user) == NULL)
		return QK_ERR_NOT_FOUND;
	otp->issued_at = 1700000000;
	otp->r = r != NULL ? *r : 1;
	return 0;
}

int engine_pending_each(struct engine *engine, const char *after, unsigned limit,
			int (*each)(void *arg, const struct engine_pending *pending), void *arg)
{
	struct engine_pending p = {.issued_at = 1700000000, .seconds_left = 90, .replies = 1};
	int err = 0;

	(void)engine;
	address_parse(&p.client, "2001:db8::1");
	for (unsigned i = 0; err == 0 && i < FAKE_PENDING && limit > 0; i++) {
		snprintf(p.user, sizeof(p.user), "user%03u", i);
		if (strcmp(p.user, after) > 0) {
			limit--;
			err = each(arg, &p);
		}
	}
	return err;
}

struct sheets *engine_sheets(struct engine *engine)
{
	return (struct sheets *)engine;
}

int sheets_issue(struct sheets *sheets, const char *user, uint32_t lines, struct store_sheet *out)
{
	(void)sheets;
	if (find(user) == NULL)
		return QK_ERR_NOT_FOUND;
	memset(out, 0, sizeof(*out));
	strcpy(out->user, user);
	out->issued_at = 1700000000;
	out->expires_at = 1707776000;
	out->lines = out->left = lines;
	for (uint32_t i = 0; i < lines; i++)
		out->line[i] = (struct store_sheet_line){.line = i + 1, .r = UINT64_MAX};
	return 0;
}

int sheets_revoke(struct sheets *sheets, const char *user)
{
	(void)sheets;
	return find(user) == NULL ? QK_ERR_NOT_FOUND : 0;
}

int sheets_each(struct sheets *sheets, const char *after, unsigned limit,
		int (*each)(void *arg, const struct sheets_item *item), void *arg)
{
	struct sheets_item item = {.issued_at = 1700000000, .expires_at = 1707776000, .lines = 10};
	int err = 0;

	(void)sheets;
	for (unsigned i = 0; err == 0 && i < FAKE_PENDING && limit > 0; i++) {
		snprintf(item.user, sizeof(item.user), "user%03u", i);
		item.left = i % 11;
		item.next = item.left > 0 ? 11 - item.left : 0;
		if (strcmp(item.user, after) > 0) {
			limit--;
			err = each(arg, &item);
		}
	}
	return err;
}

struct granter *engine_granter(struct engine *engine)
{
	return (struct granter *)engine;
}

static bool grant_is_after(const struct grant *g, const struct grant *after)
{
	int order = after == NULL ? 1 : strcmp(g->service, after->service);

	return order > 0 || (order == 0 && memcmp(g->client.b, after->client.b, sizeof(g->client.b)) > 0);
}

int granter_each(const struct granter *granter, const struct grant *after,
		 int (*each)(void *arg, const struct store_grant *grant), void *arg)
{
	int err = 0;

	(void)granter;
	for (size_t i = 0; err == 0 && i < fake.grant_count; i++)
		if (grant_is_after(&fake.grants[i].grant, after))
			err = each(arg, &fake.grants[i]);
	return err;
}

unsigned granter_revoke(struct granter *granter, const char *service, const struct address *client)
{
	unsigned count = 0;

	(void)granter;
	for (size_t i = 0; i < fake.grant_count; i++)
		if ((service == NULL || strcmp(service, fake.grants[i].grant.service) == 0) &&
		    (client == NULL || address_equal(client, &fake.grants[i].grant.client)))
			count++;
	return count;
}

void engine_counters(const struct engine *engine, struct engine_counters *out)
{
	(void)engine;
	*out = (struct engine_counters){.known = 1,
					.grants = 2,
					.failures = 3,
					.issued = 4,
					.expired = 5,
					.sessions = 6,
					.pending = 7,
					.live_grants = 8};
}

int fake_reload(void *arg)
{
	(void)arg;
	return fake.reload;
}

void fake_status(void *arg, struct control_message *item)
{
	(void)arg;
	if (control_add(item, "version", "9") != 0)
		abort();
}

void fake_request(void *arg, const char *sender, const char *text, const struct control_later *later)
{
	(void)arg;
	fake.requests++;
	snprintf(fake.sender, sizeof(fake.sender), "%s", sender);
	snprintf(fake.text, sizeof(fake.text), "%s", text);
	fake.later = *later;
}

int fake_unlock(void *arg, const char *user)
{
	struct store_user *found = find(user);

	(void)arg;
	if (found == NULL)
		return QK_ERR_NOT_FOUND;
	found->failures = 0;
	return 0;
}
