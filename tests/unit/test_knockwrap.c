/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program from outside: what it is given by a super-server, what the client sees, what the server gets. */
#include "tests/unit/unit.h"

#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "libcore/grantdir.h"
#include "tests/unit/grants.h"
#include "tests/unit/sockets.h"

extern char **environ;

static char program[PATH_MAX];

struct run {
	pid_t pid;
	int out; /* what the program writes to standard output or error when they are pipes; -1: they are the socket */
};

/* Descriptors as inetd gives them: all three the connection. Or, as tcpserver: the errors go to a log. */
enum shape { INETD, TCPSERVER, SYSTEMD, PIPES, CLOSED };

static void set_descriptors(enum shape shape, int connection, int pipe_fd, int leaked)
{
	int null = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 20);
	int socket = fcntl(connection, F_DUPFD, 20);
	int pipe_high = fcntl(pipe_fd, F_DUPFD, 20);

	dup2(shape == SYSTEMD || shape == PIPES ? null : socket, 0);
	dup2(shape == SYSTEMD ? null : shape == PIPES ? pipe_high : socket, 1);
	dup2(shape == INETD ? socket : pipe_high, 2);
	if (shape == SYSTEMD || shape == CLOSED)
		dup2(socket, 3);
	else if (leaked)
		dup2(null, 3);
	close(null);
	close(socket);
	close(pipe_high);
	if (leaked) {
		dup2(0, 700);
		dup2(0, 9);
	}
	if (shape == CLOSED)
		close_range(0, 2, 0);
}

