/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map itself needs root and a bpf file system; without them this program says so (77). */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "tests/unit/bpffs.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knockmap.h"

#define SKIP 77

static char table[SERVICE_NAME_MAX + 1];
static char directory[KNOCKMAP_PATH_SIZE];
static char pin[KNOCKMAP_PATH_SIZE + 8];

static int clean(void **state)
{
	(void)state;
	unlink(pin);
	rmdir(directory);
	return 0;
}

static struct grant grant_of(uint64_t id, const char *address)
{
	struct grant g = {.id = id, .service = "ssh", .granted_ns = 5, .expires_ns = 10 * id, .single_use = true};

	assert_int_equal(address_parse(&g.client, address), 0);
	return g;
}

static struct knock_key key_of(const struct grant *g)
{
	struct knock_key key = {.service = "ssh"};

	memcpy(key.address, g->client.b, sizeof(key.address));
	return key;
}

static struct knock_value entry_of(int fd, const struct grant *g)
{
	struct knock_key key = key_of(g);
	struct knock_value value = {0};

	if (bpfsys_map_lookup(fd, &key, &value) < 0)
		assert_int_equal(errno, ENOENT);
	return value;
}

static void test_bad_names_are_refused(void **state)
{
	static const char *const bad[] = {"", "..", "a/b", "A", "a_b", "1234567890123456"};
	int fd = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(knockmap_open(bad[i], &fd), QK_ERR_TABLE_NAME);
		assert_int_equal(fd, -1);
		assert_int_equal(knockmap_open_existing(bad[i], &fd), QK_ERR_TABLE_NAME);
	}
}

