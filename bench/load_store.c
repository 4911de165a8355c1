/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load_store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "libcore/clock.h"
#include "libcore/grant.h"
#include "qknockd/store.h"

#define LIFE_NS (3600 * CLOCK_NS_PER_S)

static void die(const char *what)
{
	fprintf(stderr, "bench_load: %s\n", what);
	exit(1);
}

void load_user_name(unsigned number, char name[static USER_ID_MAX + 1])
{
	snprintf(name, USER_ID_MAX + 1, "user%07u", number);
}

/* address(i): the 16 bytes of an address out of 10.0.0.0/8. */
static void sql_address(sqlite3_context *context, int count, sqlite3_value **values)
{
	uint64_t i = (uint64_t)sqlite3_value_int64(values[0]);
	struct address a;

	(void)count;
	address_from_v4(&a, (const uint8_t[]){10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
	sqlite3_result_blob(context, a.b, sizeof(a.b), SQLITE_TRANSIENT);
}

/* P and Q need not be primes for this, only different. Numbers, boot id and times are the statement's parameters. */
static const char users_sql[] =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
    "INSERT INTO user (id, p, q, pass_hash, services, logins, numbers, failures, widths, enabled) "
    "SELECT printf('user%07d', i), 65537, 4000000007 + 2 * i, '', '', '', '', 0, '0 8 64', 1 FROM n";

/* Their ends come in another order than their names. */
static const char pending_sql[] =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
    "INSERT INTO pending (id, user, one_time_key, issued_at, r, client, expires_ns, boot_id, replies) "
    "SELECT i + 1, printf('user%07d', i), randomblob(32), 1700000000 + i, 12345 + i, "
    "address(i), ?2 + (i * 7919 % ?1) * 1000, ?3, 1 FROM n";

static const char grants_sql[] =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
    "INSERT INTO live_grant (id, user, logins, service, client, granted_ns, expires_ns, boot_id, single_use, "
    "expires_wall_s) SELECT i + 1, printf('user%07d', i), '', 'ssh', address(i), ?2 - 7200000000000, ?2 + (i * 7919 % "
    "?1) * 1000, ?3, 0, "
    "2000000000 FROM n";

static void fill(sqlite3 *db, const char *sql, unsigned count)
{
	char boot_id[CLOCK_BOOT_ID_SIZE];
	uint64_t now = clock_boot_ns();
	sqlite3_stmt *st = NULL;

	if (count == 0)
		return;
	if (clock_boot_id(boot_id) != 0 || sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	sqlite3_bind_int64(st, 1, count);
	if (sqlite3_bind_parameter_count(st) > 1) {
		sqlite3_bind_int64(st, 2, (sqlite3_int64)(now + LIFE_NS));
		sqlite3_bind_text(st, 3, boot_id, -1, SQLITE_STATIC);
	}
	if (sqlite3_step(st) != SQLITE_DONE)
		die(sqlite3_errmsg(db));
	sqlite3_finalize(st);
}

void load_store_make(struct load_store *s, unsigned users, unsigned pending, unsigned grants)
{
	struct store *store;
	sqlite3 *db;

	strcpy(s->dir, "/dev/shm/qknock-load-XXXXXX");
	if (mkdtemp(s->dir) == NULL)
		die("no directory in /dev/shm");
	snprintf(s->store, sizeof(s->store), "%s/store.db", s->dir);
	snprintf(s->grants, sizeof(s->grants), "%s/grants", s->dir);
	if (store_open(s->store, NULL, &store) != 0)
		die("no store");
	store_close(store);
	if (sqlite3_open(s->store, &db) != SQLITE_OK ||
	    sqlite3_create_function(db, "address", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_address, NULL,
				    NULL) != SQLITE_OK)
		die("the store does not open");
	sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	fill(db, users_sql, users);
	fill(db, pending_sql, pending);
	fill(db, grants_sql, grants);
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	sqlite3_close(db);
}

void load_store_remove(const struct load_store *s)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", s->dir);
	if (system(command) != 0)
		die("the directory stays");
}
