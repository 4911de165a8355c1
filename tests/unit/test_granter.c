/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants in files, with the real store and real hooks; time is made to pass by adding to the clock. */
#include "tests/unit/unit.h"

#include "tests/unit/granter.h"

static void test_a_grant_lives_and_ends(void **state)
{
	struct store_grant g = give(0xa1, "ssh", "192.0.2.1", 30);

	(void)state;
	assert_int_equal(find_grant(&g), 0);
	assert_string_equal(lines,
			    "2 grant user=alice service=ssh address=192.0.2.1 id=00000000000000a1 expires_in=30s\n");
	assert_int_equal(granter_count(granter), 1);
	assert_true(granter_next_end(granter) == g.grant.expires_ns);
	expect_hooks("opens alice ssh 192.0.2.1 1700000161\n");
	skew_s = 29;
	granter_tick(granter);
	assert_int_equal(granter_count(granter), 1);
	assert_int_equal(stored(), 1);
	lines[0] = '\0';
	skew_s = 30;
	granter_tick(granter);
	assert_string_equal(
	    lines, "2 grant ended user=alice service=ssh address=192.0.2.1 id=00000000000000a1 reason=expired\n");
	assert_int_equal(granter_count(granter), 0);
	assert_true(granter_next_end(granter) == 0);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(stored(), 0);
	expect_hooks("opens alice ssh 192.0.2.1 1700000161\ncloses alice ssh 192.0.2.1 1700000161\n");
}

static int list_one(void *arg, const struct store_grant *grant)
{
	char *list = arg;
	char address[ADDRESS_TEXT_SIZE];

	address_format(&grant->grant.client, address);
	sprintf(list + strlen(list), "%s %s\n", grant->grant.service, address);
	return strcmp(address, "192.0.2.9") == 0 ? 77 : 0;
}

static const unsigned lives_s[] = {50, 10, 40, 10, 60, 30};
#define LIVES (sizeof(lives_s) / sizeof(lives_s[0]))

/* From the last address to the first, services taking turns. */
static void give_lives(void)
{
	char client[32];

	for (unsigned i = 0; i < LIVES; i++) {
		snprintf(client, sizeof(client), "192.0.2.%u", 6 - i);
		give(i + 1, i % 2 != 0 ? "ssh" : "web", client, lives_s[i]);
	}
}

static void expect_ends_in_order(void)
{
	for (skew_s = 5; skew_s < 65; skew_s += 5) {
		unsigned left = 0;

		granter_tick(granter);
		for (unsigned i = 0; i < LIVES; i++)
			left += lives_s[i] > skew_s;
		assert_int_equal(granter_count(granter), left);
	}
}

static void test_ends_come_in_order(void **state)
{
	(void)state;
	give_lives();
	expect_ends_in_order();
}

static void test_ends_come_in_order_after_a_restart(void **state)
{
	(void)state;
	give_lives();
	wait_for_hooks();
	restart();
	expect_ends_in_order();
}

static void test_grants_are_listed_by_service_and_address(void **state)
{
	struct grant after = {.service = "ssh"};
	char list[512] = "";

	(void)state;
	give_lives();
	assert_int_equal(granter_each(granter, NULL, list_one, list), 0);
	assert_string_equal(list, "ssh 192.0.2.1\nssh 192.0.2.3\nssh 192.0.2.5\nweb 192.0.2.2\nweb 192.0.2.4\n"
				  "web 192.0.2.6\n");
	/* Behind one that is there, and behind one that is not. */
	assert_int_equal(address_parse(&after.client, "192.0.2.5"), 0);
	list[0] = '\0';
	assert_int_equal(granter_each(granter, &after, list_one, list), 0);
	assert_string_equal(list, "web 192.0.2.2\nweb 192.0.2.4\nweb 192.0.2.6\n");
	strcpy(after.service, "web");
	list[0] = '\0';
	assert_int_equal(granter_each(granter, &after, list_one, list), 0);
	assert_string_equal(list, "web 192.0.2.6\n");
	give(9, "ssh", "192.0.2.9", 20);
	assert_int_equal(granter_each(granter, NULL, list_one, list), 77);
}

static void test_a_new_grant_supersedes(void **state)
{
	struct store_grant first = give(1, "ssh", "192.0.2.1", 30);

	(void)state;
	claim(&first);
	struct store_grant second = give(2, "ssh", "192.0.2.1", 60);
	assert_int_equal(granter_count(granter), 1);
	assert_int_equal(find_grant(&second), 0);
	assert_false(exists(grants, "ssh/.used.0000000000000001"));
	assert_non_null(strstr(lines, "id=0000000000000001 reason=superseded\n"));
	skew_s = 59;
	granter_tick(granter);
	assert_int_equal(find_grant(&second), 0);
	/* No close hook for the first one. */
	expect_hooks("opens alice ssh 192.0.2.1 1700000001\nopens alice ssh 192.0.2.1 1700000002\n");
}

