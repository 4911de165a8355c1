/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants in the kernel's table, which needs root and a bpf file system; without them this program says so (77). */
#include "tests/unit/unit.h"

#include "libcore/grantdir.h"
#include "tests/unit/bpffs.h"
#include "tests/unit/granter.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knockmap.h"

#define SKIP 77

static char names[2][SERVICE_NAME_MAX + 1]; /* of two tables */

static void unload(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s/grants", name);
	if (unlink(path) != 0)
		rmdir(path); /* of a test that failed */
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s", name);
	rmdir(path);
}

static int set_up_table(void **state)
{
	table = names[0];
	return set_up(state);
}

static int tear_down_tables(void **state)
{
	int rc = tear_down(state);

	unload(names[0]);
	unload(names[1]);
	return rc;
}

static int open_map(const char *name)
{
	int fd;

	assert_int_equal(knockmap_open_existing(name, &fd), 0);
	return fd;
}

/* The grant's entry in the table; its id is 0 when there is none. */
static struct knock_value entry_of(const char *name, const struct store_grant *g)
{
	struct knock_key key = {.service = ""};
	struct knock_value value = {0};
	int fd = open_map(name);

	memcpy(key.service, g->grant.service, sizeof(g->grant.service));
	memcpy(key.address, g->grant.client.b, sizeof(key.address));
	if (bpfsys_map_lookup(fd, &key, &value) < 0)
		memset(&value, 0, sizeof(value));
	close(fd);
	return value;
}

/* As the match does when a connection claims the grant. */
static void use(const char *name, const struct store_grant *g)
{
	struct knock_key key = {.service = ""};
	struct knock_value value = entry_of(name, g);
	int fd = open_map(name);

	assert_true(value.id == g->grant.id);
	value.used = KNOCK_USED(6, 40000, 22);
	memcpy(key.service, g->grant.service, sizeof(g->grant.service));
	memcpy(key.address, g->grant.client.b, sizeof(key.address));
	assert_true(bpfsys_map_update(fd, &key, &value) >= 0);
	close(fd);
}

static void expect_unused(const char *name, const struct store_grant *g)
{
	struct knock_value value = entry_of(name, g);

	assert_true(value.id == g->grant.id);
	assert_true(value.used == 0);
	assert_true(value.granted_ns == g->grant.granted_ns);
	assert_true(value.expires_ns == g->grant.expires_ns);
	assert_int_equal(value.flags, KNOCK_GRANT_SINGLE_USE);
}

static void expect_used(const char *name, const struct store_grant *g)
{
	struct knock_value value = entry_of(name, g);

	assert_true(value.id == g->grant.id);
	assert_true(value.used == KNOCK_USED(6, 40000, 22));
}

static void expect_none(const char *name, const struct store_grant *g)
{
	assert_true(entry_of(name, g).id == 0);
}

static void test_an_entry_lives_and_ends(void **state)
{
	struct store_grant a = give(1, "ssh", "192.0.2.1", 30), b = give(2, "web", "2001:db8::1", 60);

	(void)state;
	expect_unused(table, &a);
	expect_unused(table, &b);
	skew_s = 30;
	granter_tick(granter);
	expect_none(table, &a);
	expect_unused(table, &b);
	assert_int_equal(granter_revoke(granter, "web", NULL), 1);
	expect_none(table, &b);
}

static void test_a_new_grant_is_not_used(void **state)
{
	struct store_grant old = give(1, "ssh", "192.0.2.1", 30), newer;

	(void)state;
	use(table, &old);
	newer = give(2, "ssh", "192.0.2.1", 30);
	expect_unused(table, &newer);
}

static void test_a_restart_keeps_the_use(void **state)
{
	struct store_grant used = give(1, "ssh", "192.0.2.1", 30), kept = give(2, "ssh", "192.0.2.2", 30),
			   lost = give(3, "ssh", "192.0.2.3", 30), none = make(4, "ssh", "192.0.2.4", 30),
			   stale = make(5, "ssh", "192.0.2.2", 30);
	int fd;

	(void)state;
	use(table, &used);
	wait_for_hooks();
	stop();
	fd = open_map(table);
	assert_int_equal(knockmap_remove(fd, &lost.grant), 0);
	assert_int_equal(knockmap_put(fd, &none.grant), 0);
	assert_int_equal(knockmap_remove(fd, &kept.grant), 0);
	assert_int_equal(knockmap_put(fd, &stale.grant), 0);
	close(fd);
	start();
	expect_used(table, &used);
	expect_unused(table, &kept);
	expect_unused(table, &lost);
	expect_none(table, &none);
}

