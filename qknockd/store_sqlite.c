/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store in one SQLite file. WAL with synchronous=FULL: a commit is on disk when sqlite3_reset() of the
 * statement that committed returns SQLITE_OK, and nothing is acted upon before that.
 * Unsigned 64-bit numbers lie in SQLite's signed 64-bit integers, bit for bit: those of 2^63 and more read as
 * negative in the sqlite3 shell.
 */
#include "qknockd/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/dbfile.h"

#define APPLICATION_ID 0x716b6e6b /* "qknk" */
#define SCHEMA_VERSION 1

/* clang-format off */
#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

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
	"PRAGMA application_id = " STRING(APPLICATION_ID) ";"
	"PRAGMA user_version = " STRING(SCHEMA_VERSION) ";";

#define USER_COLUMNS "id, p, q, pass_hash, services, widths, enabled, logins, numbers, failures"
#define PENDING_COLUMNS "id, user, one_time_key, issued_at, r, client, expires_ns, boot_id, replies"
#define GRANT_COLUMNS "id, user, service, client, granted_ns, expires_ns, boot_id, single_use, expires_wall_s, logins"

#define STATEMENT_TABLE(X) \
	X(BEGIN, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(USER_ADD, "INSERT INTO user (" USER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)") \
	X(USER_UPDATE, "UPDATE user SET (" USER_COLUMNS ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) WHERE id = ?1") \
	X(USER_DELETE, "DELETE FROM user WHERE id = ?1") \
	X(USER_GET, "SELECT " USER_COLUMNS " FROM user WHERE id = ?1") \
	X(USER_EACH, "SELECT " USER_COLUMNS " FROM user WHERE id > ?1 ORDER BY id LIMIT ?2") \
	X(PENDING_ADD, "INSERT INTO pending (" PENDING_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
	X(PENDING_REMOVE, "DELETE FROM pending WHERE id = ?1") \
	X(PENDING_COUNT, "UPDATE pending SET replies = replies + 1 WHERE id = ?1") \
	X(PENDING_EACH, "SELECT " PENDING_COLUMNS " FROM pending ORDER BY user") \
	X(GRANT_ADD, "INSERT OR REPLACE INTO live_grant (" GRANT_COLUMNS ")" \
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)") \
	X(GRANT_REMOVE, "DELETE FROM live_grant WHERE id = ?1") \
	X(GRANT_EACH, "SELECT " GRANT_COLUMNS " FROM live_grant ORDER BY service, client")

enum statement {
#define X(name, sql) ST_##name,
	STATEMENT_TABLE(X)
#undef X
	ST_COUNT
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
	.statements = statement_sql,
	.statement_count = ST_COUNT,
};

struct store {
	struct dbfile *file;
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

/* --- statements --- */

/* Ends a statement: what it changed is durable if and only if this gives SQLITE_OK. */
static int finish(sqlite3_stmt *st)
{
	int code = sqlite3_reset(st);

	sqlite3_clear_bindings(st);
	return code;
}

/* Runs a bound statement that gives no rows and returns SQLite's code. */
static int run(sqlite3_stmt *st)
{
	sqlite3_step(st);
	return finish(st);
}

/* The same for one that has nothing to bind. */
static int run_plain(struct store *s, enum statement which, const char *what)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, which, &st);

	if (err != 0)
		return err;
	code = run(st);
	return code != SQLITE_OK ? dbfile_fail(s->file, code, what) : 0;
}

/* And for one that touches the row of one number: NOT_FOUND if there was none. */
static int run_id(struct store *s, enum statement which, uint64_t id, const char *what)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, which, &st);

	if (err != 0)
		return err;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
	code = run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, what);
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

