/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What allocates or calls the system is run again and again with the first, the second, the third... of these calls
 * failing, until none is left to fail. Each time: no crash, no leak (a sanitizer looks), an error that is told or made
 * up for, and a state from which the same thing works once the trouble is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "libcore/clock.h"
#include "libcore/grantdir.h"
#include "qknockd/control_server.h"
#include "qknockd/privop.h"
#include "qknockd/remote.h"
#include "qknockd/sheets.h"
#include "qknockd/throttle.h"
#include "tests/unit/engines.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t max);
char *__wrap_strndup(const char *text, size_t max);
int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int at, const char *path, int flags, mode_t mode);
int __wrap_openat(int at, const char *path, int flags, ...);
int __real_mkdirat(int at, const char *path, mode_t mode);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

/* --- the n-th call fails --- */

enum kind { ALLOCATION = 1, MALLOC = 2, SYSTEM = 4, DISK = 8 };

static uint64_t skew_s;
static unsigned nth;   /* which one */
static unsigned left;  /* so many until then; 0: it was, or none shall */
static unsigned kinds; /* what counts */
static bool failed;    /* it has come to it */

static bool fails(enum kind kind, int error)
{
	if ((kinds & kind) == 0 || left == 0 || --left > 0)
		return false;
	failed = true;
	errno = error;
	return true;
}

static void arm(void)
{
	failed = false;
	left = nth;
}

static void disarm(void)
{
	left = 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(ALLOCATION, ENOMEM) ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
	return fails(MALLOC, ENOMEM) ? NULL : __real_malloc(size);
}

char *__wrap_strdup(const char *text)
{
	return fails(ALLOCATION, ENOMEM) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t max)
{
	return fails(ALLOCATION, ENOMEM) ? NULL : __real_strndup(text, max);
}

static mode_t mode_of(int flags, va_list args)
{
	return (flags & O_CREAT) != 0 ? (mode_t)va_arg(args, unsigned) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails(SYSTEM, EMFILE) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int at, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails(SYSTEM, EMFILE) ? -1 : __real_openat(at, path, flags, mode);
}

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
	return fails(SYSTEM, ENOSPC) ? -1 : __real_mkdirat(at, path, mode);
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
	return fails(SYSTEM, EIO) ? -1 : __real_renameat(from, old, to, new);
}

/* The half of it gets through first. */
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!fails(SYSTEM, ENOSPC))
		return __real_write(fd, data, len);
	if (__real_write(fd, data, len / 2) < 0)
		return -1;
	errno = ENOSPC;
	return -1;
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fails(SYSTEM, EPERM) ? -1 : __real_fchmod(fd, mode);
}

uint64_t __wrap_clock_boot_ns(void)
{
	return __real_clock_boot_ns() + skew_s * CLOCK_NS_PER_S;
}

int __wrap_fsync(int fd)
{
	return fails(SYSTEM, EIO) ? -1 : __real_fsync(fd);
}

/* SQLite's own calls, through the table that it has for that. */
static ssize_t disk_pwrite(int fd, const void *data, size_t len, off_t at)
{
	return fails(DISK, ENOSPC) ? -1 : pwrite(fd, data, len, at);
}

static int disk_ftruncate(int fd, off_t len)
{
	return fails(DISK, EIO) ? -1 : ftruncate(fd, len);
}

static int take_over_disk(void **state)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	(void)state;
	return vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)disk_pwrite) != SQLITE_OK ||
	       vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)disk_pwrite) != SQLITE_OK ||
	       vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)disk_ftruncate) != SQLITE_OK;
}

/* Runs it on a fresh bench each time; it arms and disarms around what is to fail. */
static void with_each_failure(unsigned what, void (*run)(struct bench *b))
{
	kinds = what;
	for (nth = 1;; nth++) {
		struct bench *b;

		assert_true(nth < 1000);
		setup((void **)&b);
		failed = false;
		skew_s = 0;
		run(b);
		disarm();
		teardown((void **)&b);
		if (!failed)
			break;
	}
	assert_true(nth > 1); /* there was something to fail */
}

/* --- what is in the store --- */

