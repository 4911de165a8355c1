/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockd/session.h"

#define COUNT 12
#define MANY 3000

static uint64_t random_state = 1;

static uint64_t draw(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return random_state >> 16;
}

static void draw_packets(struct sequence_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t v4[4] = {10, (uint8_t)draw(), (uint8_t)draw(), (uint8_t)draw()};

		memset(&packets[i], 0, sizeof(packets[i]));
		address_from_v4(&packets[i].source, v4);
		packets[i].port = (uint16_t)(8800 + draw() % 100);
		packets[i].word = (uint32_t)draw();
	}
}

static struct frame_knock knock_of(const struct sequence_packet *packet)
{
	return (struct frame_knock){packet->source, packet->port, packet->word, FRAME_SYN};
}

/* What complete was called for; remove says what it does about it. */
struct calls {
	struct session_table *table;
	struct session *completed[8];
	unsigned count;
	struct session *remove[4];
	struct frame_knock last; /* that completed one */
	uint64_t known;
	struct session *prepared[4];
	unsigned prepared_count;
};

static void complete(void *arg, struct session *session, const struct frame_knock *packet)
{
	struct calls *calls = arg;

	calls->last = *packet;
	assert_true(session_complete(session));
	assert_true(calls->count < 8);
	calls->completed[calls->count++] = session;
	for (unsigned i = 0; i < 4; i++) {
		if (calls->remove[i] != NULL)
			session_remove(calls->table, calls->remove[i]);
		calls->remove[i] = NULL;
	}
}

static unsigned deliver(struct calls *calls, const struct sequence_packet *packet)
{
	struct frame_knock knock = knock_of(packet);

	return session_packets(calls->table, &knock, 1, complete, calls, &calls->known);
}

static int setup(void **state)
{
	struct calls *calls = calloc(1, sizeof(*calls));

	if (calls == NULL)
		return -1;
	*state = calls;
	return session_table_new(&calls->table);
}

static int teardown(void **state)
{
	struct calls *calls = *state;

	session_table_free(calls->table);
	free(calls);
	return 0;
}

static struct session *add(struct calls *calls, const struct sequence_packet *packets, unsigned count)
{
	struct session *session;

	assert_int_equal(session_add(calls->table, packets, count, calls, &session), 0);
	assert_ptr_equal(session_owner(session), calls);
	return session;
}

static uint32_t word_of(const struct session *session, unsigned i)
{
	uint32_t words[KNOCK_COUNT_MAX];

	session_words(session, words);
	return words[i];
}

static void test_a_knock_completes_in_any_order(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	struct session *session;
	unsigned order[KNOCK_COUNT_MAX];

	for (unsigned count = COUNT; count <= KNOCK_COUNT_MAX; count++) {
		draw_packets(packets, count);
		session = add(calls, packets, count);
		for (unsigned i = 0; i < count; i++)
			order[i] = i;
		for (unsigned i = count - 1; i > 0; i--) {
			unsigned j = (unsigned)(draw() % (i + 1)), k = order[i];

			order[i] = order[j];
			order[j] = k;
		}
		calls->count = 0;
		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(calls->count, 0);
			assert_false(session_complete(session));
			assert_int_equal(word_of(session, order[i]), 0);
			assert_int_equal(deliver(calls, &packets[order[i]]), 1);
			assert_int_equal(word_of(session, order[i]), packets[order[i]].word);
		}
		assert_int_equal(calls->count, 1);
		assert_ptr_equal(calls->completed[0], session);
		for (unsigned i = 0; i < KNOCK_COUNT_MAX; i++)
			assert_int_equal(word_of(session, i), i < count ? packets[i].word : 0);
	}
}

static void test_duplicates_are_harmless_and_try_again_when_full(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT];
	struct session *session;

	draw_packets(packets, COUNT);
	session = add(calls, packets, COUNT);
	for (unsigned i = 0; i < COUNT - 1; i++)
		for (unsigned again = 0; again < 3; again++)
			assert_int_equal(deliver(calls, &packets[i]), 1);
	assert_int_equal(calls->count, 0);
	assert_int_equal(deliver(calls, &packets[COUNT - 1]), 1);
	assert_int_equal(calls->count, 1);
	assert_int_equal(deliver(calls, &packets[3]), 1);
	assert_int_equal(calls->count, 2);
	assert_ptr_equal(calls->completed[1], session);
}

