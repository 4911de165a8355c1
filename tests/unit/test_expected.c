/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's map of expected packets is the session table's equal, whatever is added, removed, renewed or does not
 * fit; and what the kernel refuses loses no packet. Needs root; without it this program says so (77).
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xt_knock/bpfsys.h"

/* Updates and deletions fail with this, if it is not 0. */
static int refusal;

static int test_map_update(int fd, const void *key, const void *value)
{
	errno = refusal;
	return refusal != 0 ? -1 : bpfsys_map_update(fd, key, value);
}

static int test_map_delete(int fd, const void *key)
{
	errno = refusal;
	return refusal != 0 ? -1 : bpfsys_map_delete(fd, key);
}

#define bpfsys_map_update test_map_update
#define bpfsys_map_delete test_map_delete
#include "qknockd/expected.c"
#include "qknockd/session.c"

#include "libcore/chain.h"
#include "qknockd/keyring.h"

#define SKIP 77
#define MAX 256
#define COUNT 12
#define SESSIONS_MAX 60
#define PACKETS_MAX (SESSIONS_MAX * COUNT * 8)

static char lines[4096];
static uint64_t random_state = 5;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % below;
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", line);
}

static const struct log log_to_lines = {.write = keep_line, .level = LOG_LEVEL_INFO};

struct fixture {
	struct session_table *table;
	struct expected_set *set;
};

static int setup(void **state)
{
	static struct fixture f;

	refusal = 0;
	lines[0] = '\0';
	*state = &f;
	if (expected_open(MAX, &log_to_lines, &f.set) != 0 || session_table_new(&f.table) != 0)
		return -1;
	session_table_expect(f.table, f.set);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	session_table_free(f->table);
	expected_close(f->set);
	return 0;
}

/* --- comparing --- */

struct keys {
	struct expected_key key[PACKETS_MAX];
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct expected_key));
}

static void sort_unique(struct keys *k)
{
	size_t n = 0;

	qsort(k->key, k->count, sizeof(k->key[0]), compare);
	for (size_t i = 0; i < k->count; i++)
		if (i == 0 || compare(&k->key[i], &k->key[i - 1]) != 0)
			k->key[n++] = k->key[i];
	k->count = n;
}

static void of_table(const struct session_table *t, struct keys *k)
{
	struct session *s;

	k->count = 0;
	for (uint32_t number = 0; (s = handles_next(&t->numbers, &number)) != NULL;)
		for (unsigned i = 0; i < s->count; i++) {
			struct address source = source_of(s, i);

			assert_true(k->count < PACKETS_MAX);
			k->key[k->count++] = make_key(&source, s->packets[i].port, s->packets[i].word);
		}
	sort_unique(k);
}

static void of_map(const struct expected_set *set, struct keys *k)
{
	k->count = 0;
	for (const struct expected_key *last = NULL;; last = &k->key[k->count++]) {
		assert_true(k->count < PACKETS_MAX);
		if (bpfsys_map_next(set->map_fd, last, &k->key[k->count]) != 0)
			break;
	}
	assert_int_equal(errno, ENOENT);
	sort_unique(k);
}

static bool has(const struct keys *k, const struct expected_key *key)
{
	return bsearch(key, k->key, k->count, sizeof(*key), compare) != NULL;
}

/* The bits of the sieve are those of the entries' words. */
static void check_sieve(const struct expected_set *set, const struct keys *map)
{
	static uint8_t count[EXPECTED_SIEVE_BITS];

	memset(count, 0, sizeof(count));
	for (size_t i = 0; i < map->count; i++)
		count[map->key[i].word % EXPECTED_SIEVE_BITS]++;
	assert_memory_equal(count, set->sieved, sizeof(count));
	for (size_t i = 0; i < EXPECTED_SIEVE_BITS / 32; i++)
		for (size_t k = 0; k < 32; k++)
			if ((set->control->sieve[i] >> k & 1) != (count[32 * i + k] > 0))
				fail_msg("bit %zu of the sieve", 32 * i + k);
}

/* What holds at any time. */
static void check(const struct fixture *f)
{
	static struct keys table, map;
	size_t from_anywhere = 0;

	of_table(f->table, &table);
	of_map(f->set, &map);
	assert_int_equal(map.count, expected_count(f->set));
	assert_true(map.count <= MAX);
	for (size_t i = 0; i < map.count; i++) {
		assert_true(has(&table, &map.key[i]));
		from_anywhere += is_any(&map.key[i]);
	}
	assert_int_equal(f->set->control->any_source, from_anywhere > 0);
	if (draw(16) == 0)
		check_sieve(f->set, &map);
	if (expected_is_exact(f->set))
		assert_int_equal(map.count, table.count);
	if (table.count <= MAX - MAX / 8 && refusal == 0)
		assert_true(expected_is_exact(f->set));
	if (table.count > MAX)
		assert_false(expected_is_exact(f->set));
}

