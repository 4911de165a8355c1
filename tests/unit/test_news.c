/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper tells the verifier: in order, none lost when the socket is full, all forgotten with the verifier. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/news.h"

static struct news *news;
static int other; /* the verifier's end */

static void attach(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	news_attach(news, fds[0]);
	other = fds[1];
}

static int setup(void **state)
{
	(void)state;
	other = -1;
	return news_new(&news);
}

static int teardown(void **state)
{
	(void)state;
	news_free(news);
	if (other >= 0)
		close(other);
	return 0;
}

/* The next one's value; -1: there is none. */
static long next(struct privop_event *event, int *fd)
{
	long n = privop_receive(other, event, sizeof(*event), fd, MSG_DONTWAIT);

	if (n < 0)
		return -1;
	assert_int_equal(n, sizeof(*event));
	return (long)event->value;
}

static long next_value(void)
{
	struct privop_event event;
	int fd;
	long value = next(&event, &fd);

	assert_int_equal(fd, -1);
	return value;
}

static void test_nobody_listens(void **state)
{
	const struct address address = {.b = {1}};

	(void)state;
	assert_int_equal(news_fd(news), -1);
	assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, 1, -1), 0);
	assert_int_equal(news_tell_addresses(news, &address, 1), 0);
	assert_false(news_flush(news));
	attach();
	assert_false(news_flush(news));
	assert_int_equal(next_value(), -1);
}

static void test_order_when_the_socket_is_full(void **state)
{
	uint64_t told = 0, taken = 0;
	long value;

	(void)state;
	attach();
	while (!news_flush(news))
		assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, ++told, -1), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, ++told, -1), 0);
	do {
		while ((value = next_value()) >= 0)
			assert_int_equal(value, ++taken);
	} while (news_flush(news));
	while ((value = next_value()) >= 0)
		assert_int_equal(value, ++taken);
	assert_int_equal(taken, told);
}

static void test_no_more_than_that(void **state)
{
	unsigned told = 0;
	int rc;

	(void)state;
	attach();
	while ((rc = news_tell(news, PRIVOP_HOOK_STARTED, 0, -1)) == 0)
		assert_true(++told <= 2 * NEWS_MAX);
	assert_int_equal(rc, QK_ERR_NOMEM);
	assert_true(told >= NEWS_MAX);
	assert_true(news_flush(news));
}

static void test_a_new_verifier_hears_nothing_old(void **state)
{
	int old;

	(void)state;
	attach();
	while (!news_flush(news))
		assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, 1, -1), 0);
	old = other;
	attach();
	assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, 2, -1), 0);
	assert_int_equal(next_value(), 2);
	assert_int_equal(next_value(), -1);
	close(old);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_descriptors(void **state)
{
	struct rlimit limit, tight;
	struct privop_event event;
	int fds[2], passed;

	(void)state;
	attach();
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(news_tell(news, PRIVOP_FEED, 7, fds[1]), 0);
	assert_true(is_open(fds[1])); /* it was borrowed */
	assert_int_equal(next(&event, &passed), 7);
	assert_int_equal(event.news, PRIVOP_FEED);
	assert_int_equal(write(passed, "x", 1), 1);
	close(passed);

	/* None are left: said, and nothing is told by halves. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = (struct rlimit){3, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	int rc = news_tell(news, PRIVOP_FEED, 8, fds[1]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rc, QK_ERR_IO);
	assert_int_equal(next(&event, &passed), -1);

	/* One that was never sent is closed with the queue: the pipe then ends. */
	while (!news_flush(news))
		assert_int_equal(news_tell(news, PRIVOP_HOOK_STARTED, 1, -1), 0);
	assert_int_equal(news_tell(news, PRIVOP_FEED, 9, fds[1]), 0);
	close(fds[1]);
	news_attach(news, -1);
	char byte;
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

/* Any number of addresses goes in parts, of which all but the last say that more come. */
static void expect_addresses(size_t count)
{
	struct address *list = calloc(count + 1, sizeof(*list));
	struct privop_event event;
	size_t seen = 0;
	long more;
	int fd;

	assert_non_null(list);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct address){.b = {(uint8_t)i, (uint8_t)(i >> 8)}};
	assert_int_equal(news_tell_addresses(news, list, count), 0);
	do {
		more = next(&event, &fd);
		assert_int_equal(event.news, PRIVOP_ADDRESSES);
		assert_in_range(event.count, 0, PRIVOP_ADDRESSES_MAX);
		for (uint32_t i = 0; i < event.count; i++)
			assert_memory_equal(event.addresses[i], list[seen++].b, sizeof(list[0].b));
	} while (more == 1);
	assert_int_equal(more, 0);
	assert_int_equal(seen, count);
	assert_int_equal(next_value(), -1);
	free(list);
}

static void test_addresses(void **state)
{
	(void)state;
	attach();
	expect_addresses(0);
	expect_addresses(1);
	expect_addresses(PRIVOP_ADDRESSES_MAX);
	expect_addresses(PRIVOP_ADDRESSES_MAX + 1);
	expect_addresses(3 * PRIVOP_ADDRESSES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_order_when_the_socket_is_full, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_more_than_that, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_new_verifier_hears_nothing_old, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
