/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/store.h"

#define BOOT_ID "11111111-2222-3333-4444-555555555555"

struct fixture {
	char dir[64];
	char path[96];
	struct log log;
	unsigned lines; /* at level error */
	char last[1024];
	struct store *store;
};

static void take_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;

	if (level == LOG_LEVEL_ERROR)
		f->lines++;
	snprintf(f->last, sizeof(f->last), "%s", line);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/qk-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/db/store", f->dir);
	f->log = (struct log){.write = take_line, .arg = f, .level = LOG_LEVEL_DEBUG};
	assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	store_close(f->store);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

static void reopen(struct fixture *f)
{
	store_close(f->store);
	assert_int_equal(store_open(f->path, &f->log, &f->store), 0);
}

/* --- rows --- */

static struct store_user make_user(const char *id, uint64_t p)
{
	struct store_user u = {.p = p, .q = 17, .widths = {0, 8, 64}, .width_count = 3, .enabled = true};

	snprintf(u.id, sizeof(u.id), "%s", id);
	snprintf(u.pass_hash, sizeof(u.pass_hash), "$y$j9T$salt$hash");
	snprintf(u.services, sizeof(u.services), "ssh web");
	snprintf(u.logins, sizeof(u.logins), "root www-data");
	return u;
}

static struct store_pending make_pending(uint64_t id, const char *user)
{
	struct store_pending p = {.id = id, .otp = {.issued_at = 1700000000, .r = UINT64_MAX - 4}, .replies = 1};

	snprintf(p.user, sizeof(p.user), "%s", user);
	memset(p.otp.key.b, 0xa5, sizeof(p.otp.key.b));
	p.otp.key.b[0] = 0;
	address_parse(&p.client, "172.17.12.20");
	p.expires_ns = UINT64_C(1) << 63;
	strcpy(p.boot_id, BOOT_ID);
	return p;
}

static struct store_grant make_grant(uint64_t id, const char *address)
{
	struct store_grant g = {.grant = {.id = id, .granted_ns = 5, .expires_ns = UINT64_MAX, .single_use = true}};

	strcpy(g.grant.user, "alice");
	strcpy(g.grant.logins, "root www-data");
	strcpy(g.grant.service, "ssh");
	strcpy(g.grant.boot_id, BOOT_ID);
	address_parse(&g.grant.client, address);
	g.expires_wall_s = 1700000060;
	return g;
}

static void add_user(struct fixture *f, const char *id, uint64_t p)
{
	struct store_user u = make_user(id, p);

	assert_int_equal(store_user_add(f->store, &u), 0);
}

static void add_pending(struct fixture *f, uint64_t id, const char *user)
{
	struct store_pending p = make_pending(id, user);

	assert_int_equal(store_pending_add(f->store, &p), 0);
}

static void expect_user(const struct store_user *a, const struct store_user *b)
{
	assert_string_equal(a->id, b->id);
	assert_true(a->p == b->p && a->q == b->q);
	assert_string_equal(a->pass_hash, b->pass_hash);
	assert_string_equal(a->services, b->services);
	assert_string_equal(a->logins, b->logins);
	assert_int_equal(a->width_count, b->width_count);
	assert_memory_equal(a->widths, b->widths, a->width_count * sizeof(a->widths[0]));
	assert_int_equal(a->enabled, b->enabled);
}

struct list {
	unsigned count;
	uint64_t ids[4096];
	struct store_pending pending; /* the last */
	struct store_grant grant;
	char names[512];
	struct store *delete_from;
	int stop;
};

static int list_pending(void *arg, const struct store_pending *p)
{
	struct list *l = arg;

	l->ids[l->count++] = p->id;
	l->pending = *p;
	return l->stop;
}

static int list_grant(void *arg, const struct store_grant *g)
{
	struct list *l = arg;

	l->ids[l->count++] = g->grant.id;
	l->grant = *g;
	return l->stop;
}

static int list_user(void *arg, const struct store_user *u)
{
	struct list *l = arg;

	l->count++;
	strcat(strcat(l->names, u->id), " ");
	if (l->delete_from != NULL)
		assert_int_equal(store_user_delete(l->delete_from, u->id), 0);
	return l->stop;
}

static unsigned pending_count(struct fixture *f)
{
	struct list l = {0};

	assert_int_equal(store_pending_each(f->store, list_pending, &l), 0);
	return l.count;
}

static unsigned grant_count(struct fixture *f)
{
	struct list l = {0};

	assert_int_equal(store_grant_each(f->store, list_grant, &l), 0);
	return l.count;
}

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
	sql(f->path, "PRAGMA user_version = 2");
	expect_refused(f, f->path, QK_ERR_STORE_VERSION, "version=2");
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
	assert_int_equal(store_grant_remove(f->store, UINT64_MAX), QK_ERR_NOT_FOUND);
	assert_int_equal(store_user_delete(f->store, "alice"), 0);
	assert_int_equal(grant_count(f), 1);
	assert_int_equal(store_grant_remove(f->store, 10), 0);
	assert_int_equal(f->lines, 0);
}

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
	    TEST(test_consume_is_once),
	    TEST(test_one_winner_among_processes),
	    TEST(test_sigkill_at_any_moment),
	    TEST(test_write_errors_pass_by_themselves),
	    TEST(test_vanished_file_is_no_empty_store),
	    TEST(test_replaced_file_is_refused),
	    TEST(test_full_disk_passes_by_itself), /* last: it leaves the mount namespace */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