static int count_pending(void *arg, const struct store_pending *pending)
{
	(void)pending;
	++*(unsigned *)arg;
	return 0;
}

static int count_grant(void *arg, const struct store_grant *grant)
{
	(void)grant;
	++*(unsigned *)arg;
	return 0;
}

static unsigned keys_stored(struct bench *b)
{
	unsigned n = 0;

	assert_int_equal(store_pending_each(b->store, count_pending, &n), 0);
	return n;
}

static unsigned grants_stored(struct bench *b)
{
	unsigned n = 0;

	assert_int_equal(store_grant_each(b->store, count_grant, &n), 0);
	return n;
}

/* --- configuration --- */

static const char text[] =
    "server_id = \"gw.example\"\ninterfaces = {\"e0\", \"e1\"}\ngroup = \"root\"\ntable = \"t\"\n"
    "requests_adapter = \"root\"\n"
    "service \"ssh\" { port = 22 open = {\"/bin/true\", \"a\"} close = {\"/bin/true\", \"b\"} }\n"
    "service \"http\" { port = 80 }\n";

static void parse_configuration(struct bench *b)
{
	struct config *config = (struct config *)1;
	int rc;

	arm();
	rc = config_parse("TEST", text, strlen(text), &b->log, &config);
	disarm();
	if (failed) {
		assert_int_equal(rc, QK_ERR_NOMEM);
		assert_null(config);
		assert_int_equal(config_parse("TEST", text, strlen(text), &b->log, &config), 0);
	}
	assert_int_equal(config->service_count, 2);
	assert_string_equal(config->services[0].close_hook[1], "b");
	config_free(config);
}

static void load_configuration(struct bench *b)
{
	struct config *config;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/conf", b->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	arm();
	int rc = config_load(path, &b->log, &config);
	disarm();
	assert_true(failed == (rc != 0));
	if (failed) {
		assert_null(config);
		assert_int_equal(config_load(path, &b->log, &config), 0);
	}
	config_free(config);
}

static void test_configuration(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, parse_configuration);
	with_each_failure(ALLOCATION | MALLOC | SYSTEM, load_configuration);
}

/* --- issuing --- */

static void issue_a_key(struct bench *b)
{
	struct otp otp, again;
	int rc;

	arm();
	rc = issue(b, "192.0.2.7", &otp);
	disarm();
	/* What is stored and what is listened for is the same. */
	assert_int_equal(keys_stored(b), counters(b).pending);
	assert_int_equal(keys_stored(b), rc == 0);
	assert_int_equal(issue(b, "192.0.2.7", &again), 0);
	if (rc == 0)
		assert_memory_equal(&otp, &again, sizeof(otp));
	send_knock(b, &again, "192.0.2.7", "ssh", 8);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
}

static void issue_it_again(struct bench *b)
{
	struct otp otp, again;
	int rc;

	assert_int_equal(issue(b, "192.0.2.7", &otp), 0);
	arm();
	rc = issue(b, "192.0.2.7", &again);
	disarm();
	assert_int_equal(keys_stored(b), 1);
	if (rc == 0)
		assert_memory_equal(&otp, &again, sizeof(otp));
	send_knock(b, &otp, "192.0.2.7", "ssh", 8);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
}

static void test_issuing(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, issue_a_key);
	with_each_failure(ALLOCATION | MALLOC, issue_it_again);
	with_each_failure(DISK, issue_a_key);
	with_each_failure(DISK, issue_it_again);
}

/* --- a knock: the key is there, or its grant is; never both, never neither --- */

static void knock(struct bench *b)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct otp otp;

	assert_int_equal(issue(b, "192.0.2.7", &otp), 0);
	derive_knock(b, &otp, "192.0.2.7", "ssh", 8, packets);
	send_part(b, &otp, "192.0.2.7", "ssh", 8, 1, 11);
	arm();
	deliver(b, &packets[0]);
	disarm();
	assert_int_equal(keys_stored(b) + grants_stored(b), 1);
	assert_int_equal(keys_stored(b), counters(b).pending);
	assert_int_equal(grants_stored(b), counters(b).grants);
	if (grants_stored(b) == 0) {
		assert_int_equal(granted(b, "192.0.2.7", "ssh"), QK_ERR_GRANT_NONE);
		assert_int_equal(counters(b).failures, 1);
		skew_s++; /* a key that could not be consumed is not tried again at once */
		send_part(b, &otp, "192.0.2.7", "ssh", 8, 0, 0);
	}
	engine_tick(b->engine);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
	assert_int_equal(grants_stored(b), 1);
	send_knock(b, &otp, "192.0.2.7", "ssh", 8);
	assert_int_equal(counters(b).grants, 1);
	stop(b);
	start(b);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
	assert_int_equal(counters(b).pending, 0);
}

