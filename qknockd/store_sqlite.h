/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the SQLite store share: its statements, and its parts. */
#ifndef QKNOCKD_STORE_SQLITE_H
#define QKNOCKD_STORE_SQLITE_H

#include "qknockd/dbrow.h"
#include "qknockd/store.h"

struct store {
	struct dbfile *file;
};

/* Within the caller's transaction. Errors: STORE. */
int store_add_grant(struct store *store, const struct store_grant *grant);

/* clang-format off */
#define USER_COLUMNS "id, p, q, pass_hash, services, widths, enabled, logins, numbers, failures"
#define PENDING_COLUMNS "id, user, one_time_key, issued_at, r, client, expires_ns, boot_id, replies"
#define SHEET_COLUMNS "id, user, issued_at, expires_at, lines"
#define SHEET_LINE_COLUMNS "sheet, line, one_time_key, r"
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
	X(PENDING_REMOVE_STALE, "DELETE FROM pending WHERE boot_id <> ?1 OR expires_ns <= ?2") \
	X(PENDING_COUNT, "UPDATE pending SET replies = replies + 1 WHERE id = ?1") \
	X(PENDING_EACH, "SELECT " PENDING_COLUMNS " FROM pending ORDER BY user") \
	X(SHEET_ADD, "INSERT INTO sheet (" SHEET_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)") \
	X(SHEET_REMOVE, "DELETE FROM sheet WHERE user = ?1") \
	X(SHEET_EACH, "SELECT " SHEET_COLUMNS " FROM sheet ORDER BY user") \
	X(SHEET_LINE_ADD, "INSERT INTO sheet_line (" SHEET_LINE_COLUMNS ") VALUES (?1, ?2, ?3, ?4)") \
	X(SHEET_LINE_REMOVE, "DELETE FROM sheet_line WHERE sheet = ?1 AND line = ?2") \
	X(SHEET_LINE_VOID, "DELETE FROM sheet_line WHERE sheet = ?1 AND line < ?2") \
	X(SHEET_LINE_EACH, "SELECT " SHEET_LINE_COLUMNS " FROM sheet_line WHERE sheet = ?1 ORDER BY line") \
	X(GRANT_ADD, "INSERT OR REPLACE INTO live_grant (" GRANT_COLUMNS ")" \
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)") \
	X(GRANT_END, "UPDATE live_grant SET expires_ns = granted_ns WHERE id = ?1") \
	X(GRANT_REMOVE, "DELETE FROM live_grant WHERE id = ?1") \
	X(GRANT_EACH, "SELECT " GRANT_COLUMNS " FROM live_grant ORDER BY service, client")

enum statement {
#define X(name, sql) ST_##name,
	STATEMENT_TABLE(X)
#undef X
	ST_COUNT
};
/* clang-format on */

#endif
