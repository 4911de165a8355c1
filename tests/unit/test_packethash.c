/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash of packets from within: what must hold between its parts, which no caller can see, and want of memory. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Allocations until one fails; negative: never. */
static long allocations = -1;

static bool may_allocate(void)
{
	return allocations < 0 || allocations-- > 0;
}

static void *test_calloc_or_null(size_t count, size_t size)
{
	return may_allocate() ? calloc(count, size) : NULL;
}

static void *test_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset)
{
	return may_allocate() ? mmap(base, size, protection, flags, fd, offset) : MAP_FAILED;
}

static int test_mprotect(void *base, size_t size, int protection)
{
	return may_allocate() ? mprotect(base, size, protection) : -1;
}

#define calloc test_calloc_or_null
#define mmap test_mmap
#define mprotect test_mprotect
#include "qknockd/vmarray.c"
#include "qknockd/packethash.c"
#undef calloc

#define MANY 240000

struct entry {
	uint32_t hash, number;
};

static uint64_t random_state = 3;

static uint64_t draw(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return random_state >> 16;
}

static struct frame_knock draw_knock(void)
{
	struct frame_knock knock = {.port = (uint16_t)(8800 + draw() % 100), .word = (uint32_t)draw()};

	knock.source.b[15] = (uint8_t)draw();
	return knock;
}

static uint32_t hash_knock(const struct packethash *t, const struct frame_knock *knock)
{
	return packethash_of(t, &knock->source, knock->port, knock->word);
}

static struct packethash *new_table(void)
{
	struct packethash *t;

	assert_int_equal(packethash_new(&t), 0);
	return t;
}

static size_t check_bucket(const struct packethash *t, uint32_t place)
{
	const struct bucket *b = bucket_at(t, place);
	size_t entries = 0;

	assert_int_equal(*filter_at(t, place), bucket_filter(t, b));
	for (; b != NULL; b = bucket_next(t, b)) {
		assert_true(b->used <= SLOTS && (b->next == 0 || b->used == SLOTS));
		for (uint32_t i = 0; i < SLOTS; i++) {
			if (i >= b->used)
				assert_true(b->hash[i] == 0 && b->number[i] == 0);
			else
				assert_int_equal(bucket_number(t, b->hash[i]), place);
		}
		entries += b->used;
	}
	return entries;
}

static size_t spares_in_use(const struct packethash *t)
{
	size_t used = t->spare_count;

	for (uint32_t i = t->free_spare; i != 0; i = spare_at(t, i)->next)
		used--;
	return used;
}

/* crowded: some buckets may have chains of any length. */
static void check_table(const struct packethash *t, bool crowded)
{
	size_t entries = 0, chains = 0, chained = 0;

	assert_int_equal(t->mask & (t->mask + 1), 0);
	assert_true(t->count > t->mask && t->count <= 2 * (t->mask + 1));
	for (uint32_t i = 0; i < t->count; i++) {
		entries += check_bucket(t, i);
		chains += bucket_at(t, i)->next != 0;
		for (const struct bucket *b = bucket_at(t, i); (b = bucket_next(t, b)) != NULL;)
			chained++;
	}
	assert_int_equal(entries, t->entries);
	assert_int_equal(chained, spares_in_use(t));
	assert_true(crowded || t->entries <= (size_t)t->count * LOAD_GROW);
	assert_true(t->count == 1 || t->entries >= (size_t)t->count * LOAD_SHRINK);
	assert_true(crowded || chains <= 8 + t->count / 3);
	assert_true(t->buckets.ready >= t->count * sizeof(struct bucket));
	assert_true(t->buckets.ready <= t->count * sizeof(struct bucket) + 2 * VMARRAY_STEP);
}

/* Few hashes are twice there, but by chance some are: then there are two numbers. */
static bool has(const struct packethash *t, const struct entry *entry)
{
	struct packethash_cursor cursor = {0};
	uint32_t number;

	while (packethash_next(t, entry->hash, &cursor, &number))
		if (number == entry->number)
			return true;
	return false;
}

static struct entry add_drawn(struct packethash *t, uint32_t number)
{
	struct frame_knock knock = draw_knock();
	struct entry entry = {hash_knock(t, &knock), number};

	assert_int_equal(packethash_add(t, entry.hash, entry.number), 0);
	return entry;
}

static void test_invariants_through_growth_and_shrinking(void **state)
{
	struct packethash *t = new_table();
	struct entry *entries = calloc(MANY, sizeof(*entries));
	size_t largest;

	(void)state;
	assert_non_null(entries);
	check_table(t, false);
	for (uint32_t i = 0; i < MANY; i++) {
		entries[i] = add_drawn(t, i);
		if (i % 24000 == 0 || i < 100)
			check_table(t, false);
	}
	largest = t->buckets.ready;
	assert_true(largest >= 2 * VMARRAY_STEP && t->filters.ready == VMARRAY_STEP);
	check_table(t, false);
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(has(t, &entries[i]));
	for (uint32_t i = 0; i < MANY; i++) {
		const struct entry *one = &entries[i * UINT64_C(7919) % MANY];

		packethash_remove(t, one->hash, one->number);
		assert_false(has(t, one));
		if (i % 24000 == 0 || i > MANY - 100)
			check_table(t, false);
	}
	assert_int_equal(t->entries, 0);
	assert_int_equal(t->count, 1);
	assert_true(t->buckets.ready <= 2 * VMARRAY_STEP);
	assert_int_equal(spares_in_use(t), 0);
	/* Memory that came back is as good as new. */
	for (uint32_t i = 0; i < MANY; i++)
		add_drawn(t, i);
	check_table(t, false);
	assert_int_equal(t->buckets.ready, largest);
	packethash_free(t);
	free(entries);
}

