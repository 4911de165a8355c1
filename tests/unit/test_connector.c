/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknock/connector.h"
#include "qknock/interrupt.h"
#include "tests/unit/sockets.h"

#define NS_PER_MS UINT64_C(1000000)
#define PATIENCE (20 * CLOCK_NS_PER_S)

/* A port of this host: bound, not listening yet. */
struct port {
	int listener;
	int filler; /* takes the only place in a queue */
	uint16_t number;
};

static struct peer here;

static struct port bind_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	struct port p = {.filler = -1};

	p.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p.listener, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(p.listener, (struct sockaddr *)&sin, &len), 0);
	p.number = ntohs(sin.sin_port);
	return p;
}

/* The kernel drops SYNs in silence while the queue of accepted connections is full. */
static struct port silent_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct port p = bind_port();

	sin.sin_port = htons(p.number);
	assert_int_equal(listen(p.listener, 0), 0);
	p.filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(p.filler, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return p;
}

static void close_port(struct port *p)
{
	close(p->listener);
	if (p->filler >= 0)
		close(p->filler);
}

static struct connector *connector_to(const struct port *p)
{
	struct connector *c;

	assert_int_equal(connector_new(&here, p->number, &c), 0);
	return c;
}

/* All of them in vain. */
static void wait_for_attempts(struct connector *c, unsigned count)
{
	while (connector_attempts(c) < count)
		assert_int_equal(connector_wait(c, clock_boot_ns() + 20 * NS_PER_MS), QK_ERR_AGAIN);
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void test_open_port(void **state)
{
	struct port p = bind_port();
	struct connector *c = connector_to(&p);
	int fd, accepted;

	(void)state;
	assert_int_equal(listen(p.listener, 4), 0);
	assert_int_equal(connector_take(c), -1);
	connector_try(c);
	assert_int_equal(connector_wait(c, clock_boot_ns() + PATIENCE), 0);
	assert_int_equal(connector_attempts(c), 1);
	assert_int_equal(connector_error(c), 0);
	fd = connector_take(c);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	connector_free(c);
	accepted = accept(p.listener, NULL, NULL);
	assert_int_equal(write(fd, "x", 1), 1); /* it survives the connector */
	close(accepted);
	close(fd);
	close_port(&p);
	connector_free(NULL);
}

static void test_refusals_are_remembered_and_tried_again(void **state)
{
	struct port p = bind_port();
	struct connector *c = connector_to(&p);

	(void)state;
	connector_try(c);
	assert_int_equal(connector_wait(c, clock_boot_ns() + 50 * NS_PER_MS), QK_ERR_AGAIN);
	assert_int_equal(connector_error(c), ECONNREFUSED);
	assert_int_equal(connector_attempts(c), 1); /* none by itself before it is told to hasten */
	connector_hasten(c);
	wait_for_attempts(c, 4);
	assert_int_equal(listen(p.listener, 4), 0);
	assert_int_equal(connector_wait(c, clock_boot_ns() + PATIENCE), 0);
	connector_free(c);
	close_port(&p);
}

static void test_port_that_opens_is_met_soon(void **state)
{
	struct port p = silent_port();
	struct connector *c = connector_to(&p);
	uint64_t opened;
	int accepted;

	(void)state;
	connector_hasten(c);
	assert_int_equal(connector_wait(c, clock_boot_ns() + 200 * NS_PER_MS), QK_ERR_AGAIN);
	assert_int_equal(connector_error(c), 0);
	accepted = accept(p.listener, NULL, NULL);
	opened = clock_boot_ns();
	assert_int_equal(connector_wait(c, clock_boot_ns() + PATIENCE), 0);
	/* The kernel's own second SYN would come 800 ms after the port opened. */
	assert_true(clock_boot_ns() - opened < 600 * NS_PER_MS);
	close(accepted);
	connector_free(c);
	close_port(&p);
}

static void test_attempts_beside_each_other_are_few(void **state)
{
	struct port p = silent_port();
	struct connector *c = connector_to(&p);
	unsigned before = open_descriptors();
	uint64_t start = clock_boot_ns();

	(void)state;
	connector_hasten(c);
	wait_for_attempts(c, 11);
	assert_true(clock_boot_ns() - start > 1100 * NS_PER_MS);
	assert_int_equal(open_descriptors() - before, 8);
	connector_free(c);
	assert_int_equal(open_descriptors(), before);
	close_port(&p);
}

static void test_wait_ends_in_time(void **state)
{
	struct port p = silent_port();
	struct connector *c = connector_to(&p);
	uint64_t start = clock_boot_ns();

	(void)state;
	assert_int_equal(connector_wait(c, start + 60 * NS_PER_MS), QK_ERR_AGAIN); /* without any attempt */
	assert_true(clock_boot_ns() - start >= 60 * NS_PER_MS);
	connector_try(c);
	start = clock_boot_ns();
	assert_int_equal(connector_wait(c, 0), QK_ERR_AGAIN);
	assert_true(clock_boot_ns() - start < 500 * NS_PER_MS); /* the kernel's next SYN would be the next event */
	connector_free(c);
	close_port(&p);
}

static void test_own_address_is_used(void **state)
{
	struct port p = bind_port();
	struct peer other = here;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct connector *c;
	int fd;

	(void)state;
	assert_int_equal(listen(p.listener, 4), 0);
	assert_int_equal(address_parse(&other.client, "127.0.0.7"), 0);
	other.client_is_local = true;
	assert_int_equal(connector_new(&other, p.number, &c), 0);
	connector_try(c);
	assert_int_equal(connector_wait(c, clock_boot_ns() + PATIENCE), 0);
	fd = connector_take(c);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(ntohl(sin.sin_addr.s_addr), 0x7f000007);
	close(fd);
	connector_free(c);
	assert_int_equal(address_parse(&other.client, "203.0.113.7"), 0); /* not this host's: says so at once */
	assert_int_equal(connector_new(&other, p.number, &c), 0);
	connector_try(c);
	assert_int_equal(connector_error(c), EADDRNOTAVAIL);
	connector_free(c);
	other.client_is_local = false; /* NAT makes it so */
	assert_int_equal(connector_new(&other, p.number, &c), 0);
	connector_try(c);
	assert_int_equal(connector_wait(c, clock_boot_ns() + PATIENCE), 0);
	connector_free(c);
	close_port(&p);
}

/* In a process of its own, which a signal ends, but only when the waiting is over. */
static void test_signal_ends_the_wait_first(void **state)
{
	struct port p = silent_port();
	struct connector *c = connector_to(&p);
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		interrupt_begin();
		connector_hasten(c);
		(void)!write(ready[1], "r", 1);
		int rc = connector_wait(c, clock_boot_ns() + PATIENCE);

		if (rc != QK_ERR_AGAIN || !interrupt_caught())
			_exit(1);
		interrupt_end();
		_exit(2); /* it should have died of it */
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	connector_free(c);
	close_port(&p);
}

static void test_ignored_signals_stay_ignored(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	interrupt_begin();
	raise(SIGHUP);
	assert_false(interrupt_caught());
	interrupt_end();
	assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
	assert_true(signal(SIGINT, SIG_DFL) == SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_open_port),
	    cmocka_unit_test(test_refusals_are_remembered_and_tried_again),
	    cmocka_unit_test(test_port_that_opens_is_met_soon),
	    cmocka_unit_test(test_attempts_beside_each_other_are_few),
	    cmocka_unit_test(test_wait_ends_in_time),
	    cmocka_unit_test(test_own_address_is_used),
	    cmocka_unit_test(test_signal_ends_the_wait_first),
	    cmocka_unit_test(test_ignored_signals_stay_ignored),
	};

	assert_int_equal(peer_find("127.0.0.1", AF_INET, NULL, &here), 0);
	signal(SIGINT, SIG_DFL); /* a suite in the background inherits it ignored */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