/* Binds text or bytes that live until the statement has run. */
static int bind_text(sqlite3_stmt *st, int at, const char *text)
{
	return sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static int bind_u64(sqlite3_stmt *st, int at, uint64_t value)
{
	return sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

/* False when it does not fit or holds a NUL. */
static bool column_string(sqlite3_stmt *st, int at, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, at);
	size_t len = (size_t)sqlite3_column_bytes(st, at);

	if (text == NULL || len >= size || strlen(text) != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static bool column_bytes(sqlite3_stmt *st, int at, void *out, size_t size)
{
	const void *bytes = sqlite3_column_blob(st, at);

	if (bytes == NULL || (size_t)sqlite3_column_bytes(st, at) != size)
		return false;
	memcpy(out, bytes, size);
	return true;
}

/* --- rows --- */

/* All rows are read before the first is handed over, so that each may call any function of the store. */
struct rows {
	size_t size; /* of one row */
	bool (*read)(sqlite3_stmt *st, void *row);
	unsigned char *data;
	size_t count, capacity;
};

static int rows_grow(struct rows *rows)
{
	size_t capacity = rows->capacity != 0 ? 2 * rows->capacity : 16;
	unsigned char *data;

	if (rows->count < rows->capacity)
		return 0;
	/* Not realloc: rows hold keys, and the old place is to be wiped. */
	data = calloc(capacity, rows->size);
	if (data == NULL)
		return QK_ERR_NOMEM;
	if (rows->data != NULL) {
		memcpy(data, rows->data, rows->count * rows->size);
		crypto_wipe(rows->data, rows->capacity * rows->size);
		free(rows->data);
	}
	rows->data = data;
	rows->capacity = capacity;
	return 0;
}

static int rows_fetch(struct store *s, sqlite3_stmt *st, struct rows *rows, const char *what)
{
	int err = 0, code = SQLITE_DONE, end;

	while (err == 0 && (code = sqlite3_step(st)) == SQLITE_ROW) {
		err = rows_grow(rows);
		if (err == 0 && !rows->read(st, rows->data + rows->count * rows->size))
			err = dbfile_fail_row(s->file, what);
		if (err == 0)
			rows->count++;
	}
	end = finish(st);
	if (err == 0 && (code != SQLITE_DONE || end != SQLITE_OK))
		err = dbfile_fail(s->file, end != SQLITE_OK ? end : code, what);
	return err;
}

static void rows_free(struct rows *rows)
{
	if (rows->data == NULL)
		return;
	crypto_wipe(rows->data, rows->capacity * rows->size);
	free(rows->data);
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
	bind_text(st, 1, user->id);
	bind_u64(st, 2, user->p);
	bind_u64(st, 3, user->q);
	bind_text(st, 4, user->pass_hash);
	bind_text(st, 5, user->services);
	bind_text(st, 6, widths);
	sqlite3_bind_int(st, 7, user->enabled);
	bind_text(st, 8, user->logins);
	bind_text(st, 9, user->numbers);
	sqlite3_bind_int64(st, 10, user->failures);
	code = run(st);
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
	bind_text(st, 1, id);
	code = run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, "delete a user");
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

static bool read_user(sqlite3_stmt *st, void *row)
{
	struct store_user *user = row;
	char widths[32];

	memset(user, 0, sizeof(*user));
	user->p = column_u64(st, 1);
	user->q = column_u64(st, 2);
	user->enabled = sqlite3_column_int(st, 6) != 0;
	user->failures = (uint32_t)sqlite3_column_int64(st, 9);
	return column_string(st, 0, user->id, sizeof(user->id)) &&
	       column_string(st, 3, user->pass_hash, sizeof(user->pass_hash)) &&
	       column_string(st, 4, user->services, sizeof(user->services)) &&
	       column_string(st, 5, widths, sizeof(widths)) && parse_widths(widths, user) &&
	       column_string(st, 7, user->logins, sizeof(user->logins)) &&
	       column_string(st, 8, user->numbers, sizeof(user->numbers));
}

int store_user_get(struct store *s, const char *id, struct store_user *user)
{
	struct rows rows = {.size = sizeof(*user), .read = read_user};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_USER_GET, &st);

	memset(user, 0, sizeof(*user));
	if (err != 0)
		return err;
	bind_text(st, 1, id);
	err = rows_fetch(s, st, &rows, "read a user");
	if (err == 0 && rows.count == 0)
		err = QK_ERR_NOT_FOUND;
	if (err == 0)
		memcpy(user, rows.data, sizeof(*user));
	rows_free(&rows);
	return err;
}

int store_user_each(struct store *s, const char *after, unsigned limit,
		    int (*each)(void *arg, const struct store_user *user), void *arg)
{
	struct rows rows = {.size = sizeof(struct store_user), .read = read_user};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_USER_EACH, &st);

	if (err != 0)
		return err;
	bind_text(st, 1, after != NULL ? after : "");
	sqlite3_bind_int64(st, 2, limit);
	err = rows_fetch(s, st, &rows, "list users");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_user *)rows.data + i);
	rows_free(&rows);
	return err;
}

/* --- pending one-time keys --- */

int store_pending_add(struct store *s, const struct store_pending *pending)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_PENDING_ADD, &st);

	if (err != 0)
		return err;
	bind_u64(st, 1, pending->id);
	bind_text(st, 2, pending->user);
	sqlite3_bind_blob(st, 3, pending->otp.key.b, OTP_KEY_SIZE, SQLITE_STATIC);
	bind_u64(st, 4, pending->otp.issued_at);
	bind_u64(st, 5, pending->otp.r);
	sqlite3_bind_blob(st, 6, pending->client.b, sizeof(pending->client.b), SQLITE_STATIC);
	bind_u64(st, 7, pending->expires_ns);
	bind_text(st, 8, pending->boot_id);
	sqlite3_bind_int64(st, 9, pending->replies);
	code = run(st);
	if (code == SQLITE_CONSTRAINT_UNIQUE)
		return QK_ERR_KEY_PENDING;
	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return QK_ERR_NOT_FOUND;
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "add a one-time key") : 0;
}

