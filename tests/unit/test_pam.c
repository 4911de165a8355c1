/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/unit/pam.h"

#define CLIENT "203.0.113.7"

/* Both hooks, in an application each, have this result. */
static void expect(int result, const char *service, const char *user, const char *rhost)
{
	assert_int_equal(authenticate(service, user, rhost, NULL), result);
	assert_int_equal(account(service, user, rhost, NULL), result);
}

/* The log holds one line, of this priority, with this text. */
static void expect_line(int priority, const char *text)
{
	if (log_count != 1)
		fail_msg("log: %s", log_text);
	assert_int_equal(log_priorities[0], priority);
	if (strstr(log_text, text) == NULL)
		fail_msg("no \"%s\" in: %s", text, log_text);
	log_reset();
}

/* --- the decision --- */

static void test_no_grant_no_login(void **state)
{
	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", "203.0.113.8", false);
	put_grant(2, "web", CLIENT, false);
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_PERM_DENIED);
	expect_line(LOG_NOTICE, "pam_knock(sshd:auth): refused: no grant address=" CLIENT " service=ssh user=root\n");
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_PERM_DENIED);
	expect_line(LOG_NOTICE,
		    "pam_knock(sshd:account): refused: no grant address=" CLIENT " service=ssh user=root\n");
}

static void test_a_grant_lets_in(void **state)
{
	(void)state;
	stack_for("sshd", "");
	put_grant(0xabc, "ssh", CLIENT, false);
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
	expect_line(LOG_INFO, "pam_knock(sshd:auth): passed address=" CLIENT
			      " service=ssh user=root grant=0000000000000abc knocked=alice\n");
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
	expect_line(LOG_INFO, "pam_knock(sshd:account): passed");
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
}

static void test_account_alone_refuses(void **state)
{
	struct application app;

	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", CLIENT, false);
	/* Between auth and account the grant goes away: each checks afresh. */
	app_start(&app, "sshd", "root", CLIENT, NULL);
	assert_int_equal(pam_authenticate(app.pamh, 0), PAM_SUCCESS);
	remove_tree(grants);
	assert_int_equal(pam_acct_mgmt(app.pamh, 0), PAM_AUTHINFO_UNAVAIL);
	put_grant(2, "ssh", "203.0.113.8", false);
	assert_int_equal(pam_acct_mgmt(app.pamh, 0), PAM_PERM_DENIED);
	app_end(&app);
}

static void write_grant(const char *from, const char *to)
{
	char path[256], text[GRANT_TEXT_SIZE], *at;
	struct grant g = live_grant(1, "ssh", CLIENT);
	int len = grant_format(&g, text, sizeof(text));

	assert_true(len > 0);
	at = strstr(text, from);
	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	snprintf(path, sizeof(path), "%s/ssh/" CLIENT, grants);
	write_file(path, text, (size_t)len);
}

static void test_what_is_over_or_broken_lets_nobody_in(void **state)
{
	struct grant g;
	char path[256], text[GRANT_TEXT_SIZE];
	int len;

	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", CLIENT, false);
	snprintf(path, sizeof(path), "%s/ssh/" CLIENT, grants);
	g = live_grant(1, "ssh", CLIENT);
	g.expires_ns = clock_boot_ns();
	len = grant_format(&g, text, sizeof(text));
	write_file(path, text, (size_t)len);
	expect(PAM_PERM_DENIED, "sshd", "root", CLIENT);
	assert_non_null(strstr(log_text, "refused: grant has expired address="));
	log_reset();
	write_grant("service ssh", "service web");
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_AUTHINFO_UNAVAIL);
	expect_line(LOG_ERR, "refused: malformed grant file grants=");
	write_grant("address 203.0.113.7", "address 203.0.113.9");
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	write_grant("single-use", "single_use");
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	write_file(path, "", 0);
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
}

