/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "libcore/error.h"
#include "libcore/grantdir.h"
#include "tests/unit/grants.h"

static struct grantdir *dir;

static int set_up(void **state)
{
	if (set_up_base(state) != 0)
		return -1;
	return grantdir_open(grants, (gid_t)-1, &dir);
}

static int tear_down(void **state)
{
	grantdir_close(dir);
	return tear_down_base(state);
}

static void path_of(char path[512], const char *name)
{
	snprintf(path, 512, "%s/%s", grants, name);
}

static void expect_mode(const char *name, mode_t mode, gid_t group)
{
	char path[512];
	struct stat st;

	path_of(path, name);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_gid, group);
}

static int find(const struct grant *g)
{
	struct grant found;
	int rc = grant_find(grants, g->service, &g->client, 0, &found);

	if (rc == 0)
		assert_memory_equal(&found, g, sizeof(found));
	return rc;
}

static void test_what_is_written_is_found(void **state)
{
	struct grant v4 = live_grant(1, "ssh", "192.0.2.1"), v6 = live_grant(2, "web", "2001:db8::1");

	(void)state;
	umask(0);
	assert_int_equal(grantdir_write(dir, &v4), 0);
	umask(077);
	assert_int_equal(grantdir_write(dir, &v6), 0);
	assert_int_equal(find(&v4), 0);
	assert_int_equal(find(&v6), 0);
	expect_mode("", 0750, getegid());
	expect_mode("ssh", 0750, getegid());
	expect_mode("web", 0750, getegid());
	expect_mode("ssh/192.0.2.1", 0640, getegid());
	expect_mode("web/2001:db8::1", 0640, getegid());
	v4.id = 3;
	v4.single_use = false;
	assert_int_equal(grantdir_write(dir, &v4), 0);
	assert_int_equal(find(&v4), 0);
	v4.user[0] = '9';
	assert_int_equal(grantdir_write(dir, &v4), QK_ERR_GRANT_FORMAT);
}