/* --- the table --- */

/* Out of so few that many are equal. */
static struct session *add(const struct fixture *f)
{
	struct sequence_packet packets[COUNT];
	struct session *s;

	memset(packets, 0, sizeof(packets));
	for (unsigned i = 0; i < COUNT; i++) {
		packets[i].source.b[15] = (uint8_t)draw(4);
		packets[i].port = (uint16_t)(8800 + draw(2));
		packets[i].word = draw(64);
	}
	assert_int_equal(session_add(f->table, packets, COUNT, NULL, &s), 0);
	return s;
}

static void remove_any(const struct fixture *f)
{
	uint32_t number = 0;
	struct session *s = handles_next(&f->table->numbers, &number);

	for (uint32_t n = draw((uint32_t)f->table->sessions); n > 0; n--)
		s = handles_next(&f->table->numbers, &number);
	session_remove(f->table, s);
}

/* Waves that go over the bound and come back, down to nothing. */
static void test_the_map_follows_the_table(void **state)
{
	const struct fixture *f = *state;
	unsigned exact = 0, inexact = 0;

	for (unsigned wave = 0; wave < 12; wave++) {
		size_t high = 10 + draw(SESSIONS_MAX - 10), low = wave % 3 == 0 ? 0 : draw(10);

		while (f->table->sessions < high) {
			if (draw(4) == 0 && f->table->sessions > 0)
				remove_any(f);
			else
				add(f);
			check(f);
			expected_is_exact(f->set) ? exact++ : inexact++;
		}
		while (f->table->sessions > low) {
			if (draw(4) == 0)
				add(f);
			else
				remove_any(f);
			check(f);
			expected_is_exact(f->set) ? exact++ : inexact++;
		}
	}
	assert_true(exact > 200 && inexact > 100);
	while (f->table->sessions > 0)
		remove_any(f);
	check(f);
	assert_int_equal(expected_count(f->set), 0);
	assert_non_null(strstr(lines, "more than 256 packets are expected"));
}

/* More packets with one word than are counted: the bit stays until the set is cleared, the entries do not. */
static void test_many_packets_with_one_word(void **state)
{
	const struct fixture *f = *state;
	const uint32_t word = 0x12345678, bit = word % EXPECTED_SIEVE_BITS;
	struct address source = {{0}};

	for (unsigned round = 0; round < 2; round++) {
		unsigned count = round == 0 ? UINT8_MAX - 1 : UINT8_MAX;

		for (unsigned i = 1; i <= count; i++) {
			source.b[15] = (uint8_t)i;
			assert_int_equal(expected_add(f->set, &source, 8800, word), 0);
			assert_int_equal(f->set->control->sieve[bit / 32], 1u << bit % 32);
		}
		for (unsigned i = 1; i <= count; i++) {
			assert_int_equal(f->set->control->sieve[bit / 32], 1u << bit % 32);
			source.b[15] = (uint8_t)i;
			expected_remove(f->set, &source, 8800, word);
		}
		assert_int_equal(f->set->control->sieve[bit / 32], round == 0 ? 0 : 1u << bit % 32);
		assert_int_equal(expected_count(f->set), 0);
	}
	expected_clear(f->set);
	assert_int_equal(f->set->control->sieve[bit / 32], 0);
}

static void test_a_set_takes_over_a_table_that_is_full(void **state)
{
	struct fixture *f = *state, other;

	for (unsigned i = 0; i < 8; i++)
		add(f);
	other.set = f->set;
	assert_int_equal(session_table_new(&other.table), 0);
	for (unsigned i = 0; i < 6; i++)
		add(&other);
	/* As after a restart of the verifier alone: nothing of the first stays. */
	session_table_free(f->table);
	f->table = other.table;
	session_table_expect(f->table, f->set);
	check(f);
	assert_true(expected_is_exact(f->set));
}

static unsigned count_lines(const char *part)
{
	unsigned n = 0;

	for (const char *p = lines; (p = strstr(p, part)) != NULL; p++)
		n++;
	return n;
}

static void test_the_log_does_not_tell_of_each_key_at_the_bound(void **state)
{
	const struct fixture *f = *state;

	struct session *s;

	do
		s = add(f);
	while (expected_is_exact(f->set));
	for (unsigned i = 0; i < 200; i++) {
		session_remove(f->table, s);
		check(f);
		s = add(f);
	}
	assert_int_equal(count_lines("all that could be knocks"), 1);
	assert_int_equal(count_lines("only expected packets"), 1);
}

/* --- what the kernel refuses --- */

static void test_refused_updates_open_the_filter(void **state)
{
	const struct fixture *f = *state;
	struct session *s;

	add(f);
	check(f);
	refusal = EPERM;
	s = add(f);
	assert_false(expected_is_exact(f->set));
	assert_string_equal(expected_reason(f->set), "the kernel's map can't be filled: Operation not permitted");
	check(f);
	add(f);
	session_remove(f->table, s);
	assert_false(expected_is_exact(f->set));
	assert_int_equal(count_lines("Operation not permitted"), 1);
	refusal = 0;
	add(f);
	check(f);
	assert_true(expected_is_exact(f->set));
}

