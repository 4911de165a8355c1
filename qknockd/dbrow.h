/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements of a dbfile run, what is bound to them, and the rows that they give. */
#ifndef QKNOCKD_DBROW_H
#define QKNOCKD_DBROW_H

#include <stdint.h>

#include "qknockd/dbfile.h"

/* Ends a statement: what it changed is durable if and only if this gives SQLITE_OK. */
int dbrow_finish(sqlite3_stmt *st);

/* Runs a bound statement that gives no rows and returns SQLite's code. */
int dbrow_run(sqlite3_stmt *st);

/* The same for one that has nothing to bind; what completes a failure's line in the log. Errors: STORE. */
int dbrow_run_plain(struct dbfile *file, size_t which, const char *what);

/* And for one that touches the row of one number. Errors: STORE, NOT_FOUND if there was none. */
int dbrow_run_id(struct dbfile *file, size_t which, uint64_t id, const char *what);

/* Text must live until the statement has run. Both return SQLite's code. */
int dbrow_bind_text(sqlite3_stmt *st, int at, const char *text);
int dbrow_bind_u64(sqlite3_stmt *st, int at, uint64_t value);

/* Columns of a row. False when the text does not fit or holds a NUL, or when the bytes are not exactly as many. */
uint64_t dbrow_u64(sqlite3_stmt *st, int at);
bool dbrow_string(sqlite3_stmt *st, int at, char *out, size_t size);
bool dbrow_bytes(sqlite3_stmt *st, int at, void *out, size_t size);

/* All rows are read before the first is handed over, so that each may call any function of the store. size and read
 * are the caller's to set, the rest begins as zero. */
struct dbrow_list {
	size_t size; /* of one row */
	bool (*read)(sqlite3_stmt *st, void *row);
	unsigned char *data;
	size_t count, capacity;
};

/* The rows of a bound statement, which ends. Errors, logged: STORE, also when read returns false; NOMEM. */
int dbrow_fetch(struct dbfile *file, sqlite3_stmt *st, struct dbrow_list *list, const char *what);
void dbrow_free(struct dbrow_list *list); /* wiped */

#endif
