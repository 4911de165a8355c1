/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service manager hears what it asked for, and nobody else is bothered. */
#include "tests/unit/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qknockd/notify.h"

static char dir[] = "/tmp/qknock-notify-XXXXXX";

/* A manager's socket at path; a first '@' stands for a zero byte. */
static int listen_at(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, path, strlen(path));
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))), 0);
	return fd;
}

static void expect_told(const char *path)
{
	char text[64];
	int fd = listen_at(path);

	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	notify_manager("READY=1\nSTATUS=x");
	assert_int_equal(recv(fd, text, sizeof(text), 0), 16);
	assert_memory_equal(text, "READY=1\nSTATUS=x", 16);
	assert_int_equal(recv(fd, text, sizeof(text), 0), -1);
	close(fd);
}

static void test_told(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/socket", dir);
	expect_told(path);
	unlink(path);
	snprintf(path, sizeof(path), "@%s", dir);
	expect_told(path);
}

/* Nothing to send to is no reason to fail. */
static void test_nobody_listens(void **state)
{
	char path[256];

	(void)state;
	notify_manager("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify_manager("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify_manager("READY=1");
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	notify_manager("READY=1");
	unsetenv("NOTIFY_SOCKET");
	notify_manager("READY=1");
}

static void test_watchdog(void **state)
{
	char pid[16];

	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "60000000", 1);
	assert_int_equal(notify_watchdog_ns(), UINT64_C(30000000000));
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ns(), UINT64_C(30000000000));
	setenv("WATCHDOG_USEC", "nonsense", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_told),
	    cmocka_unit_test(test_nobody_listens),
	    cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
