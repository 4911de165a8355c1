/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/dbrow.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

int dbrow_finish(sqlite3_stmt *st)
{
	int code = sqlite3_reset(st);

	sqlite3_clear_bindings(st);
	return code;
}

int dbrow_run(sqlite3_stmt *st)
{
	sqlite3_step(st);
	return dbrow_finish(st);
}

int dbrow_run_plain(struct dbfile *f, size_t which, const char *what)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(f, which, &st);

	if (err != 0)
		return err;
	code = dbrow_run(st);
	return code != SQLITE_OK ? dbfile_fail(f, code, what) : 0;
}

int dbrow_run_id(struct dbfile *f, size_t which, uint64_t id, const char *what)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(f, which, &st);

	if (err != 0)
		return err;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
	code = dbrow_run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(f, code, what);
	return dbfile_changes(f) == 0 ? QK_ERR_NOT_FOUND : 0;
}

int dbrow_bind_text(sqlite3_stmt *st, int at, const char *text)
{
	return sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

int dbrow_bind_u64(sqlite3_stmt *st, int at, uint64_t value)
{
	return sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

uint64_t dbrow_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

bool dbrow_string(sqlite3_stmt *st, int at, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, at);
	size_t len = (size_t)sqlite3_column_bytes(st, at);

	if (text == NULL || len >= size || strlen(text) != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

bool dbrow_bytes(sqlite3_stmt *st, int at, void *out, size_t size)
{
	const void *bytes = sqlite3_column_blob(st, at);

	if (bytes == NULL || (size_t)sqlite3_column_bytes(st, at) != size)
		return false;
	memcpy(out, bytes, size);
	return true;
}

static int grow(struct dbrow_list *list)
{
	size_t capacity = list->capacity != 0 ? 2 * list->capacity : 16;
	unsigned char *data;

	if (list->count < list->capacity)
		return 0;
	/* Not realloc: rows hold keys, and the old place is to be wiped. */
	data = calloc(capacity, list->size);
	if (data == NULL)
		return QK_ERR_NOMEM;
	if (list->data != NULL) {
		memcpy(data, list->data, list->count * list->size);
		crypto_wipe(list->data, list->capacity * list->size);
		free(list->data);
	}
	list->data = data;
	list->capacity = capacity;
	return 0;
}

int dbrow_fetch(struct dbfile *f, sqlite3_stmt *st, struct dbrow_list *list, const char *what)
{
	int err = 0, code = SQLITE_DONE, end;

	while (err == 0 && (code = sqlite3_step(st)) == SQLITE_ROW) {
		err = grow(list);
		if (err == 0 && !list->read(st, list->data + list->count * list->size))
			err = dbfile_fail_row(f, what);
		if (err == 0)
			list->count++;
	}
	end = dbrow_finish(st);
	if (err == 0 && (code != SQLITE_DONE || end != SQLITE_OK))
		err = dbfile_fail(f, end != SQLITE_OK ? end : code, what);
	return err;
}

void dbrow_free(struct dbrow_list *list)
{
	if (list->data == NULL)
		return;
	crypto_wipe(list->data, list->capacity * list->size);
	free(list->data);
}
