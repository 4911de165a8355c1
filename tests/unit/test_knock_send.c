/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "libcore/error.h"
#include "qknock/knock_send.h"
#include "tests/unit/quiet.h"

#define LOG_MAX 512

/* A carrier that keeps a diary. */
struct diary {
	struct sender base;
	unsigned sent[LOG_MAX];
	unsigned count;
	int refuse; /* packet that never leaves; -1: none */
	int refuse_errno;
	unsigned busy; /* so many calls fail with ENOBUFS first */
	int rc;	       /* returned by every call if not 0 */
};

static char said[2048];
static struct peer peer;
static struct plan plan = {.peer = &peer, .count = 12};

static int keep(struct sender *base, unsigned i)
{
	struct diary *d = (struct diary *)base;

	if (d->rc != 0)
		return d->rc;
	if (d->busy > 0 || (int)i == d->refuse) {
		errno = d->busy > 0 ? ENOBUFS : d->refuse_errno;
		d->busy -= d->busy > 0;
		return QK_ERR_IO;
	}
	assert_true(d->count < LOG_MAX);
	d->sent[d->count++] = i;
	return 0;
}

static struct diary new_diary(void)
{
	return (struct diary){.base = {.send = keep}, .refuse = -1};
}

static int send_sets(struct diary *d, unsigned repeat, struct knock_outcome *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	quiet_begin();
	rc = knock_send(&d->base, &plan, repeat, 0, NULL, out);
	quiet_end(said, sizeof(said));
	return rc;
}

static void test_each_set_holds_every_packet_once(void **state)
{
	struct knock_outcome outcome;
	struct diary d = new_diary();

	(void)state;
	assert_int_equal(send_sets(&d, 3, &outcome), 0);
	assert_int_equal(d.count, 36);
	for (unsigned set = 0; set < 3; set++) {
		unsigned seen = 0;

		for (unsigned n = 0; n < 12; n++)
			seen |= 1u << d.sent[set * 12 + n];
		assert_int_equal(seen, 0xfff);
	}
	assert_int_equal(outcome.sent, 36);
	assert_int_equal(outcome.failed, 0);
	assert_int_equal(outcome.distinct, 12);
	/* One in 479 million that two orders are the same. */
	assert_memory_not_equal(d.sent, d.sent + 12, 12 * sizeof(d.sent[0]));
}

static void test_all_orders_come(void **state)
{
	unsigned seen[6] = {0};
	uint8_t order[PLAN_PACKETS_MAX];

	(void)state;
	for (int i = 0; i < 60000; i++) {
		assert_int_equal(plan_shuffle(3, order), 0);
		assert_int_equal((1u << order[0]) | (1u << order[1]) | (1u << order[2]), 7);
		seen[order[0] * 2u + (order[1] > order[2])]++;
	}
	for (int i = 0; i < 6; i++) /* 10000 expected, standard deviation 91; the biased shuffle is off by 1111 */
		assert_in_range(seen[i], 9300, 10700);
}

static void test_full_queue_is_waited_for(void **state)
{
	struct knock_outcome outcome;
	struct diary d = new_diary();

	(void)state;
	d.busy = 5;
	assert_int_equal(send_sets(&d, 1, &outcome), 0);
	assert_int_equal(outcome.failed, 0);
	assert_int_equal(outcome.distinct, 12);
	assert_string_equal(said, "");
	d = new_diary();
	d.busy = 1000000;
	assert_int_equal(send_sets(&d, 1, &outcome), QK_ERR_IO);
	assert_int_equal(outcome.failed, 12);
	assert_int_equal(outcome.distinct, 0);
}

static void test_refused_packet_is_named_once(void **state)
{
	struct knock_outcome outcome;
	struct diary d = new_diary();
	char *first;

	(void)state;
	plan.packets[5].port = 8855;
	d.refuse = 5;
	d.refuse_errno = EPERM;
	assert_int_equal(send_sets(&d, 2, &outcome), QK_ERR_IO);
	assert_int_equal(outcome.sent, 22);
	assert_int_equal(outcome.failed, 2);
	assert_int_equal(outcome.distinct, 11);
	first = strstr(said, "port 8855");
	assert_non_null(first);
	assert_null(strstr(first + 1, "port 8855"));
	assert_non_null(strstr(said, "firewall rule of this host"));
}