static void test_an_unsafe_directory_is_no_source(void **state)
{
	char real[256];

	(void)state;
	stack_for("sshd", "");
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	log_reset();
	put_grant(1, "ssh", CLIENT, false);
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
	log_reset();
	assert_int_equal(chmod(grants, 0757), 0);
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_AUTHINFO_UNAVAIL);
	expect_line(LOG_ERR, "refused: grants directory is missing or unsafe grants=");
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(chmod(grants, 0770), 0);
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	assert_int_equal(chmod(grants, 0750), 0);
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
	snprintf(real, sizeof(real), "%s/real", base);
	assert_int_equal(rename(grants, real), 0);
	assert_int_equal(symlink(real, grants), 0);
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	assert_int_equal(unlink(grants), 0);
	write_file(grants, "", 0);
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
}

static void test_an_unreadable_directory_says_why(void **state)
{
	int status;

	(void)state;
	if (geteuid() != 0)
		skip(); /* root alone can become someone else */
	put_grant(1, "ssh", CLIENT, false);
	assert_int_equal(chmod(base, 0755), 0);
	stack_for("sshd", "");
	if (fork() == 0) {
		struct application app;

		/* Loads the module, which may lie where only root can look. */
		app_start(&app, "sshd", "root", CLIENT, NULL);
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(3);
		if (pam_acct_mgmt(app.pamh, 0) != PAM_AUTHINFO_UNAVAIL)
			_exit(1);
		_exit(strstr(log_text, "refused: input or output failed: Permission denied grants=") != NULL ? 0 : 2);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

/* --- where the client is --- */

static void test_addresses(void **state)
{
	static const struct {
		const char *rhost, *ssh_connection;
		bool known;
	} cases[] = {
	    {"203.0.113.7", NULL, true},
	    {"::ffff:203.0.113.7", NULL, true},
	    {"::FFFF:cb00:7107", NULL, true},
	    {"2001:db8::7", NULL, true},
	    {"2001:DB8:0:0:0:0:0:7", NULL, true},
	    {"fe80::7%eth0", NULL, true},
	    {"fe80::7", NULL, true},
	    {"gw.example", "203.0.113.7 50000 192.0.2.1 22", true},
	    {"gw.example", "2001:db8::7 50000 2001:db8::1 22", true},
	    {"gw.example", "fe80::7%eth0 50000 fe80::1%eth0 22", true},
	    {"gw.example", "::ffff:203.0.113.7 50000 ::ffff:192.0.2.1 22", true},
	    {"UNKNOWN", "203.0.113.7 50000 192.0.2.1 22", true},
	    {NULL, "203.0.113.7 50000 192.0.2.1 22", true},
	    {"203.0.113.7", "203.0.113.8 50000 192.0.2.1 22", true},
	    {"203.0.113.8", "203.0.113.7 50000 192.0.2.1 22", false},
	    {"203.0.113.8", NULL, false},
	    {"gw.example", NULL, false},
	    {"localhost", NULL, false},
	    {"UNKNOWN", NULL, false},
	    {"UNKNOWN", "UNKNOWN 65535 UNKNOWN 65535", false},
	    {NULL, "UNKNOWN 65535 UNKNOWN 65535", false},
	    {NULL, NULL, false},
	    {"", NULL, false},
	    {" 203.0.113.7", NULL, false},
	    {"203.0.113.7 ", NULL, false},
	    {"203.0.113.007", NULL, false},
	    {"203.0.28935", NULL, false},
	    {"3405803783", NULL, false},
	    {"[2001:db8::7]", NULL, false},
	    {"203.0.113.7%eth0", NULL, false},
	    {"::ffff:203.0.113.7%eth0", NULL, false},
	    {"fe80::7%", NULL, false},
	    {"%eth0", NULL, false},
	    {"2001:db8::7/64", NULL, false},
	    {"203.0.113.7:22", NULL, false},
	    {"::203.0.113.7", NULL, false},
	    {"../ssh/203.0.113.7", NULL, false},
	    {"gw.example", "gw.example 203.0.113.7 192.0.2.1 22", false},
	    {"gw.example", "", false},
	    {"gw.example", " 203.0.113.7 50000", false},
	    {"gw.example", "192.0.2.1 22 203.0.113.7 50000", false},
	};

	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", "203.0.113.7", false);
	put_grant(2, "ssh", "2001:db8::7", false);
	put_grant(3, "ssh", "fe80::7", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int want = cases[i].known ? PAM_SUCCESS : PAM_PERM_DENIED;

		if (authenticate("sshd", "root", cases[i].rhost, cases[i].ssh_connection) != want ||
		    account("sshd", "root", cases[i].rhost, cases[i].ssh_connection) != want)
			fail_msg("rhost=%s SSH_CONNECTION=%s", cases[i].rhost, cases[i].ssh_connection);
		log_reset();
	}
}

static void test_very_long_names_are_no_addresses(void **state)
{
	char name[4096];

	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", CLIENT, false);
	for (size_t len = 1; len < sizeof(name); len += len < 300 ? 1 : 499) {
		memset(name, '1', len);
		name[len] = '\0';
		assert_int_equal(authenticate("sshd", "root", name, NULL), PAM_PERM_DENIED);
		log_reset();
	}
	assert_int_equal(authenticate("sshd", "root", "gw.example", NULL), PAM_PERM_DENIED);
	expect_line(LOG_NOTICE, "refused: no client address address=unknown service=ssh");
}

static void test_the_process_environment_is_nobody_s_word(void **state)
{
	(void)state;
	stack_for("sshd", "");
	put_grant(1, "ssh", CLIENT, false);
	setenv("SSH_CONNECTION", CLIENT " 50000 192.0.2.1 22", 1);
	expect(PAM_PERM_DENIED, "sshd", "root", NULL);
	unsetenv("SSH_CONNECTION");
}

/* --- arguments --- */

static void test_service_follows_the_application(void **state)
{
	static const char *const names[][2] = {
	    {"sshd", "ssh"},	{"login", "telnet"},	{"remote", "telnet"}, {"vsftpd", "ftp"},
	    {"proftpd", "ftp"}, {"pure-ftpd", "ftp"},	{"dovecot", "imap"},  {"xrdp-sesman", "rdp"},
	    {"samba", "smb"},	{"cockpit", "cockpit"}, {"a-b-9", "a-b-9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		remove_tree(grants);
		stack_for(names[i][0], "");
		put_grant(1, "other", CLIENT, false);
		expect(PAM_PERM_DENIED, names[i][0], "root", CLIENT);
		put_grant(1, names[i][1], CLIENT, false);
		expect(PAM_SUCCESS, names[i][0], "root", CLIENT);
		log_reset();
	}
	stack_for("no_service", "");
	assert_int_equal(authenticate("no_service", "root", CLIENT, NULL), PAM_SERVICE_ERR);
	expect_line(LOG_ERR, "bad argument \"no_service\": no service has this name: give service=NAME");
	stack_for("no_service", "service=ssh");
	put_grant(1, "ssh", CLIENT, false);
	expect(PAM_SUCCESS, "no_service", "root", CLIENT);
	stack_for("sshd", "service=backup");
	expect(PAM_PERM_DENIED, "sshd", "root", CLIENT);
}

static void test_bad_arguments_are_named(void **state)
{
	static const char *const bad[] = {
	    "service=",
	    "service=SSH",
	    "service=../ssh",
	    "service=sixteen-letters-",
	    "service",
	    "grants=",
	    "grants=run/grants",
	    "grants",
	    "max_age=0",
	    "max_age=-1",
	    "max_age=",
	    "max_age=4294967296",
	    "max_age=1s",
	    "delay=-1",
	    "delay=",
	    "delay=60000001",
	    "delay=1e6",
	    "norhost=",
	    "norhost=allow",
	    "norhost",
	    "match_user=yes",
	    "match-user",
	    "single_use=1",
	    "debug=1",
	    "quiet=0",
	    "nullok",
	    "Debug",
	    "service =ssh",
	};

	(void)state;
	put_grant(1, "ssh", CLIENT, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char arguments[300], named[128];

		/* In brackets, one argument may have blanks; a good one before and after doesn't help. */
		snprintf(arguments, sizeof(arguments), "quiet grants=%s [%s] service=ssh", grants, bad[i]);
		stack_for("sshd", arguments);
		snprintf(named, sizeof(named), "refused: bad argument \"%s\": ", bad[i]);
		assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_SERVICE_ERR);
		expect_line(LOG_ERR, named);
		assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_SERVICE_ERR);
		expect_line(LOG_ERR, named);
	}
}

static void test_max_age(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, false); /* given a second ago */
	stack_for("sshd", "max_age=1");
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_PERM_DENIED);
	expect_line(LOG_NOTICE, "refused: grant is older than allowed");
	stack_for("sshd", "max_age=30");
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
	stack_for("sshd", "max_age=4294967295");
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
}