static void test_knocking(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, knock);
	with_each_failure(SYSTEM, knock);
	with_each_failure(DISK, knock);
}

/* Nothing is left of a file that could not be written whole. */
static void write_a_grant(struct bench *b)
{
	struct grant g = {
	    .id = 7, .user = "alice", .service = "ssh", .client = at("192.0.2.8"), .expires_ns = UINT64_MAX};
	struct grantdir *dir;
	char command[160];
	int rc;

	assert_int_equal(clock_boot_id(g.boot_id), 0);
	arm();
	rc = grantdir_open(b->grants_dir, (gid_t)-1, &dir);
	if (rc == 0) {
		rc = grantdir_write(dir, &g);
		disarm();
		if (rc != 0)
			assert_int_equal(granted(b, "192.0.2.8", "ssh"), QK_ERR_GRANT_NONE);
		snprintf(command, sizeof(command), "! ls -A %s/ssh 2>/dev/null | grep -q tmp", b->grants_dir);
		assert_int_equal(system(command), 0);
		assert_int_equal(grantdir_write(dir, &g), 0);
		assert_int_equal(granted(b, "192.0.2.8", "ssh"), 0);
	}
	disarm();
	assert_true(failed == (rc != 0));
	grantdir_close(dir);
}

static void test_grant_files(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC | SYSTEM, write_a_grant);
}

/* --- starting with a key and a grant in the store --- */

static int try_to_start(struct bench *b)
{
	int rc = store_open(b->store_path, &b->log, &b->store);

	b->hooks = NULL;
	b->granter = NULL;
	b->engine = NULL;
	if (rc == 0)
		rc = hooks_new(&b->log, &b->hooks);
	if (rc == 0)
		rc = granter_new(b->store, b->hooks, &b->log, &b->granter);
	if (rc == 0)
		rc = granter_start(b->granter, &b->config);
	if (rc == 0)
		rc = engine_new(&b->config, b->store, b->granter, &b->log, &b->engine);
	return rc;
}

static void leave(struct bench *b)
{
	engine_free(b->engine);
	granter_free(b->granter);
	if (b->hooks != NULL)
		hooks_free(b->hooks);
	store_close(b->store);
}

static void start_again(struct bench *b)
{
	char command[128];
	struct otp otp;

	assert_int_equal(issue(b, "192.0.2.7", &otp), 0);
	send_knock(b, &otp, "192.0.2.7", "ssh", 8);
	assert_int_equal(issue(b, "192.0.2.9", &otp), 0);
	stop(b);
	snprintf(command, sizeof(command), "rm -rf %s", b->grants_dir);
	assert_int_equal(system(command), 0);
	arm();
	int rc = try_to_start(b);
	disarm();
	assert_true(rc <= 0);
	if (rc != 0) {
		leave(b);
		start(b);
	}
	granter_tick(b->granter);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
	assert_int_equal(counters(b).pending, 1);
	send_knock(b, &otp, "192.0.2.9", "http", 0);
	assert_int_equal(granted(b, "192.0.2.9", "http"), 0);
}

static void test_starting(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, start_again);
	with_each_failure(SYSTEM, start_again);
	with_each_failure(DISK, start_again);
}

/* --- a reload with keys pending and half a knock received --- */

static void reload(struct bench *b)
{
	struct otp otp;

	assert_int_equal(issue(b, "192.0.2.7", &otp), 0);
	send_part(b, &otp, "192.0.2.7", "ssh", 8, 0, 5);
	arm();
	int rc = engine_reload(b->engine, &b->config);
	disarm();
	assert_true(failed == (rc != 0));
	assert_int_equal(counters(b).pending, 1);
	send_part(b, &otp, "192.0.2.7", "ssh", 8, 6, 11);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), 0);
}

