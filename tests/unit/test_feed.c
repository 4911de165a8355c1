/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Possible knocks from captures to the verifier: all of them, in order, never more than there is room for. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/feed.h"

static const struct knock_shape shape = {.port_first = 8800, .port_last = 8899, .count = 12};
static struct feed *feed;
static struct feed_writer *writer;
static struct frame_knock last;
static uint64_t taken;
static int end;

static void take(void *arg, const struct frame_knock *knocks, size_t count)
{
	assert_ptr_equal(arg, &taken);
	assert_in_range(count, 0, FEED_BATCH);
	taken += count;
	if (count > 0)
		last = knocks[count - 1];
}

static void dispatch(void)
{
	feed_dispatch(feed, &shape, take, &taken);
}

/* A capture; end is a copy of its reading end, as the helper keeps one. */
static struct feed_writer *add_capture(void)
{
	struct feed_writer *w = calloc(1, sizeof(*w));
	int fds[2];

	assert_non_null(w);
	assert_int_equal(feed_pair(fds), 0);
	end = dup(fds[0]);
	assert_int_equal(feed_add(feed, fds[0]), 0);
	w->fd = fds[1];
	return w;
}

static int setup(void **state)
{
	(void)state;
	taken = 0;
	assert_int_equal(feed_new(&feed), 0);
	writer = add_capture();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(writer->fd);
	close(end);
	free(writer);
	feed_free(feed);
	return 0;
}

static void write_knocks(struct feed_writer *w, unsigned count, uint16_t port)
{
	struct frame_knock knock = {.port = port, .carrier = FRAME_UDP, .source = {.b = {[15] = 9}}};

	for (unsigned i = 0; i < count; i++) {
		knock.word = i;
		feed_write(w, &knock);
	}
}

static void test_knocks_come_as_they_were(void **state)
{
	struct capture_counters counters = {.seen = 200, .other = 3, .malformed = 2, .dropped = 1, .plain = 1}, out;

	(void)state;
	write_knocks(writer, 200, 8800);
	assert_true(feed_flush(writer, &counters));
	dispatch();
	assert_int_equal(taken, 200);
	assert_int_equal(last.word, 199);
	assert_int_equal(last.port, 8800);
	assert_int_equal(last.carrier, FRAME_UDP);
	assert_int_equal(last.source.b[15], 9);
	feed_counters(feed, &out);
	assert_memory_equal(&out, &counters, sizeof(out));
}

static void test_other_ports_are_left_out(void **state)
{
	static const struct capture_counters none;

	(void)state;
	write_knocks(writer, 3, 8799);
	write_knocks(writer, 3, 8900);
	write_knocks(writer, 1, 8899);
	assert_true(feed_flush(writer, &none));
	dispatch();
	assert_int_equal(taken, 1);
}

/* A verifier that does not read makes the capture drop, and says how much. */
static void test_no_room(void **state)
{
	struct capture_counters counters = {.seen = 1}, out;
	uint64_t written = 0;

	(void)state;
	while (writer->dropped == 0) {
		write_knocks(writer, FEED_BATCH, 8800);
		written += FEED_BATCH;
		assert_true(feed_flush(writer, &counters));
		assert_true(written < 100000000);
	}
	assert_true(written >= 2000); /* 40 ms of 50,000 packets a second, whatever the host allows */
	for (int i = 0; i < 100000 && taken + writer->dropped < written; i++)
		dispatch();
	assert_int_equal(taken + writer->dropped, written);
	assert_true(feed_flush(writer, &counters));
	dispatch();
	feed_counters(feed, &out);
	assert_int_equal(out.dropped, writer->dropped);
}