static void test_norhost(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, false);
	stack_for("sshd", "norhost=fail");
	expect(PAM_PERM_DENIED, "sshd", "root", NULL);
	/* "A lone PAM_IGNORE denies": with something beside it, it does not. */
	stack_for("sshd", "norhost=ignore");
	expect(PAM_PERM_DENIED, "sshd", "root", NULL);
	stack_text("console", "auth requisite %m norhost=ignore\nauth required pam_permit.so\n"
			      "account required %m norhost=ignore\naccount required pam_permit.so\n");
	expect(PAM_SUCCESS, "console", "root", NULL);
	expect(PAM_SUCCESS, "console", "root", "");
	/* A remote client whose address is not known is no local one. */
	expect(PAM_PERM_DENIED, "console", "root", "UNKNOWN");
	expect(PAM_PERM_DENIED, "console", "root", "gw.example");
	assert_int_equal(account("console", "root", NULL, "UNKNOWN 65535 UNKNOWN 65535"), PAM_PERM_DENIED);
	assert_int_equal(authenticate("console", "root", CLIENT, NULL), PAM_AUTHINFO_UNAVAIL);
}

static void test_quiet_and_debug(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, false);
	stack_for("sshd", "quiet");
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
	expect(PAM_PERM_DENIED, "sshd", "root", "203.0.113.8");
	expect(PAM_PERM_DENIED, "sshd", "root", NULL);
	assert_int_equal(log_count, 0);
	assert_int_equal(chmod(grants, 0777), 0);
	expect(PAM_AUTHINFO_UNAVAIL, "sshd", "root", CLIENT);
	assert_int_equal(log_count, 2); /* the administrator is told */
	assert_int_equal(chmod(grants, 0750), 0);
	log_reset();
	stack_for("sshd", "debug");
	assert_int_equal(authenticate("sshd", "root", CLIENT, CLIENT " 50000 192.0.2.1 22"), PAM_SUCCESS);
	assert_int_equal(log_count, 2);
	assert_int_equal(log_priorities[0], LOG_DEBUG);
	assert_non_null(strstr(log_text, "asked address=" CLIENT " service=ssh user=root port=50000 grants="));
}

