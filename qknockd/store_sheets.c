/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's sheets of one-time keys. What is consumed is deleted, and secure_delete wipes it from the file. */
#include "qknockd/store_sqlite.h"

#include <string.h>

#include "libcore/error.h"

static int add_sheet(struct store *s, const struct store_sheet *sheet)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_SHEET_ADD, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, sheet->id);
	dbrow_bind_text(st, 2, sheet->user);
	dbrow_bind_u64(st, 3, sheet->issued_at);
	dbrow_bind_u64(st, 4, sheet->expires_at);
	dbrow_bind_u64(st, 5, sheet->lines);
	code = dbrow_run(st);
	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return QK_ERR_NOT_FOUND;
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "add a sheet") : 0;
}

static int add_line(struct store *s, uint64_t sheet, const struct store_sheet_line *line)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_SHEET_LINE_ADD, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, sheet);
	dbrow_bind_u64(st, 2, line->line);
	sqlite3_bind_blob(st, 3, line->key.b, OTP_KEY_SIZE, SQLITE_STATIC);
	dbrow_bind_u64(st, 4, line->r);
	code = dbrow_run(st);
	return code != SQLITE_OK ? dbfile_fail(s->file, code, "add a line of a sheet") : 0;
}

int store_sheet_remove(struct store *s, const char *user)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, ST_SHEET_REMOVE, &st);

	if (err != 0)
		return err;
	dbrow_bind_text(st, 1, user);
	code = dbrow_run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, "remove a sheet");
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

int store_sheet_put(struct store *s, const struct store_sheet *sheet)
{
	int err = dbrow_run_plain(s->file, ST_BEGIN, "begin to add a sheet");

	if (err != 0)
		return err;
	err = store_sheet_remove(s, sheet->user);
	if (err == QK_ERR_NOT_FOUND)
		err = 0;
	if (err == 0)
		err = add_sheet(s, sheet);
	for (uint32_t i = 0; err == 0 && i < sheet->left; i++)
		err = add_line(s, sheet->id, &sheet->line[i]);
	if (err == 0)
		err = dbrow_run_plain(s->file, ST_COMMIT, "commit a sheet");
	else
		dbfile_rollback(s->file);
	return err;
}

static bool read_sheet(sqlite3_stmt *st, void *row)
{
	struct store_sheet *sheet = row;

	memset(sheet, 0, sizeof(*sheet));
	sheet->id = dbrow_u64(st, 0);
	sheet->issued_at = dbrow_u64(st, 2);
	sheet->expires_at = dbrow_u64(st, 3);
	sheet->lines = (uint32_t)dbrow_u64(st, 4);
	return sheet->lines > 0 && sheet->lines <= OTP_SHEET_MAX &&
	       dbrow_string(st, 1, sheet->user, sizeof(sheet->user));
}

static bool read_line(sqlite3_stmt *st, void *row)
{
	struct store_sheet_line *line = row;

	line->line = (uint32_t)dbrow_u64(st, 1);
	line->r = dbrow_u64(st, 3);
	return line->line > 0 && line->line <= OTP_SHEET_MAX && dbrow_bytes(st, 2, line->key.b, OTP_KEY_SIZE);
}

static int read_lines(struct store *s, struct store_sheet *sheet)
{
	struct dbrow_list lines = {.size = sizeof(struct store_sheet_line), .read = read_line};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_SHEET_LINE_EACH, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, sheet->id);
	err = dbrow_fetch(s->file, st, &lines, "list the lines of a sheet");
	/* Numbers are unique: no more than OTP_SHEET_MAX. */
	if (err == 0 && lines.count > 0)
		memcpy(sheet->line, lines.data, lines.count * lines.size);
	sheet->left = err == 0 ? (uint32_t)lines.count : 0;
	dbrow_free(&lines);
	return err;
}

int store_sheet_each(struct store *s, int (*each)(void *arg, const struct store_sheet *sheet), void *arg)
{
	struct dbrow_list rows = {.size = sizeof(struct store_sheet), .read = read_sheet};
	sqlite3_stmt *st;
	int err = dbfile_statement(s->file, ST_SHEET_EACH, &st);

	if (err != 0)
		return err;
	err = dbrow_fetch(s->file, st, &rows, "list sheets");
	for (size_t i = 0; err == 0 && i < rows.count; i++) {
		struct store_sheet *sheet = (struct store_sheet *)rows.data + i;

		err = read_lines(s, sheet);
		if (err == 0)
			err = each(arg, sheet);
	}
	dbrow_free(&rows);
	return err;
}

static int remove_line(struct store *s, enum statement which, uint64_t sheet, uint32_t line)
{
	sqlite3_stmt *st;
	int code, err = dbfile_statement(s->file, which, &st);

	if (err != 0)
		return err;
	dbrow_bind_u64(st, 1, sheet);
	dbrow_bind_u64(st, 2, line);
	code = dbrow_run(st);
	if (code != SQLITE_OK)
		return dbfile_fail(s->file, code, "consume a line of a sheet");
	return dbfile_changes(s->file) == 0 ? QK_ERR_NOT_FOUND : 0;
}

int store_sheet_consume(struct store *s, uint64_t sheet, uint32_t line, const struct store_grant *grant)
{
	int err = dbrow_run_plain(s->file, ST_BEGIN, "begin to consume a line of a sheet");

	if (err != 0)
		return err;
	err = remove_line(s, ST_SHEET_LINE_REMOVE, sheet, line);
	if (err == 0) {
		err = remove_line(s, ST_SHEET_LINE_VOID, sheet, line);
		if (err == QK_ERR_NOT_FOUND) /* it was the first of those that were left */
			err = 0;
	}
	if (err == 0)
		err = store_add_grant(s, grant);
	/* Until this returned 0 the line is not consumed and no one may act. */
	if (err == 0)
		err = dbrow_run_plain(s->file, ST_COMMIT, "commit a consumed line of a sheet");
	else
		dbfile_rollback(s->file);
	return err;
}
