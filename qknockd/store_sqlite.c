/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store in one SQLite file. WAL with synchronous=FULL: a commit is on disk when sqlite3_reset() of the
 * statement that committed returns SQLITE_OK, and nothing is acted upon before that.
 * Unsigned 64-bit numbers lie in SQLite's signed 64-bit integers, bit for bit: those of 2^63 and more read as
 * negative in the sqlite3 shell.
 */
#include "qknockd/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

#define APPLICATION_ID 0x716b6e6b /* "qknk" */
#define SCHEMA_VERSION 2

/* clang-format off */
#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

/* Since version 2. */
#define CREATE_SHEETS \
	"CREATE TABLE sheet (" \
	" id INTEGER PRIMARY KEY NOT NULL," \
	" user TEXT NOT NULL UNIQUE REFERENCES user (id) ON DELETE CASCADE," \
	" issued_at INTEGER NOT NULL," \
	" expires_at INTEGER NOT NULL," \
	" lines INTEGER NOT NULL" \
	") STRICT;" \
	"CREATE TABLE sheet_line (" \
	" sheet INTEGER NOT NULL REFERENCES sheet (id) ON DELETE CASCADE," \
	" line INTEGER NOT NULL," \
	" one_time_key BLOB NOT NULL CHECK (length(one_time_key) = 32)," \
	" r INTEGER NOT NULL," \
	" PRIMARY KEY (sheet, line)" \
	") STRICT, WITHOUT ROWID;"

/* Executed in one transaction. P and Q are one pair whichever way round they are given. A grant outlives its
 * user until its end was dealt with, hence no foreign key there. */
static const char create_sql[] =
	"CREATE TABLE user ("
	" id TEXT PRIMARY KEY NOT NULL,"
	" p INTEGER NOT NULL,"
	" q INTEGER NOT NULL,"
	" pass_hash TEXT NOT NULL,"
	" services TEXT NOT NULL,"
	" logins TEXT NOT NULL,"
	" numbers TEXT NOT NULL,"
	" failures INTEGER NOT NULL,"
	" widths TEXT NOT NULL,"
	" enabled INTEGER NOT NULL CHECK (enabled IN (0, 1))"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX user_primes ON user (min(p, q), max(p, q));"
	"CREATE TABLE pending ("
	" id INTEGER PRIMARY KEY NOT NULL,"
	" user TEXT NOT NULL UNIQUE REFERENCES user (id) ON DELETE CASCADE,"
	" one_time_key BLOB NOT NULL CHECK (length(one_time_key) = 32),"
	" issued_at INTEGER NOT NULL,"
	" r INTEGER NOT NULL,"
	" client BLOB NOT NULL CHECK (length(client) = 16),"
	" expires_ns INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" replies INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE live_grant ("
	" id INTEGER PRIMARY KEY NOT NULL,"
	" user TEXT NOT NULL,"
	" logins TEXT NOT NULL,"
	" service TEXT NOT NULL,"
	" client BLOB NOT NULL CHECK (length(client) = 16),"
	" granted_ns INTEGER NOT NULL,"
	" expires_ns INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" single_use INTEGER NOT NULL CHECK (single_use IN (0, 1)),"
	" expires_wall_s INTEGER NOT NULL,"
	" UNIQUE (service, client)"
	") STRICT;"
	CREATE_SHEETS
	"PRAGMA application_id = " STRING(APPLICATION_ID) ";"
	"PRAGMA user_version = " STRING(SCHEMA_VERSION) ";";

static const char *const upgrade_sql[SCHEMA_VERSION - 1] = {
	CREATE_SHEETS "PRAGMA user_version = 2;",
};

static const char *const statement_sql[] = {
#define X(name, sql) sql,
	STATEMENT_TABLE(X)
#undef X
};
/* clang-format on */

static const struct dbfile_schema store_schema = {
    .application_id = APPLICATION_ID,
    .version = SCHEMA_VERSION,
    .create = create_sql,
    .upgrades = upgrade_sql,
    .statements = statement_sql,
    .statement_count = ST_COUNT,
};

int store_open(const char *path, const struct log *log, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (s == NULL)
		return QK_ERR_NOMEM;
	err = dbfile_open(path, &store_schema, log, &s->file);
	if (err != 0) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	dbfile_close(s->file);
	free(s);
}

/* --- users --- */

static void format_widths(const struct store_user *user, char text[static 32])
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < user->width_count; i++)
		used += (size_t)snprintf(text + used, 32 - used, "%s%u", i > 0 ? " " : "", user->widths[i]);
}

static bool parse_widths(const char *text, struct store_user *user)
{
	const size_t max = sizeof(user->widths) / sizeof(user->widths[0]);

	user->width_count = 0;
	while (*text != '\0') {
		char *end;
		unsigned long width = strtoul(text, &end, 10);

		if (end == text || width > 128 || user->width_count == max || (*end != ' ' && *end != '\0'))
			return false;
		user->widths[user->width_count++] = (uint16_t)width;
		text = *end == ' ' ? end + 1 : end;
	}
	return true;
}