static void test_reloading(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, reload);
}

/* --- revoking: closed at once, whatever the store says --- */

static void revoke_a_grant(struct bench *b)
{
	struct otp otp;

	assert_int_equal(issue(b, "192.0.2.7", &otp), 0);
	send_knock(b, &otp, "192.0.2.7", "ssh", 8);
	arm();
	assert_int_equal(granter_revoke(b->granter, NULL, NULL), 1);
	disarm();
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), QK_ERR_GRANT_NONE);
	stop(b);
	start(b);
	assert_int_equal(granted(b, "192.0.2.7", "ssh"), QK_ERR_GRANT_NONE);
	assert_int_equal(grants_stored(b), 0);
}

static void test_revoking(void **state)
{
	(void)state;
	with_each_failure(DISK, revoke_a_grant);
}

/* --- a sheet: one of the two counts, here and in the store --- */

static int check_lines(void *arg, const struct store_sheet *sheet)
{
	assert_int_equal(sheet->lines, *(const uint32_t *)arg);
	*(uint32_t *)arg = 0;
	return 0;
}

static void print_sheet(struct bench *b, uint32_t before)
{
	struct sheets *sheets = engine_sheets(b->engine);
	struct store_sheet sheet;
	uint32_t stored;

	if (before > 0)
		assert_int_equal(sheets_issue(sheets, "alice", before, &sheet), 0);
	arm();
	int rc = sheets_issue(sheets, "alice", 7, &sheet);
	disarm();
	if (rc != 0)
		assert_int_equal(rc, kinds == DISK ? QK_ERR_STORE : QK_ERR_NOMEM);
	stored = rc == 0 ? 7 : before;
	assert_int_equal(sheets_count(sheets), stored > 0);
	assert_int_equal(store_sheet_each(b->store, check_lines, &stored), 0);
	assert_int_equal(stored, 0);
	assert_int_equal(sheets_issue(sheets, "alice", 9, &sheet), 0);
	assert_int_equal(sheets_count(sheets), 1);
}

static void print_first_sheet(struct bench *b)
{
	print_sheet(b, 0);
}

static void print_another_sheet(struct bench *b)
{
	print_sheet(b, 5);
}

static void start_with_a_sheet(struct bench *b)
{
	struct store_sheet sheet;

	b->config.sheet_days = 1;
	assert_int_equal(sheets_issue(engine_sheets(b->engine), "alice", 5, &sheet), 0);
	stop(b);
	arm();
	int rc = try_to_start(b);
	disarm();
	if (rc != 0) {
		leave(b);
		start(b);
	}
	assert_int_equal(sheets_count(engine_sheets(b->engine)), 1);
}

static void test_sheets(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, print_first_sheet);
	with_each_failure(ALLOCATION | MALLOC, print_another_sheet);
	with_each_failure(DISK, print_another_sheet);
	with_each_failure(ALLOCATION | MALLOC, start_with_a_sheet);
}

/* --- hooks: told that it was started once if it was taken, else never --- */

static void count_start(void *arg)
{
	++*(unsigned *)arg;
}

static void run_a_hook(struct bench *b)
{
	char program[] = "/bin/true", *argv[] = {program, NULL};
	struct store_grant grant = {.grant = {.user = "alice", .service = "ssh", .client = at("192.0.2.7")}};
	unsigned started = 0;

	arm();
	int rc = hooks_run(b->hooks, argv, &grant, count_start, &started);
	disarm();
	assert_int_equal(rc, failed ? QK_ERR_NOMEM : 0);
	assert_int_equal(started, rc == 0);
	strcpy(grant.grant.service, "http");
	assert_int_equal(hooks_run(b->hooks, argv, &grant, count_start, &started), 0);
	assert_int_equal(started, rc == 0 ? 2 : 1);
}