static unsigned delay_after(const char *arguments, const char *rhost)
{
	struct application app;
	int rc;

	stack_for("sshd", arguments);
	app_start(&app, "sshd", "root", rhost, NULL);
	rc = pam_authenticate(app.pamh, 0);
	assert_true((rc == PAM_SUCCESS) == (app.delay_us == 0) || strstr(arguments, "delay=0") != NULL);
	app_end(&app);
	return app.delay_us;
}

/* libpam varies what it is asked for by up to a half. */
static void test_a_refusal_waits_as_pam_unix_does(void **state)
{
	unsigned none;

	(void)state;
	put_grant(1, "ssh", CLIENT, false);
	assert_in_range(delay_after("", "203.0.113.8"), 1000000, 3000000);
	assert_in_range(delay_after("", "gw.example"), 1000000, 3000000);
	assert_in_range(delay_after("bad", CLIENT), 1000000, 3000000);
	assert_in_range(delay_after("delay=100000", "203.0.113.8"), 50000, 150000);
	assert_in_range(delay_after("bad delay=100000", CLIENT), 50000, 150000);
	none = delay_after("delay=0", "203.0.113.8");
	assert_int_equal(none, 0);
	assert_int_equal(delay_after("", CLIENT), 0);
}

/* --- match_user --- */