static void test_revoking(void **state)
{
	struct store_grant a = give(1, "ssh", "192.0.2.1", 30), b = give(2, "web", "192.0.2.1", 30),
			   c = give(3, "ssh", "192.0.2.2", 30);

	(void)state;
	claim(&c);
	wait_for_hooks();
	assert_int_equal(granter_revoke(granter, "dns", NULL), 0);
	assert_int_equal(granter_revoke(granter, "ssh", &a.grant.client), 1);
	assert_int_equal(find_grant(&a), QK_ERR_GRANT_NONE);
	assert_int_equal(find_grant(&b), 0);
	assert_int_equal(stored(), 2);
	assert_int_equal(granter_revoke(granter, NULL, NULL), 2);
	assert_int_equal(find_grant(&b), QK_ERR_GRANT_NONE);
	assert_false(exists(grants, "ssh/.used.0000000000000003"));
	assert_non_null(strstr(lines, "id=0000000000000002 reason=revoked\n"));
	wait_for_hooks();
	granter_tick(granter);
	assert_int_equal(stored(), 0);
}

/* The daemon was killed after it had said that the grant is gone, but before the store was rid of it. */
static void test_what_was_revoked_stays_so(void **state)
{
	struct store_grant g = give(1, "ssh", "192.0.2.1", 30);

	(void)state;
	wait_for_hooks();
	remove_error = QK_ERR_STORE;
	assert_int_equal(granter_revoke(granter, NULL, NULL), 1);
	assert_int_equal(stored(), 1);
	remove_error = 0;
	restart();
	assert_int_equal(granter_count(granter), 0);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(stored(), 0);
}

static void test_a_restart_keeps_what_lives(void **state)
{
	struct store_grant kept = give(1, "ssh", "192.0.2.1", 30), used = give(2, "ssh", "192.0.2.2", 30),
			   lost = give(3, "web", "2001:db8::1", 30), none = make(4, "ssh", "192.0.2.4", 30);
	char path[256];

	(void)state;
	wait_for_hooks();
	claim(&used);
	snprintf(path, sizeof(path), "%s/web/2001:db8::1", grants);
	assert_int_equal(unlink(path), 0);
	/* A file that no grant of the store stands behind. */
	char text[GRANT_TEXT_SIZE];
	int len = grant_format(&none.grant, text, sizeof(text));
	snprintf(path, sizeof(path), "%s/ssh/192.0.2.4", grants);
	write_file(path, text, (size_t)len);
	assert_int_equal(find_grant(&none), 0);
	restart();
	assert_int_equal(granter_count(granter), 3);
	assert_int_equal(find_grant(&kept), 0);
	assert_int_equal(find_grant(&lost), 0);
	assert_int_equal(find_grant(&used), QK_ERR_GRANT_NONE);
	assert_true(exists(grants, "ssh/.used.0000000000000002"));
	assert_int_equal(find_grant(&none), QK_ERR_GRANT_NONE);
	assert_true(granter_next_end(granter) == kept.grant.expires_ns);
	/* They end as they would have. */
	skew_s = 30;
	granter_tick(granter);
	assert_false(exists(grants, "ssh/.used.0000000000000002"));
	assert_int_equal(stored(), 0);
}

static void test_missed_ends_are_made_up_for(void **state)
{
	struct store_grant late = give(1, "ssh", "192.0.2.1", 30);
	struct store_grant before = make(2, "web", "192.0.2.2", 30);

	(void)state;
	before.grant.boot_id[0] = before.grant.boot_id[0] == 'a' ? 'b' : 'a';
	consume(&before);
	wait_for_hooks();
	stop();
	skew_s = 31;
	lines[0] = '\0';
	start();
	assert_int_equal(granter_count(granter), 0);
	assert_int_equal(find_grant(&late), QK_ERR_GRANT_NONE);
	assert_int_equal(stored(), 0);
	assert_non_null(strstr(lines, "id=0000000000000001 reason=expired\n"));
	assert_non_null(strstr(lines, "id=0000000000000002 reason=reboot\n"));
	/* Those of different addresses run side by side. */
	const char *wrote = hooks_wrote();
	assert_int_equal(strlen(wrote), 3 * strlen("opens alice ssh 192.0.2.1 1700000001\n") + 2);
	assert_non_null(strstr(wrote, "closes alice ssh 192.0.2.1 1700000001\n"));
	assert_non_null(strstr(wrote, "closew alice web 192.0.2.2 1700000002\n"));
}

