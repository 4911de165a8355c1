/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/dbfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"

#define BUSY_TIMEOUT_MS 2000

struct dbfile {
	sqlite3 *db;
	sqlite3_stmt **statements;
	const struct dbfile_schema *schema;
	const struct log *log;
	char *path;
};

/* --- failures --- */

void dbfile_rollback(struct dbfile *f)
{
	if (!sqlite3_get_autocommit(f->db))
		sqlite3_exec(f->db, "ROLLBACK", NULL, NULL, NULL);
}

int dbfile_fail(struct dbfile *f, int code, const char *what)
{
	const char *why =
	    code == SQLITE_READONLY_DBMOVED ? "its file was moved, removed or replaced" : sqlite3_errstr(code);
	int primary = code & 0xff;
	int sys = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite3_system_errno(f->db) : 0;

	log_line(f->log, LOG_LEVEL_ERROR, "store cannot %s: %s%s%s path=%s sqlite=%d", what, why, sys != 0 ? ": " : "",
		 sys != 0 ? strerror(sys) : "", f->path, code);
	dbfile_rollback(f);
	return QK_ERR_STORE;
}

int dbfile_fail_row(struct dbfile *f, const char *what)
{
	log_line(f->log, LOG_LEVEL_ERROR, "store cannot %s: malformed row path=%s", what, f->path);
	return QK_ERR_STORE;
}

/* --- opening --- */

/* The file is never opened here while SQLite has it: closing it would drop SQLite's POSIX locks. */
static int check_file(struct dbfile *f)
{
	struct stat st;

	if (lstat(f->path, &st) != 0) {
		log_line(f->log, LOG_LEVEL_ERROR, "store cannot open: %s path=%s", strerror(errno), f->path);
		return QK_ERR_STORE;
	}
	if (S_ISREG(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) && (st.st_mode & 077) == 0)
		return 0;
	log_line(f->log, LOG_LEVEL_ERROR,
		 "store refused: must be a regular file of this user with mode 0600 path=%s uid=%lu mode=%o", f->path,
		 (unsigned long)st.st_uid, (unsigned)(st.st_mode & 07777));
	return QK_ERR_STORE;
}

/* The directory entry of a new file must last as well. */
static int sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

/* Makes the file, never wider than 0600 for a moment, and its directory if that is missing. */
static int make_file(struct dbfile *f)
{
	char *copy = strdup(f->path);
	char *directory;
	int fd, err = 0;

	if (copy == NULL)
		return QK_ERR_NOMEM;
	directory = dirname(copy);
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		err = QK_ERR_STORE;
	if (err == 0) {
		fd = open(f->path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0) {
			close(fd);
			err = sync_directory(directory) != 0 ? QK_ERR_STORE : 0;
		} else if (errno != EEXIST) {
			err = QK_ERR_STORE;
		}
	}
	if (err != 0)
		log_line(f->log, LOG_LEVEL_ERROR, "store cannot be made: %s path=%s", strerror(errno), f->path);
	free(copy);
	return err;
}

static int pragma_number(struct dbfile *f, const char *sql, sqlite3_int64 *value)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(f->db, sql, -1, &st, NULL);

	*value = 0;
	if (code == SQLITE_OK) {
		code = sqlite3_step(st);
		if (code == SQLITE_ROW)
			*value = sqlite3_column_int64(st, 0);
		code = code == SQLITE_ROW ? SQLITE_OK : code;
	}
	sqlite3_finalize(st);
	return code;
}

static int is_wal(struct dbfile *f)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(f->db, "PRAGMA journal_mode = WAL", -1, &st, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		code = strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
	sqlite3_finalize(st);
	return code;
}

static int execute(struct dbfile *f, const char *sql, const char *what)
{
	int code = sqlite3_exec(f->db, sql, NULL, NULL, NULL);

	return code != SQLITE_OK ? dbfile_fail(f, code, what) : 0;
}

/* *found: this version, an older one, or 0 for an empty file. Inside of a transaction, so that what it reads is one
 * state of the file. */