static void test_match_user(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, false);
	stack_for("sshd", "match_user");
	expect(PAM_SUCCESS, "sshd", "alice", CLIENT);
	expect(PAM_SUCCESS, "sshd", "root", CLIENT);
	log_reset();
	assert_int_equal(authenticate("sshd", "daemon", CLIENT, NULL), PAM_PERM_DENIED);
	expect_line(LOG_NOTICE, "refused: grant is another user's address=" CLIENT " service=ssh user=daemon");
	expect(PAM_PERM_DENIED, "sshd", "daemon", CLIENT);
	expect(PAM_PERM_DENIED, "sshd", "Alice", CLIENT);
	stack_for("sshd", "");
	expect(PAM_SUCCESS, "sshd", "daemon", CLIENT);
}

static void test_match_user_asks_for_the_login(void **state)
{
	static const struct {
		const char *rhost, *answer;
		unsigned talks;
		int result;
	} cases[] = {
	    {CLIENT, "root", 1, PAM_SUCCESS},
	    {CLIENT, "daemon", 1, PAM_PERM_DENIED},
	    {CLIENT, NULL, 1, PAM_PERM_DENIED},
	    {"203.0.113.8", "root", 0, PAM_PERM_DENIED},
	};
	struct application app;

	(void)state;
	put_grant(1, "telnet", CLIENT, true);
	stack_for("login", "match_user");
	for (size_t i = 4; i-- > 0;) {
		app_start(&app, "login", NULL, cases[i].rhost, NULL);
		app.answer = cases[i].answer;
		assert_int_equal(pam_authenticate(app.pamh, 0), cases[i].result);
		assert_int_equal(app.talks, cases[i].talks);
		assert_int_equal(pam_acct_mgmt(app.pamh, 0), cases[i].result);
		app_end(&app);
	}
}

static void test_unknown_names_are_not_logged(void **state)
{
	static const char *const names[] = {"hunter2", "correct horse", "root\nforged", ""};

	(void)state;
	stack_for("sshd", "debug");
	put_grant(1, "ssh", CLIENT, false);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		expect(PAM_SUCCESS, "sshd", names[i], CLIENT);
		expect(PAM_PERM_DENIED, "sshd", names[i], "203.0.113.8");
		assert_null(strstr(log_text, "user="));
		assert_true(names[i][0] == '\0' || strstr(log_text, names[i]) == NULL);
		log_reset();
	}
}

/* --- single use --- */

static void expect_login(struct application *app, int auth, int acct)
{
	assert_int_equal(pam_authenticate(app->pamh, 0), auth);
	assert_int_equal(pam_acct_mgmt(app->pamh, 0), acct);
}