static void test_other_failures_end_it(void **state)
{
	struct knock_outcome outcome;
	struct diary d = new_diary();

	(void)state;
	d.rc = QK_ERR_CRYPTO;
	assert_int_equal(send_sets(&d, 2, &outcome), QK_ERR_CRYPTO);
	assert_int_equal(outcome.sent, 0);
}

static uint64_t gaps[3 * PLAN_PACKETS_MAX];
static unsigned gap_count;

static bool note_gap(void *context, const struct knock_outcome *so_far, uint64_t ns)
{
	(void)context;
	(void)so_far;
	gaps[gap_count++] = ns;
	return false;
}

/* Behind it, and nowhere else, the verifier is given time. */
static void test_an_announcement_is_followed_by_a_pause(void **state)
{
	static const struct knock_watch watch = {.pause = note_gap};
	struct plan p = {.peer = &peer, .line = 1, .lines = 3, .count = 13};
	struct knock_outcome outcome = {0};
	struct diary d = new_diary();

	(void)state;
	assert_int_equal(knock_send(&d.base, &p, 2, 1, &watch, &outcome), 0);
	assert_int_equal(gap_count, 2 * 13 - 1);
	for (unsigned i = 0; i < gap_count; i++)
		assert_true(i % 13 == 0 ? gaps[i] >= 20000000 && gaps[i] < 62000000 : gaps[i] < 2000000);
}

static void test_an_announcement_goes_first(void **state)
{
	struct plan p = {.peer = &peer, .line = 1, .lines = 3};
	struct knock_outcome outcome = {0};
	struct diary d = new_diary();

	(void)state;
	p.count = PLAN_PACKETS_MAX;
	assert_int_equal(knock_send(&d.base, &p, 3, 0, NULL, &outcome), 0);
	assert_int_equal(d.count, 3 * PLAN_PACKETS_MAX);
	for (unsigned set = 0; set < 3; set++) {
		uint64_t seen = 0;

		for (unsigned n = 0; n < PLAN_PACKETS_MAX; n++)
			seen |= UINT64_C(1) << d.sent[set * PLAN_PACKETS_MAX + n];
		assert_true(seen == UINT64_C(0x1ffffffff));
		assert_int_equal(d.sent[set * PLAN_PACKETS_MAX], PLAN_PACKETS_MAX - 1);
	}
	assert_int_equal(outcome.distinct, PLAN_PACKETS_MAX);
	/* Without it the knock is not whole. */
	d = new_diary();
	d.refuse = PLAN_PACKETS_MAX - 1;
	d.refuse_errno = EPERM;
	memset(&outcome, 0, sizeof(outcome));
	quiet_begin();
	assert_int_equal(knock_send(&d.base, &p, 1, 0, NULL, &outcome), QK_ERR_IO);
	quiet_end(said, sizeof(said));
	assert_int_equal(outcome.distinct, PLAN_PACKETS_MAX - 1);
}

static void test_source_on_the_wire(void **state)
{
	struct peer nat = {0};
	struct plan p = {.peer = &nat, .count = 12};

	(void)state;
	address_parse(&nat.local, "192.168.1.2");
	address_parse(&p.packets[3].source, "203.0.113.7");
	nat.client_is_local = true;
	assert_true(plan_source(&p, 3) == &p.packets[3].source);
	nat.client_is_local = false;
	assert_true(plan_source(&p, 3) == &nat.local);
	p.width = 64;
	assert_true(plan_source(&p, 3) == &p.packets[3].source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_set_holds_every_packet_once),
	    cmocka_unit_test(test_all_orders_come),
	    cmocka_unit_test(test_full_queue_is_waited_for),
	    cmocka_unit_test(test_refused_packet_is_named_once),
	    cmocka_unit_test(test_other_failures_end_it),
	    cmocka_unit_test(test_an_announcement_goes_first),
	    cmocka_unit_test(test_an_announcement_is_followed_by_a_pause),
	    cmocka_unit_test(test_source_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