/* What a capture that has ended left behind is read; its counters stay, and others go on. */
static void test_end_of_a_capture(void **state)
{
	struct capture_counters counters = {.seen = 5, .plain = 1}, out;
	struct pollfd fd = {.fd = feed_fd(feed), .events = POLLIN};
	struct feed_writer *second;

	(void)state;
	write_knocks(writer, 5, 8800);
	assert_true(feed_flush(writer, &counters));
	close(writer->fd);
	dispatch();
	dispatch();
	assert_int_equal(taken, 5);
	/* Although somebody else still has the end that was read from. */
	assert_int_equal(poll(&fd, 1, 0), 0);
	close(end);
	second = add_capture();
	write_knocks(second, 2, 8801);
	assert_true(feed_flush(second, &counters));
	dispatch();
	assert_int_equal(taken, 7);
	feed_counters(feed, &out);
	assert_int_equal(out.seen, 10);
	assert_int_equal(out.plain, 1);
	free(writer);
	writer = second;
}

/* Of two captures none waits for the other, whether it has little to say or much. */
static void test_two_captures(void **state)
{
	struct pollfd fd = {.fd = feed_fd(feed), .events = POLLIN};
	const struct capture_counters counters = {.seen = 1};
	struct capture_counters out;
	struct feed_writer *second;

	(void)state;
	close(end);
	second = add_capture();
	for (unsigned i = 0; i < 3; i++) {
		write_knocks(writer, 1, 8800);
		assert_true(feed_flush(writer, &counters));
		write_knocks(second, 3 * FEED_BATCH + 1, 8801);
		assert_true(feed_flush(second, &counters));
	}
	while (poll(&fd, 1, 0) == 1)
		dispatch();
	assert_int_equal(taken, 3 * (1 + 3 * FEED_BATCH + 1));
	feed_counters(feed, &out);
	assert_int_equal(out.seen, 2);
	close(writer->fd);
	while (poll(&fd, 1, 0) == 1)
		dispatch();
	write_knocks(second, 2, 8801);
	assert_true(feed_flush(second, &counters));
	dispatch();
	assert_int_equal(taken, 3 * (1 + 3 * FEED_BATCH + 1) + 2);
	close(second->fd);
	free(second);
	writer->fd = -1;
}

static void test_nobody_reads(void **state)
{
	static const struct capture_counters none;

	(void)state;
	feed_free(feed);
	feed = NULL;
	close(end);
	end = -1;
	write_knocks(writer, 1, 8800);
	assert_false(feed_flush(writer, &none));
}

static void test_what_is_no_message(void **state)
{
	struct feed_message m = {.count = 1};
	size_t one = offsetof(struct feed_message, records) + sizeof(struct feed_record);

	(void)state;
	assert_int_equal(feed_check(&m, one), 0);
	assert_int_equal(feed_check(&m, one - 1), QK_ERR_CONTROL);
	assert_int_equal(feed_check(&m, one + 1), QK_ERR_CONTROL);
	assert_int_equal(feed_check(&m, 0), QK_ERR_CONTROL);
	assert_int_equal(feed_check(&m, offsetof(struct feed_message, records) - 1), QK_ERR_CONTROL);
	m.records[0].carrier = FRAME_UDP + 1;
	assert_int_equal(feed_check(&m, one), QK_ERR_CONTROL);
	m.records[0].carrier = 0;
	m.count = FEED_BATCH + 1;
	assert_int_equal(feed_check(&m, sizeof(m) + sizeof(struct feed_record)), QK_ERR_CONTROL);
	m.count = UINT32_MAX;
	assert_int_equal(feed_check(&m, sizeof(m)), QK_ERR_CONTROL);
	/* It ends the feed. */
	assert_int_equal(send(writer->fd, "x", 1, MSG_NOSIGNAL), 1);
	write_knocks(writer, 1, 8800);
	dispatch();
	dispatch();
	assert_int_equal(taken, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_knocks_come_as_they_were),
	    TEST(test_other_ports_are_left_out),
	    TEST(test_no_room),
	    TEST(test_end_of_a_capture),
	    TEST(test_two_captures),
	    TEST(test_nobody_reads),
	    TEST(test_what_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
