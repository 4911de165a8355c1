/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "tests/unit/stores.h"

/* --- the file --- */

static void test_file_is_private(void **state)
{
	struct fixture *f = *state;
	char wal[128];
	struct stat st;

	add_user(f, "alice", 11);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static bool file_holds(const char *path, const void *bytes, size_t len)
{
	static char content[1 << 20];
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(content, 1, sizeof(content), file);
	fclose(file);
	return memmem(content, size, bytes, len) != NULL;
}

static void test_consumed_keys_leave_no_trace(void **state)
{
	struct fixture *f = *state;
	struct store_grant g = make_grant(1, "10.0.0.1");
	struct store_pending p = make_pending(7, "alice");

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	reopen(f);
	assert_true(file_holds(f->path, p.otp.key.b, sizeof(p.otp.key.b)));
	assert_int_equal(store_consume(f->store, 7, &g), 0);
	reopen(f);
	assert_false(file_holds(f->path, p.otp.key.b, sizeof(p.otp.key.b)));
}

static void expect_refused(struct fixture *f, const char *path, int err, const char *says)
{
	struct store *s = (struct store *)f;

	f->lines = 0;
	assert_int_equal(store_open(path, &f->log, &s), err);
	assert_null(s);
	assert_int_equal(f->lines, 1);
	assert_non_null(strstr(f->last, says));
	assert_non_null(strstr(f->last, path));
}

static void test_unsafe_files_are_refused(void **state)
{
	struct fixture *f = *state;
	char link[128], missing[128];

	snprintf(link, sizeof(link), "%s/link", f->dir);
	assert_int_equal(symlink(f->path, link), 0);
	expect_refused(f, link, QK_ERR_STORE, "regular file");
	snprintf(missing, sizeof(missing), "%s/no/such/store", f->dir);
	expect_refused(f, missing, QK_ERR_STORE, "No such file");
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(chmod(f->path, 0640), 0);
	expect_refused(f, f->path, QK_ERR_STORE, "0600");
}

static void sql(const char *path, const char *statement)
{
	char command[256];

	snprintf(command, sizeof(command), "sqlite3 %s '%s' >/dev/null", path, statement);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void test_other_files_are_refused(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int fd;

	if (system("command -v sqlite3 >/dev/null") != 0)
		fail_msg("the sqlite3 shell is needed");
	store_close(f->store);
	f->store = NULL;
	sql(f->path, "PRAGMA user_version = 3");
	expect_refused(f, f->path, QK_ERR_STORE_VERSION, "version=3");
	snprintf(path, sizeof(path), "%s/other", f->dir);
	sql(path, "CREATE TABLE t (a)");
	assert_int_equal(chmod(path, 0600), 0);
	expect_refused(f, path, QK_ERR_STORE_VERSION, "not a store");
	snprintf(path, sizeof(path), "%s/text", f->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "this is no database at all, but text.....................", 50), 50);
	close(fd);
	expect_refused(f, path, QK_ERR_STORE, "not a database");
}

static void test_older_files_are_brought_up_to_date(void **state)
{
	struct fixture *f = *state;
	struct store_sheet sheet = make_sheet(9, "alice", 3);

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	store_close(f->store);
	f->store = NULL;
	sql(f->path, "DROP TABLE sheet_line; DROP TABLE sheet; PRAGMA user_version = 1");
	reopen_closed(f);
	assert_int_equal(pending_count(f), 1);
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	reopen(f);
	assert_int_equal(sheet_count(f), 1);
}

/* --- users --- */

static void test_users_round_trip(void **state)
{
	struct fixture *f = *state;
	struct store_user a = make_user("alice", UINT64_MAX), b;

	a.q = UINT64_C(1) << 63;
	assert_int_equal(store_user_add(f->store, &a), 0);
	assert_int_equal(store_user_add(f->store, &a), QK_ERR_EXISTS);
	reopen(f);
	assert_int_equal(store_user_get(f->store, "alice", &b), 0);
	expect_user(&b, &a);
	a.enabled = false;
	a.pass_hash[0] = a.services[0] = '\0';
	a.width_count = 1;
	a.widths[0] = 64;
	assert_int_equal(store_user_update(f->store, &a), 0);
	reopen(f);
	assert_int_equal(store_user_get(f->store, "alice", &b), 0);
	expect_user(&b, &a);
	assert_int_equal(store_user_delete(f->store, "alice"), 0);
	assert_int_equal(store_user_delete(f->store, "alice"), QK_ERR_NOT_FOUND);
	assert_int_equal(store_user_update(f->store, &a), QK_ERR_NOT_FOUND);
	assert_int_equal(store_user_get(f->store, "alice", &b), QK_ERR_NOT_FOUND);
	assert_int_equal(f->lines, 0);
}

static void test_primes_are_unique(void **state)
{
	struct fixture *f = *state;
	struct store_user u = make_user("bob", 17);

	add_user(f, "alice", 11);
	u.q = 11;
	assert_int_equal(store_user_add(f->store, &u), QK_ERR_EXISTS);
	u.q = 13;
	assert_int_equal(store_user_add(f->store, &u), 0);
	u.p = 11;
	u.q = 17;
	assert_int_equal(store_user_update(f->store, &u), QK_ERR_EXISTS);
}

static void test_users_are_listed_by_page(void **state)
{
	struct fixture *f = *state;
	struct list l = {0};

	add_user(f, "carol", 3);
	add_user(f, "alice", 5);
	add_user(f, "bob", 7);
	assert_int_equal(store_user_each(f->store, "", 2, list_user, &l), 0);
	assert_string_equal(l.names, "alice bob ");
	l = (struct list){0};
	assert_int_equal(store_user_each(f->store, "bob", 9, list_user, &l), 0);
	assert_string_equal(l.names, "carol ");
	l = (struct list){.stop = 7};
	assert_int_equal(store_user_each(f->store, NULL, 9, list_user, &l), 7);
	assert_string_equal(l.names, "alice ");
	l = (struct list){.delete_from = f->store};
	assert_int_equal(store_user_each(f->store, NULL, 100, list_user, &l), 0);
	assert_string_equal(l.names, "alice bob carol ");
	assert_int_equal(store_user_each(f->store, NULL, 100, list_user, &l), 0);
	assert_int_equal(l.count, 3);
}

/* --- pending keys and grants --- */

static void test_one_pending_key_a_user(void **state)
{
	struct fixture *f = *state;
	struct store_pending p = make_pending(UINT64_MAX, "alice");
	struct list l = {0};

	assert_int_equal(store_pending_add(f->store, &p), QK_ERR_NOT_FOUND);
	add_user(f, "alice", 11);
	assert_int_equal(store_pending_add(f->store, &p), 0);
	assert_int_equal(store_pending_count_reply(f->store, p.id), 0);
	reopen(f);
	assert_int_equal(store_pending_each(f->store, list_pending, &l), 0);
	assert_int_equal(l.count, 1);
	p.replies = 2;
	assert_memory_equal(&l.pending, &p, sizeof(p));
	p.id = 5;
	assert_int_equal(store_pending_add(f->store, &p), QK_ERR_KEY_PENDING);
	assert_int_equal(store_pending_remove(f->store, 5), QK_ERR_NOT_FOUND);
	assert_int_equal(store_pending_count_reply(f->store, 5), QK_ERR_NOT_FOUND);
	assert_int_equal(store_pending_remove(f->store, UINT64_MAX), 0);
	assert_int_equal(store_pending_add(f->store, &p), 0);
	assert_int_equal(store_user_delete(f->store, "alice"), 0);
	assert_int_equal(pending_count(f), 0);
	assert_int_equal(f->lines, 0);
}

static void test_stale_keys_go_together(void **state)
{
	static const struct {
		const char *user, *boot_id;
		uint64_t expires_ns;
	} keys[] = {{"alice", "this", 100}, {"bob", "this", 101}, {"carol", "other", 900}, {"dave", "this", 99}};
	struct fixture *f = *state;

	assert_int_equal(store_pending_remove_stale(f->store, "this", 100), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct store_pending p = make_pending(i + 1, keys[i].user);

		add_user(f, keys[i].user, 11 + 2 * i);
		memset(p.boot_id, 0, sizeof(p.boot_id));
		strcpy(p.boot_id, keys[i].boot_id);
		p.expires_ns = keys[i].expires_ns;
		assert_int_equal(store_pending_add(f->store, &p), 0);
	}
	assert_int_equal(store_pending_remove_stale(f->store, "this", 100), 0);
	assert_int_equal(pending_count(f), 1);
	assert_int_equal(store_pending_remove(f->store, 2), 0);
}

static void test_consume_is_once(void **state)
{
	struct fixture *f = *state;
	struct store_grant g = make_grant(UINT64_MAX, "2001:db8::1");
	struct list l = {0};

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	assert_int_equal(store_consume(f->store, 8, &g), QK_ERR_NOT_FOUND);
	assert_int_equal(grant_count(f), 0);
	assert_int_equal(store_consume(f->store, 7, &g), 0);
	assert_int_equal(store_consume(f->store, 7, &g), QK_ERR_NOT_FOUND);
	reopen(f);
	assert_int_equal(pending_count(f), 0);
	assert_int_equal(store_grant_each(f->store, list_grant, &l), 0);
	assert_int_equal(l.count, 1);
	assert_memory_equal(&l.grant, &g, sizeof(g));

	add_pending(f, 9, "alice");
	g.grant.id = 10;
	assert_int_equal(store_consume(f->store, 9, &g), 0);
	assert_int_equal(grant_count(f), 1);
	assert_int_equal(store_grant_end(f->store, UINT64_MAX), QK_ERR_NOT_FOUND);
	assert_int_equal(store_grant_remove(f->store, UINT64_MAX), QK_ERR_NOT_FOUND);
	assert_int_equal(store_user_delete(f->store, "alice"), 0);
	assert_int_equal(grant_count(f), 1);
	assert_int_equal(store_grant_remove(f->store, 10), 0);
	assert_int_equal(f->lines, 0);
}

/* --- sheets --- */

static void expect_sheet(struct fixture *f, const struct store_sheet *expected)
{
	struct list l = {0};

	assert_int_equal(store_sheet_each(f->store, list_sheet, &l), 0);
	assert_int_equal(l.count, 1);
	assert_true(l.sheet.id == expected->id && l.sheet.lines == expected->lines &&
		    l.sheet.issued_at == expected->issued_at && l.sheet.expires_at == expected->expires_at);
	assert_string_equal(l.sheet.user, expected->user);
	assert_int_equal(l.sheet.left, expected->left);
	for (uint32_t i = 0; i < expected->left; i++) {
		assert_int_equal(l.sheet.line[i].line, expected->line[i].line);
		assert_true(l.sheet.line[i].r == expected->line[i].r);
		assert_memory_equal(l.sheet.line[i].key.b, expected->line[i].key.b, OTP_KEY_SIZE);
	}
}

static void test_sheets_round_trip(void **state)
{
	struct fixture *f = *state;
	struct store_sheet sheet = make_sheet(UINT64_MAX, "alice", OTP_SHEET_MAX), other = make_sheet(2, "alice", 3);

	assert_int_equal(store_sheet_put(f->store, &sheet), QK_ERR_NOT_FOUND);
	assert_int_equal(sheet_count(f), 0);
	add_user(f, "alice", 11);
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	reopen(f);
	expect_sheet(f, &sheet);
	assert_int_equal(store_sheet_put(f->store, &other), 0);
	expect_sheet(f, &other);
	assert_int_equal(store_sheet_remove(f->store, "bob"), QK_ERR_NOT_FOUND);
	assert_int_equal(store_sheet_remove(f->store, "alice"), 0);
	assert_int_equal(store_sheet_remove(f->store, "alice"), QK_ERR_NOT_FOUND);
	assert_int_equal(sheet_count(f), 0);
	assert_int_equal(store_sheet_put(f->store, &other), 0);
	assert_int_equal(store_user_delete(f->store, "alice"), 0);
	assert_int_equal(sheet_count(f), 0);
}

static void test_a_line_is_consumed_once_and_ends_those_before_it(void **state)
{
	struct fixture *f = *state;
	struct store_sheet sheet = make_sheet(9, "alice", 5);
	struct store_grant g = make_grant(1, "10.0.0.1"), h = make_grant(2, "10.0.0.2");

	add_user(f, "alice", 11);
	add_pending(f, 7, "alice");
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	assert_int_equal(store_sheet_consume(f->store, 8, 1, &g), QK_ERR_NOT_FOUND);
	assert_int_equal(store_sheet_consume(f->store, 9, 6, &g), QK_ERR_NOT_FOUND);
	assert_int_equal(grant_count(f), 0);
	expect_sheet(f, &sheet);
	assert_int_equal(store_sheet_consume(f->store, 9, 3, &g), 0);
	reopen(f);
	assert_int_equal(grant_count(f), 1);
	sheet.left = 2;
	memmove(sheet.line, sheet.line + 3, 2 * sizeof(sheet.line[0]));
	expect_sheet(f, &sheet);
	for (uint32_t line = 1; line <= 3; line++)
		assert_int_equal(store_sheet_consume(f->store, 9, line, &h), QK_ERR_NOT_FOUND);
	assert_int_equal(grant_count(f), 1);
	assert_int_equal(store_sheet_consume(f->store, 9, 4, &h), 0);
	assert_int_equal(store_sheet_consume(f->store, 9, 5, &h), 0);
	sheet.left = 0;
	expect_sheet(f, &sheet);
	assert_int_equal(pending_count(f), 1);
}

static void test_consumed_lines_leave_no_trace(void **state)
{
	struct fixture *f = *state;
	struct store_sheet sheet = make_sheet(9, "alice", 3);
	struct store_grant g = make_grant(1, "10.0.0.1");

	add_user(f, "alice", 11);
	assert_int_equal(store_sheet_put(f->store, &sheet), 0);
	reopen(f);
	assert_true(file_holds(f->path, sheet.line[0].key.b, OTP_KEY_SIZE));
	assert_int_equal(store_sheet_consume(f->store, 9, 2, &g), 0);
	reopen(f);
	assert_false(file_holds(f->path, sheet.line[0].key.b, OTP_KEY_SIZE));
	assert_false(file_holds(f->path, sheet.line[1].key.b, OTP_KEY_SIZE));
	assert_true(file_holds(f->path, sheet.line[2].key.b, OTP_KEY_SIZE));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_file_is_private),
	    TEST(test_consumed_keys_leave_no_trace),
	    TEST(test_unsafe_files_are_refused),
	    TEST(test_other_files_are_refused),
	    TEST(test_users_round_trip),
	    TEST(test_primes_are_unique),
	    TEST(test_users_are_listed_by_page),
	    TEST(test_one_pending_key_a_user),
	    TEST(test_stale_keys_go_together),
	    TEST(test_consume_is_once),
	    TEST(test_older_files_are_brought_up_to_date),
	    TEST(test_sheets_round_trip),
	    TEST(test_a_line_is_consumed_once_and_ends_those_before_it),
	    TEST(test_consumed_lines_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