/* The verifier's end of it; the helper has answered before it was asked, that the hook runs. */
static void ask_for_a_hook(struct bench *b)
{
	const struct privop_reply answer = {.count = 1};
	struct store_grant grant = {.grant = {.user = "alice", .service = "ssh", .client = at("192.0.2.7")}};
	char program[] = "/bin/true", *argv[] = {program, NULL};
	struct granter_outside outside;
	struct remote *remote;
	unsigned started = 0;
	int ends[2];

	(void)b;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(privop_send(ends[1], &answer, privop_reply_size(PRIVOP_RUN_HOOK), -1, 0), 0);
	assert_int_equal(remote_new(ends[0], -1, 1, &remote), 0);
	assert_int_equal(remote_outside(remote, &outside), 0);
	arm();
	int rc = outside.run_hook(outside.arg, HOOK_OPEN, argv, &grant, count_start, &started);
	disarm();
	assert_int_equal(rc, failed ? QK_ERR_NOMEM : 0);
	assert_int_equal(started, rc == 0);
	assert_int_equal(outside.run_hook(outside.arg, HOOK_OPEN, argv, &grant, count_start, &started), 0);
	assert_int_equal(started, rc == 0 ? 2 : 1);
	place_free(outside.directory);
	place_free(outside.table);
	remote_free(remote);
	close(ends[0]);
	close(ends[1]);
}

static void test_hooks(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, run_a_hook);
	with_each_failure(ALLOCATION | MALLOC, ask_for_a_hook);
}

/* --- who may ask: nobody whom there is no memory to remember --- */

static void throttle_someone(struct throttle *throttle, const char *name)
{
	arm();
	enum throttle_answer said = throttle_take(throttle, name, CLOCK_NS_PER_S);
	disarm();
	assert_int_equal(said, failed ? THROTTLE_NO : THROTTLE_YES);
}

static void throttle_a_new_name(struct bench *b)
{
	struct throttle *throttle;

	(void)b;
	assert_int_equal(throttle_new(&throttle), 0);
	throttle_set(throttle, 2, 60, 10);
	throttle_someone(throttle, "+44");
	assert_int_equal(throttle_take(throttle, "+44", CLOCK_NS_PER_S), THROTTLE_YES);
	throttle_free(throttle);
}

/* The only name: the table is made anew with it. */
static void throttle_a_known_name(struct bench *b)
{
	struct throttle *throttle;

	(void)b;
	assert_int_equal(throttle_new(&throttle), 0);
	throttle_set(throttle, 2, 60, 10);
	assert_int_equal(throttle_take(throttle, "+44", CLOCK_NS_PER_S), THROTTLE_YES);
	throttle_someone(throttle, "+44");
	assert_int_equal(throttle_take(throttle, "+44", CLOCK_NS_PER_S), failed ? THROTTLE_YES : THROTTLE_NO);
	throttle_free(throttle);
}

/* So many that the table grows meanwhile. */
static void throttle_many_names(struct bench *b)
{
	struct throttle *throttle;
	char name[THROTTLE_NAME_SIZE];
	unsigned refused = 0;

	(void)b;
	assert_int_equal(throttle_new(&throttle), 0);
	throttle_set(throttle, 1, 60, 10);
	arm();
	for (unsigned i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "+%u", i);
		refused += throttle_take(throttle, name, CLOCK_NS_PER_S) != THROTTLE_YES;
	}
	disarm();
	assert_int_equal(refused, failed);
	throttle_free(throttle);
}

static void test_throttle(void **state)
{
	(void)state;
	with_each_failure(ALLOCATION | MALLOC, throttle_a_new_name);
	with_each_failure(ALLOCATION | MALLOC, throttle_a_known_name);
	with_each_failure(MALLOC, throttle_many_names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_configuration), cmocka_unit_test(test_issuing),  cmocka_unit_test(test_knocking),
	    cmocka_unit_test(test_grant_files),	  cmocka_unit_test(test_starting), cmocka_unit_test(test_reloading),
	    cmocka_unit_test(test_revoking),	  cmocka_unit_test(test_sheets),   cmocka_unit_test(test_hooks),
	    cmocka_unit_test(test_throttle),
	};

	return cmocka_run_group_tests(tests, take_over_disk, NULL);
}