/* Equal hashes, which no split parts. */
static void test_invariants_with_a_crowded_bucket(void **state)
{
	struct packethash *t = new_table();
	struct entry same = add_drawn(t, 0);

	(void)state;
	for (same.number = 1; same.number < 300; same.number++) {
		assert_int_equal(packethash_add(t, same.hash, same.number), 0);
		check_table(t, true);
	}
	for (uint32_t i = 0; i < 300; i++) {
		same.number = (i * 77) % 300;
		assert_true(has(t, &same));
		packethash_remove(t, same.hash, same.number);
		assert_false(has(t, &same));
		check_table(t, true);
	}
	packethash_free(t);
}

/* Memory may fail at any point: an addition is then undone, a table that cannot grow serves on. */
static void test_want_of_memory(void **state)
{
	struct packethash *t;
	uint32_t failures = 0, added = 0;

	(void)state;
	for (long n = 0; n < 6; n++) {
		allocations = n;
		assert_int_equal(packethash_new(&t), QK_ERR_NOMEM);
		assert_null(t);
	}
	allocations = -1;
	t = new_table();
	add_drawn(t, added++);
	/* What is there lasts for chains for a while, and then for nothing more. */
	while (failures < 1000) {
		struct frame_knock knock = draw_knock();

		allocations = 0;
		if (packethash_add(t, hash_knock(t, &knock), added) == 0)
			added++;
		else
			failures++;
		assert_int_equal(t->entries, added);
	}
	assert_int_equal(t->spare_count, VMARRAY_STEP / sizeof(struct bucket) - 1);
	assert_true(added > SLOTS * t->count);
	check_table(t, true);
	/* It recovers, by one bucket at a time. */
	allocations = -1;
	for (uint32_t i = 0; i < 200000; i++)
		add_drawn(t, added + i);
	check_table(t, false);
	packethash_free(t);
}

/* What a batch says of a packet is what one look at it says; a stranger seldom passes. */
static void test_many_at_once(void **state)
{
	struct packethash *t = new_table();
	struct frame_knock knocks[PACKETHASH_BATCH];
	uint32_t whole[PACKETHASH_BATCH], sourceless[PACKETHASH_BATCH], passed = 0;
	static const struct address unspecified;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		add_drawn(t, i);
	for (unsigned round = 0; round < 1000; round++) {
		uint32_t bits;

		for (unsigned i = 0; i < PACKETHASH_BATCH; i++)
			knocks[i] = draw_knock();
		packethash_of_many(t, knocks, PACKETHASH_BATCH, false, whole);
		packethash_of_many(t, knocks, PACKETHASH_BATCH, true, sourceless);
		for (unsigned i = 0; i < PACKETHASH_BATCH; i++) {
			assert_int_equal(whole[i], hash_knock(t, &knocks[i]));
			assert_int_equal(sourceless[i], packethash_of(t, &unspecified, knocks[i].port, knocks[i].word));
		}
		assert_int_equal(packethash_add(t, whole[31], 7), 0);
		bits = packethash_may_have(t, whole, PACKETHASH_BATCH);
		assert_int_equal(bits >> 31, 1);
		assert_int_equal(packethash_may_have(t, whole, 31), bits & 0x7fffffff);
		assert_int_equal(packethash_may_have(t, whole, 0), 0);
		passed += (uint32_t)__builtin_popcount(bits) - 1;
		packethash_remove(t, whole[31], 7);
	}
	assert_true(passed > 0 && passed < 31 * 1000 / 50);
	packethash_free(t);
}

static void test_every_table_has_a_seed_of_its_own(void **state)
{
	struct packethash *a = new_table(), *b = new_table();

	(void)state;
	assert_memory_not_equal(&a->start, &b->start, sizeof(a->start));
	assert_true(a->start.a != a->start.b && (a->start.a ^ a->start.c) != (a->start.b ^ a->start.d));
	packethash_free(a);
	packethash_free(b);
}

/* Strangers' packets that flip single bits of one: none of them may gather in few buckets. */
static void test_the_hash_spreads(void **state)
{
	struct packethash *t = new_table();
	struct frame_knock knock = draw_knock();
	uint32_t word = knock.word;
	unsigned buckets[64] = {0};

	(void)state;
	for (uint32_t i = 0; i < 64 * 64; i++) {
		knock.word = word ^ i;
		buckets[hash_knock(t, &knock) % 64]++;
	}
	for (unsigned i = 0; i < 64; i++)
		assert_true(buckets[i] > 16 && buckets[i] < 160);
	packethash_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_invariants_through_growth_and_shrinking),
	    cmocka_unit_test(test_invariants_with_a_crowded_bucket),
	    cmocka_unit_test(test_want_of_memory),
	    cmocka_unit_test(test_many_at_once),
	    cmocka_unit_test(test_every_table_has_a_seed_of_its_own),
	    cmocka_unit_test(test_the_hash_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