static void test_auth_and_account_count_once(void **state)
{
	struct application app, other;

	(void)state;
	for (int flag = 0; flag < 2; flag++) {
		put_grant(1 + (uint64_t)flag, "ssh", CLIENT, flag);
		stack_for("sshd", flag ? "" : "single_use");
		app_start(&app, "sshd", "root", CLIENT, NULL);
		app_start(&other, "sshd", "root", CLIENT, NULL);
		expect_login(&app, PAM_SUCCESS, PAM_SUCCESS);
		expect_login(&other, PAM_PERM_DENIED, PAM_PERM_DENIED);
		expect_login(&app, PAM_SUCCESS, PAM_SUCCESS);
		app_end(&app);
		expect_login(&other, PAM_PERM_DENIED, PAM_PERM_DENIED);
		app_end(&other);
	}
}

static void test_account_alone_claims(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, true);
	stack_for("sshd", "");
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_PERM_DENIED);
}

static void test_the_wrong_account_leaves_the_grant(void **state)
{
	(void)state;
	put_grant(1, "ssh", CLIENT, true);
	stack_for("sshd", "match_user");
	assert_int_equal(authenticate("sshd", "daemon", CLIENT, NULL), PAM_PERM_DENIED);
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
	assert_int_equal(authenticate("sshd", "root", CLIENT, NULL), PAM_PERM_DENIED);
}

/* A connection of ours from 127.0.0.1, its server's end open here as it is in sshd. Returns the client's port. */
static uint16_t connect_here(int ends[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&a, len), 0);
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(ends[1] >= 0);
	assert_int_equal(getsockname(ends[0], (struct sockaddr *)&a, &len), 0);
	close(listener);
	return ntohs(a.sin_port);
}