static void test_a_service_that_is_gone_at_the_start(void **state)
{
	struct store_grant g = give(1, "web", "192.0.2.1", 30);

	(void)state;
	wait_for_hooks();
	stop();
	config_free(config);
	config = configure("grants", "s", "");
	start();
	assert_int_equal(granter_count(granter), 0);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(stored(), 0);
	assert_non_null(strstr(lines, "reason=unconfigured\n"));
}

/* The store forgets a grant only when the hook of its end has started. */
static void test_a_hook_that_waits_is_owed(void **state)
{
	char slow[512], text[512], client[32];

	(void)state;
	snprintf(slow, sizeof(slow), "%s/hook", base);
	for (unsigned i = 1; i <= HOOKS_PARALLEL + 2; i++) {
		snprintf(client, sizeof(client), "192.0.2.%u", i);
		give(i, "ssh", client, 30);
	}
	wait_for_hooks();
	int len = snprintf(text, sizeof(text), "#!/bin/sh\nuntil [ -e %s/go ] || [ ! -d %s ]; do sleep 0.02; done\n",
			   base, base);
	write_file(slow, text, (size_t)len);
	skew_s = 30;
	granter_tick(granter);
	granter_tick(granter);
	assert_int_equal(granter_count(granter), 0);
	assert_int_equal(stored(), 2);
	restart(); /* and these two get their hooks then */
	assert_int_equal(stored(), 0);
	snprintf(text, sizeof(text), "%s/go", base);
	write_file(text, "", 0);
}

static void test_the_store_fails_at_the_end(void **state)
{
	(void)state;
	give(1, "ssh", "192.0.2.1", 30);
	wait_for_hooks();
	remove_error = QK_ERR_STORE;
	skew_s = 30;
	for (int i = 0; i < 5; i++)
		granter_tick(granter);
	assert_int_equal(removals, 1);
	assert_int_equal(stored(), 1);
	skew_s = 41;
	granter_tick(granter);
	assert_int_equal(removals, 2);
	remove_error = 0;
	skew_s = 52;
	granter_tick(granter);
	assert_int_equal(removals, 3);
	assert_int_equal(stored(), 0);
	expect_hooks("opens alice ssh 192.0.2.1 1700000001\ncloses alice ssh 192.0.2.1 1700000001\n");
}

static void test_a_missing_directory_is_made_again(void **state)
{
	(void)state;
	give(1, "ssh", "192.0.2.1", 30);
	remove_tree(grants);
	struct store_grant second = give(2, "ssh", "192.0.2.2", 30);
	assert_int_equal(find_grant(&second), 0);
	assert_null(strstr(lines, "grants directory"));
}

static void test_a_failing_directory_is_told_once(void **state)
{
	struct store_grant g = make(1, "ssh", "192.0.2.1", 30);
	char failed[512], works[256];

	(void)state;
	assert_int_equal(chmod(grants, 0777), 0);
	consume(&g);
	lines[0] = '\0';
	assert_int_equal(granter_add(granter, &g), QK_ERR_GRANT_DIR);
	for (int i = 0; i < 3; i++)
		granter_tick(granter);
	snprintf(failed, sizeof(failed),
		 "0 grants directory %s: grants directory is missing or unsafe; trying again every second\n"
		 "2 grant user=alice service=ssh address=192.0.2.1 id=0000000000000001 expires_in=30s\n",
		 grants);
	assert_string_equal(lines, failed);
	assert_int_equal(chmod(grants, 0750), 0);
	lines[0] = '\0';
	granter_tick(granter);
	granter_tick(granter);
	snprintf(works, sizeof(works), "2 grants directory %s: works again, all grants are written\n", grants);
	assert_string_equal(lines, works);
	assert_int_equal(find_grant(&g), 0);
}

static void test_a_directory_that_fails_at_the_start(void **state)
{
	struct store_grant g = give(1, "ssh", "192.0.2.1", 30);

	(void)state;
	stop();
	remove_tree(grants);
	write_file(grants, "", 0);
	lines[0] = '\0';
	start();
	assert_non_null(strstr(lines, "0 grants directory "));
	granter_tick(granter);
	assert_int_equal(unlink(grants), 0);
	struct store_grant second = give(2, "ssh", "192.0.2.2", 30);
	assert_int_equal(find_grant(&g), 0);
	assert_int_equal(find_grant(&second), 0);
	granter_tick(granter);
	assert_non_null(strstr(lines, "works again"));
}