static void test_every_part_of_a_packet_counts(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT], other;

	draw_packets(packets, COUNT);
	add(calls, packets, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		for (unsigned byte = 0; byte < 16; byte++) {
			other = packets[i];
			other.source.b[byte] ^= 1;
			assert_int_equal(deliver(calls, &other), 0);
		}
		for (unsigned bit = 0; bit < 16; bit++) {
			other = packets[i];
			other.port ^= (uint16_t)(1u << bit);
			assert_int_equal(deliver(calls, &other), 0);
		}
		for (unsigned bit = 0; bit < 32; bit++) {
			other = packets[i];
			other.word ^= 1u << bit;
			assert_int_equal(deliver(calls, &other), 0);
		}
	}
	assert_int_equal(calls->count, 0);
}

static void test_the_carrier_does_not(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT];
	struct frame_knock knock;

	draw_packets(packets, COUNT);
	add(calls, packets, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		knock = knock_of(&packets[i]);
		knock.carrier = i % 2 == 0 ? FRAME_SYN : FRAME_UDP;
		assert_int_equal(session_packets(calls->table, &knock, 1, complete, calls, &calls->known), 1);
	}
	assert_int_equal(calls->count, 1);
}

static void test_a_packet_from_anywhere(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT], announcement, from;
	struct session *session, *other;

	draw_packets(packets, COUNT);
	draw_packets(&from, 1);
	announcement = from;
	memset(&announcement.source, 0, sizeof(announcement.source));
	assert_int_equal(deliver(calls, &from), 0);
	session = add(calls, &announcement, 1);
	other = add(calls, packets, COUNT);
	assert_true(session_is_from_anywhere(session));
	assert_false(session_is_from_anywhere(other));
	for (unsigned i = 1; i <= 3; i++) {
		from.source.b[15]++;
		assert_int_equal(deliver(calls, &from), 1);
		assert_int_equal(calls->count, i);
		assert_ptr_equal(calls->completed[i - 1], session);
	}
	from.word++;
	assert_int_equal(deliver(calls, &from), 0);
	from.word--, from.port++;
	assert_int_equal(deliver(calls, &from), 0);
	from.port--;
	assert_int_equal(deliver(calls, &packets[3]), 1);
	packets[3].source.b[15]++;
	assert_int_equal(deliver(calls, &packets[3]), 0);
	/* An equal packet that is expected from one address is another matter, and both are served. */
	session_remove(calls->table, other);
	other = add(calls, &from, 1);
	assert_int_equal(deliver(calls, &from), 2);
	assert_int_equal(calls->count, 5);
	session_remove(calls->table, session);
	assert_int_equal(deliver(calls, &from), 1);
	session_remove(calls->table, other);
	assert_int_equal(deliver(calls, &from), 0);
}

static void test_equal_packets_reach_every_session(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT], half[COUNT];
	struct session *a, *b, *c;

	draw_packets(packets, COUNT);
	draw_packets(half, COUNT);
	memcpy(half, packets, sizeof(half) / 2);
	a = add(calls, packets, COUNT);
	b = add(calls, packets, COUNT);
	c = add(calls, half, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(deliver(calls, &packets[i]), i < COUNT / 2 ? 3 : 2);
	assert_int_equal(calls->known, COUNT);
	assert_int_equal(calls->count, 2);
	assert_true(calls->completed[0] != calls->completed[1]);
	assert_true(session_complete(a) && session_complete(b) && !session_complete(c));
	assert_int_equal(word_of(c, 0), packets[0].word);
	/* A removed one no longer gets any. */
	session_remove(calls->table, a);
	assert_int_equal(deliver(calls, &packets[0]), 2);
}

static void test_equal_packets_of_one_session_are_one_session(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT];
	struct session *session;

	draw_packets(packets, COUNT);
	packets[1] = packets[7];
	session = add(calls, packets, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		if (i != 1 && i != 7)
			assert_int_equal(deliver(calls, &packets[i]), 1);
	assert_int_equal(calls->count, 0);
	assert_int_equal(deliver(calls, &packets[7]), 1);
	assert_int_equal(calls->count, 1);
	assert_int_equal(deliver(calls, &packets[7]), 1);
	assert_int_equal(calls->count, 2);
	assert_int_equal(word_of(session, 1), packets[7].word);
	assert_int_equal(word_of(session, 7), packets[7].word);
}

