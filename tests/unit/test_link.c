/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qknockctl shows of a daemon's answer, whatever is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qknockctl/link.h"
#include "tests/unit/unit.h"

#define HOSTILE                                                                                                        \
	"\x1b]0;x\a \xc2\x9b\x9b"                                                                                      \
	"31m \u202e\u00e9."
#define SHOWN "?]0;x? ???31m ???\u00e9."

static char directory[] = "/tmp/qknock-link-XXXXXX";
static struct sockaddr_un place = {.sun_family = AF_UNIX};

static void answer(int fd, const char *verb, const char *name)
{
	struct control_message m;

	if (control_init(&m, verb) != 0 || control_add(&m, name, HOSTILE) != 0 || control_send(fd, &m) != 0)
		_exit(1);
}

/* A daemon of one request: an item, and what ends the answer. */
static pid_t serve(const char *last)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;
	struct control_message m;
	pid_t pid;

	unlink(place.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&place, sizeof(place)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0 || control_receive(fd, &m) != 0)
			_exit(1);
		answer(fd, "item", "user");
		answer(fd, last, "text");
		_exit(0);
	}
	close(listener);
	return pid;
}

static int check_item(void *arg, const struct control_message *item)
{
	assert_string_equal(control_get(item, "user"), SHOWN);
	++*(unsigned *)arg;
	return CTL_OK;
}

static int call(const char *last, unsigned *items)
{
	struct ctl ctl = {.socket_path = place.sun_path, .command = "user list"};
	struct control_message request;
	pid_t pid = serve(last);
	int code, status;

	*items = 0;
	assert_int_equal(control_init(&request, "user-list"), 0);
	code = link_call(&ctl, &request, check_item, items);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return code;
}

static void test_items(void **state)
{
	unsigned items;

	(void)state;
	assert_int_equal(call("ok", &items), CTL_OK);
	assert_int_equal(items, 1);
}

static void test_error(void **state)
{
	char said[256] = "";
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	unsigned items;

	(void)state;
	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	int code = call("error", &items);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(file);
	assert_non_null(fgets(said, sizeof(said), file));
	fclose(file);
	assert_int_equal(code, CTL_REFUSED);
	assert_string_equal(said, "qknockctl: user list: " SHOWN "\n");
}

static int make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(place.sun_path, sizeof(place.sun_path), "%s/s", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(place.sun_path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_items),
	    cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
