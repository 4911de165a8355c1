/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session table from within: what must hold between its parts, which no caller can see, and want of memory. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Allocations until one fails; negative: never. */
static long allocations = -1;
static size_t wiped;

static bool may_allocate(void)
{
	return allocations < 0 || allocations-- > 0;
}

static void *test_calloc_or_null(size_t count, size_t size)
{
	return may_allocate() ? calloc(count, size) : NULL;
}

static void *test_aligned_alloc(size_t alignment, size_t size)
{
	return may_allocate() ? aligned_alloc(alignment, size) : NULL;
}

static int test_mprotect(void *base, size_t size, int protection)
{
	return may_allocate() ? mprotect(base, size, protection) : -1;
}

static void count_wipe(void *p, size_t size);

#define calloc test_calloc_or_null
#define aligned_alloc test_aligned_alloc
#define mprotect test_mprotect
#define crypto_wipe count_wipe
#include "qknockd/session.c"
#undef calloc
#undef crypto_wipe

void crypto_wipe(void *p, size_t len);

static void count_wipe(void *p, size_t size)
{
	wiped += size;
	crypto_wipe(p, size);
}

#define COUNT 12
#define SESSIONS 20000

static uint64_t random_state = 3;

static uint64_t draw(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return random_state >> 16;
}

static void draw_packets(struct sequence_packet *packets)
{
	memset(packets, 0, COUNT * sizeof(*packets));
	for (unsigned i = 0; i < COUNT; i++) {
		packets[i].source.b[15] = (uint8_t)draw();
		packets[i].port = (uint16_t)(8800 + draw() % 100);
		packets[i].word = (uint32_t)draw();
	}
}

static struct session_table *new_table(void)
{
	struct session_table *t;

	assert_int_equal(session_table_new(&t), 0);
	return t;
}

static struct session *add_drawn(struct session_table *t)
{
	struct sequence_packet packets[COUNT];
	struct session *s;

	draw_packets(packets);
	assert_int_equal(session_add(t, packets, COUNT, NULL, &s), 0);
	return s;
}

static void check_bucket(const struct session_table *t, uint32_t number, size_t *entries, size_t *anywhere)
{
	const struct bucket *b = bucket_at(t, number);

	assert_int_equal(*filter_at(t, number), bucket_filter(b));
	for (; b != NULL; b = b->next) {
		assert_true(b->used <= SLOTS && (b->next == NULL || b->used == SLOTS));
		for (uint32_t i = 0; i < SLOTS; i++) {
			if (i >= b->used) {
				assert_true(b->hash[i] == 0 && b->entry[i] == NULL);
				continue;
			}
			assert_int_equal(bucket_number(t, b->hash[i]), number);
			assert_int_equal(b->hash[i], hash_expected(t, b->entry[i]));
			*anywhere += is_from_anywhere(b->entry[i]);
		}
		*entries += b->used;
	}
}

/* crowded: some buckets may have chains of any length. */
static void check_table(const struct session_table *t, bool crowded)
{
	size_t entries = 0, anywhere = 0, chains = 0;

	assert_int_equal(t->mask & (t->mask + 1), 0);
	assert_true(t->count > t->mask && t->count <= 2 * (t->mask + 1));
	for (uint32_t i = 0; i < t->count; i++) {
		check_bucket(t, i, &entries, &anywhere);
		chains += bucket_at(t, i)->next != NULL;
	}
	assert_int_equal(entries, t->entries);
	assert_int_equal(anywhere, t->anywhere);
	assert_true(crowded || t->entries <= (size_t)t->count * LOAD_GROW);
	assert_true(t->count == 1 || t->entries >= (size_t)t->count * LOAD_SHRINK);
	assert_true(crowded || chains <= 8 + t->count / 8);
	assert_true(t->buckets.ready >= t->count * sizeof(struct bucket));
	assert_true(t->buckets.ready <= t->count * sizeof(struct bucket) + 2 * ARRAY_STEP);
}

static void test_invariants_through_growth_and_shrinking(void **state)
{
	struct session_table *t = new_table();
	struct session **sessions = calloc(SESSIONS, sizeof(*sessions));
	size_t largest;

	(void)state;
	assert_non_null(sessions);
	check_table(t, false);
	for (unsigned i = 0; i < SESSIONS; i++) {
		sessions[i] = add_drawn(t);
		if (i % 2000 == 0 || i < 100)
			check_table(t, false);
	}
	largest = t->buckets.ready;
	assert_true(largest > 4 * ARRAY_STEP);
	check_table(t, false);
	for (unsigned i = 0; i < SESSIONS; i++) {
		session_remove(t, sessions[(i * 7919) % SESSIONS]);
		if (i % 2000 == 0 || i > SESSIONS - 100)
			check_table(t, false);
	}
	assert_int_equal(t->entries, 0);
	assert_int_equal(t->count, 1);
	assert_true(t->buckets.ready <= 2 * ARRAY_STEP);
	/* Memory that came back is as good as new. */
	for (unsigned i = 0; i < SESSIONS; i++)
		add_drawn(t);
	check_table(t, false);
	assert_int_equal(t->buckets.ready, largest);
	session_table_free(t);
	free(sessions);
}

static void test_invariants_with_a_crowded_bucket(void **state)
{
	struct session_table *t = new_table();
	struct sequence_packet packets[COUNT];
	struct session *sessions[300];

	(void)state;
	draw_packets(packets);
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(session_add(t, packets, COUNT, NULL, &sessions[i]), 0);
		check_table(t, true);
	}
	for (unsigned i = 0; i < 300; i++) {
		session_remove(t, sessions[(i * 77) % 300]);
		check_table(t, true);
	}
	session_table_free(t);
}