int store_pending_remove(struct store *s, uint64_t id)
{
	return run_id(s, ST_PENDING_REMOVE, id, "remove a one-time key");
}

int store_pending_count_reply(struct store *s, uint64_t id)
{
	return run_id(s, ST_PENDING_COUNT, id, "count a reply");
}

static bool read_pending(sqlite3_stmt *st, void *row)
{
	struct store_pending *pending = row;

	memset(pending, 0, sizeof(*pending));
	pending->id = column_u64(st, 0);
	pending->otp.issued_at = column_u64(st, 3);
	pending->otp.r = column_u64(st, 4);
	pending->expires_ns = column_u64(st, 6);
	pending->replies = (uint32_t)sqlite3_column_int64(st, 8);
	return column_string(st, 1, pending->user, sizeof(pending->user)) &&
	       column_bytes(st, 2, pending->otp.key.b, OTP_KEY_SIZE) &&
	       column_bytes(st, 5, pending->client.b, sizeof(pending->client.b)) &&
	       column_string(st, 7, pending->boot_id, sizeof(pending->boot_id));
}

int store_pending_each(struct store *s, int (*each)(void *arg, const struct store_pending *pending), void *arg)
{
	struct rows rows = {.size = sizeof(struct store_pending), .read = read_pending};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_PENDING_EACH, &st);

	if (err != 0)
		return err;
	err = rows_fetch(s, st, &rows, "list one-time keys");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_pending *)rows.data + i);
	rows_free(&rows);
	return err;
}

/* --- grants --- */

static int add_grant(struct store *s, const struct store_grant *grant)
{
	const struct grant *g = &grant->grant;
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_GRANT_ADD, &st);

	if (err != 0)
		return err;
	bind_u64(st, 1, g->id);
	bind_text(st, 2, g->user);
	bind_text(st, 3, g->service);
	sqlite3_bind_blob(st, 4, g->client.b, sizeof(g->client.b), SQLITE_STATIC);
	bind_u64(st, 5, g->granted_ns);
	bind_u64(st, 6, g->expires_ns);
	bind_text(st, 7, g->boot_id);
	sqlite3_bind_int(st, 8, g->single_use);
	bind_u64(st, 9, grant->expires_wall_s);
	bind_text(st, 10, g->logins);
	code = run(st);
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "record a grant") : 0;
}

int store_consume(struct store *s, uint64_t pending_id, const struct store_grant *grant)
{
	int err = run_plain(s, ST_BEGIN, "begin to consume a one-time key");

	if (err != 0)
		return err;
	err = run_id(s, ST_PENDING_REMOVE, pending_id, "consume a one-time key");
	if (err == 0)
		err = add_grant(s, grant);
	/* Until this returned 0 the key is not consumed and no one may act. */
	if (err == 0)
		err = run_plain(s, ST_COMMIT, "commit a consumed one-time key");
	else
		dbfile_rollback(s->file);
	return err;
}

int store_grant_remove(struct store *s, uint64_t grant_id)
{
	return run_id(s, ST_GRANT_REMOVE, grant_id, "remove a grant");
}

static bool read_grant(sqlite3_stmt *st, void *row)
{
	struct store_grant *grant = row;
	struct grant *g = &grant->grant;

	memset(grant, 0, sizeof(*grant));
	g->id = column_u64(st, 0);
	g->granted_ns = column_u64(st, 4);
	g->expires_ns = column_u64(st, 5);
	g->single_use = sqlite3_column_int(st, 7) != 0;
	grant->expires_wall_s = column_u64(st, 8);
	return column_string(st, 1, g->user, sizeof(g->user)) && column_string(st, 2, g->service, sizeof(g->service)) &&
	       column_bytes(st, 3, g->client.b, sizeof(g->client.b)) &&
	       column_string(st, 6, g->boot_id, sizeof(g->boot_id)) &&
	       column_string(st, 9, g->logins, sizeof(g->logins));
}

int store_grant_each(struct store *s, int (*each)(void *arg, const struct store_grant *grant), void *arg)
{
	struct rows rows = {.size = sizeof(struct store_grant), .read = read_grant};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_GRANT_EACH, &st);

	if (err != 0)
		return err;
	err = rows_fetch(s, st, &rows, "list grants");
	for (size_t i = 0; err == 0 && i < rows.count; i++)
		err = each(arg, (const struct store_grant *)rows.data + i);
	rows_free(&rows);
	return err;
}