static int write_user(struct store *s, enum statement which, const struct store_user *user, const char *what)
{
	char widths[32];
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, which, &st);

	if (err != 0)
		return err;
	format_widths(user, widths);
	dbrow_bind_text(st, 1, user->id);
	dbrow_bind_u64(st, 2, user->p);
	dbrow_bind_u64(st, 3, user->q);
	dbrow_bind_text(st, 4, user->pass_hash);
	dbrow_bind_text(st, 5, user->services);
	dbrow_bind_text(st, 6, widths);
	sqlite3_bind_int(st, 7, user->enabled);
	dbrow_bind_text(st, 8, user->logins);
	dbrow_bind_text(st, 9, user->numbers);
	sqlite3_bind_int64(st, 10, user->failures);
	code = dbrow_run(st);
	if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE)
		return QK_ERR_EXISTS;
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, what);
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

int store_user_add(struct store *s, const struct store_user *user)
{
	return write_user(s, ST_USER_ADD, user, "add a user");
}

int store_user_update(struct store *s, const struct store_user *user)
{
	return write_user(s, ST_USER_UPDATE, user, "change a user");
}

int store_user_delete(struct store *s, const char *id)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_USER_DELETE, &st);

	if (err != 0)
		return err;
	dbrow_bind_text(st, 1, id);
	code = dbrow_run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, "delete a user");
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

static bool read_user(sqlite3_stmt *st, void *row)
{
	struct store_user *user = row;
	char widths[32];

	memset(user, 0, sizeof(*user));
	user->p = dbrow_u64(st, 1);
	user->q = dbrow_u64(st, 2);
	user->enabled = sqlite3_column_int(st, 6) != 0;
	user->failures = (uint32_t)sqlite3_column_int64(st, 9);
	return dbrow_string(st, 0, user->id, sizeof(user->id)) &&
	       dbrow_string(st, 3, user->pass_hash, sizeof(user->pass_hash)) &&
	       dbrow_string(st, 4, user->services, sizeof(user->services)) &&
	       dbrow_string(st, 5, widths, sizeof(widths)) && parse_widths(widths, user) &&
	       dbrow_string(st, 7, user->logins, sizeof(user->logins)) &&
	       dbrow_string(st, 8, user->numbers, sizeof(user->numbers));
}

int store_user_get(struct store *s, const char *id, struct store_user *user)
{
	struct dbrow_list rows = {.size = sizeof(*user), .read = read_user};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_USER_GET, &st);

	memset(user, 0, sizeof(*user));
	if (err != 0)
		return err;
	dbrow_bind_text(st, 1, id);
	err = dbrow_fetch(s->file, st, &rows, "read a user");
	if (err == 0 && rows.count == 0)
		err = QK_ERR_NOT_FOUND;
	if (err == 0)
		memcpy(user, rows.data, sizeof(*user));
	dbrow_free(&rows);
	return err;
}

int store_user_each(struct store *s, const char *after, unsigned limit,
		    int (*each)(void *arg, const struct store_user *user), void *arg)
{
	struct dbrow_list rows = {.size = sizeof(struct store_user), .read = read_user};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_USER_EACH, &st);

	if (err != 0)
		return err;
	dbrow_bind_text(st, 1, after != NULL ? after : "");
	sqlite3_bind_int64(st, 2, limit);
	err = dbrow_fetch(s->file, st, &rows, "list users");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_user *)rows.data + i);
	dbrow_free(&rows);
	return err;
}

/* --- pending one-time keys --- */

int store_pending_add(struct store *s, const struct store_pending *pending)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_PENDING_ADD, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, pending->id);
	dbrow_bind_text(st, 2, pending->user);
	sqlite3_bind_blob(st, 3, pending->otp.key.b, OTP_KEY_SIZE, SQLITE_STATIC);
	dbrow_bind_u64(st, 4, pending->otp.issued_at);
	dbrow_bind_u64(st, 5, pending->otp.r);
	sqlite3_bind_blob(st, 6, pending->client.b, sizeof(pending->client.b), SQLITE_STATIC);
	dbrow_bind_u64(st, 7, pending->expires_ns);
	dbrow_bind_text(st, 8, pending->boot_id);
	sqlite3_bind_int64(st, 9, pending->replies);
	code = dbrow_run(st);
	if (code == SQLITE_CONSTRAINT_UNIQUE)
		return QK_ERR_KEY_PENDING;
	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return QK_ERR_NOT_FOUND;
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "add a one-time key") : 0;
}

int store_pending_remove(struct store *s, uint64_t id)
{
	return dbrow_run_id(s->file, ST_PENDING_REMOVE, id, "remove a one-time key");
}

