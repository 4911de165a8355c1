/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules of knockwrap that have a world to look at: sockets, files, accounts. */
#include "tests/unit/unit.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "knockwrap/environ.h"
#include "knockwrap/peer.h"
#include "knockwrap/privileges.h"
#include "knockwrap/program.h"
#include "knockwrap/refuse.h"
#include "tests/unit/grants.h"
#include "tests/unit/sockets.h"

static struct fault fault;
static bool cannot_disconnect;

int __real_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	if (cannot_disconnect && sa->sa_family == AF_UNSPEC) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_connect(fd, sa, len);
}

static void peers(void **state)
{
	static const struct {
		enum pair_kind kind;
		const char *address;
	} cases[] = {{PAIR_V4, "127.0.0.1"}, {PAIR_V6, "::1"}, {PAIR_MAPPED, "127.0.0.1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair p = pair_open(cases[i].kind);
		char text[ADDRESS_TEXT_SIZE];
		struct peer peer;

		assert_int_equal(peer_of(p.server, &peer, &fault), STATUS_OK);
		assert_int_equal(peer.fd, p.server);
		assert_int_equal(peer.port, p.client_port);
		address_format(&peer.address, text);
		assert_string_equal(text, cases[i].address);
		pair_close(&p);
	}
}

static void expect_unfit(int fd, const char *says)
{
	struct peer peer;

	assert_int_equal(peer_of(fd, &peer, &fault), STATUS_DESCRIPTOR);
	assert_int_equal(peer.fd, -1);
	if (strstr(fault.text, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", fault.text, says);
}

static void unfit_descriptors(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	int pipe_fds[2], unix_fds[2];
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int datagram = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, unix_fds), 0);
	expect_unfit(p.listener, "listening socket");
	expect_unfit(pipe_fds[0], "a pipe");
	expect_unfit(unix_fds[0], "without IPv4 or IPv6");
	expect_unfit(terminal, "a terminal");
	expect_unfit(file, "a file");
	expect_unfit(null, "a device");
	expect_unfit(datagram, "datagram socket");
	close(pipe_fds[0]);
	expect_unfit(pipe_fds[0], "not open");
	close(pipe_fds[1]);
	close(unix_fds[0]);
	close(unix_fds[1]);
	close(terminal);
	close(file);
	close(null);
	close(datagram);
	pair_close(&p);
}

/* Left where they are, they would have the super-server start us again and again. */
static void datagrams_are_drained(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	struct pollfd fd = {.fd = in, .events = POLLIN};

	(void)state;
	assert_int_equal(bind(in, (struct sockaddr *)&to, len), 0);
	assert_int_equal(getsockname(in, (struct sockaddr *)&to, &len), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(sendto(out, "hello", i, 0, (struct sockaddr *)&to, len), i);
	assert_int_equal(poll(&fd, 1, 1000), 1);
	expect_unfit(in, "datagram socket");
	assert_int_equal(poll(&fd, 1, 0), 0);
	close(in);
	close(out);
}

static void client_gone(void **state)
{
	const struct linger none = {1, 0};
	struct pair p = pair_open(PAIR_V4);
	struct peer peer;

	(void)state;
	assert_int_equal(setsockopt(p.client, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
	close(p.client);
	client_end(p.server, 1000);
	assert_int_equal(peer_of(p.server, &peer, &fault), STATUS_REFUSED);
	close(p.server);
	close(p.listener);
}

/* In a process of its own, because descriptors 0 and 3 are rearranged. Returns what peer_find said. */
static enum status find_with(int zero, int three, const char *listen_fds, const char *listen_pid, int *fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char own[32];
		struct peer peer;
		int high = fcntl(three, F_DUPFD, 10);
		int low = fcntl(zero, F_DUPFD, 10);

		dup2(low, 0);
		dup2(high, 3);
		snprintf(own, sizeof(own), "%d", (int)getpid());
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_PID");
		if (listen_fds != NULL)
			setenv("LISTEN_FDS", listen_fds, 1);
		if (listen_pid != NULL)
			setenv("LISTEN_PID", strcmp(listen_pid, "own") == 0 ? own : listen_pid, 1);
		status = peer_find(&peer, &fault);
		_exit(status * 16 + (peer.fd & 15));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*fd = WEXITSTATUS(status) % 16;
	return WEXITSTATUS(status) / 16;
}

static void passed_descriptors(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd;

	(void)state;
	assert_int_equal(find_with(p.server, null, NULL, NULL, &fd), STATUS_OK);
	assert_int_equal(fd, 0);
	assert_int_equal(find_with(null, p.server, "1", "own", &fd), STATUS_OK);
	assert_int_equal(fd, 3);
	/* Meant for another process: a wrapper's leftovers. */
	assert_int_equal(find_with(p.server, null, "1", "1", &fd), STATUS_OK);
	assert_int_equal(fd, 0);
	assert_int_equal(find_with(null, p.server, "1", "1", &fd), STATUS_DESCRIPTOR);
	assert_int_equal(find_with(null, p.server, "1", NULL, &fd), STATUS_DESCRIPTOR);
	assert_int_equal(find_with(null, p.server, "1", "own ", &fd), STATUS_DESCRIPTOR);
	assert_int_equal(find_with(p.server, p.server, "2", "own", &fd), STATUS_DESCRIPTOR);
	assert_int_equal(find_with(p.server, p.server, NULL, "own", &fd), STATUS_DESCRIPTOR);
	assert_int_equal(find_with(p.server, null, "1", "own", &fd), STATUS_DESCRIPTOR);
	close(null);
	pair_close(&p);
}

static void resets_at_once(void **state)
{
	(void)state;
	for (int kind = PAIR_V4; kind <= PAIR_MAPPED; kind++) {
		struct pair p = pair_open(kind);
		int other = dup(p.server); /* as the super-server's */

		refuse_reset(p.server);
		assert_int_equal(client_end(p.client, 1000), END_RESET);
		close(other);
		pair_close(&p);
	}
}

static void resets_without_disconnect(void **state)
{
	struct pair p = pair_open(PAIR_V4);

	(void)state;
	cannot_disconnect = true;
	refuse_reset(p.server);
	cannot_disconnect = false;
	assert_int_equal(client_end(p.client, 0), END_OPEN);
	close(p.server);
	p.server = -1;
	assert_int_equal(client_end(p.client, 1000), END_RESET);
	pair_close(&p);
}

static void closes_in_order(void **state)
{
	const struct refusal refusal = {REJECT_CLOSE, 1, 1};
	struct pair p = pair_open(PAIR_V4);
	int other = dup(p.server);

	(void)state;
	refuse_peer(p.server, &refusal, grants, "ssh");
	assert_int_equal(client_end(p.client, 1000), END_CLOSED);
	close(other);
	pair_close(&p);
}

/* A process that refuses the connection by drop; it has let go of all else. */
static pid_t drop_in_child(struct pair *p, uint32_t seconds, uint32_t limit, const char *service)
{
	const struct refusal refusal = {REJECT_DROP, seconds, limit};
	pid_t pid = fork();

	if (pid == 0) {
		refuse_peer(p->server, &refusal, grants, service);
		_exit(fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) < 0 ? 0 : 9);
	}
	close(p->server);
	p->server = -1;
	return pid;
}

static int wait_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int drop_set_up(void **state)
{
	return set_up_base(state) == 0 && mkdir(grants, 0750) == 0 ? 0 : -1;
}

static void drop_is_silent_and_ends(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	uint64_t begin = clock_boot_ns();
	pid_t pid = drop_in_child(&p, 1, 4, "ssh");

	(void)state;
	assert_int_equal(send(p.client, "hello", 5, 0), 5);
	assert_int_equal(client_end(p.client, 700), END_OPEN);
	assert_int_equal(client_end(p.client, 2000), END_RESET);
	assert_true(clock_boot_ns() - begin >= CLOCK_NS_PER_S);
	assert_int_equal(wait_status(pid), 0);
	pair_close(&p);
}

static void drop_ends_with_its_client(void **state)
{
	struct pair p = pair_open(PAIR_V6);
	uint64_t begin = clock_boot_ns();
	pid_t pid = drop_in_child(&p, 60, 4, "ssh");

	(void)state;
	assert_int_equal(client_end(p.client, 100), END_OPEN);
	pair_close(&p);
	assert_int_equal(wait_status(pid), 0);
	assert_true(clock_boot_ns() - begin < 30 * CLOCK_NS_PER_S);
}

/* Killed, it doesn't say goodbye either. */
static void drop_killed(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	pid_t pid = drop_in_child(&p, 60, 4, "ssh");

	(void)state;
	assert_int_equal(client_end(p.client, 100), END_OPEN);
	kill(pid, SIGKILL);
	assert_int_equal(wait_status(pid), 128 + SIGKILL);
	assert_int_equal(client_end(p.client, 1000), END_RESET);
	pair_close(&p);
}

static void drop_is_bounded(void **state)
{
	struct pair p[4];
	pid_t pid[4];
	int held = 0, reset = -1;

	(void)state;
	for (int i = 0; i < 4; i++) {
		p[i] = pair_open(PAIR_V4);
		pid[i] = drop_in_child(&p[i], 60, 3, i < 3 ? "ssh" : "web");
		assert_int_equal(client_end(p[i].client, 200), END_OPEN);
	}
	pair_close(&p[3]);
	wait_status(pid[3]);
	/* Full for this service, whatever slot is looked at first; an end makes room, however it came. */
	for (int i = 0; i < 6; i++) {
		p[3] = pair_open(PAIR_V4);
		pid[3] = drop_in_child(&p[3], 60, 3, "ssh");
		assert_int_equal(client_end(p[3].client, 5000), END_RESET);
		pair_close(&p[3]);
		wait_status(pid[3]);
	}
	kill(pid[1], SIGKILL);
	wait_status(pid[1]);
	pair_close(&p[1]);
	p[1] = pair_open(PAIR_V4);
	pid[1] = drop_in_child(&p[1], 60, 3, "ssh");
	for (int i = 0; i < 3; i++) {
		if (client_end(p[i].client, 200) == END_OPEN)
			held++;
		else
			reset = i;
		pair_close(&p[i]);
		wait_status(pid[i]);
	}
	assert_int_equal(held, 3);
	assert_int_equal(reset, -1);
}

/* No directory, one that others can write to, a link in the file's place: nothing is held. */
static void drop_without_slots(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/elsewhere", base);
	write_file(path, "", 0);
	for (int i = 0; i < 3; i++) {
		struct pair p = pair_open(PAIR_V4);
		pid_t pid;

		snprintf(path, sizeof(path), "%s/.drop.ssh", grants);
		if (i == 0)
			assert_int_equal(chmod(grants, 0770), 0);
		else if (i == 1)
			assert_int_equal(symlink("../elsewhere", path), 0);
		else
			remove_tree(grants);
		pid = drop_in_child(&p, 60, 4, "ssh");
		assert_int_equal(client_end(p.client, 1000), END_RESET);
		pair_close(&p);
		wait_status(pid);
		chmod(grants, 0750);
	}
}

static const char *value_of(const struct environment *env, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; env->vector[i] != NULL; i++) {
		if (strncmp(env->vector[i], name, strlen(name)) == 0 && env->vector[i][strlen(name)] == '=') {
			assert_null(found);
			found = env->vector[i] + strlen(name) + 1;
		}
	}
	return found;
}

static void environments(void **state)
{
	static char path[] = "PATH=/bin", evil[] = "LD_PRELOAD=/tmp/x.so", host[] = "REMOTE_HOST=198.51.100.9",
		    ctype[] = "LC_CTYPE=C.UTF-8", second[] = "PATH=/tmp", through[] = "THROUGH=yes",
		    prefix[] = "PATHOLOGY=x", noname[] = "=x", novalue[] = "TZ";
	char *inherited[] = {evil, path, host, ctype, second, through, prefix, noname, novalue, NULL};
	static struct environment env;
	struct options options = {.env = {"A=1", "THROUGH", "ABSENT", "LC_CTYPE=C", "A=2", "HOME=/srv"},
				  .env_count = 6};
	char name[] = "alice", home[] = "/home/alice", shell[] = "/bin/sh";
	struct account account = {.name = name, .home = home, .shell = shell};
	struct peer peer = {.port = 4711};
	struct grant g = live_grant(1, "ssh", "192.0.2.7");

	(void)state;
	peer.address = g.client;
	assert_int_equal(environ_build(&env, inherited, &options, &account, &peer, &g, &fault), STATUS_OK);
	assert_string_equal(value_of(&env, "PATH"), "/bin");
	assert_string_equal(value_of(&env, "LC_CTYPE"), "C");
	assert_string_equal(value_of(&env, "A"), "2");
	assert_string_equal(value_of(&env, "THROUGH"), "yes");
	assert_string_equal(value_of(&env, "USER"), "alice");
	assert_string_equal(value_of(&env, "LOGNAME"), "alice");
	assert_string_equal(value_of(&env, "SHELL"), "/bin/sh");
	assert_string_equal(value_of(&env, "HOME"), "/srv");
	assert_string_equal(value_of(&env, "REMOTE_HOST"), "192.0.2.7");
	assert_string_equal(value_of(&env, "REMOTE_PORT"), "4711");
	assert_string_equal(value_of(&env, "QKNOCK_USER"), "alice");
	assert_string_equal(value_of(&env, "QKNOCK_SERVICE"), "ssh");
	assert_int_equal(env.count, 12);
	assert_null(env.vector[12]);

	options.env_count = 0;
	inherited[0] = NULL;
	assert_int_equal(environ_build(&env, inherited, &options, NULL, &peer, &g, &fault), STATUS_OK);
	assert_string_equal(value_of(&env, "PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_int_equal(env.count, 5);
}

static void environment_of_a_long_home(void **state)
{
	static char home[5000];
	char name[] = "alice", shell[] = "/bin/sh";
	char *inherited[] = {NULL};
	static struct environment env;
	struct options options = {0};
	struct account account = {.name = name, .home = home, .shell = shell};
	struct peer peer = {.port = 1};
	struct grant g = live_grant(1, "ssh", "192.0.2.7");

	(void)state;
	memset(home, 'x', sizeof(home) - 1);
	assert_int_equal(environ_build(&env, inherited, &options, &account, &peer, &g, &fault), STATUS_SYSTEM);
}

static void programs(void **state)
{
	char path[256], hard[256], self[512];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(len > 0);
	self[len] = '\0';
	assert_int_equal(program_check(NULL, "/bin/sh", &fault), STATUS_OK);
	assert_int_equal(program_check(NULL, "/bin/no-such-program", &fault), STATUS_NOT_FOUND);
	assert_int_equal(program_check(NULL, "/etc/passwd", &fault), STATUS_CANNOT_RUN);
	assert_int_equal(program_check(NULL, "/bin", &fault), STATUS_CANNOT_RUN);
	assert_int_equal(program_check(NULL, "/etc/passwd/x", &fault), STATUS_CANNOT_RUN);
	assert_int_equal(program_check(NULL, self, &fault), STATUS_CANNOT_RUN);
	assert_non_null(strstr(fault.text, "itself"));
	snprintf(path, sizeof(path), "%s/link", base);
	assert_int_equal(symlink(self, path), 0);
	assert_int_equal(program_check(NULL, path, &fault), STATUS_CANNOT_RUN);
	assert_non_null(strstr(fault.text, "itself"));
	snprintf(hard, sizeof(hard), "%s/hard", base);
	if (link(self, hard) == 0) { /* the same file system */
		assert_int_equal(program_check(NULL, hard, &fault), STATUS_CANNOT_RUN);
		assert_non_null(strstr(fault.text, "itself"));
	}
	snprintf(path, sizeof(path), "%s/loop", base);
	assert_int_equal(symlink(path, path), 0);
	assert_int_equal(program_check(NULL, path, &fault), STATUS_CANNOT_RUN);
}

/* Links are followed as the server would see them, not as we do. */
static void programs_below_a_root(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/server", base);
	write_file(path, "#!/bin/sh\n", 10);
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/link", base);
	assert_int_equal(symlink("/../server", path), 0);
	assert_int_equal(program_check(base, "/server", &fault), STATUS_OK);
	assert_int_equal(program_check(base, "/link", &fault), STATUS_OK);
	assert_int_equal(program_check(base, "/../../../server", &fault), STATUS_OK);
	assert_int_equal(program_check(base, "/bin/sh", &fault), STATUS_NOT_FOUND);
	assert_int_equal(program_check("/nowhere", "/bin/sh", &fault), STATUS_SYSTEM);
	assert_int_equal(program_check("/etc/passwd", "/bin/sh", &fault), STATUS_SYSTEM);
}

static void accounts(void **state)
{
	struct account a;

	(void)state;
	assert_int_equal(privileges_find("root", &a, &fault), STATUS_OK);
	assert_int_equal(a.uid, 0);
	assert_int_equal(a.gid, 0);
	assert_string_equal(a.name, "root");
	assert_true(a.group_count >= 1);
	privileges_free(&a);
	assert_int_equal(privileges_find("0:daemon", &a, &fault), STATUS_OK);
	assert_int_equal(a.uid, 0);
	assert_int_equal(a.gid, getgrnam("daemon")->gr_gid);
	assert_int_equal(a.group_count, 1);
	assert_int_equal(a.groups[0], a.gid);
	assert_string_equal(a.name, "root");
	privileges_free(&a);
	assert_int_equal(privileges_find("3999999998:3999999997", &a, &fault), STATUS_OK);
	assert_int_equal(a.uid, 3999999998);
	assert_int_equal(a.gid, 3999999997);
	assert_int_equal(a.group_count, 1);
	assert_null(a.name);
	privileges_free(&a);
}

static void accounts_that_are_none(void **state)
{
	static const char *const wrong[] = {"",
					    ":",
					    ":daemon",
					    "no-such-user",
					    "daemon:",
					    "daemon:no-such-group",
					    "3999999998",
					    "-1:0",
					    "4294967295:0",
					    "0:4294967295",
					    "00:0",
					    "daemon:daemon:x",
					    "a-name-that-is-longer-than-any-account-of-any-host-would-ever-be-by-far"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct account a;

		if (privileges_find(wrong[i], &a, &fault) != STATUS_SYSTEM)
			fail_msg("%s was taken for an account", wrong[i]);
		privileges_free(&a);
	}
}

static bool has_no_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective == 0 && data[1].effective == 0 &&
	       data[0].permitted == 0 && data[1].permitted == 0 && data[0].inheritable == 0 && data[1].inheritable == 0;
}

static int drop_in_this_process(const struct account *a)
{
	uid_t uid[3];
	gid_t gid[3], groups[8];

	/* As a super-server may have left it: capabilities outlive the change of the user. */
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (privileges_drop(a, &fault) != STATUS_OK)
		return 1;
	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	for (int i = 0; i < 3; i++)
		if (uid[i] != a->uid || gid[i] != a->gid)
			return 2;
	if (getgroups(8, groups) != 1 || groups[0] != a->gid)
		return 3;
	if (setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
		return 4;
	return has_no_capabilities() ? 0 : 5;
}

/* With root they are gone for good; without, there is no half-way. */
static void privileges(void **state)
{
	struct account a;
	pid_t pid;

	(void)state;
	assert_int_equal(privileges_find("daemon:3999999997", &a, &fault), STATUS_OK);
	pid = fork();
	if (pid == 0)
		_exit(drop_in_this_process(&a));
	assert_int_equal(wait_status(pid), geteuid() == 0 ? 0 : 1);
	privileges_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(peers),
	    cmocka_unit_test(unfit_descriptors),
	    cmocka_unit_test(datagrams_are_drained),
	    cmocka_unit_test(client_gone),
	    cmocka_unit_test(passed_descriptors),
	    cmocka_unit_test(resets_at_once),
	    cmocka_unit_test(resets_without_disconnect),
	    cmocka_unit_test(closes_in_order),
	    cmocka_unit_test_setup_teardown(drop_is_silent_and_ends, drop_set_up, tear_down_base),
	    cmocka_unit_test_setup_teardown(drop_ends_with_its_client, drop_set_up, tear_down_base),
	    cmocka_unit_test_setup_teardown(drop_killed, drop_set_up, tear_down_base),
	    cmocka_unit_test_setup_teardown(drop_is_bounded, drop_set_up, tear_down_base),
	    cmocka_unit_test_setup_teardown(drop_without_slots, drop_set_up, tear_down_base),
	    cmocka_unit_test(environments),
	    cmocka_unit_test(environment_of_a_long_home),
	    cmocka_unit_test_setup_teardown(programs, set_up_base, tear_down_base),
	    cmocka_unit_test_setup_teardown(programs_below_a_root, set_up_base, tear_down_base),
	    cmocka_unit_test(accounts),
	    cmocka_unit_test(accounts_that_are_none),
	    cmocka_unit_test(privileges),
	};

	cmocka_set_skip_filter(getenv("QKNOCK_TEST_LEAVE_OUT")); /* tests/valgrind.sh */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
