/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store among several processes, killed at any moment, and on disks that fail. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/stores.h"

/* --- several processes, sudden deaths --- */

#define CROWD 6
#define KEYS 200

static void fill(struct fixture *f, unsigned first, unsigned count)
{
	char name[16];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		add_user(f, name, 1000 + i);
		add_pending(f, i + 1, name);
	}
}

/* Consumes every key it finds and tells the winners' ids through fd. */
static void consume_all(const char *path, int fd)
{
	static struct list l;
	struct store *s;
	char address[32];

	if (store_open(path, NULL, &s) != 0 || store_pending_each(s, list_pending, &l) != 0)
		_exit(2);
	for (unsigned i = 0; i < l.count; i++) {
		struct store_grant g;
		int err;

		snprintf(address, sizeof(address), "10.0.%u.%u", (unsigned)l.ids[i] / 256, (unsigned)l.ids[i] % 256);
		g = make_grant(l.ids[i], address);
		while ((err = store_consume(s, l.ids[i], &g)) == QK_ERR_STORE)
			;
		if (err == 0 && write(fd, &l.ids[i], sizeof(l.ids[i])) != sizeof(l.ids[i]))
			_exit(3);
	}
	store_close(s);
	_exit(0);
}

static unsigned collect(int fd, unsigned char won[static KEYS + 1])
{
	unsigned total = 0;
	uint64_t id;

	while (read(fd, &id, sizeof(id)) == sizeof(id)) {
		assert_in_range(id, 1, KEYS);
		won[id]++;
		total++;
	}
	return total;
}