int store_pending_remove_stale(struct store *s, const char *boot_id, uint64_t now_ns)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_PENDING_REMOVE_STALE, &st);

	if (err != 0)
		return err;
	dbrow_bind_text(st, 1, boot_id);
	dbrow_bind_u64(st, 2, now_ns);
	code = dbrow_run(st);
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "remove expired one-time keys") : 0;
}

int store_pending_count_reply(struct store *s, uint64_t id)
{
	return dbrow_run_id(s->file, ST_PENDING_COUNT, id, "count a reply");
}

static bool read_pending(sqlite3_stmt *st, void *row)
{
	struct store_pending *pending = row;

	memset(pending, 0, sizeof(*pending));
	pending->id = dbrow_u64(st, 0);
	pending->otp.issued_at = dbrow_u64(st, 3);
	pending->otp.r = dbrow_u64(st, 4);
	pending->expires_ns = dbrow_u64(st, 6);
	pending->replies = (uint32_t)sqlite3_column_int64(st, 8);
	return dbrow_string(st, 1, pending->user, sizeof(pending->user)) &&
	       dbrow_bytes(st, 2, pending->otp.key.b, OTP_KEY_SIZE) &&
	       dbrow_bytes(st, 5, pending->client.b, sizeof(pending->client.b)) &&
	       dbrow_string(st, 7, pending->boot_id, sizeof(pending->boot_id));
}

int store_pending_each(struct store *s, int (*each)(void *arg, const struct store_pending *pending), void *arg)
{
	struct dbrow_list rows = {.size = sizeof(struct store_pending), .read = read_pending};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_PENDING_EACH, &st);

	if (err != 0)
		return err;
	err = dbrow_fetch(s->file, st, &rows, "list one-time keys");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_pending *)rows.data + i);
	dbrow_free(&rows);
	return err;
}

/* --- grants --- */

int store_add_grant(struct store *s, const struct store_grant *grant)
{
	const struct grant *g = &grant->grant;
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_GRANT_ADD, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, g->id);
	dbrow_bind_text(st, 2, g->user);
	dbrow_bind_text(st, 3, g->service);
	sqlite3_bind_blob(st, 4, g->client.b, sizeof(g->client.b), SQLITE_STATIC);
	dbrow_bind_u64(st, 5, g->granted_ns);
	dbrow_bind_u64(st, 6, g->expires_ns);
	dbrow_bind_text(st, 7, g->boot_id);
	sqlite3_bind_int(st, 8, g->single_use);
	dbrow_bind_u64(st, 9, grant->expires_wall_s);
	dbrow_bind_text(st, 10, g->logins);
	code = dbrow_run(st);
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "record a grant") : 0;
}

int store_consume(struct store *s, uint64_t pending_id, const struct store_grant *grant)
{
	int err = dbrow_run_plain(s->file, ST_BEGIN, "begin to consume a one-time key");

	if (err != 0)
		return err;
	err = dbrow_run_id(s->file, ST_PENDING_REMOVE, pending_id, "consume a one-time key");
	if (err == 0)
		err = store_add_grant(s, grant);
	/* Until this returned 0 the key is not consumed and no one may act. */
	if (err == 0)
		err = dbrow_run_plain(s->file, ST_COMMIT, "commit a consumed one-time key");
	else
		dbfile_rollback(s->file);
	return err;
}

int store_grant_end(struct store *s, uint64_t grant_id)
{
	return dbrow_run_id(s->file, ST_GRANT_END, grant_id, "end a grant");
}

int store_grant_remove(struct store *s, uint64_t grant_id)
{
	return dbrow_run_id(s->file, ST_GRANT_REMOVE, grant_id, "remove a grant");
}

static bool read_grant(sqlite3_stmt *st, void *row)
{
	struct store_grant *grant = row;
	struct grant *g = &grant->grant;

	memset(grant, 0, sizeof(*grant));
	g->id = dbrow_u64(st, 0);
	g->granted_ns = dbrow_u64(st, 4);
	g->expires_ns = dbrow_u64(st, 5);
	g->single_use = sqlite3_column_int(st, 7) != 0;
	grant->expires_wall_s = dbrow_u64(st, 8);
	return dbrow_string(st, 1, g->user, sizeof(g->user)) && dbrow_string(st, 2, g->service, sizeof(g->service)) &&
	       dbrow_bytes(st, 3, g->client.b, sizeof(g->client.b)) &&
	       dbrow_string(st, 6, g->boot_id, sizeof(g->boot_id)) && dbrow_string(st, 9, g->logins, sizeof(g->logins));
}

int store_grant_each(struct store *s, int (*each)(void *arg, const struct store_grant *grant), void *arg)
{
	struct dbrow_list rows = {.size = sizeof(struct store_grant), .read = read_grant};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_GRANT_EACH, &st);

	if (err != 0)
		return err;
	err = dbrow_fetch(s->file, st, &rows, "list grants");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_grant *)rows.data + i);
	dbrow_free(&rows);
	return err;
}
