/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "libcore/error.h"
#include "qknock/fdpass.h"
#include "qknock/relay.h"
#include "tests/unit/sockets.h"

#define PATIENCE_MS 20000
#define LARGE (8u << 20)

/* A relay in a process of its own, and the far ends of what it holds. */
struct rig {
	pid_t pid;
	int in;	 /* written to: what the relay reads */
	int out; /* read from: what the relay writes */
	int peer;
};

/* Exit codes of that process. */
enum { RELAY_ENDED, RELAY_BROKE, RELAY_OTHER };

static void stream(int ends[2], bool as_socket)
{
	if (as_socket)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	else
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static int run_relay(int in, int out, int connection)
{
	int rc = relay(in, out, connection);

	if (rc == 0)
		return RELAY_ENDED;
	return rc == QK_ERR_IO && (errno == ECONNRESET || errno == EPIPE) ? RELAY_BROKE : RELAY_OTHER;
}

/* The connection is one by TCP, in and out are pipes or sockets. */
static struct rig start(bool sockets)
{
	struct pair pair = pair_open(PAIR_V4);
	struct rig rig = {.peer = pair.server};
	int in[2], out[2];

	stream(in, sockets);
	stream(out, sockets);
	rig.pid = fork();
	assert_true(rig.pid >= 0);
	if (rig.pid == 0) {
		close(in[1]);
		close(out[0]);
		close(pair.server);
		close(pair.listener);
		_exit(run_relay(in[0], out[1], pair.client));
	}
	close(pair.listener);
	close(pair.client);
	close(in[0]);
	close(out[1]);
	rig.in = in[1];
	rig.out = out[0];
	fcntl(rig.in, F_SETFL, O_NONBLOCK);
	return rig;
}

/* The exit code; ends what the test left open. */
static int stop(struct rig *rig, struct rusage *usage)
{
	int status = 0;

	for (int ms = 0; wait4(rig->pid, &status, WNOHANG, usage) == 0; ms += 10) {
		if (ms > PATIENCE_MS) {
			kill(rig->pid, SIGKILL);
			waitpid(rig->pid, NULL, 0);
			fail_msg("the relay did not end");
		}
		usleep(10000);
	}
	assert_true(WIFEXITED(status));
	if (rig->in >= 0)
		close(rig->in);
	if (rig->out >= 0)
		close(rig->out);
	if (rig->peer >= 0)
		close(rig->peer);
	return WEXITSTATUS(status);
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

/* One end of a direction: how far it is. */
struct end {
	int fd;
	size_t done;
};

static bool pump_out(struct end *e, size_t total)
{
	unsigned char bytes[30011];
	size_t len = total - e->done < sizeof(bytes) ? total - e->done : sizeof(bytes);
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(e->done + i);
	n = write(e->fd, bytes, len);
	assert_true(n > 0 || errno == EAGAIN);
	e->done += n > 0 ? (size_t)n : 0;
	return e->done == total;
}

static void take_in(struct end *e)
{
	unsigned char bytes[40009];
	ssize_t n = read(e->fd, bytes, sizeof(bytes));

	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] != byte_at(e->done + (size_t)i))
			fail_msg("byte %zu differs", e->done + (size_t)i);
	e->done += (size_t)n;
}

/* So much each way at the same time. */
static void exchange(struct rig *rig, size_t total)
{
	struct end from[2] = {{rig->in, 0}, {rig->peer, 0}}, to[2] = {{rig->peer, 0}, {rig->out, 0}};

	fcntl(rig->peer, F_SETFL, O_NONBLOCK);
	while (to[0].done < total || to[1].done < total) {
		struct pollfd fds[4];

		for (int i = 0; i < 2; i++) {
			fds[i] = (struct pollfd){from[i].done < total ? from[i].fd : -1, POLLOUT, 0};
			fds[2 + i] = (struct pollfd){to[i].done < total ? to[i].fd : -1, POLLIN, 0};
		}
		assert_true(poll(fds, 4, PATIENCE_MS) > 0);
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents != 0)
				pump_out(&from[i], total);
			if (fds[2 + i].revents != 0)
				take_in(&to[i]);
		}
	}
}