static void test_refused_deletions_are_said_once(void **state)
{
	const struct fixture *f = *state;

	for (unsigned i = 0; i < 4; i++)
		add(f);
	refusal = ENOMEM;
	while (f->table->sessions > 0)
		remove_any(f);
	assert_int_equal(count_lines("stay in the kernel's map"), 1);
	assert_int_equal(expected_count(f->set), 0);
	assert_true(expected_is_exact(f->set));
}

/* Runs body in a process of nobody's without any capability; its result is the exit status. */
static int as_nobody(const struct fixture *f, int (*body)(const struct fixture *f))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
			      setresuid(65534, 65534, 65534) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
			  ? 99
			  : body(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int work_unprivileged(const struct fixture *f)
{
	struct session *s = add(f);

	add(f);
	session_remove(f->table, s);
	check(f);
	return expected_is_exact(f->set) && expected_count(f->set) > 0 ? 0 : 1;
}

static void test_it_takes_no_privilege_to_keep_the_map(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(as_nobody(f, work_unprivileged), 0);
	/* And it was this very map. */
	assert_true(bpfsys_map_next(f->set->map_fd, NULL, &(struct expected_key){.zero = 0}) == 0);
}

static int open_unprivileged(const struct fixture *f)
{
	struct expected_set *set;
	int rc = expected_open(MAX, &log_to_lines, &set), why = errno;

	(void)f;
	return rc == QK_ERR_KERNEL && why == EPERM && set == NULL ? 0 : 1;
}

static void test_making_it_takes_privilege(void **state)
{
	assert_int_equal(as_nobody(*state, open_unprivileged), 0);
}

/* --- the keyring on top --- */

static struct config_service services[] = {{.service = {"ssh", SERVICE_TCP, 22}},
					   {.service = {"http", SERVICE_TCP, 80}},
					   {.service = {"dns", SERVICE_UDP, 53}}};

static void add_key(struct keyring *ring, const struct config *config, const struct store_user *user, unsigned number)
{
	struct store_pending pending = {.id = number + 1, .otp = {.issued_at = 1000 + number, .r = 7}};
	struct store_user one = *user;

	snprintf(one.id, sizeof(one.id), "user%u", number);
	memcpy(pending.user, one.id, sizeof(pending.user));
	address_from_v4(&pending.client, (const uint8_t[]){10, 0, 0, (uint8_t)number});
	assert_int_equal(otp_key_draw(&pending.otp.key), 0);
	pending.expires_ns = draw(1000);
	assert_int_equal(keyring_add(ring, config, &one, &pending), 0);
}

static void test_the_map_follows_reload_and_expiry(void **state)
{
	const struct fixture *f = *state;
	char id[] = "gw";
	struct config config = {.server_id = id,
				.shape = KNOCK_SHAPE_DEFAULT,
				.widths = {0, 8},
				.width_count = 2,
				.services = services,
				.service_count = 1};
	struct store_user user = {.widths = {0, 8, 64}, .width_count = 3, .p = 65537, .q = 65539, .enabled = true};
	struct keyring_key *key;
	struct keyring *ring;
	unsigned number = 0;

	assert_int_equal(keyring_new(f->table, &ring), 0);
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = draw(6); i > 0; i--)
			add_key(ring, &config, &user, number++);
		check(f);
		for (unsigned i = draw(7); i > 0 && (key = keyring_first_to_expire(ring)) != NULL; i--)
			keyring_remove(ring, key);
		check(f);
		config.service_count = 1 + draw(3);
		config.width_count = 1 + draw(2);
		config.shape.count = (uint8_t)(12 + draw(3));
		for (key = keyring_first_to_expire(ring); key != NULL; key = keyring_next_to_expire(key))
			assert_int_equal(keyring_rebuild(ring, &config, &user, key), 0);
		check(f);
	}
	assert_true(number > 40);
	keyring_free(ring);
	check(f);
	assert_int_equal(expected_count(f->set), 0);
}

#define set_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    set_test(test_the_map_follows_the_table),
	    set_test(test_many_packets_with_one_word),
	    set_test(test_a_set_takes_over_a_table_that_is_full),
	    set_test(test_the_log_does_not_tell_of_each_key_at_the_bound),
	    set_test(test_refused_updates_open_the_filter),
	    set_test(test_refused_deletions_are_said_once),
	    set_test(test_it_takes_no_privilege_to_keep_the_map),
	    set_test(test_making_it_takes_privilege),
	    set_test(test_the_map_follows_reload_and_expiry),
	};

	if (geteuid() != 0) {
		fputs("test_expected: needs root to make a BPF map\n", stderr);
		return SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
