/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One SQLite file and the connection to it: made with mode 0600, kept in WAL mode with synchronous=FULL and
 * secure_delete, its schema checked
 * and brought up to date, its failures logged. After a failure the next call tries again.
 */
#ifndef QKNOCKD_DBFILE_H
#define QKNOCKD_DBFILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcore/log.h"

/* What the file holds. Static. */
struct dbfile_schema {
	int application_id;
	int version;
	const char *create;	       /* run in one transaction on an empty file */
	const char *const *upgrades;   /* version - 1 of them; [i] makes version i + 2 of i + 1, its number included */
	const char *const *statements; /* by the index that dbfile_statement takes */
	size_t statement_count;
};

struct dbfile;

/* Opens or makes the file, and its directory if that alone is missing. log is borrowed.
 * Errors, logged: STORE, STORE_VERSION; NOMEM. */
int dbfile_open(const char *path, const struct dbfile_schema *schema, const struct log *log, struct dbfile **out);
void dbfile_close(struct dbfile *file);

/* A statement, prepared when first asked for and reset; it belongs to the file. Errors, logged: STORE, also while the
 * file is not in its place. */
int dbfile_statement(struct dbfile *file, size_t which, sqlite3_stmt **statement);

/* How many rows the last statement changed. */
int dbfile_changes(struct dbfile *file);

/* Ends the transaction that is open, if one is. */
void dbfile_rollback(struct dbfile *file);

/* To be called once with each error code of a statement, after it was reset: logs one line "store cannot <what>",
 * rolls back. Returns STORE. */
int dbfile_fail(struct dbfile *file, int code, const char *what);

/* The same for a row that holds what it never should. */
int dbfile_fail_row(struct dbfile *file, const char *what);

#endif