static int check_schema(struct dbfile *f, int *found)
{
	sqlite3_int64 application, version, tables;
	int code;

	*found = 0;
	if ((code = pragma_number(f, "PRAGMA application_id", &application)) != SQLITE_OK ||
	    (code = pragma_number(f, "PRAGMA user_version", &version)) != SQLITE_OK ||
	    (code = pragma_number(f, "SELECT count(*) FROM sqlite_schema", &tables)) != SQLITE_OK)
		return dbfile_fail(f, code, "read its version");
	if (application == 0 && version == 0 && tables == 0)
		return 0;
	if (application == f->schema->application_id && version > 0 && version <= f->schema->version) {
		*found = (int)version;
		return 0;
	}
	log_line(f->log, LOG_LEVEL_ERROR, "store refused: %s path=%s version=%lld expected=%d",
		 application == f->schema->application_id ? "written by another version of qknockd"
							  : "not a store of qknockd",
		 f->path, (long long)version, f->schema->version);
	return QK_ERR_STORE_VERSION;
}

static int make_tables(struct dbfile *f, int found)
{
	int err = 0;

	if (found == 0)
		return execute(f, f->schema->create, "make its tables");
	for (int i = found; err == 0 && i < f->schema->version; i++)
		err = execute(f, f->schema->upgrades[i - 1], "bring its tables up to date");
	return err;
}

/* Only a file without all the tables is worth waiting for the lock to write, which others may keep for long. */
static int prepare_schema(struct dbfile *f)
{
	int found, err = execute(f, "BEGIN", "be read");

	if (err == 0)
		err = check_schema(f, &found);
	dbfile_rollback(f);
	if (err != 0 || found == f->schema->version)
		return err;
	err = execute(f, "BEGIN IMMEDIATE", "be locked");
	/* Another process may have made them meanwhile. */
	if (err == 0)
		err = check_schema(f, &found);
	if (err == 0)
		err = make_tables(f, found);
	if (err == 0)
		err = execute(f, "COMMIT", "commit its tables");
	if (err != 0)
		dbfile_rollback(f);
	return err;
}

static int connect_file(struct dbfile *f)
{
	static const char settings[] = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
				       "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
				       "PRAGMA trusted_schema = OFF;";
	int code, err = check_file(f);

	if (err != 0)
		return err;
	code = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (f->db == NULL)
		return QK_ERR_NOMEM;
	/* SQLite would content itself with reading for as long as the file is open. */
	if (code == SQLITE_OK && sqlite3_db_readonly(f->db, "main") == 1)
		code = SQLITE_READONLY;
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(f->db, 1);
		sqlite3_busy_timeout(f->db, BUSY_TIMEOUT_MS);
		sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		code = is_wal(f);
	}
	if (code == SQLITE_OK)
		code = sqlite3_exec(f->db, settings, NULL, NULL, NULL);
	return code != SQLITE_OK ? dbfile_fail(f, code, "be opened") : prepare_schema(f);
}

int dbfile_open(const char *path, const struct dbfile_schema *schema, const struct log *log, struct dbfile **out)
{
	struct dbfile *f = calloc(1, sizeof(*f));
	int err = QK_ERR_NOMEM;

	*out = NULL;
	if (f == NULL)
		return QK_ERR_NOMEM;
	f->schema = schema;
	f->log = log;
	f->path = strdup(path);
	f->statements = calloc(schema->statement_count, sizeof(sqlite3_stmt *));
	if (f->path != NULL && f->statements != NULL)
		err = make_file(f);
	if (err == 0)
		err = connect_file(f);
	if (err != 0) {
		dbfile_close(f);
		return err;
	}
	*out = f;
	return 0;
}

void dbfile_close(struct dbfile *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; f->statements != NULL && i < f->schema->statement_count; i++)
		sqlite3_finalize(f->statements[i]);
	sqlite3_close(f->db);
	free(f->statements);
	free(f->path);
	free(f);
}

int dbfile_statement(struct dbfile *f, size_t which, sqlite3_stmt **statement)
{
	sqlite3_stmt **st = &f->statements[which];
	int code, moved = 0;
	bool begun = !sqlite3_get_autocommit(f->db); /* looked at when that was */

	/* In WAL mode SQLite would go on with a file that has no name any more. One that now lies in its place is not
	 * opened either: what is still in this file's log would be played into it. */
	if (!begun && sqlite3_file_control(f->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return dbfile_fail(f, SQLITE_READONLY_DBMOVED, "go on");
	if (*st == NULL) {
		code = sqlite3_prepare_v3(f->db, f->schema->statements[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
		if (code != SQLITE_OK)
			return dbfile_fail(f, code, "prepare a statement");
	}
	*statement = *st;
	return 0;
}

int dbfile_changes(struct dbfile *f)
{
	return sqlite3_changes(f->db);
}
