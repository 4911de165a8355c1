/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store in a temporary directory, and rows to put into it. */
#ifndef TESTS_UNIT_STORES_H
#define TESTS_UNIT_STORES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/store.h"

#define BOOT_ID "11111111-2222-3333-4444-555555555555"

struct fixture {
	char dir[64];
	char path[96];
	struct log log;
	unsigned lines; /* at level error */
	char last[1024];
	struct store *store;
};

static inline void take_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;

	if (level == LOG_LEVEL_ERROR)
		f->lines++;
	snprintf(f->last, sizeof(f->last), "%s", line);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/qk-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/db/store", f->dir);
	f->log = (struct log){.write = take_line, .arg = f, .level = LOG_LEVEL_DEBUG};
	assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	store_close(f->store);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

static inline void reopen_closed(struct fixture *f)
{
	assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
}

static inline void reopen(struct fixture *f)
{
	store_close(f->store);
	reopen_closed(f);
}

/* --- rows --- */

static inline struct store_user make_user(const char *id, uint64_t p)
{
	struct store_user u = {.p = p, .q = 17, .widths = {0, 8, 64}, .width_count = 3, .enabled = true};

	snprintf(u.id, sizeof(u.id), "%s", id);
	snprintf(u.pass_hash, sizeof(u.pass_hash), "$y$j9T$salt$hash");
	snprintf(u.services, sizeof(u.services), "ssh web");
	snprintf(u.numbers, sizeof(u.numbers), "+447911123456 +4915112345678");
	u.failures = 7;
	snprintf(u.logins, sizeof(u.logins), "root www-data");
	return u;
}

static inline struct store_pending make_pending(uint64_t id, const char *user)
{
	struct store_pending p = {.id = id, .otp = {.issued_at = 1700000000, .r = UINT64_MAX - 4}, .replies = 1};

	snprintf(p.user, sizeof(p.user), "%s", user);
	memset(p.otp.key.b, 0xa5, sizeof(p.otp.key.b));
	p.otp.key.b[0] = 0;
	address_parse(&p.client, "172.17.12.20");
	p.expires_ns = UINT64_C(1) << 63;
	strcpy(p.boot_id, BOOT_ID);
	return p;
}

/* Key i begins with the byte i. */
static inline struct store_sheet make_sheet(uint64_t id, const char *user, uint32_t lines)
{
	struct store_sheet sheet = {
	    .id = id, .issued_at = 1700000000, .expires_at = UINT64_MAX - 1, .lines = lines, .left = lines};

	snprintf(sheet.user, sizeof(sheet.user), "%s", user);
	for (uint32_t i = 0; i < lines; i++) {
		sheet.line[i].line = i + 1;
		sheet.line[i].r = UINT64_MAX - i;
		memset(sheet.line[i].key.b, 0x5e, sizeof(sheet.line[i].key.b));
		sheet.line[i].key.b[0] = (uint8_t)(i + 1);
	}
	return sheet;
}

static inline struct store_grant make_grant(uint64_t id, const char *address)
{
	struct store_grant g = {.grant = {.id = id, .granted_ns = 5, .expires_ns = UINT64_MAX, .single_use = true}};

	strcpy(g.grant.user, "alice");
	strcpy(g.grant.logins, "root www-data");
	strcpy(g.grant.service, "ssh");
	strcpy(g.grant.boot_id, BOOT_ID);
	address_parse(&g.grant.client, address);
	g.expires_wall_s = 1700000060;
	return g;
}

static inline void add_user(struct fixture *f, const char *id, uint64_t p)
{
	struct store_user u = make_user(id, p);

	assert_int_equal(store_user_add(f->store, &u), 0);
}

static inline void add_pending(struct fixture *f, uint64_t id, const char *user)
{
	struct store_pending p = make_pending(id, user);

	assert_int_equal(store_pending_add(f->store, &p), 0);
}

static inline void expect_user(const struct store_user *a, const struct store_user *b)
{
	assert_string_equal(a->id, b->id);
	assert_true(a->p == b->p && a->q == b->q);
	assert_string_equal(a->pass_hash, b->pass_hash);
	assert_string_equal(a->services, b->services);
	assert_string_equal(a->numbers, b->numbers);
	assert_int_equal(a->failures, b->failures);
	assert_string_equal(a->logins, b->logins);
	assert_int_equal(a->width_count, b->width_count);
	assert_memory_equal(a->widths, b->widths, a->width_count * sizeof(a->widths[0]));
	assert_int_equal(a->enabled, b->enabled);
}

struct list {
	struct store_sheet sheet; /* the last */
	unsigned count;
	uint64_t ids[4096];
	struct store_pending pending; /* the last */
	struct store_grant grant;
	char names[512];
	struct store *delete_from;
	int stop;
};

static inline int list_pending(void *arg, const struct store_pending *p)
{
	struct list *l = arg;

	l->ids[l->count++] = p->id;
	l->pending = *p;
	return l->stop;
}

static inline int list_sheet(void *arg, const struct store_sheet *sheet)
{
	struct list *l = arg;

	l->ids[l->count++] = sheet->id;
	l->sheet = *sheet;
	return l->stop;
}

static inline int list_grant(void *arg, const struct store_grant *g)
{
	struct list *l = arg;

	l->ids[l->count++] = g->grant.id;
	l->grant = *g;
	return l->stop;
}

static inline int list_user(void *arg, const struct store_user *u)
{
	struct list *l = arg;

	l->count++;
	strcat(strcat(l->names, u->id), " ");
	if (l->delete_from != NULL)
		assert_int_equal(store_user_delete(l->delete_from, u->id), 0);
	return l->stop;
}

static inline unsigned pending_count(struct fixture *f)
{
	struct list l = {0};

	assert_int_equal(store_pending_each(f->store, list_pending, &l), 0);
	return l.count;
}

static inline unsigned sheet_count(struct fixture *f)
{
	struct list l = {0};

	assert_int_equal(store_sheet_each(f->store, list_sheet, &l), 0);
	return l.count;
}

static inline unsigned grant_count(struct fixture *f)
{
	struct list l = {0};

	assert_int_equal(store_grant_each(f->store, list_grant, &l), 0);
	return l.count;
}

#endif