static void expect(int fd, const char *text)
{
	char got[64] = "";
	size_t len = 0;

	while (len < strlen(text)) {
		struct pollfd p = {fd, POLLIN, 0};

		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		ssize_t n = read(fd, got + len, sizeof(got) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_string_equal(got, text);
}

static void expect_end(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	char byte;

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
}

static void both_ways(bool sockets)
{
	struct rig rig = start(sockets);

	exchange(&rig, LARGE);
	close_end(&rig.in);
	expect_end(rig.peer);
	close_end(&rig.peer);
	expect_end(rig.out);
	assert_int_equal(stop(&rig, NULL), RELAY_ENDED);
}

static void test_large_transfers_both_ways(void **state)
{
	(void)state;
	both_ways(false);
	both_ways(true);
}

static void test_end_of_input_leaves_output_open(void **state)
{
	struct rig rig = start(false);

	(void)state;
	assert_int_equal(write(rig.in, "question", 8), 8);
	close_end(&rig.in);
	expect(rig.peer, "question");
	expect_end(rig.peer);
	usleep(50000);
	assert_int_equal(write(rig.peer, "answer", 6), 6);
	close_end(&rig.peer);
	expect(rig.out, "answer");
	expect_end(rig.out);
	assert_int_equal(stop(&rig, NULL), RELAY_ENDED);
}

static void test_end_of_connection_leaves_input_open(void **state)
{
	struct rig rig = start(false);

	(void)state;
	assert_int_equal(shutdown(rig.peer, SHUT_WR), 0);
	expect_end(rig.out);
	assert_int_equal(write(rig.in, "still here", 10), 10);
	expect(rig.peer, "still here");
	close_end(&rig.in);
	expect_end(rig.peer);
	assert_int_equal(stop(&rig, NULL), RELAY_ENDED);
}

/* Fills what the relay reads until it takes no more for a while. */
static size_t fill(int fd)
{
	static char block[65536];
	size_t total = 0;

	for (int idle = 0; idle < 20;) {
		ssize_t n = write(fd, block, sizeof(block));

		if (n > 0) {
			total += (size_t)n;
			idle = 0;
		} else {
			usleep(10000);
			idle++;
		}
		assert_true(total < 64u << 20);
	}
	return total;
}

static void test_who_does_not_read_holds_up_only_who_writes_to_it(void **state)
{
	struct rig rig = start(false);
	size_t total, got = 0;
	char bytes[65536];

	(void)state;
	total = fill(rig.in); /* ends: its own memory doesn't grow */
	assert_int_equal(write(rig.peer, "meanwhile", 9), 9);
	expect(rig.out, "meanwhile");
	close_end(&rig.in);
	for (ssize_t n; (n = read(rig.peer, bytes, sizeof(bytes))) > 0;)
		got += (size_t)n;
	assert_int_equal(got, total);
	close_end(&rig.peer);
	assert_int_equal(stop(&rig, NULL), RELAY_ENDED);

	rig = start(false);
	fcntl(rig.peer, F_SETFL, O_NONBLOCK);
	fill(rig.peer); /* and nobody reads what comes out */
	assert_int_equal(write(rig.in, "meanwhile", 9), 9);
	expect(rig.peer, "meanwhile");
	close_end(&rig.out);
	assert_int_equal(stop(&rig, NULL), RELAY_ENDED);
}

static void test_reader_that_leaves_ends_it(void **state)
{
	(void)state;
	for (int sockets = 0; sockets < 2; sockets++) {
		struct rig rig = start(sockets);

		assert_int_equal(write(rig.peer, "x", 1), 1);
		expect(rig.out, "x");
		close_end(&rig.out); /* while nothing comes */
		assert_int_equal(stop(&rig, NULL), RELAY_ENDED);
	}
}

static void test_broken_connection_is_an_error(void **state)
{
	const struct linger none = {1, 0};
	struct rig rig = start(false);

	(void)state;
	assert_int_equal(write(rig.peer, "last words", 10), 10);
	expect(rig.out, "last words");
	setsockopt(rig.peer, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close_end(&rig.peer);
	expect_end(rig.out);
	assert_int_equal(stop(&rig, NULL), RELAY_BROKE);
}

/* The reset is met by sending first, while the relay slept and words came in from both sides. */
static void test_last_words_before_a_reset_arrive(void **state)
{
	const struct linger none = {1, 0};
	struct rig rig = start(false);
	int status;

	(void)state;
	assert_int_equal(kill(rig.pid, SIGSTOP), 0);
	assert_int_equal(waitpid(rig.pid, &status, WUNTRACED), rig.pid);
	assert_int_equal(write(rig.peer, "last words", 10), 10);
	assert_int_equal(write(rig.in, "too late", 8), 8);
	setsockopt(rig.peer, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close_end(&rig.peer);
	assert_int_equal(kill(rig.pid, SIGCONT), 0);
	expect(rig.out, "last words");
	expect_end(rig.out);
	assert_int_equal(stop(&rig, NULL), RELAY_BROKE);
}

static void test_idle_relay_sleeps(void **state)
{
	struct rusage usage;
	struct rig rig = start(false);

	(void)state;
	close_end(&rig.in); /* a hang-up that poll would report again and again */
	expect_end(rig.peer);
	usleep(500000);
	close_end(&rig.peer);
	assert_int_equal(stop(&rig, &usage), RELAY_ENDED);
	assert_true(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0 &&
		    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 200000);

	rig = start(false);
	assert_int_equal(shutdown(rig.peer, SHUT_WR), 0);
	expect_end(rig.out);
	usleep(500000);
	close_end(&rig.in);
	assert_int_equal(stop(&rig, &usage), RELAY_ENDED);
	assert_true(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0 &&
		    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 200000);
}

/* A terminal, for instance, is the shell's as well. */
static void test_flags_of_a_shared_descriptor_stay(void **state)
{
	struct pair pair = pair_open(PAIR_V4);
	int in[2], out[2], shared;

	(void)state;
	stream(in, false);
	stream(out, false);
	shared = dup(out[1]);
	close(in[1]);
	assert_int_equal(write(pair.server, "x", 1), 1);
	close(pair.server);
	pair.server = -1;
	assert_int_equal(relay(in[0], out[1], pair.client), 0);
	expect(out[0], "x");
	assert_int_equal(fcntl(shared, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
	close(shared);
	close(in[0]);
	close(out[0]);
	pair_close(&pair);
}

/* As ssh receives it: one byte with one descriptor. */
static int receive(int from)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fd;

	assert_int_equal(recvmsg(from, &message, MSG_CMSG_CLOEXEC), 1);
	assert_non_null(CMSG_FIRSTHDR(&message));
	assert_int_equal(CMSG_FIRSTHDR(&message)->cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void test_descriptor_is_passed(void **state)
{
	struct pair pair = pair_open(PAIR_V4);
	int ends[2], through[2];

	(void)state;
	stream(through, true);
	assert_true(fdpass_possible(through[0]));
	assert_false(fdpass_possible(pair.client));
	stream(ends, false);
	assert_false(fdpass_possible(ends[1]));
	assert_int_equal(fdpass_send(ends[1], pair.client), QK_ERR_IO);
	assert_int_equal(fdpass_send(through[0], pair.client), 0);
	close(pair.client);
	pair.client = receive(through[1]);
	assert_int_equal(write(pair.server, "hello", 5), 5);
	expect(pair.client, "hello");
	pair_close(&pair);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(through[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_large_transfers_both_ways),
	    cmocka_unit_test(test_end_of_input_leaves_output_open),
	    cmocka_unit_test(test_end_of_connection_leaves_input_open),
	    cmocka_unit_test(test_who_does_not_read_holds_up_only_who_writes_to_it),
	    cmocka_unit_test(test_reader_that_leaves_ends_it),
	    cmocka_unit_test(test_broken_connection_is_an_error),
	    cmocka_unit_test(test_last_words_before_a_reset_arrive),
	    cmocka_unit_test(test_idle_relay_sleeps),
	    cmocka_unit_test(test_flags_of_a_shared_descriptor_stay),
	    cmocka_unit_test(test_descriptor_is_passed),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