static void test_second_opener_shares_the_map(void **state)
{
	struct grant g = grant_of(1, "192.0.2.1");
	struct stat st;
	int a, b;

	(void)state;
	assert_int_equal(knockmap_open_existing(table, &a), QK_ERR_NOT_FOUND);
	assert_int_equal(a, -1);
	assert_int_equal(knockmap_open(table, &a), 0);
	assert_int_equal(knockmap_open(table, &b), 0);
	assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
	assert_int_equal(knockmap_put(a, &g), 0);
	assert_int_equal(entry_of(b, &g).id, 1);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(pin, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(a);
	close(b);
}

static void test_current_until_unpinned(void **state)
{
	int a, b;

	(void)state;
	assert_int_equal(knockmap_open(table, &a), 0);
	assert_true(knockmap_is_current(table, a));
	assert_int_equal(unlink(pin), 0);
	assert_false(knockmap_is_current(table, a));
	assert_int_equal(knockmap_open(table, &b), 0);
	assert_false(knockmap_is_current(table, a));
	assert_true(knockmap_is_current(table, b));
	close(a);
	close(b);
}

static void test_entry_holds_the_grant(void **state)
{
	struct grant g = grant_of(77, "2001:db8::1");
	struct knock_value v;
	int fd;

	(void)state;
	assert_int_equal(knockmap_open(table, &fd), 0);
	assert_int_equal(knockmap_put(fd, &g), 0);
	v = entry_of(fd, &g);
	assert_int_equal(v.id, 77);
	assert_int_equal(v.granted_ns, 5);
	assert_int_equal(v.expires_ns, 770);
	assert_int_equal(v.used, 0);
	assert_int_equal(v.flags, KNOCK_GRANT_SINGLE_USE);
	close(fd);
}

static void test_put_again_keeps_the_claim(void **state)
{
	struct grant g = grant_of(3, "192.0.2.1");
	struct knock_key key = key_of(&g);
	struct knock_value v;
	int fd;

	(void)state;
	assert_int_equal(knockmap_open(table, &fd), 0);
	assert_int_equal(knockmap_put(fd, &g), 0);
	v = entry_of(fd, &g);
	v.used = KNOCK_USED(6, 1024, 22);
	assert_int_equal(bpfsys_map_update(fd, &key, &v), 0);
	assert_int_equal(knockmap_put(fd, &g), 0);
	assert_int_equal(entry_of(fd, &g).used, KNOCK_USED(6, 1024, 22));
	g.id = 4;
	assert_int_equal(knockmap_put(fd, &g), 0);
	assert_int_equal(entry_of(fd, &g).id, 4);
	assert_int_equal(entry_of(fd, &g).used, 0);
	close(fd);
}

static void test_remove_spares_a_newer_grant(void **state)
{
	struct grant old = grant_of(5, "192.0.2.1");
	struct grant newer = grant_of(6, "192.0.2.1");
	int fd;

	(void)state;
	assert_int_equal(knockmap_open(table, &fd), 0);
	assert_int_equal(knockmap_put(fd, &newer), 0);
	assert_int_equal(knockmap_remove(fd, &old), 0);
	assert_int_equal(entry_of(fd, &newer).id, 6);
	assert_int_equal(knockmap_remove(fd, &newer), 0);
	assert_int_equal(entry_of(fd, &newer).id, 0);
	assert_int_equal(knockmap_remove(fd, &newer), 0);
	close(fd);
}

struct walk {
	int fd;
	unsigned seen[1000];
	unsigned stop_after;
	unsigned calls;
};

static int visit(void *arg, const struct knock_key *key, const struct knock_value *value)
{
	struct walk *w = arg;

	assert_string_equal(key->service, "ssh");
	w->seen[value->id - 1]++;
	assert_int_equal(bpfsys_map_delete(w->fd, key), 0);
	return ++w->calls == w->stop_after ? 42 : 0;
}

static void test_walk_sees_each_once_while_removing(void **state)
{
	struct walk w = {0};
	char text[ADDRESS_TEXT_SIZE];
	struct grant g;

	(void)state;
	assert_int_equal(knockmap_open(table, &w.fd), 0);
	assert_int_equal(knockmap_walk(w.fd, visit, &w), 0);
	assert_int_equal(w.calls, 0);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		g = grant_of(i + 1, text);
		assert_int_equal(knockmap_put(w.fd, &g), 0);
	}
	w.stop_after = 10;
	assert_int_equal(knockmap_walk(w.fd, visit, &w), 42);
	assert_int_equal(w.calls, 10);
	assert_int_equal(knockmap_walk(w.fd, visit, &w), 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(w.seen[i], 1);
	close(w.fd);
}

static void test_foreign_pins_are_refused(void **state)
{
	int fd, other;

	(void)state;
	assert_int_equal(knockmap_open(table, &fd), 0);
	close(fd);
	assert_int_equal(unlink(pin), 0);
	other = bpfsys_map_create("other", 4, 4, 1);
	assert_true(other >= 0);
	assert_int_equal(bpfsys_pin(other, pin), 0);
	close(other);
	assert_int_equal(knockmap_open(table, &fd), QK_ERR_KERNEL);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fd, -1);
	assert_int_equal(unlink(pin), 0);
	assert_int_equal(chmod(directory, 0722), 0);
	assert_int_equal(knockmap_open(table, &fd), QK_ERR_TABLE_DIR);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(symlink("/tmp", directory), 0);
	assert_int_equal(knockmap_open(table, &fd), QK_ERR_KERNEL);
	assert_int_equal(unlink(directory), 0);
}

int main(void)
{
	const struct CMUnitTest names[] = {cmocka_unit_test(test_bad_names_are_refused)};
	const struct CMUnitTest maps[] = {
	    cmocka_unit_test_setup_teardown(test_second_opener_shares_the_map, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_current_until_unpinned, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_entry_holds_the_grant, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_put_again_keeps_the_claim, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_remove_spares_a_newer_grant, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_walk_sees_each_once_while_removing, NULL, clean),
	    cmocka_unit_test_setup_teardown(test_foreign_pins_are_refused, NULL, clean),
	};
	int failed = cmocka_run_group_tests(names, NULL, NULL);
	int fd;

	snprintf(table, sizeof(table), "unit-%d", (int)getpid());
	snprintf(directory, sizeof(directory), KNOCKMAP_ROOT "/%s", table);
	snprintf(pin, sizeof(pin), "%s/grants", directory);
	if (!bpffs_own() || knockmap_open(table, &fd) != 0) {
		fprintf(stderr,
			"kernel maps not tested: this needs root and a bpf file system on " KNOCKMAP_BPFFS "\n");
		return failed != 0 ? failed : SKIP;
	}
	close(fd);
	clean(NULL);
	return failed + cmocka_run_group_tests(maps, NULL, NULL);
}