/* argv[0] is what the program is called by; a super-server's leftovers in environment, signals, umask. */
static struct run start(enum shape shape, int connection, char *const argv[])
{
	struct run run = {.out = -1};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	run.pid = fork();
	if (run.pid == 0) {
		char pid[32];
		sigset_t blocked;

		set_descriptors(shape, connection, fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		if (shape == SYSTEMD || shape == CLOSED) {
			snprintf(pid, sizeof(pid), "%d", (int)getpid());
			setenv("LISTEN_PID", pid, 1);
			setenv("LISTEN_FDS", "1", 1);
		}
		syscall(SYS_rt_sigaction, 33, (const unsigned long[8]){(unsigned long)SIG_IGN}, NULL, (NSIG - 1) / 8);
		signal(SIGPIPE, SIG_DFL);
		signal(SIGTERM, SIG_IGN);
		signal(SIGCHLD, SIG_IGN);
		sigemptyset(&blocked);
		sigaddset(&blocked, SIGUSR1);
		sigaddset(&blocked, SIGALRM);
		sigprocmask(SIG_BLOCK, &blocked, NULL);
		umask(0);
		execve(program, argv, environ);
		_exit(99);
	}
	close(fds[1]);
	run.out = fds[0];
	return run;
}

static int run_end(struct run *run)
{
	int status;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	close(run->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* All that comes until the end, at most 5 seconds for each piece. */
static const char *read_all(int fd)
{
	static char text[65536];
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	size_t used = 0;
	ssize_t n;

	while (poll(&pollfd, 1, 5000) > 0 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return text;
}

static void put_grant(const char *service, const char *client, bool single_use)
{
	static uint64_t id;
	struct grant g = live_grant(++id, service, client);
	struct grantdir *dir;

	g.single_use = single_use;
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &dir), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	grantdir_close(dir);
}

#define ARGV(...) ((char *const[]){(char *)"knockwrap", (char *)"--grants", grants, __VA_ARGS__, NULL})
#define A(text) ((char *)(text))

/* The program refuses, and the client sees a reset and not one byte. */
static void expect_reset(enum shape shape, int status, char *const argv[])
{
	struct pair p = pair_open(PAIR_V4);
	struct run run = start(shape, p.server, argv);

	/* We still hold the connection, as a super-server might. */
	assert_int_equal(client_end(p.client, 5000), END_RESET);
	assert_int_equal(run_end(&run), status);
	pair_close(&p);
}

static void strangers(void **state)
{
	(void)state;
	put_grant("ssh", "192.0.2.7", false);
	put_grant("web", "127.0.0.1", false);
	for (int shape = INETD; shape <= SYSTEMD; shape++)
		expect_reset(shape, 1, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/cat")));
}

static void no_byte_of_our_own(void **state)
{
	(void)state;
	put_grant("ssh", "127.0.0.1", true);
	expect_reset(INETD, 2, ARGV(A("--service"), A("ssh"), A("--bogus"), A("--"), A("/bin/cat")));
	expect_reset(INETD, 2, ARGV(A("--service"), A("ssh")));
	expect_reset(INETD, 127, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/no-such-server")));
	expect_reset(INETD, 126, ARGV(A("--service"), A("ssh"), A("--"), A("/etc/passwd")));
	expect_reset(INETD, 126, ARGV(A("--service"), A("ssh"), A("--"), program));
	expect_reset(INETD, 5, ARGV(A("--service"), A("ssh"), A("--user"), A("no-such-user"), A("--"), A("/bin/cat")));
	expect_reset(INETD, 5, ARGV(A("--service"), A("ssh"), A("--chroot"), A("/nowhere"), A("--"), A("/bin/cat")));
	expect_reset(INETD, 4, ARGV(A("--grants"), A("/nowhere"), A("--service"), A("ssh"), A("--"), A("/bin/cat")));
	/* None of which spent the grant. */
	assert_true(exists(grants, "ssh/127.0.0.1"));
}

/* Nor the help, which an administrator's mistake would have sent. */
static void no_help_for_clients(void **state)
{
	static const char *const options[] = {"--help", "--version", "-h", "-V"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pair p = pair_open(PAIR_V4);
		struct run run = start(INETD, p.server, ARGV(A(options[i])));

		close(p.server);
		p.server = -1;
		assert_int_equal(client_end(p.client, 5000), END_CLOSED);
		assert_int_equal(run_end(&run), 0);
		pair_close(&p);
		run = start(PIPES, 0, ARGV(A(options[i])));
		assert_non_null(strstr(read_all(run.out), "knockwrap"));
		assert_int_equal(run_end(&run), 0);
	}
}

/* Descriptors that are no connection: a message, and a code of its own. */
static void unfit(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	struct run run = start(PIPES, 0, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/cat")));

	(void)state;
	assert_non_null(strstr(read_all(run.out), "descriptor 0 is a device"));
	assert_int_equal(run_end(&run), 3);
	run = start(TCPSERVER, p.listener, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/cat")));
	assert_non_null(strstr(read_all(run.out), "listening socket"));
	assert_int_equal(run_end(&run), 3);
	pair_close(&p);
}

static void serves(void **state)
{
	static const char *const clients[] = {"127.0.0.1", "::1", "127.0.0.1"};

	(void)state;
	for (int kind = PAIR_V4; kind <= PAIR_MAPPED; kind++) {
		put_grant("ssh", clients[kind], false);
		for (int shape = INETD; shape <= SYSTEMD; shape++) {
			struct pair p = pair_open(kind);
			struct run run = start(shape, p.server, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/cat")));

			assert_int_equal(send(p.client, "hello\n", 6, 0), 6);
			shutdown(p.client, SHUT_WR);
			close(p.server);
			p.server = -1;
			assert_string_equal(read_all(p.client), "hello\n");
			assert_int_equal(run_end(&run), 0);
			pair_close(&p);
		}
		remove_tree(grants);
	}
}

/* What a server run by sh says about itself. */
static const char *served(enum shape shape, char *const argv[])
{
	struct pair p = pair_open(PAIR_V4);
	struct run run = start(shape, p.server, argv);
	const char *text;

	close(p.server);
	p.server = -1;
	text = read_all(p.client);
	assert_int_equal(run_end(&run), 0);
	pair_close(&p);
	return text;
}

static void descriptors(void **state)
{
	(void)state;
	put_grant("ssh", "127.0.0.1", false);
	/* 3 is the listing's own. */
	for (int shape = INETD; shape <= SYSTEMD; shape++)
		assert_string_equal(served(shape, ARGV(A("--service"), A("ssh"), A("/bin/ls"), A("/proc/self/fd"))),
				    "0\n1\n2\n3\n");
	/* What was closed is the log's nor anybody's. */
	assert_string_equal(served(CLOSED, ARGV(A("--service"), A("ssh"), A("/bin/readlink"), A("/proc/self/fd/2"))),
			    "/dev/null\n");
}

/* A log that nobody reads any more doesn't kill us before the answer. */
static void log_without_reader(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	struct run run =
	    start(TCPSERVER, p.server,
		  ARGV(A("--service"), A("ssh"), A("--log-to"), A("stderr"), A("--reject"), A("close"), A("/bin/cat")));

	(void)state;
	close(run.out);
	run.out = -1;
	assert_int_not_equal(run_end(&run), 128 + SIGPIPE);
	assert_int_not_equal(client_end(p.client, 1000), END_OPEN);
	pair_close(&p);
}

static void signals_and_umask(void **state)
{
	const char *text;

	(void)state;
	put_grant("ssh", "127.0.0.1", false);
	text = served(INETD, ARGV(A("--service"), A("ssh"), A("/bin/sed"), A("-n"), A("/^Sig[BI]/p;/^Umask/p"),
				  A("/proc/self/status")));
	assert_string_equal(text, "Umask:\t0022\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	text = served(INETD, ARGV(A("--service"), A("ssh"), A("--umask"), A("27"), A("/bin/sed"), A("-n"),
				  A("/^Umask/p"), A("/proc/self/status")));
	assert_string_equal(text, "Umask:\t0027\n");
}

/* The environment comes from afar: a million bytes, and names that would change the server's ways. */
static void environments(void **state)
{
	static char long_value[100001];
	char name[32], expected[1024], port[16] = "";
	const char *text;

	(void)state;
	put_grant("ssh", "127.0.0.1", false);
	clearenv();
	memset(long_value, 'x', sizeof(long_value) - 1);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "LONG_%d", i);
		setenv(name, long_value, 1);
	}
	setenv("PATH", "/usr/bin", 1);
	setenv("IFS", "x", 1);
	setenv("LD_BIND_NOW", "1", 1);
	setenv("REMOTE_HOST", "trusted.example", 1);
	setenv("QKNOCK_USER", "root", 1);
	setenv("TZ", "UTC", 1);
	text = served(INETD, ARGV(A("--service"), A("ssh"), A("--env"), A("A=b c"), A("--"), A("/usr/bin/env")));
	sscanf(strstr(text, "REMOTE_PORT="), "REMOTE_PORT=%15[0-9]", port);
	snprintf(expected, sizeof(expected),
		 "PATH=/usr/bin\nTZ=UTC\nA=b c\nREMOTE_HOST=127.0.0.1\nREMOTE_PORT=%s\nQKNOCK_USER=alice\n"
		 "QKNOCK_SERVICE=ssh\n",
		 port);
	assert_string_equal(text, expected);
	clearenv();
}

static void single_use(void **state)
{
	(void)state;
	put_grant("ssh", "127.0.0.1", true);
	assert_string_equal(served(INETD, ARGV(A("--service"), A("ssh"), A("/bin/echo"), A("in"))), "in\n");
	expect_reset(INETD, 1, ARGV(A("--service"), A("ssh"), A("/bin/echo"), A("in")));
	put_grant("ssh", "127.0.0.1", false);
	assert_string_equal(served(INETD, ARGV(A("--service"), A("ssh"), A("/bin/echo"), A("in"))), "in\n");
	assert_string_equal(served(INETD, ARGV(A("--service"), A("ssh"), A("--single-use"), A("/bin/echo"), A("in"))),
			    "in\n");
	expect_reset(INETD, 1, ARGV(A("--service"), A("ssh"), A("/bin/echo"), A("in")));
}

static void greatest_age(void **state)
{
	(void)state;
	put_grant("ssh", "127.0.0.1", false); /* a second ago, as grants.h has it */
	expect_reset(INETD, 1, ARGV(A("--service"), A("ssh"), A("--max-age"), A("1"), A("/bin/echo"), A("in")));
	assert_string_equal(
	    served(INETD, ARGV(A("--service"), A("ssh"), A("--max-age"), A("60"), A("/bin/echo"), A("in"))), "in\n");
}

static int check_exit(char *const argv[])
{
	struct run run = start(PIPES, 0, argv);

	return run_end(&run);
}

static void checks(void **state)
{
	(void)state;
	put_grant("ssh", "192.0.2.7", false);
	put_grant("ssh", "192.0.2.8", true);
	put_grant("ssh", "2001:db8::1", false);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("192.0.2.7"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("::ffff:192.0.2.7"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("2001:DB8:0::1"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("192.0.2.9"))), 1);
	assert_int_equal(check_exit(ARGV(A("--service"), A("web"), A("--check"), A("192.0.2.7"))), 1);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("example.org"))), 2);
	assert_int_equal(
	    check_exit(ARGV(A("--grants"), A("/nowhere"), A("--service"), A("ssh"), A("--check"), A("192.0.2.7"))), 4);
	/* A check counts as a use, unless it only looks. */
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--peek"), A("--check"), A("192.0.2.8"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--peek"), A("--check"), A("192.0.2.8"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("192.0.2.8"))), 0);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--check"), A("192.0.2.8"))), 1);
	assert_int_equal(check_exit(ARGV(A("--service"), A("ssh"), A("--peek"), A("--check"), A("192.0.2.8"))), 1);
}