/* A grant that is revoked while its file can't be removed must not outlive the trouble. */
static void test_a_file_that_cannot_be_removed(void **state)
{
	struct store_grant g = give(1, "ssh", "192.0.2.1", 30);

	(void)state;
	wait_for_hooks();
	assert_int_equal(chmod(grants, 0777), 0);
	assert_int_equal(granter_revoke(granter, NULL, NULL), 1);
	granter_tick(granter);
	assert_int_equal(stored(), 1);
	assert_int_equal(chmod(grants, 0750), 0);
	assert_int_equal(find_grant(&g), 0);
	granter_tick(granter);
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(stored(), 0);
	assert_non_null(strstr(lines, "works again"));
}

static void test_reload_takes_new_hooks(void **state)
{
	struct store_grant g = give(1, "ssh", "192.0.2.1", 30);

	(void)state;
	reload(configure("grants", "Sw", ""));
	assert_int_equal(find_grant(&g), 0);
	skew_s = 30;
	wait_for_hooks();
	granter_tick(granter);
	expect_hooks("opens alice ssh 192.0.2.1 1700000001\ncloseS alice ssh 192.0.2.1 1700000001\n");
}

static void test_reload_ends_what_has_no_service(void **state)
{
	struct store_grant g = give(1, "web", "192.0.2.1", 30);

	(void)state;
	wait_for_hooks();
	reload(configure("grants", "s", ""));
	assert_int_equal(find_grant(&g), QK_ERR_GRANT_NONE);
	assert_int_equal(granter_count(granter), 0);
	expect_hooks("openw alice web 192.0.2.1 1700000001\nclosew alice web 192.0.2.1 1700000001\n");
}

static void test_reload_moves_the_directory(void **state)
{
	struct store_grant g = give(1, "ssh", "192.0.2.1", 30), used = give(2, "ssh", "192.0.2.2", 30);
	char old[sizeof(grants)];

	(void)state;
	claim(&used);
	strcpy(old, grants);
	strcat(grants, ".new");
	reload(configure("grants.new", "sw", ""));
	assert_int_equal(find_grant(&g), 0);
	assert_false(exists(old, "ssh/192.0.2.1"));
	assert_false(exists(old, "ssh/.used.0000000000000002"));
	assert_int_equal(find_grant(&used), QK_ERR_GRANT_NONE);
	restart();
	assert_int_equal(find_grant(&g), 0);
	assert_int_equal(find_grant(&used), QK_ERR_GRANT_NONE);
	skew_s = 30;
	granter_tick(granter);
	assert_false(exists(grants, "ssh/.used.0000000000000002"));
}

static void test_reload_changes_the_group(void **state)
{
	char path[256];
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files to any group */
	give(1, "ssh", "192.0.2.1", 30);
	reload(configure("grants", "sw", "group = nogroup"));
	snprintf(path, sizeof(path), "%s/ssh/192.0.2.1", grants);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_gid != 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(grants, &st), 0);
	assert_true(st.st_gid != 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	/* A group that does not exist: nothing is written for it, and the log says why. */
	struct config *old = config;
	config = configure("grants", "sw", "group = no-such-group");
	assert_int_equal(granter_reload(granter, config), QK_ERR_NOT_FOUND);
	config_free(old);
	assert_non_null(strstr(lines, "group no-such-group"));
	assert_int_not_equal(stat(path, &st), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_grant_lives_and_ends),
	    TEST(test_ends_come_in_order),
	    TEST(test_ends_come_in_order_after_a_restart),
	    TEST(test_grants_are_listed_by_service_and_address),
	    TEST(test_a_new_grant_supersedes),
	    TEST(test_revoking),
	    TEST(test_what_was_revoked_stays_so),
	    TEST(test_a_restart_keeps_what_lives),
	    TEST(test_missed_ends_are_made_up_for),
	    TEST(test_a_service_that_is_gone_at_the_start),
	    TEST(test_a_hook_that_waits_is_owed),
	    TEST(test_the_store_fails_at_the_end),
	    TEST(test_a_missing_directory_is_made_again),
	    TEST(test_a_failing_directory_is_told_once),
	    TEST(test_a_directory_that_fails_at_the_start),
	    TEST(test_a_file_that_cannot_be_removed),
	    TEST(test_reload_takes_new_hooks),
	    TEST(test_reload_ends_what_has_no_service),
	    TEST(test_reload_moves_the_directory),
	    TEST(test_reload_changes_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