static void test_complete_may_remove_any_session(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT], others[COUNT];
	struct session *a, *b, *c, *bystander;

	/* All orders in which a callback may meet them: the first called removes all, itself included. */
	draw_packets(packets, COUNT);
	draw_packets(others, COUNT);
	a = add(calls, packets, COUNT);
	b = add(calls, packets, COUNT);
	c = add(calls, packets, COUNT);
	bystander = add(calls, others, COUNT);
	calls->remove[0] = b;
	calls->remove[1] = a;
	calls->remove[2] = bystander;
	calls->remove[3] = c;
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(deliver(calls, &packets[i]), 3);
	assert_int_equal(calls->count, 1);
	assert_int_equal(session_count(calls->table), 0);
	assert_int_equal(deliver(calls, &packets[0]), 0);
	assert_int_equal(deliver(calls, &others[0]), 0);
}

/* As long as several batches: strangers in between, each knock complete at its own last packet. */
static void test_many_packets_at_once(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[4][COUNT], strangers[4 * COUNT];
	struct frame_knock knocks[8 * COUNT];
	struct session *sessions[4];
	unsigned n = 0;

	draw_packets(strangers, 4 * COUNT);
	for (unsigned s = 0; s < 4; s++) {
		draw_packets(packets[s], COUNT);
		sessions[s] = add(calls, packets[s], COUNT);
	}
	for (unsigned i = 0; i < COUNT; i++)
		for (unsigned s = 0; s < 4; s++) {
			knocks[n++] = knock_of(&packets[s][i]);
			knocks[n++] = knock_of(&strangers[4 * i + s]);
		}
	/* The second goes while the first completes: its last packet, in the same batch, is a stranger's then. */
	calls->remove[0] = sessions[1];
	assert_int_equal(session_packets(calls->table, knocks, n, complete, calls, &calls->known), 4 * COUNT - 1);
	assert_int_equal(calls->count, 3);
	assert_ptr_equal(calls->completed[0], sessions[0]);
	assert_ptr_equal(calls->completed[1], sessions[2]);
	assert_ptr_equal(calls->completed[2], sessions[3]);
	assert_true(address_equal(&calls->last.source, &knocks[n - 2].source));
	assert_int_equal(calls->last.port, knocks[n - 2].port);
	assert_int_equal(calls->last.word, knocks[n - 2].word);
	assert_int_equal(calls->known, 4 * COUNT - 1);
	assert_int_equal(session_packets(calls->table, knocks, 0, complete, calls, &calls->known), 0);
}

static void add_from_anywhere(void *arg, struct session *session, const struct frame_knock *packet)
{
	struct calls *calls = arg;
	struct sequence_packet announcement = {.port = 8850, .word = 77};
	struct session *added;

	(void)packet;
	if (calls->count++ > 0)
		return;
	session_remove(calls->table, session);
	assert_int_equal(session_add(calls->table, &announcement, 1, calls, &added), 0);
}

/* The first entry without source comes about while a batch is being delivered. */
static void test_a_batch_meets_what_its_own_packets_bring(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packet;
	struct frame_knock knocks[3];

	draw_packets(&packet, 1);
	add(calls, &packet, 1);
	knocks[0] = knocks[2] = (struct frame_knock){.port = 8850, .word = 77};
	knocks[0].source.b[0] = knocks[2].source.b[0] = 0x20;
	knocks[1] = knock_of(&packet);
	assert_int_equal(session_packets(calls->table, knocks, 3, add_from_anywhere, calls, &calls->known), 2);
	assert_int_equal(calls->count, 2);
}

static void note_prepare(void *arg, struct session *session)
{
	struct calls *calls = arg;

	assert_false(session_complete(session));
	assert_int_equal(calls->count, 0);
	calls->prepared[calls->prepared_count++] = session;
}