static void test_an_unloaded_table_is_made_again(void **state)
{
	struct store_grant used = give(1, "ssh", "192.0.2.1", 30), kept = give(2, "ssh", "192.0.2.2", 30);

	(void)state;
	use(table, &used);
	unload(table);
	granter_tick(granter);
	expect_used(table, &used);
	expect_unused(table, &kept);
	/* And from the new one after a restart. */
	wait_for_hooks();
	restart();
	expect_used(table, &used);
	skew_s = 30;
	granter_tick(granter);
	expect_none(table, &used);
	expect_none(table, &kept);
}

static void test_reload_moves_the_table(void **state)
{
	struct store_grant used = give(1, "ssh", "192.0.2.1", 30), kept = give(2, "ssh", "192.0.2.2", 30);

	(void)state;
	use(table, &used);
	table = names[1];
	reload(configure("grants", "sw", ""));
	expect_none(names[0], &used);
	expect_none(names[0], &kept);
	expect_used(names[1], &used);
	expect_unused(names[1], &kept);
	table = "none";
	reload(configure("grants", "sw", ""));
	expect_none(names[1], &used);
	expect_none(names[1], &kept);
	assert_int_equal(find_grant(&kept), 0); /* the files stay */
}

static void test_a_table_that_fails(void **state)
{
	struct store_grant first = give(1, "ssh", "192.0.2.1", 30), second;
	char path[256];

	(void)state;
	/* A directory where the pin should be. */
	unload(table);
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s", table);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s/grants", table);
	assert_int_equal(mkdir(path, 0700), 0);
	lines[0] = '\0';
	granter_tick(granter);
	granter_tick(granter);
	assert_non_null(strstr(lines, "0 kernel table "));
	assert_null(strstr(strstr(lines, "0 kernel table ") + 3, "kernel table"));
	second = make(2, "ssh", "192.0.2.2", 30);
	consume(&second);
	assert_int_not_equal(granter_add(granter, &second), 0);
	assert_int_equal(find_grant(&second), 0);
	assert_int_equal(rmdir(path), 0);
	granter_tick(granter);
	expect_unused(table, &first);
	expect_unused(table, &second);
	assert_non_null(strstr(lines, "works again"));
}

/* What is done where, in order. */
static char order[128];

int __real_knockmap_put_used(int fd, const struct grant *g, uint64_t used);
int __wrap_knockmap_put_used(int fd, const struct grant *g, uint64_t used);
int __real_knockmap_remove(int fd, const struct grant *g);
int __wrap_knockmap_remove(int fd, const struct grant *g);
int __real_grantdir_write(struct grantdir *dir, const struct grant *g);
int __wrap_grantdir_write(struct grantdir *dir, const struct grant *g);
int __real_grantdir_remove(struct grantdir *dir, const struct grant *g);
int __wrap_grantdir_remove(struct grantdir *dir, const struct grant *g);
int __real_hooks_run(struct hooks *h, char *const *argv, const struct store_grant *grant, void (*started)(void *arg),
		     void *arg);
int __wrap_hooks_run(struct hooks *h, char *const *argv, const struct store_grant *grant, void (*started)(void *arg),
		     void *arg);

static void note(const char *what)
{
	size_t used = strlen(order);

	snprintf(order + used, sizeof(order) - used, "%s, ", what);
}

int __wrap_knockmap_put_used(int fd, const struct grant *g, uint64_t used)
{
	note("put table");
	return __real_knockmap_put_used(fd, g, used);
}

int __wrap_knockmap_remove(int fd, const struct grant *g)
{
	note("remove table");
	return __real_knockmap_remove(fd, g);
}

int __wrap_grantdir_write(struct grantdir *dir, const struct grant *g)
{
	note("put file");
	return __real_grantdir_write(dir, g);
}

int __wrap_grantdir_remove(struct grantdir *dir, const struct grant *g)
{
	note("remove file");
	return __real_grantdir_remove(dir, g);
}