static int in_child(int (*hook)(const char *, const char *, const char *, const char *), const char *ssh_connection)
{
	int status;

	if (fork() == 0)
		_exit(hook("sshd", "root", "127.0.0.1", ssh_connection));
	assert_true(wait(&status) > 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_processes_of_one_connection_count_once(void **state)
{
	char ssh_connection[64], other_connection[64];
	int ends[2], other_ends[2];

	(void)state;
	put_grant(1, "ssh", "127.0.0.1", true);
	stack_for("sshd", "");
	snprintf(ssh_connection, sizeof(ssh_connection), "127.0.0.1 %u 127.0.0.1 22", connect_here(ends));
	snprintf(other_connection, sizeof(other_connection), "127.0.0.1 %u 127.0.0.1 22", connect_here(other_ends));
	/* Two tries of the keyboard-interactive method, each in a child of its own, then the session's process. */
	assert_int_equal(in_child(authenticate, ssh_connection), PAM_SUCCESS);
	assert_int_equal(in_child(authenticate, ssh_connection), PAM_SUCCESS);
	assert_int_equal(in_child(account, ssh_connection), PAM_SUCCESS);
	assert_int_equal(account("sshd", "root", "127.0.0.1", ssh_connection), PAM_SUCCESS);
	assert_int_equal(in_child(authenticate, other_connection), PAM_PERM_DENIED);
	assert_int_equal(in_child(account, other_connection), PAM_PERM_DENIED);
	assert_int_equal(in_child(account, NULL), PAM_PERM_DENIED);
	/* The words of the first connection, without its socket. */
	close(ends[1]);
	assert_int_equal(in_child(account, ssh_connection), PAM_PERM_DENIED);
	close(ends[0]);
	close(other_ends[0]);
	close(other_ends[1]);
}

/* --- the other hooks --- */

static void test_setcred_has_no_say(void **state)
{
	struct application app;

	(void)state;
	stack_text("sshd", "auth required %m\n");
	app_start(&app, "sshd", "root", CLIENT, NULL);
	assert_int_equal(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED); /* alone */
	app_end(&app);
	stack_text("sshd", "auth required %m\nauth required pam_permit.so\n");
	app_start(&app, "sshd", "root", CLIENT, NULL);
	assert_int_equal(pam_setcred(app.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	app_end(&app);
	assert_int_equal(log_count, 0);
}

static void test_session_says_which_grant(void **state)
{
	struct application app;

	(void)state;
	put_grant(0xa, "ssh", CLIENT, true);
	stack_for("sshd", "");
	app_start(&app, "sshd", "root", CLIENT, NULL);
	expect_login(&app, PAM_SUCCESS, PAM_SUCCESS);
	log_reset();
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	expect_line(LOG_INFO, "pam_knock(sshd:session): session opened address=" CLIENT
			      " service=ssh user=root grant=000000000000000a knocked=alice\n");
	assert_int_equal(pam_close_session(app.pamh, 0), PAM_SUCCESS);
	assert_int_equal(log_count, 0);
	app_end(&app);
}

static void test_session_decides_and_takes_nothing(void **state)
{
	struct application app;

	(void)state;
	stack_for("sshd", "single_use");
	app_start(&app, "sshd", "root", CLIENT, NULL);
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	expect_line(LOG_INFO, "grant=none: grants directory is missing or unsafe");
	put_grant(0xa, "ssh", CLIENT, true);
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	expect_line(LOG_INFO, "grant=000000000000000a");
	expect_login(&app, PAM_SUCCESS, PAM_SUCCESS);
	app_end(&app);
	log_reset();
	app_start(&app, "sshd", "root", NULL, NULL);
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	app_end(&app);
	stack_for("sshd", "quiet");
	app_start(&app, "sshd", "root", CLIENT, NULL);
	assert_int_equal(pam_open_session(app.pamh, 0), PAM_SUCCESS);
	app_end(&app);
	assert_int_equal(log_count, 0);
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static void test_nothing_is_left_open(void **state)
{
	unsigned before = open_descriptors();

	(void)state;
	stack_for("sshd", "debug");
	for (int i = 0; i < 50; i++) {
		expect(i == 0 ? PAM_AUTHINFO_UNAVAIL : PAM_PERM_DENIED, "sshd", "root", CLIENT);
		put_grant(1 + (uint64_t)i, "ssh", CLIENT, true);
		assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
		log_reset();
	}
	/* getpwnam may keep one, of nscd or the like. */
	assert_in_range(open_descriptors(), before, before + 1);
}

/* --- the ways round it that pam_knock(8) shows --- */

static void test_break_glass(void **state)
{
	(void)state;
	stack_text("sshd", "account [success=1 default=ignore] pam_succeed_if.so quiet user = root\n"
			   "account required %m\n"
			   "account required pam_permit.so\n");
	assert_int_equal(account("sshd", "root", CLIENT, NULL), PAM_SUCCESS);
	assert_int_equal(account("sshd", "daemon", CLIENT, NULL), PAM_AUTHINFO_UNAVAIL);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, pam_set_up, pam_tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_no_grant_no_login),
	    TEST(test_a_grant_lets_in),
	    TEST(test_account_alone_refuses),
	    TEST(test_what_is_over_or_broken_lets_nobody_in),
	    TEST(test_an_unsafe_directory_is_no_source),
	    TEST(test_an_unreadable_directory_says_why),
	    TEST(test_addresses),
	    TEST(test_very_long_names_are_no_addresses),
	    TEST(test_the_process_environment_is_nobody_s_word),
	    TEST(test_service_follows_the_application),
	    TEST(test_bad_arguments_are_named),
	    TEST(test_max_age),
	    TEST(test_norhost),
	    TEST(test_quiet_and_debug),
	    TEST(test_a_refusal_waits_as_pam_unix_does),
	    TEST(test_match_user),
	    TEST(test_match_user_asks_for_the_login),
	    TEST(test_unknown_names_are_not_logged),
	    TEST(test_auth_and_account_count_once),
	    TEST(test_account_alone_claims),
	    TEST(test_the_wrong_account_leaves_the_grant),
	    TEST(test_processes_of_one_connection_count_once),
	    TEST(test_setcred_has_no_say),
	    TEST(test_session_says_which_grant),
	    TEST(test_session_decides_and_takes_nothing),
	    TEST(test_nothing_is_left_open),
	    TEST(test_break_glass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
