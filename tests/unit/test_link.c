/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qknockctl makes of a daemon's answers, of those that a daemon never gives too. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockctl/link.h"
#include "tests/unit/quiet.h"

#define HOSTILE                                                                                                        \
	"\x1b]0;x\a \xc2\x9b\x9b"                                                                                      \
	"31m \u202e\u00e9."
#define SHOWN "?]0;x? ???31m ???\u00e9."

static char dir[] = "/tmp/qknock-link-XXXXXX";
static char path[64], said[1024];
static int listener = -1;
static pid_t daemon_pid;
static struct ctl ctl;

static int make_socket(void **state)
{
	struct sockaddr_un sun;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/control", dir);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ctl = (struct ctl){.socket_path = path, .command = "test"};
	return control_address(path, &sun) != 0 || bind(listener, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	       listen(listener, 4) != 0;
}

static int remove_socket(void **state)
{
	(void)state;
	close(listener);
	unlink(path);
	return rmdir(dir);
}

/* A daemon for one connection, in a process of its own. */
static void daemon_does(void (*serve)(int fd))
{
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (daemon_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		serve(fd);
		_exit(0);
	}
	quiet_begin();
}

/* It has found all as it expected. */
static void daemon_is_content(void)
{
	int status;

	quiet_end(said, sizeof(said));
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_said(const char *text)
{
	if (strstr(said, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", said, text);
}

/* In the daemon. */
static void expect(bool good)
{
	if (!good)
		_exit(1);
}

static void take(int fd, struct control_message *m, const char *verb)
{
	expect(control_receive(fd, m) == 0 && strcmp(m->verb, verb) == 0);
}

static void give(int fd, const char *verb, const char *name, const char *value)
{
	struct control_message m;

	expect(control_init(&m, verb) == 0);
	expect(name == NULL || control_add(&m, name, value) == 0);
	expect(control_send(fd, &m) == 0);
}

static int call(const char *verb, const char *user, link_each each, void *arg)
{
	struct control_message request;

	if (user != NULL)
		assert_int_equal(link_user(&request, verb, user), CTL_OK);
	else
		assert_int_equal(control_init(&request, verb), 0);
	return link_call(&ctl, &request, each, arg);
}

static int keep(void *arg, const struct control_message *item)
{
	char *text = arg;

	strcat(strcat(text, control_get(item, "user")), ",");
	return strlen(text) > 32 ? CTL_REFUSED : CTL_OK;
}

static void leaves(int fd)
{
	struct control_message m;

	take(fd, &m, "status");
	close(fd);
}

static void test_daemon_that_goes(void **state)
{
	(void)state;
	daemon_does(leaves);
	assert_int_equal(call("status", NULL, NULL, NULL), CTL_UNREACHABLE);
	daemon_is_content();
	expect_said("the daemon went away");
}

static void babbles(int fd)
{
	struct control_message m;

	take(fd, &m, "status");
	expect(send(fd, "\1\2\3", 3, 0) == 3);
}

static void speaks_of_else(int fd)
{
	struct control_message m;

	take(fd, &m, "status");
	give(fd, "perhaps", NULL, NULL);
}

static void test_no_answer(void **state)
{
	(void)state;
	daemon_does(babbles);
	assert_int_equal(call("status", NULL, NULL, NULL), CTL_UNREACHABLE);
	daemon_is_content();
	expect_said("is it of another version?");
	daemon_does(speaks_of_else);
	assert_int_equal(call("status", NULL, NULL, NULL), CTL_UNREACHABLE);
	daemon_is_content();
	expect_said("is it of another version?");
}

static void refuse(int fd, const char *verb, int error, const char *text)
{
	struct control_message m;

	take(fd, &m, verb);
	expect(control_init_error(&m, error, text) == 0 && control_send(fd, &m) == 0);
}

static void knows_nobody(int fd)
{
	refuse(fd, "user-get", QK_ERR_NOT_FOUND, NULL);
}

static void refuses_a_status(int fd)
{
	refuse(fd, "status", QK_ERR_AGAIN, NULL);
}

static void gives_a_bare_error(int fd)
{
	struct control_message m;

	take(fd, &m, "status");
	give(fd, "error", NULL, NULL);
}

static void test_refusals(void **state)
{
	(void)state;
	daemon_does(knows_nobody);
	assert_int_equal(call("user-get", "alice", NULL, NULL), CTL_REFUSED);
	daemon_is_content();
	expect_said("test: there is no user alice");

	daemon_does(refuses_a_status);
	assert_int_equal(call("status", NULL, NULL, NULL), CTL_REFUSED);
	daemon_is_content();
	expect_said(error_text(QK_ERR_AGAIN));

	daemon_does(gives_a_bare_error);
	assert_int_equal(call("status", NULL, NULL, NULL), CTL_REFUSED);
	daemon_is_content();
	expect_said("test: ");
}

static void is_hostile(int fd)
{
	struct control_message m;

	take(fd, &m, "user-list");
	give(fd, "item", "user", HOSTILE);
	give(fd, "error", "text", HOSTILE);
}

/* Nothing of it reaches the terminal as a command. */
static void test_hostile_answers(void **state)
{
	char users[128] = "";

	(void)state;
	daemon_does(is_hostile);
	assert_int_equal(call("user-list", NULL, keep, users), CTL_REFUSED);
	daemon_is_content();
	assert_string_equal(users, SHOWN ",");
	assert_string_equal(said, "qknockctl: test: " SHOWN "\n");
}

static void refuses_to_look(int fd)
{
	refuse(fd, "user-get", QK_ERR_STORE, NULL);
}

static void knows(int fd)
{
	struct control_message m;

	take(fd, &m, "user-get");
	expect(strcmp(control_get(&m, "user"), "alice") == 0);
	give(fd, "ok", NULL, NULL);
}

static void test_whether_a_user_exists(void **state)
{
	bool exists;

	(void)state;
	daemon_does(knows);
	assert_int_equal(link_user_exists(&ctl, "alice", &exists), CTL_OK);
	daemon_is_content();
	assert_true(exists);

	daemon_does(knows_nobody);
	assert_int_equal(link_user_exists(&ctl, "alice", &exists), CTL_OK);
	daemon_is_content();
	assert_false(exists);
	assert_string_equal(said, "");

	daemon_does(refuses_to_look);
	assert_int_equal(link_user_exists(&ctl, "alice", &exists), CTL_REFUSED);
	daemon_is_content();
	assert_false(exists);
	expect_said(error_text(QK_ERR_STORE));

	quiet_begin();
	assert_int_equal(link_user_exists(&ctl, "no user", &exists), CTL_REFUSED);
	quiet_end(said, sizeof(said));
	assert_false(exists);
	expect_said(error_text(QK_ERR_USER_ID));
}

static void lists_in_two(int fd)
{
	struct control_message m;

	take(fd, &m, "user-list");
	expect(control_get(&m, "after") == NULL);
	give(fd, "item", "user", "alice");
	give(fd, "item", "user", "bob");
	give(fd, "ok", "next", "bob");
	take(fd, &m, "user-list");
	expect(strcmp(control_get(&m, "after"), "bob") == 0);
	give(fd, "item", "user", "carol");
	give(fd, "ok", NULL, NULL);
}

static void lists_and_refuses(int fd)
{
	struct control_message m;

	take(fd, &m, "user-list");
	give(fd, "item", "user", "alice");
	expect(control_init_error(&m, QK_ERR_STORE, NULL) == 0 && control_send(fd, &m) == 0);
}

static void lists_a_long_name(int fd)
{
	struct control_message m;

	take(fd, &m, "user-list");
	give(fd, "item", "user", "somebody-with-a-name-of-more-than-32");
	expect(control_receive(fd, &m) != 0);
}

static void test_lists(void **state)
{
	char users[128] = "";

	(void)state;
	daemon_does(lists_in_two);
	assert_int_equal(link_list(&ctl, "user-list", keep, users), CTL_OK);
	daemon_is_content();
	assert_string_equal(users, "alice,bob,carol,");

	users[0] = '\0';
	daemon_does(lists_and_refuses);
	assert_int_equal(link_list(&ctl, "user-list", keep, users), CTL_REFUSED);
	daemon_is_content();
	assert_string_equal(users, "alice,");
	expect_said(error_text(QK_ERR_STORE));

	/* Whoever takes the items may have enough. */
	users[0] = '\0';
	daemon_does(lists_a_long_name);
	assert_int_equal(link_list(&ctl, "user-list", keep, users), CTL_REFUSED);
	daemon_is_content();
}

static void test_what_does_not_fit_a_message(void **state)
{
	struct control_message request;
	char text[CONTROL_MESSAGE_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(control_init(&request, "user-set"), 0);
	quiet_begin();
	assert_int_equal(link_add(&request, "numbers", text), CTL_REFUSED);
	quiet_end(said, sizeof(said));
	expect_said("numbers is too long");
	assert_int_equal(link_add(&request, "numbers", "+4420"), CTL_OK);
}

static void test_nobody_answers(void **state)
{
	struct ctl other = {.socket_path = "/nonexistent/control", .command = "test"};
	struct control_message request;

	(void)state;
	assert_int_equal(control_init(&request, "status"), 0);
	quiet_begin();
	assert_int_equal(link_call(&other, &request, NULL, NULL), CTL_UNREACHABLE);
	quiet_end(said, sizeof(said));
	expect_said("no daemon answers on /nonexistent/control");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_daemon_that_goes),
	    cmocka_unit_test(test_no_answer),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_hostile_answers),
	    cmocka_unit_test(test_whether_a_user_exists),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_what_does_not_fit_a_message),
	    cmocka_unit_test(test_nobody_answers),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_socket, remove_socket);
}