int __wrap_hooks_run(struct hooks *h, char *const *argv, const struct store_grant *grant, void (*started)(void *arg),
		     void *arg)
{
	note("hook");
	return __real_hooks_run(h, argv, grant, started, arg);
}

static void test_the_table_is_first(void **state)
{
	(void)state;
	order[0] = '\0';
	give(1, "ssh", "192.0.2.1", 30);
	assert_string_equal(order, "put table, put file, hook, ");
	order[0] = '\0';
	assert_int_equal(granter_revoke(granter, NULL, NULL), 1);
	assert_string_equal(order, "remove table, remove file, hook, ");
}

/* One grant in the table whose file could not be written. */
static struct store_grant give_without_file(void)
{
	struct store_grant g = make(1, "ssh", "192.0.2.1", 30);

	assert_int_equal(chmod(grants, 0777), 0);
	consume(&g);
	assert_int_equal(granter_add(granter, &g), QK_ERR_GRANT_DIR);
	assert_non_null(strstr(lines, "0 grants directory "));
	assert_non_null(strstr(lines, "2 grant user=alice"));
	expect_unused(table, &g);
	return g;
}

static void test_the_file_comes_later(void **state)
{
	struct store_grant g = give_without_file();

	(void)state;
	use(table, &g);
	granter_tick(granter);
	assert_int_equal(chmod(grants, 0750), 0);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	granter_tick(granter);
	assert_int_equal(find_grant(&g), 0);
	expect_used(table, &g);
	assert_non_null(strstr(lines, "works again"));
	expect_hooks("opens alice ssh 192.0.2.1 1700000001\n");
}

static void test_revoked_before_the_file_came(void **state)
{
	struct store_grant g = give_without_file();

	(void)state;
	wait_for_hooks();
	assert_int_equal(granter_revoke(granter, "ssh", &g.grant.client), 1);
	expect_none(table, &g);
	assert_int_equal(chmod(grants, 0750), 0);
	for (int i = 0; i < 2; i++) {
		wait_for_hooks();
		granter_tick(granter);
	}
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	expect_none(table, &g);
	assert_int_equal(stored(), 0);
}

static void test_ended_before_the_file_came(void **state)
{
	struct store_grant g = give_without_file();

	(void)state;
	wait_for_hooks();
	skew_s = 30;
	granter_tick(granter);
	expect_none(table, &g);
	wait_for_hooks();
	granter_tick(granter);
	assert_int_equal(stored(), 0);
	assert_int_equal(chmod(grants, 0750), 0);
	granter_tick(granter);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
}

/* Killed when the entry was there and the file was not: a connection has used the one and waits for the other. */
static void test_killed_between_table_and_file(void **state)
{
	struct store_grant g = make(1, "ssh", "192.0.2.1", 30);
	int fd = open_map(table);

	(void)state;
	g.grant.single_use = true;
	consume(&g);
	assert_int_equal(knockmap_put(fd, &g.grant), 0);
	close(fd);
	use(table, &g);
	restart();
	expect_used(table, &g);
	assert_int_equal(find_grant(&g), 0);
	assert_int_equal(granter_count(granter), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_table, tear_down_tables)
	const struct CMUnitTest tests[] = {
	    TEST(test_an_entry_lives_and_ends),
	    TEST(test_a_new_grant_is_not_used),
	    TEST(test_a_restart_keeps_the_use),
	    TEST(test_an_unloaded_table_is_made_again),
	    TEST(test_reload_moves_the_table),
	    TEST(test_a_table_that_fails),
	    TEST(test_the_table_is_first),
	    TEST(test_the_file_comes_later),
	    TEST(test_revoked_before_the_file_came),
	    TEST(test_ended_before_the_file_came),
	    TEST(test_killed_between_table_and_file),
	};
	int fd, rc;

	snprintf(names[0], sizeof(names[0]), "grants-a%d", getpid() % 1000000);
	snprintf(names[1], sizeof(names[1]), "grants-b%d", getpid() % 1000000);
	rc = bpffs_own() ? knockmap_open(names[0], &fd) : QK_ERR_BPFFS;
	if (rc != 0) {
		printf("no kernel table here: %s\n", error_text(rc));
		return SKIP;
	}
	close(fd);
	unload(names[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
