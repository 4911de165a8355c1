/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lasts: users, pending one-time keys, sheets of keys and grants whose end is still owed. The one interface behind
 * which SQLite stands (store_sqlite.c); a fleet's store would stand behind the same one. Every function that changes
 * something returns 0 only after the change is durable.
 */
#ifndef QKNOCKD_STORE_H
#define QKNOCKD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/grant.h"
#include "libcore/log.h"
#include "libcore/number.h"
#include "libcore/otp.h"

#define STORE_PASS_HASH_SIZE 384
#define STORE_SERVICES_SIZE 512
#define STORE_NUMBERS_MAX 4
#define STORE_NUMBERS_SIZE (STORE_NUMBERS_MAX * NUMBER_SIZE)

struct store;

struct store_user {
	char id[USER_ID_MAX + 1];
	uint64_t p, q;			      /* unique per user */
	char pass_hash[STORE_PASS_HASH_SIZE]; /* crypt(3); empty: no request by SMS is answered */
	char services[STORE_SERVICES_SIZE];   /* names separated by one blank; empty: all */
	char logins[LOGINS_SIZE]; /* accounts that the user may log in to besides the one of the same name */
	uint16_t widths[3];	  /* allowed hop widths */
	uint32_t width_count;
	char numbers[STORE_NUMBERS_SIZE]; /* in normal form, separated by one blank: who may ask by SMS */
	uint32_t failures; /* wrong pass-codes in a row; requests are refused from requests.lock_after on */
	bool enabled;
};

struct store_pending {
	uint64_t id; /* random, never 0 */
	char user[USER_ID_MAX + 1];
	struct otp otp;
	struct address client;
	uint64_t expires_ns; /* CLOCK_BOOTTIME of boot_id */
	char boot_id[CLOCK_BOOT_ID_SIZE];
	uint32_t replies; /* how often the reply was given out */
};

/* A sheet of keys (protocol-sheet.md) with those that are left, in order. */
struct store_sheet_line {
	uint32_t line; /* 1..lines */
	struct otp_key key;
	uint64_t r;
};

struct store_sheet {
	uint64_t id; /* random, never 0 */
	char user[USER_ID_MAX + 1];
	uint64_t issued_at, expires_at; /* Unix seconds */
	uint32_t lines;			/* printed */
	uint32_t left;
	struct store_sheet_line line[OTP_SHEET_MAX];
};

struct store_grant {
	struct grant grant;
	uint64_t expires_wall_s; /* what hooks and people are told */
};

/* Opens or makes the file (mode 0600) and brings its schema up to date. Errors: STORE, STORE_VERSION. */
int store_open(const char *path, const struct log *log, struct store **out);
void store_close(struct store *store);

int store_user_add(struct store *store, const struct store_user *user);	   /* EXISTS (id, or P and Q), STORE */
int store_user_update(struct store *store, const struct store_user *user); /* NOT_FOUND, EXISTS, STORE */
int store_user_delete(struct store *store, const char *id);		   /* with its pending key; NOT_FOUND, STORE */
int store_user_get(struct store *store, const char *id, struct store_user *user); /* NOT_FOUND, STORE */
/* In order of id, those after the given one, at most limit. */
int store_user_each(struct store *store, const char *after, unsigned limit,
		    int (*each)(void *arg, const struct store_user *user), void *arg);

/* A user's one pending key. add: KEY_PENDING if there is one; remove and count: NOT_FOUND if it went. */
int store_pending_add(struct store *store, const struct store_pending *pending);
int store_pending_remove(struct store *store, uint64_t id);
/* All of other boots, and those whose time is over; none is no error. */
int store_pending_remove_stale(struct store *store, const char *boot_id, uint64_t now_ns);
int store_pending_count_reply(struct store *store, uint64_t id);
int store_pending_each(struct store *store, int (*each)(void *arg, const struct store_pending *pending), void *arg);

/* Consumes the key and records the grant in one transaction: exactly one caller, ever, gets 0 for one
 * pending id; NOT_FOUND for all others. Replaces an older grant of the same service and address. */
int store_consume(struct store *store, uint64_t pending_id, const struct store_grant *grant);

/* A user's one sheet, whole. put replaces an older one; errors: NOT_FOUND (no such user), STORE. remove: NOT_FOUND. */
int store_sheet_put(struct store *store, const struct store_sheet *sheet);
int store_sheet_remove(struct store *store, const char *user);
int store_sheet_each(struct store *store, int (*each)(void *arg, const struct store_sheet *sheet), void *arg);

/* As store_consume, for a line of a sheet; all lines before it are consumed with it. */
int store_sheet_consume(struct store *store, uint64_t sheet_id, uint32_t line, const struct store_grant *grant);

/* The grant is over now, whatever becomes of its places and its hook: the next start does not bring it back.
 * NOT_FOUND, STORE. */
int store_grant_end(struct store *store, uint64_t grant_id);
/* The end of a grant is done with, its hook was started. */
int store_grant_remove(struct store *store, uint64_t grant_id);
int store_grant_each(struct store *store, int (*each)(void *arg, const struct store_grant *grant), void *arg);

#endif