/* Memory may fail at any point: an addition is then undone, a table that cannot grow serves on. */
static void test_want_of_memory(void **state)
{
	struct session_table *t;
	struct sequence_packet packets[COUNT];
	struct session *s;
	unsigned failures = 0;

	(void)state;
	for (long n = 0; n < 3; n++) {
		allocations = n;
		assert_int_equal(session_table_new(&t), QK_ERR_NOMEM);
		assert_null(t);
	}
	allocations = -1;
	t = new_table();
	for (unsigned i = 0; i < 3000; i++) {
		size_t entries = t->entries;

		draw_packets(packets);
		allocations = (long)(draw() % 3);
		if (session_add(t, packets, COUNT, NULL, &s) != 0) {
			failures++;
			assert_null(s);
			assert_int_equal(t->entries, entries);
		}
		allocations = -1;
		if (i % 100 == 0)
			check_table(t, true);
	}
	assert_true(failures > 100 && session_count(t) > 100);
	assert_int_equal(t->entries, session_count(t) * COUNT);
	check_table(t, true);
	session_table_free(t);
}

static void ignore(void *arg, struct session *session, const struct frame_knock *packet)
{
	(void)packet;
	(void)arg;
	(void)session;
}

struct pair {
	uint32_t hash;
	uint32_t value;
};

static int compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

static void set_field(struct sequence_packet *packet, unsigned field, uint16_t value)
{
	if (field == 0)
		memcpy(packet->source.b + 3, &value, sizeof(value));
	else if (field == 1)
		packet->port = value;
	else
		packet->word = (packet->word & 0xffff) | (uint32_t)value << 16;
}

/* One field of a packet takes 65,536 values, until two of them have one hash: a packet that differs in that alone. */
static bool find_collision(struct session_table *t, unsigned field, struct sequence_packet out[2])
{
	struct pair *pairs = calloc(65536, sizeof(*pairs));
	uint32_t i;

	assert_non_null(pairs);
	draw_packets(out);
	for (i = 0; i < 65536; i++) {
		set_field(&out[0], field, (uint16_t)i);
		pairs[i] = (struct pair){hash_packet(t, &out[0].source, out[0].port, out[0].word), i};
	}
	qsort(pairs, 65536, sizeof(*pairs), compare);
	for (i = 1; i < 65536 && pairs[i - 1].hash != pairs[i].hash; i++)
		;
	if (i < 65536) {
		out[1] = out[0];
		set_field(&out[0], field, (uint16_t)pairs[i - 1].value);
		set_field(&out[1], field, (uint16_t)pairs[i].value);
	}
	free(pairs);
	return i < 65536;
}

static void test_an_equal_hash_is_not_an_equal_packet(void **state)
{
	struct session_table *t = new_table();
	struct sequence_packet packets[COUNT];

	(void)state;
	for (unsigned field = 0; field < 3; field++) {
		struct frame_knock knock;
		struct session *s;

		while (!find_collision(t, field, packets))
			;
		knock = (struct frame_knock){packets[1].source, packets[1].port, packets[1].word, FRAME_SYN};
		assert_int_equal(session_add(t, packets, 1, NULL, &s), 0);
		assert_int_equal(session_packets(t, &knock, 1, ignore, NULL, &(uint64_t){0}), 0);
		knock = (struct frame_knock){packets[0].source, packets[0].port, packets[0].word, FRAME_SYN};
		assert_int_equal(session_packets(t, &knock, 1, ignore, NULL, &(uint64_t){0}), 1);
		session_remove(t, s);
	}
	session_table_free(t);
}

static void test_every_table_has_a_seed_of_its_own(void **state)
{
	struct session_table *a = new_table(), *b = new_table();

	(void)state;
	assert_memory_not_equal(a->seed, b->seed, sizeof(a->seed));
	assert_true(a->seed[0] != a->seed[1]);
	session_table_free(a);
	session_table_free(b);
}

/* A thousand strangers' packets that flip single bits of one: none of them may gather in few buckets. */
static void test_the_hash_spreads(void **state)
{
	struct session_table *t = new_table();
	struct sequence_packet packets[COUNT];
	unsigned buckets[64] = {0};

	(void)state;
	draw_packets(packets);
	for (uint32_t i = 0; i < 64 * 64; i++)
		buckets[hash_packet(t, &packets[0].source, packets[0].port, packets[0].word ^ i) % 64]++;
	for (unsigned i = 0; i < 64; i++)
		assert_true(buckets[i] > 16 && buckets[i] < 160);
	session_table_free(t);
}

static void test_words_are_wiped(void **state)
{
	struct session_table *t = new_table();
	struct session *s = add_drawn(t);

	(void)state;
	wiped = 0;
	session_remove(t, s);
	assert_int_equal(wiped, sizeof(*s) + COUNT * sizeof(s->packets[0]));
	add_drawn(t);
	wiped = 0;
	session_table_free(t);
	assert_true(wiped >= sizeof(*s) + COUNT * sizeof(s->packets[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_invariants_through_growth_and_shrinking),
	    cmocka_unit_test(test_invariants_with_a_crowded_bucket),
	    cmocka_unit_test(test_want_of_memory),
	    cmocka_unit_test(test_an_equal_hash_is_not_an_equal_packet),
	    cmocka_unit_test(test_every_table_has_a_seed_of_its_own),
	    cmocka_unit_test(test_the_hash_spreads),
	    cmocka_unit_test(test_words_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