static void test_one_winner_among_processes(void **state)
{
	struct fixture *f = *state;
	unsigned char won[KEYS + 1] = {0};
	int p[2], status;

	fill(f, 0, KEYS);
	assert_int_equal(pipe(p), 0);
	store_close(f->store);
	f->store = NULL;
	for (int i = 0; i < CROWD; i++)
		if (fork() == 0)
			consume_all(f->path, p[1]);
	close(p[1]);
	assert_int_equal(collect(p[0], won), KEYS);
	for (int i = 0; i < CROWD; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (int i = 1; i <= KEYS; i++)
		assert_int_equal(won[i], 1);
	close(p[0]);
	reopen(f);
	assert_int_equal(grant_count(f), KEYS);
}

/* The lines of a sheet likewise: each at most once, whatever else made them void meanwhile, and the last one once. */
static void consume_lines(const char *path, int fd)
{
	struct store *s;

	if (store_open(path, NULL, &s) != 0)
		_exit(2);
	for (uint64_t line = 1; line <= OTP_SHEET_MAX; line++) {
		struct store_grant g = make_grant(line, "10.0.0.1");
		int err;

		while ((err = store_sheet_consume(s, 9, (uint32_t)line, &g)) == QK_ERR_STORE)
			;
		if (err == 0 && write(fd, &line, sizeof(line)) != sizeof(line))
			_exit(3);
	}
	store_close(s);
	_exit(0);
}

static void test_one_winner_of_each_line(void **state)
{
	struct fixture *f = *state;
	struct store_sheet sheet = make_sheet(9, "alice", OTP_SHEET_MAX);
	unsigned char won[KEYS + 1] = {0};
	struct list l = {0};
	int p[2], status;

	add_user(f, "alice", 11);
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	assert_int_equal(pipe(p), 0);
	store_close(f->store);
	f->store = NULL;
	for (int i = 0; i < CROWD; i++)
		if (fork() == 0)
			consume_lines(f->path, p[1]);
	close(p[1]);
	collect(p[0], won);
	for (int i = 0; i < CROWD; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (int i = 1; i < OTP_SHEET_MAX; i++)
		assert_in_range(won[i], 0, 1);
	assert_int_equal(won[OTP_SHEET_MAX], 1);
	close(p[0]);
	reopen_closed(f);
	assert_int_equal(store_sheet_each(f->store, list_sheet, &l), 0);
	assert_int_equal(l.sheet.left, 0);
}

/* Lets a process consume until it has told of a few, then kills it a moment later; returns how many it told of. */
static unsigned consume_and_kill(const char *path, unsigned char won[static KEYS + 1])
{
	unsigned told = 0, enough = 1 + (unsigned)random() % 8;
	uint64_t id;
	pid_t pid;
	int p[2];

	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		consume_all(path, p[1]);
	close(p[1]);
	while (told < enough && read(p[0], &id, sizeof(id)) == sizeof(id)) {
		assert_in_range(id, 1, KEYS);
		won[id]++;
		told++;
	}
	usleep((useconds_t)random() % 500);
	kill(pid, SIGKILL);
	told += collect(p[0], won);
	close(p[0]);
	waitpid(pid, NULL, 0);
	return told;
}

static void test_sigkill_at_any_moment(void **state)
{
	struct fixture *f = *state;
	unsigned char won[KEYS + 1] = {0};
	unsigned told = 0, kills = 0, left;

	fill(f, 0, KEYS);
	srandom((unsigned)getpid());
	do {
		/* A connection must not go through fork. */
		store_close(f->store);
		told += consume_and_kill(f->path, won);
		assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
		left = pending_count(f);
		assert_int_equal(grant_count(f), KEYS - left);
		/* One consumed key a kill may die untold; none may be told that is not consumed. */
		assert_in_range(KEYS - left - told, 0, ++kills);
	} while (left > 0);
	for (int i = 1; i <= KEYS; i++)
		assert_in_range(won[i], 0, 1);
	assert_true(kills > 5);
	reopen(f);
	assert_int_equal(pending_count(f), 0);
}

static void test_a_writer_delays_no_opening(void **state)
{
	struct fixture *f = *state;
	struct store *second;
	int ready[2], status;
	char c;
	pid_t pid;

	add_user(f, "alice", 11);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		/* Holds the lock until it is killed, and not for ever if the test fails. */
		alarm(30);
		if (sqlite3_open(f->path, &db) != SQLITE_OK ||
		    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	f->lines = 0;
	assert_int_equal(store_open(f->path, &f->log, &second), 0);
	assert_int_equal(f->lines, 0);
	assert_int_equal(store_user_delete(second, "alice"), QK_ERR_STORE);
	assert_non_null(strstr(f->last, "locked"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(store_user_delete(second, "alice"), 0);
	close(ready[0]);
	f->store = second;
}

/* --- failing disks --- */

static void expect_no_writes(struct fixture *f, const char *says)
{
	struct store_user u = make_user("carol", 23);
	struct store_grant g = make_grant(99, "10.0.0.1");

	f->lines = 0;
	assert_int_equal(store_consume(f->store, 7, &g), QK_ERR_STORE);
	assert_int_equal(f->lines, 1);
	assert_non_null(strstr(f->last, says));
	f->lines = 0;
	assert_int_equal(store_user_add(f->store, &u), QK_ERR_STORE);
	assert_int_equal(f->lines, 1);
}

static void expect_writes(struct fixture *f)
{
	struct store_user u = make_user("carol", 23);
	struct store_grant g = make_grant(99, "10.0.0.1");

	assert_int_equal(store_user_add(f->store, &u), 0);
	assert_int_equal(store_consume(f->store, 7, &g), 0);
	assert_int_equal(store_consume(f->store, 7, &g), QK_ERR_NOT_FOUND);
	reopen(f);
	assert_int_equal(grant_count(f), 1);
	assert_int_equal(pending_count(f), 0);
	assert_int_equal(store_user_get(f->store, "carol", &u), 0);
}

/* Fills what is left of the file system that holds path. */
static void fill_disk(const char *path)
{
	static const char block[4096];
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);

	assert_true(fd >= 0);
	for (size_t size = sizeof(block); size > 0;)
		if (write(fd, block, size) <= 0)
			size /= 2;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static int become_mount_root(void)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return -1;
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
}

static void test_full_disk_passes_by_itself(void **state)
{
	struct fixture *f = *state;
	char junk[96], dir[80];

	if (become_mount_root() != 0) {
		print_message("needs a mount namespace of its own: %s\n", strerror(errno));
		skip();
	}
	store_close(f->store);
	f->store = NULL;
	snprintf(dir, sizeof(dir), "%s/db", f->dir);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=512k,mode=0700"), 0);
	snprintf(junk, sizeof(junk), "%s/junk", dir);
	assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	/* Full from here: the log can not grow. And again with one just made, that can not begin. */
	for (int round = 0; round < 2; round++) {
		fill_disk(junk);
		if (round == 0) {
			/* What the log has room for still works; then it does not. */
			struct store_user u = make_user("dave", 29);

			for (int i = 0; i < 50 && store_user_update(f->store, &u) != QK_ERR_STORE; i++) {
				snprintf(u.id, sizeof(u.id), "dave%d", i);
				u.p += 2;
				if (store_user_add(f->store, &u) == QK_ERR_STORE)
					break;
			}
		}
		expect_no_writes(f, "full");
		assert_int_equal(pending_count(f), 1);
		assert_int_equal(unlink(junk), 0);
		if (round == 0)
			reopen(f);
	}
	expect_writes(f);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

static void test_write_errors_pass_by_themselves(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, none;

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	none = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	expect_no_writes(f, "store cannot");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	expect_writes(f);
}

static void test_vanished_file_is_no_empty_store(void **state)
{
	struct fixture *f = *state;
	char away[128];

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	reopen(f);
	snprintf(away, sizeof(away), "%s.away", f->path);
	assert_int_equal(rename(f->path, away), 0);
	expect_no_writes(f, "moved");
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(rename(away, f->path), 0);
	expect_writes(f);
}

/* An administrator puts yesterday's copy in its place: not while the daemon runs. */
static void test_replaced_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_user u = make_user("bob", 13);
	char command[512];

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	snprintf(command, sizeof(command), "mv %s %s.away && sqlite3 %s 'CREATE TABLE t (a)'", f->path, f->path,
		 f->path);
	assert_int_equal(system(command), 0);
	expect_no_writes(f, "replaced");
	assert_int_equal(store_user_get(f->store, "alice", &u), QK_ERR_STORE);
	snprintf(command, sizeof(command), "mv %s.away %s", f->path, f->path);
	assert_int_equal(system(command), 0);
	expect_writes(f);
}

/* Each of them makes one row what the schema allows, or did not when it was written, and no program of ours writes. */
static void break_rows(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_close(db);
}

static int no_user(void *arg, const struct store_user *user)
{
	(void)arg;
	fail_msg("user %s", user->id);
	return 0;
}

static int no_key(void *arg, const struct store_pending *pending)
{
	(void)arg;
	fail_msg("key of %s", pending->user);
	return 0;
}

static int no_grant(void *arg, const struct store_grant *grant)
{
	(void)arg;
	fail_msg("grant of %s", grant->grant.user);
	return 0;
}

static int no_sheet(void *arg, const struct store_sheet *sheet)
{
	(void)arg;
	fail_msg("sheet of %s", sheet->user);
	return 0;
}

static void expect_told(struct fixture *f, int rc)
{
	assert_int_equal(rc, QK_ERR_STORE);
	assert_int_equal(f->lines, 1);
	assert_non_null(strstr(f->last, "malformed row"));
	f->lines = 0;
}

static void test_malformed_rows_are_told(void **state)
{
	static const char *const users[] = {
	    "UPDATE user SET widths = '0 8x'",
	    "UPDATE user SET widths = '0 129'",
	    "UPDATE user SET widths = '-1'",
	    "UPDATE user SET widths = '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'",
	    "UPDATE user SET widths = printf('%.*c', 99, '0')",
	    "UPDATE user SET widths = '0', services = printf('%.*c', 9999, 'a')",
	    "UPDATE user SET services = '', logins = printf('%.*c', 9999, 'a')",
	    "UPDATE user SET logins = '', numbers = printf('%.*c', 9999, 'a')",
	    "UPDATE user SET numbers = '', pass_hash = CAST(x'24790024' AS TEXT)",
	};
	struct fixture *f = *state;
	struct store_grant grant = make_grant(9, "192.0.2.7");
	struct store_sheet sheet;
	struct store_user user;

	add_user(f, "alice", 11);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		break_rows(f, users[i]);
		expect_told(f, store_user_get(f->store, "alice", &user));
		expect_told(f, store_user_each(f->store, NULL, 10, no_user, NULL));
	}
	add_user(f, "bob", 13);
	add_pending(f, 7, "bob");
	break_rows(f, "UPDATE pending SET one_time_key = zeroblob(33)");
	expect_told(f, store_pending_each(f->store, no_key, NULL));
	add_user(f, "carol", 19);
	add_pending(f, 8, "carol");
	assert_int_equal(store_consume(f->store, 8, &grant), 0);
	break_rows(f, "UPDATE live_grant SET client = zeroblob(17)");
	expect_told(f, store_grant_each(f->store, no_grant, NULL));
	break_rows(f, "UPDATE live_grant SET client = zeroblob(16), user = printf('%.*c', 9999, 'a')");
	expect_told(f, store_grant_each(f->store, no_grant, NULL));
	sheet = make_sheet(9, "bob", 2);
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	break_rows(f, "UPDATE sheet_line SET line = 41 WHERE line = 1");
	expect_told(f, store_sheet_each(f->store, no_sheet, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_one_winner_among_processes),	TEST(test_one_winner_of_each_line),
	    TEST(test_sigkill_at_any_moment),		TEST(test_a_writer_delays_no_opening),
	    TEST(test_write_errors_pass_by_themselves), TEST(test_vanished_file_is_no_empty_store),
	    TEST(test_replaced_file_is_refused),	TEST(test_malformed_rows_are_told),
	    TEST(test_full_disk_passes_by_itself), /* last: it leaves the mount namespace */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