/* Once for each session, when a single packet is missing, and before it is full. */
static void test_a_session_is_prepared_for_its_last_packet(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT], announcement;
	struct session *session, *equal;

	session_table_prepare(calls->table, note_prepare, calls);
	draw_packets(&announcement, 1);
	draw_packets(packets, COUNT);
	session = add(calls, packets, COUNT);
	equal = add(calls, packets, COUNT);
	add(calls, &announcement, 1);
	for (unsigned i = 0; i < COUNT - 1; i++)
		for (unsigned again = 0; again < 2; again++) {
			assert_int_equal(calls->prepared_count, i == COUNT - 2 && again == 1 ? 2 : 0);
			deliver(calls, &packets[i]);
		}
	assert_int_equal(calls->prepared_count, 2);
	assert_true((calls->prepared[0] == session) != (calls->prepared[1] == session));
	assert_true((calls->prepared[0] == equal) != (calls->prepared[1] == equal));
	deliver(calls, &packets[COUNT - 1]);
	assert_int_equal(calls->count, 2);
	deliver(calls, &packets[COUNT - 2]);
	assert_int_equal(deliver(calls, &announcement), 1);
	assert_int_equal(calls->prepared_count, 2);
}

/* A packet of each of MANY sessions; 0 where the session is gone. */
struct crowd {
	struct sequence_packet packets[MANY][COUNT];
	struct session *session[MANY];
};

static void check_crowd(struct calls *calls, const struct crowd *crowd)
{
	size_t alive = 0;

	for (unsigned i = 0; i < MANY; i++) {
		alive += crowd->session[i] != NULL;
		for (unsigned j = 0; j < COUNT - 1; j++)
			assert_int_equal(deliver(calls, &crowd->packets[i][j]), crowd->session[i] != NULL);
	}
	assert_int_equal(session_count(calls->table), alive);
	assert_int_equal(calls->count, 0);
}

/* Growth and shrinking by thousands, in a random order. */
static void test_the_table_forgets_and_loses_nothing(void **state)
{
	struct calls *calls = *state;
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct frame_knock stranger;

	assert_non_null(crowd);
	for (unsigned i = 0; i < MANY; i++)
		draw_packets(crowd->packets[i], COUNT);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned step = 0; step < 2 * MANY; step++) {
			unsigned i = (unsigned)(draw() % MANY);

			if (crowd->session[i] != NULL && (round == 1 || round == 3)) {
				session_remove(calls->table, crowd->session[i]);
				crowd->session[i] = NULL;
			} else if (crowd->session[i] == NULL && (round == 0 || round == 2)) {
				crowd->session[i] = add(calls, crowd->packets[i], COUNT);
			}
		}
		check_crowd(calls, crowd);
		for (unsigned i = 0; i < 100000; i++) {
			struct sequence_packet packet;

			draw_packets(&packet, 1);
			packet.source.b[0] = 0x20; /* of no one */
			stranger = knock_of(&packet);
			assert_int_equal(session_packets(calls->table, &stranger, 1, complete, calls, &calls->known),
					 0);
		}
	}
	for (unsigned i = 0; i < MANY; i++)
		if (crowd->session[i] != NULL)
			session_remove(calls->table, crowd->session[i]);
	assert_int_equal(session_count(calls->table), 0);
	free(crowd);
}

/* Many equal packets fall into one bucket, however the table splits. */
static void test_a_crowded_bucket_overflows_and_recovers(void **state)
{
	struct calls *calls = *state;
	struct sequence_packet packets[COUNT];
	struct session *sessions[500];

	draw_packets(packets, COUNT);
	for (unsigned i = 0; i < 500; i++)
		sessions[i] = add(calls, packets, COUNT);
	assert_int_equal(deliver(calls, &packets[0]), 500);
	for (unsigned i = 0; i < 500; i += 2)
		session_remove(calls->table, sessions[i]);
	for (unsigned i = 0; i < COUNT - 1; i++)
		assert_int_equal(deliver(calls, &packets[i]), 250);
	for (unsigned i = 1; i < 500; i += 2)
		session_remove(calls->table, sessions[i]);
	assert_int_equal(deliver(calls, &packets[0]), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_packet_from_anywhere),
	    TEST(test_a_session_is_prepared_for_its_last_packet),
	    TEST(test_many_packets_at_once),
	    TEST(test_a_batch_meets_what_its_own_packets_bring),
	    TEST(test_a_knock_completes_in_any_order),
	    TEST(test_duplicates_are_harmless_and_try_again_when_full),
	    TEST(test_every_part_of_a_packet_counts),
	    TEST(test_the_carrier_does_not),
	    TEST(test_equal_packets_reach_every_session),
	    TEST(test_equal_packets_of_one_session_are_one_session),
	    TEST(test_complete_may_remove_any_session),
	    TEST(test_the_table_forgets_and_loses_nothing),
	    TEST(test_a_crowded_bucket_overflows_and_recovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