static void test_the_group_is_given(void **state)
{
	struct grant g = live_grant(1, "ssh", "192.0.2.1");

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files to any group */
	grantdir_close(dir);
	assert_int_equal(grantdir_open(grants, 65534, &dir), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	expect_mode("", 0750, 65534);
	expect_mode("ssh", 0750, 65534);
	expect_mode("ssh/192.0.2.1", 0640, 65534);
	/* And taken back. */
	grantdir_close(dir);
	assert_int_equal(grantdir_open(grants, 0, &dir), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	expect_mode("", 0750, 0);
	expect_mode("ssh", 0750, 0);
	expect_mode("ssh/192.0.2.1", 0640, 0);
}

static void test_missing_parents_are_made(void **state)
{
	struct grant g = live_grant(1, "ssh", "192.0.2.1");
	char deep[256];

	(void)state;
	grantdir_close(dir);
	snprintf(deep, sizeof(deep), "%s//a/b/grants/", base);
	assert_int_equal(grantdir_open(deep, (gid_t)-1, &dir), 0);
	snprintf(grants, sizeof(grants), "%s/a/b/grants", base);
	expect_mode("..", 0750, getegid());
	expect_mode("../..", 0750, getegid());
	assert_int_equal(grantdir_write(dir, &g), 0);
	assert_int_equal(find(&g), 0);
	/* All of it goes, and comes back with the next grant. */
	snprintf(deep, sizeof(deep), "%s/a", base);
	remove_tree(deep);
	assert_int_equal(grantdir_remove(dir, &g), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	assert_int_equal(find(&g), 0);
}

static void test_unsafe_directories_are_not_written(void **state)
{
	struct grant g = live_grant(1, "ssh", "192.0.2.1");
	char service[512], real[512];
	struct grantdir *other;

	(void)state;
	assert_int_equal(chmod(grants, 0770), 0);
	assert_int_equal(grantdir_write(dir, &g), QK_ERR_GRANT_DIR);
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &other), QK_ERR_GRANT_DIR);
	assert_null(other);
	assert_int_equal(grantdir_open("grants", (gid_t)-1, &other), QK_ERR_GRANT_DIR);
	expect_mode("", 0770, getegid()); /* nor repaired */
	assert_int_equal(chmod(grants, 0750), 0);
	path_of(service, "ssh");
	snprintf(real, sizeof(real), "%s/real", base);
	assert_int_equal(mkdir(real, 0750), 0);
	assert_int_equal(symlink(real, service), 0);
	assert_int_equal(grantdir_write(dir, &g), QK_ERR_GRANT_DIR);
	assert_int_equal(rmdir(real), 0);
	assert_int_equal(grantdir_write(dir, &g), QK_ERR_GRANT_DIR);
	assert_int_equal(unlink(service), 0);
	write_file(service, "", 0);
	assert_int_equal(grantdir_write(dir, &g), QK_ERR_GRANT_DIR);
	assert_int_equal(unlink(service), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
}

/* What lies in the way under the temporary name is not written through. */
static void test_leftovers_are_in_no_one_s_way(void **state)
{
	struct grant g = live_grant(0xabc, "ssh", "192.0.2.1");
	char temporary[512], victim[512];
	struct stat st;

	(void)state;
	assert_int_equal(grantdir_write(dir, &g), 0);
	path_of(temporary, "ssh/.tmp.0000000000000abc");
	snprintf(victim, sizeof(victim), "%s/victim", base);
	write_file(victim, "", 0);
	assert_int_equal(symlink(victim, temporary), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_false(exists(grants, "ssh/.tmp.0000000000000abc"));
	assert_int_equal(find(&g), 0);
}

static void test_a_failed_write_leaves_the_old_grant(void **state)
{
	struct grant g = live_grant(1, "ssh", "192.0.2.1"), newer = live_grant(2, "ssh", "192.0.2.1");
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(grantdir_write(dir, &g), 0);
	pid = fork();
	if (pid == 0) {
		struct rlimit none = {0, 0};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &none);
		_exit(grantdir_write(dir, &newer) == QK_ERR_IO && errno == EFBIG ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(find(&g), 0);
	assert_false(exists(grants, "ssh/.tmp.0000000000000002"));
}

static void test_only_one_s_own_grant_is_removed(void **state)
{
	struct grant old = live_grant(1, "ssh", "192.0.2.1"), newer = live_grant(2, "ssh", "192.0.2.1");
	struct grant taken;

	(void)state;
	assert_int_equal(grantdir_remove(dir, &old), 0);
	assert_int_equal(grantdir_write(dir, &newer), 0);
	assert_int_equal(grantdir_remove(dir, &old), 0);
	assert_int_equal(find(&newer), 0);
	assert_int_equal(grant_claim(grants, "ssh", &newer.client, 0, &taken), 0);
	assert_true(exists(grants, "ssh/.used.0000000000000002"));
	assert_int_equal(grantdir_remove(dir, &old), 0);
	assert_true(exists(grants, "ssh/.used.0000000000000002"));
	assert_int_equal(grantdir_remove(dir, &newer), 0);
	assert_false(exists(grants, "ssh/.used.0000000000000002"));
	assert_int_equal(grantdir_write(dir, &newer), 0);
	assert_int_equal(grantdir_remove(dir, &newer), 0);
	assert_int_equal(find(&newer), QK_ERR_GRANT_NONE);
}

static void test_a_used_grant_can_be_written(void **state)
{
	struct grant g = live_grant(5, "ssh", "192.0.2.1"), taken;

	(void)state;
	assert_int_equal(grantdir_write_used(dir, &g), 0);
	assert_int_equal(find(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(grantdir_write(dir, &g), 0);
	assert_int_equal(grant_claim(grants, "ssh", &g.client, 0, &taken), QK_ERR_GRANT_USED);
}

struct seen {
	unsigned files, used;
	uint64_t ids;
	int answer;
};

static int see(void *arg, const struct grant *g, bool used)
{
	struct seen *seen = arg;

	seen->files += !used;
	seen->used += used;
	seen->ids += g->id;
	return seen->answer;
}

static void put_raw(const char *name, const struct grant *g)
{
	char path[512], text[GRANT_TEXT_SIZE];
	int len = grant_format(g, text, sizeof(text));

	path_of(path, name);
	write_file(path, text, (size_t)len);
}

static void test_a_walk_sees_all_and_cleans_up(void **state)
{
	struct grant a = live_grant(1, "ssh", "192.0.2.1"), b = live_grant(2, "ssh", "192.0.2.2"),
		     c = live_grant(4, "web", "192.0.2.1"), taken;
	struct seen seen = {0};
	char path[512];

	(void)state;
	assert_int_equal(grantdir_walk(dir, see, &seen), 0);
	assert_int_equal(seen.files + seen.used, 0);
	assert_int_equal(grantdir_write(dir, &a), 0);
	assert_int_equal(grantdir_write(dir, &b), 0);
	assert_int_equal(grantdir_write(dir, &c), 0);
	assert_int_equal(grant_claim(grants, "ssh", &b.client, 0, &taken), 0);
	put_raw("ssh/.tmp.0000000000000009", &a);
	put_raw("ssh/192.0.2.3", &a);  /* under another address */
	put_raw("ssh/192.0.2.02", &a); /* no name of an address */
	put_raw("web/192.0.2.2", &b);  /* of another service */
	path_of(path, "ssh/192.0.2.4");
	write_file(path, "qknock-grant 1\n", 15);
	path_of(path, "ssh/192.0.2.5");
	assert_int_equal(symlink("192.0.2.1", path), 0);
	path_of(path, "Other");
	assert_int_equal(mkdir(path, 0750), 0);
	path_of(path, "Other/192.0.2.1");
	write_file(path, "", 0);
	assert_int_equal(grantdir_walk(dir, see, &seen), 0);
	assert_int_equal(seen.files, 2);
	assert_int_equal(seen.used, 1);
	assert_true(seen.ids == 7);
	assert_false(exists(grants, "ssh/.tmp.0000000000000009"));
	assert_false(exists(grants, "ssh/192.0.2.3"));
	assert_false(exists(grants, "ssh/192.0.2.02"));
	assert_false(exists(grants, "ssh/192.0.2.4"));
	assert_false(exists(grants, "ssh/192.0.2.5"));
	assert_false(exists(grants, "web/192.0.2.2"));
	assert_true(exists(grants, "Other/192.0.2.1")); /* not ours */
	assert_int_equal(find(&a), 0);
	assert_int_equal(find(&c), 0);
	seen.answer = 5;
	assert_int_equal(grantdir_walk(dir, see, &seen), 5);
}

/* A claimer that died after its first rename: what it holds is used, under the name it should have. */
static void test_a_walk_settles_markers(void **state)
{
	struct grant g = live_grant(2, "ssh", "192.0.2.1");
	struct seen seen = {0};

	(void)state;
	assert_int_equal(grantdir_write_used(dir, &g), 0);
	put_raw("ssh/.used.0000000000000001", &g);
	assert_int_equal(grantdir_walk(dir, see, &seen), 0);
	assert_false(exists(grants, "ssh/.used.0000000000000001"));
	assert_int_equal(grantdir_remove(dir, &g), 0);
	put_raw("ssh/.used.0000000000000001", &g);
	seen = (struct seen){0};
	assert_int_equal(grantdir_walk(dir, see, &seen), 0);
	assert_int_equal(seen.used, 1);
	assert_false(exists(grants, "ssh/.used.0000000000000001"));
	assert_true(exists(grants, "ssh/.used.0000000000000002"));
}

static int remove_it(void *arg, const struct grant *g, bool used)
{
	(void)used;
	return grantdir_remove(arg, g);
}

static void test_a_walk_may_remove(void **state)
{
	char client[32];
	struct seen seen = {0};

	(void)state;
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(client, sizeof(client), "192.0.2.%u", i);
		struct grant g = live_grant(i, i % 2 != 0 ? "ssh" : "web", client);
		assert_int_equal(i % 3 != 0 ? grantdir_write(dir, &g) : grantdir_write_used(dir, &g), 0);
	}
	assert_int_equal(grantdir_walk(dir, remove_it, dir), 0);
	assert_int_equal(grantdir_walk(dir, see, &seen), 0);
	assert_int_equal(seen.files + seen.used, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_written_is_found),
	    TEST(test_the_group_is_given),
	    TEST(test_missing_parents_are_made),
	    TEST(test_unsafe_directories_are_not_written),
	    TEST(test_leftovers_are_in_no_one_s_way),
	    TEST(test_a_failed_write_leaves_the_old_grant),
	    TEST(test_only_one_s_own_grant_is_removed),
	    TEST(test_a_used_grant_can_be_written),
	    TEST(test_a_walk_sees_all_and_cleans_up),
	    TEST(test_a_walk_settles_markers),
	    TEST(test_a_walk_may_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