/* Whoever starts us by whatever name: a refusal, never a loop, never a byte. */
static void names(void **state)
{
	static const char *const hostile[] = {"", "/", "..", "%s%n", "knockwrap ", "a/b/\xff", "-h"};
	char longest[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		expect_reset(INETD, strcmp(hostile[i], "-h") == 0 ? 127 : 2, (char *const[]){A(hostile[i]), NULL});
	memset(longest, 'k', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	expect_reset(INETD, 2, (char *const[]){longest, NULL});
	expect_reset(INETD, 2, (char *const[]){NULL});
}

/* Errors are for the log where there is one. */
static void errors_reach_the_log(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	struct run run;

	(void)state;
	put_grant("ssh", "127.0.0.1", false);
	run = start(TCPSERVER, p.server, ARGV(A("--bogus")));
	assert_non_null(strstr(read_all(run.out), "--bogus: no such option"));
	assert_int_equal(run_end(&run), 2);
	pair_close(&p);
	p = pair_open(PAIR_V4);
	run = start(TCPSERVER, p.server, ARGV(A("--service"), A("ssh"), A("--"), A("/bin/no-such-server")));
	assert_non_null(strstr(read_all(run.out), "no-such-server["));
	assert_int_equal(run_end(&run), 127);
	pair_close(&p);
}

static void lines_in_the_form_of_tcpd(void **state)
{
	struct pair p = pair_open(PAIR_V4);
	char expected[128];
	struct run run;

	(void)state;
	put_grant("web", "127.0.0.1", false);
	run = start(TCPSERVER, p.server,
		    ARGV(A("--service"), A("ssh"), A("--log-to"), A("stderr"), A("/bin/echo"), A("in")));
	snprintf(expected, sizeof(expected),
		 "echo[%d]: refused connect from 127.0.0.1 (127.0.0.1): no grant service=ssh\n", (int)run.pid);
	assert_string_equal(read_all(run.out), expected);
	assert_int_equal(run_end(&run), 1);
	pair_close(&p);
	p = pair_open(PAIR_V4);
	run = start(TCPSERVER, p.server,
		    ARGV(A("--service"), A("web"), A("--log-to"), A("stderr"), A("/bin/echo"), A("in")));
	snprintf(expected, sizeof(expected),
		 "echo[%d]: connect from 127.0.0.1 (127.0.0.1) service=web grant=", (int)run.pid);
	assert_memory_equal(read_all(run.out), expected, strlen(expected));
	assert_int_equal(run_end(&run), 0);
	pair_close(&p);
}

static void little_is_logged_on_demand(void **state)
{
	static const char *const levels[] = {"errors", "refused"};

	(void)state;
	put_grant("web", "127.0.0.1", false);
	for (int i = 0; i < 2; i++) {
		struct pair p = pair_open(PAIR_V4);
		struct run run = start(TCPSERVER, p.server,
				       ARGV(A("--service"), A("ssh"), A("--log-to"), A("stderr"), A("--log"),
					    A(levels[i]), A("/bin/echo"), A("in")));

		assert_int_equal(strstr(read_all(run.out), "refused") != NULL, i);
		assert_int_equal(run_end(&run), 1);
		pair_close(&p);
		p = pair_open(PAIR_V4);
		run = start(TCPSERVER, p.server,
			    ARGV(A("--service"), A("web"), A("--log-to"), A("stderr"), A("--log"), A(levels[i]),
				 A("/bin/echo"), A("in")));
		assert_string_equal(read_all(run.out), "");
		assert_int_equal(run_end(&run), 0);
		pair_close(&p);
	}
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#ifndef SANITIZED /* a sanitizer brings libraries of its own */
/* Links libc, no more. */
static void links_libc_alone(void **state)
{
	char command[PATH_MAX + 128], line[256];
	FILE *pipe_end;

	(void)state;
	snprintf(command, sizeof(command), "readelf -dW '%s' | grep NEEDED | grep -v 'libc\\.so'", program);
	pipe_end = popen(command, "r");
	assert_non_null(pipe_end);
	assert_null(fgets(line, sizeof(line), pipe_end));
	pclose(pipe_end);
}
#endif

static int find_program(void **state)
{
	const char *build = getenv("top_builddir");
	char path[PATH_MAX];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), "%s/knockwrap/knockwrap", build != NULL ? build : ".");
	if (realpath(path, program) != NULL)
		return 0;
	print_error("no program at %s\n", path);
	return -1;
}

#define WITH_GRANTS(test) cmocka_unit_test_setup_teardown(test, set_up_base, tear_down_base)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_GRANTS(strangers),
	    WITH_GRANTS(no_byte_of_our_own),
	    WITH_GRANTS(no_help_for_clients),
	    WITH_GRANTS(unfit),
	    WITH_GRANTS(serves),
	    WITH_GRANTS(descriptors),
	    WITH_GRANTS(log_without_reader),
	    WITH_GRANTS(signals_and_umask),
	    WITH_GRANTS(single_use),
	    WITH_GRANTS(greatest_age),
	    WITH_GRANTS(checks),
	    WITH_GRANTS(names),
	    WITH_GRANTS(errors_reach_the_log),
	    WITH_GRANTS(lines_in_the_form_of_tcpd),
	    WITH_GRANTS(little_is_logged_on_demand),
#ifndef SANITIZED
	    cmocka_unit_test(links_libc_alone),
#endif
	    WITH_GRANTS(environments),
	};

	return cmocka_run_group_tests(tests, find_program, NULL);
}
