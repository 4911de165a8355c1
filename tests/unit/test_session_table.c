/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session table from within: what must hold between its parts, which no caller can see, and want of memory. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockd/packethash.h"
#include "qknockd/handles.h"

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

static int failing_handles_take(struct handles *h, void *thing, uint32_t *number)
{
	return may_allocate() ? handles_take(h, thing, number) : QK_ERR_NOMEM;
}

static int failing_packethash_add(struct packethash *table, uint32_t hash, uint32_t number)
{
	return may_allocate() ? packethash_add(table, hash, number) : QK_ERR_NOMEM;
}

static void count_wipe(void *p, size_t size);

#define calloc test_calloc_or_null
#define handles_take failing_handles_take
#define packethash_add failing_packethash_add
#define crypto_wipe count_wipe
#include "qknockd/session.c"
#undef calloc
#undef packethash_add
#undef crypto_wipe

void crypto_wipe(void *p, size_t len);

static void count_wipe(void *p, size_t size)
{
	wiped += size;
	crypto_wipe(p, size);
}

#define COUNT 12

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

static void ignore(void *arg, struct session *session, const struct frame_knock *packet)
{
	(void)packet;
	(void)arg;
	(void)session;
}

static unsigned arrive(struct session_table *t, const struct sequence_packet *packet)
{
	struct frame_knock knock = {packet->source, packet->port, packet->word, FRAME_SYN};

	return session_packets(t, &knock, 1, ignore, NULL, &(uint64_t){0});
}

/* Every session is where its number says, every other number is free. */
static void check_numbers(const struct session_table *t)
{
	struct session *s;
	size_t sessions = 0;

	for (uint32_t number = 0; (s = handles_next(&t->numbers, &number)) != NULL; sessions++) {
		assert_int_equal(s->number, number);
		assert_ptr_equal(session_at(t, number_of(s, 0)), s);
	}
	assert_int_equal(sessions, session_count(t));
}

/* Memory may fail at any point: an addition is then undone. */
static void test_want_of_memory(void **state)
{
	struct session_table *t;
	struct sequence_packet packets[COUNT];
	struct session *s;
	unsigned failures = 0;

	(void)state;
	allocations = 0;
	assert_int_equal(session_table_new(&t), QK_ERR_NOMEM);
	assert_null(t);
	allocations = -1;
	t = new_table();
	for (unsigned i = 0; i < 3000; i++) {
		size_t count = session_count(t);

		draw_packets(packets);
		allocations = (long)(draw() % (2 * COUNT));
		if (session_add(t, packets, COUNT, NULL, &s) != 0) {
			failures++;
			assert_null(s);
			assert_int_equal(session_count(t), count);
			allocations = -1;
			for (unsigned k = 0; k < COUNT; k++)
				assert_int_equal(arrive(t, &packets[k]), 0);
		}
		allocations = -1;
		if (i % 100 == 0)
			check_numbers(t);
	}
	assert_true(failures > 100 && session_count(t) > 100);
	check_numbers(t);
	session_table_free(t);
}

/* Numbers that are free are taken again: else they would run out. */
static void test_numbers_are_taken_again(void **state)
{
	struct session_table *t = new_table();
	struct session *sessions[100];

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 100; i++)
			sessions[i] = add_drawn(t);
		check_numbers(t);
		for (unsigned i = 0; i < 100; i++) {
			session_remove(t, sessions[(i * 7 + round) % 100]);
			if (i % 10 == 0)
				check_numbers(t);
		}
	}
	assert_int_equal(t->numbers.used, 100);
	session_table_free(t);
}

/* An entry of another packet stands behind the same hash: whatever differs, it is not taken for this one. */
static void test_an_equal_hash_is_not_an_equal_packet(void **state)
{
	struct session_table *t = new_table();
	struct sequence_packet packets[COUNT], other;

	(void)state;
	draw_packets(packets);
	for (unsigned field = 0; field < 4; field++) {
		struct session *s;
		uint32_t hash;

		other = packets[0];
		if (field == 0)
			other.source.b[15] ^= 1;
		else if (field == 1)
			other.source.b[2] ^= 1;
		else if (field == 2)
			other.port ^= 1;
		else
			other.word ^= 1;
		assert_int_equal(session_add(t, packets, 1, NULL, &s), 0);
		hash = packethash_of(t->hash, &other.source, other.port, other.word);
		assert_int_equal(packethash_add(t->hash, hash, number_of(s, 0)), 0);
		assert_int_equal(arrive(t, &other), 0);
		assert_int_equal(arrive(t, packets), 1);
		packethash_remove(t->hash, hash, number_of(s, 0));
		session_remove(t, s);
	}
	session_table_free(t);
}

/* Sources that differ in their last bytes, or in more, or not: each packet has its own. */
static void test_sources_near_and_far(void **state)
{
	static const unsigned bytes[] = {0, 1, 2, 3, 8};

	(void)state;
	for (size_t k = 0; k < sizeof(bytes) / sizeof(bytes[0]); k++) {
		struct session_table *t = new_table();
		struct sequence_packet packets[COUNT];
		struct session *s;

		draw_packets(packets);
		for (unsigned i = 0; i < COUNT; i++) {
			memset(packets[i].source.b, 0x20, sizeof(packets[i].source.b));
			for (unsigned b = 0; b < bytes[k]; b++)
				packets[i].source.b[15 - b] = (uint8_t)draw();
		}
		assert_int_equal(session_add(t, packets, COUNT, NULL, &s), 0);
		assert_int_equal(s->far, bytes[k] > 2);
		for (unsigned i = 0; i < COUNT; i++) {
			struct address source = source_of(s, i);

			assert_true(address_equal(&source, &packets[i].source));
			assert_int_equal(arrive(t, &packets[i]), 1);
			assert_int_equal(s->received, (1u << (i + 1)) - 1);
		}
		session_table_free(t);
	}
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
	add_drawn(t);
	wiped = 0;
	session_table_free(t);
	assert_int_equal(wiped, 2 * (sizeof(*s) + COUNT * sizeof(s->packets[0])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_want_of_memory),
	    cmocka_unit_test(test_numbers_are_taken_again),
	    cmocka_unit_test(test_an_equal_hash_is_not_an_equal_packet),
	    cmocka_unit_test(test_sources_near_and_far),
	    cmocka_unit_test(test_words_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
