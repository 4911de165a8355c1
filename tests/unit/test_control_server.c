/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control server on a real socket, over an engine that is a few arrays. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/control_server.h"
#include "qknockd/control_socket.h"
#include "tests/unit/fake_engine.h"

/* --- one server, its clients in the same process --- */

struct fixture {
	char dir[64], path[96];
	struct log log;
	char last[1024];
	struct control_actions actions;
	struct control_socket *socket;
	struct control_server *server;
	int fd;
};

static struct control_message m; /* the last message received */

static void take_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;

	(void)level;
	snprintf(f->last, sizeof(f->last), "%s", line);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_reset();
	strcpy(f->dir, "/tmp/qk-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/run/control", f->dir);
	f->log = (struct log){.write = take_line, .arg = f, .level = LOG_LEVEL_DEBUG};
	f->actions = (struct control_actions){.engine = (struct engine *)f,
					      .reload = fake_reload,
					      .status = fake_status,
					      .request = fake_request,
					      .unlock = fake_unlock,
					      .requests = {.adapter = (uid_t)-1, .lock_after = 3}};
	assert_int_equal(control_socket_open(f->path, (gid_t)-1, &f->log, &f->socket), 0);
	assert_int_equal(control_server_open(control_socket_fd(f->socket), &f->actions, &f->log, &f->server), 0);
	assert_int_equal(control_connect(f->path, &f->fd), 0);
	control_server_dispatch(f->server);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	close(f->fd);
	control_server_close(f->server);
	control_socket_close(f->socket);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

static void ask_on(struct fixture *f, int fd, const char *packet)
{
	assert_int_equal(send(fd, packet, strlen(packet), MSG_NOSIGNAL), strlen(packet));
	control_server_dispatch(f->server);
	assert_int_equal(control_receive(fd, &m), 0);
}

/* Sends a request and receives the first message of the answer into m. */
static void ask(struct fixture *f, const char *packet)
{
	ask_on(f, f->fd, packet);
}

static void expect(const char *name, const char *value)
{
	const char *got = control_get(&m, name);

	if (got == NULL)
		fail_msg("no field %s", name);
	assert_string_equal(got, value);
}

static void ask_ok(struct fixture *f, const char *packet)
{
	ask(f, packet);
	assert_string_equal(m.verb, "ok");
}

/* An answer of one item. */
static void ask_item(struct fixture *f, const char *packet)
{
	static struct control_message end;

	ask(f, packet);
	assert_string_equal(m.verb, "item");
	assert_int_equal(control_receive(f->fd, &end), 0);
	assert_string_equal(end.verb, "ok");
}

static void ask_error(struct fixture *f, const char *packet, int code)
{
	ask(f, packet);
	assert_string_equal(m.verb, "error");
	assert_int_equal(control_error_code(&m), code);
	assert_non_null(control_get(&m, "text"));
}

/* Walks all pages of a listing, checks that field rises strictly where it is given; returns how many items. */
static unsigned walk(struct fixture *f, const char *verb, const char *limit, const char *field, unsigned *pages)
{
	char packet[256], next[128] = "", last[128] = "";
	unsigned items = 0;

	*pages = 0;
	do {
		snprintf(packet, sizeof(packet), "%s\n%s%s%s%s%s", verb, limit, next[0] != '\0' ? "after=" : "", next,
			 next[0] != '\0' ? "\n" : "", "");
		ask(f, packet);
		for (; strcmp(m.verb, "item") == 0; items++) {
			if (field != NULL) {
				assert_true(strcmp(control_get(&m, field), last) > 0);
				snprintf(last, sizeof(last), "%s", control_get(&m, field));
			}
			assert_int_equal(control_receive(f->fd, &m), 0);
		}
		assert_string_equal(m.verb, "ok");
		snprintf(next, sizeof(next), "%s", control_get(&m, "next") != NULL ? control_get(&m, "next") : "");
		++*pages;
	} while (next[0] != '\0');
	return items;
}

/* --- the verbs --- */

static void test_users(void **state)
{
	struct fixture *f = *state;
	uint64_t n, n_mod;

	ask_ok(f, "user-add\nuser=alice\np=11\nq=17\nservices=ssh web\nlogins=root www-data\nwidths=8 "
		  "0\npass-hash=$y$j9T$abc$def\n");
	assert_string_equal(fake.users[0].pass_hash, "$y$j9T$abc$def");
	ask_item(f, "user-get\nuser=alice\n");
	expect("user", "alice");
	expect("enabled", "yes");
	expect("pass-code", "yes");
	expect("services", "ssh web");
	expect("logins", "root www-data");
	expect("numbers", "");
	expect("failures", "0");
	expect("locked", "no");
	expect("widths", "8 0");
	expect("n", "187");
	expect("p", "11");
	expect("q", "17");
	assert_null(control_get(&m, "pass-hash"));

	ask_ok(f, "user-add\nuser=bob\nenabled=no\n");
	ask_item(f, "user-get\nuser=bob\n");
	expect("enabled", "no");
	expect("pass-code", "no");
	expect("services", "");
	expect("widths", "0 8 64");
	assert_int_equal(control_get_u64(&m, "n", &n), 0);
	assert_int_equal(chain_modulus(fake.users[1].p, fake.users[1].q, &n_mod), 0);
	assert_true(n == n_mod && n > UINT32_MAX);

	ask_ok(f, "user-set\nuser=alice\nservices=\nwidths=64\npass-hash=\nenabled=no\np=13\nq=19\n");
	ask_item(f, "user-get\nuser=alice\n");
	expect("enabled", "no");
	expect("pass-code", "no");
	expect("services", "");
	expect("widths", "64");
	expect("n", "247");
	ask_ok(f, "user-set\nuser=alice\nenabled=yes\n");
	ask_item(f, "user-get\nuser=alice\n");
	expect("enabled", "yes");
	expect("n", "247");
	ask_ok(f, "user-delete\nuser=alice\n");
	assert_non_null(strstr(f->last, "user=alice"));
	ask_error(f, "user-get\nuser=alice\n", QK_ERR_NOT_FOUND);
}

static void test_bad_users(void **state)
{
	static const struct {
		const char *fields;
		int err;
	} bad[] = {
	    {"user=Alice\n", QK_ERR_USER_ID},
	    {"", QK_ERR_CONTROL},
	    {"user=bob\np=11\n", QK_ERR_PRIME},
	    {"user=bob\np=11\nq=12\n", QK_ERR_PRIME},
	    {"user=bob\np=11\nq=11\n", QK_ERR_PRIME},
	    {"user=bob\np=-11\nq=17\n", QK_ERR_PRIME},
	    {"user=bob\np=2\nq=3\n", QK_ERR_MODULUS},
	    {"user=bob\nservices=SSH\n", QK_ERR_SERVICE_NAME},
	    {"user=bob\nservices=ssh  web\n", QK_ERR_SERVICE_NAME},
	    {"user=bob\nservices=ssh \n", QK_ERR_SERVICE_NAME},
	    {"user=bob\nservices= ssh\n", QK_ERR_SERVICE_NAME},
	    {"user=bob\nlogins=root \n", QK_ERR_LOGIN_NAME},
	    {"user=bob\nlogins=-x\n", QK_ERR_LOGIN_NAME},
	    {"user=bob\nlogins=a/b\n", QK_ERR_LOGIN_NAME},
	    {"user=bob\nnumbers=4915112345678\n", QK_ERR_NUMBER},
	    {"user=bob\nnumbers=+4915112345678 \n", QK_ERR_NUMBER},
	    {"user=bob\nnumbers=+4915112345678,+4915112345679\n", QK_ERR_NUMBER},
	    {"user=bob\nnumbers=+1234567890123456\n", QK_ERR_NUMBER},
	    {"user=bob\nnumbers=+4911 +4912 +4913 +4914 +4915\n", QK_ERR_SPACE},
	    {"user=bob\nwidths=\n", QK_ERR_WIDTH},
	    {"user=bob\nwidths=16\n", QK_ERR_WIDTH},
	    {"user=bob\nwidths=08\n", QK_ERR_WIDTH},
	    {"user=bob\nwidths=0 0\n", QK_ERR_WIDTH},
	    {"user=bob\nwidths=0 8 64 0\n", QK_ERR_WIDTH},
	    {"user=bob\npass-hash=*0\n", QK_ERR_CONTROL},
	    {"user=bob\npass-hash=secret\n", QK_ERR_CONTROL},
	    {"user=bob\npass-hash=$y$a:b\n", QK_ERR_CONTROL},
	    {"user=bob\nenabled=1\n", QK_ERR_CONTROL},
	    {"user=bob\ncolour=red\n", QK_ERR_CONTROL},
	    {"user=alice\n", QK_ERR_EXISTS},
	};
	struct fixture *f = *state;
	char packet[256];

	ask_ok(f, "user-add\nuser=alice\np=11\nq=17\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(packet, sizeof(packet), "user-add\n%s", bad[i].fields);
		ask_error(f, packet, bad[i].err);
		assert_int_equal(fake.user_count, 1);
		assert_null(strstr(f->last, "user=bob"));
	}
	ask_error(f, "user-add\nuser=bob\np=11\nq=17\n", QK_ERR_EXISTS);
	expect("text", "another user has these P and Q");
	ask_error(f, "user-add\nuser=alice\n", QK_ERR_EXISTS);
	expect("text", "user exists already");
	ask_error(f, "user-set\nuser=bob\nenabled=no\n", QK_ERR_NOT_FOUND);
	ask_error(f, "user-set\nuser=alice\nwidths=9\n", QK_ERR_WIDTH);
	assert_int_equal(fake.users[0].width_count, 3);
	ask_error(f, "user-delete\nuser=bob\n", QK_ERR_NOT_FOUND);
}

static void test_profile_comes_line_by_line(void **state)
{
	struct fixture *f = *state;
	char text[PROFILE_TEXT_SIZE] = "";
	struct profile profile, expected;

	ask_error(f, "profile\nuser=alice\n", QK_ERR_NOT_FOUND);
	ask_ok(f, "user-add\nuser=alice\n");
	ask(f, "profile\nuser=alice\n");
	while (strcmp(m.verb, "item") == 0) {
		strcat(strcat(text, control_get(&m, "line")), "\n");
		assert_int_equal(control_receive(f->fd, &m), 0);
	}
	assert_string_equal(m.verb, "ok");
	assert_int_equal(profile_parse(&profile, text, strlen(text), NULL), 0);
	engine_profile(NULL, "alice", &expected);
	assert_int_equal(profile.service_count, expected.service_count);
	assert_string_equal(profile.services[31].name, "service-31");
}

static void test_issue(void **state)
{
	struct fixture *f = *state;
	struct otp otp;

	ask_ok(f, "user-add\nuser=alice\n");
	ask_item(f, "issue\nuser=alice\naddress=172.17.12.20\nr=7\n");
	assert_int_equal(otp_reply_parse(&otp, control_get(&m, "reply"), strlen(control_get(&m, "reply"))), 0);
	assert_true(otp.r == 7);
	ask_item(f, "issue\nuser=alice\naddress=2001:db8::1\n");
	ask_error(f, "issue\nuser=alice\n", QK_ERR_CONTROL);
	ask_error(f, "issue\nuser=alice\naddress=host\n", QK_ERR_ADDRESS);
	ask_error(f, "issue\nuser=alice\naddress=10.0.0.1\nr=x\n", QK_ERR_R);
	ask_error(f, "issue\nuser=bob\naddress=10.0.0.1\n", QK_ERR_NOT_FOUND);
}

static void test_sheets(void **state)
{
	static const char *const bad[] = {"", "lines=0\n", "lines=41\n", "lines=x\n", "lines=-1\n", "count=3\n"};
	struct fixture *f = *state;
	unsigned pages, count = 0;
	char packet[64];
	struct otp otp;

	ask_ok(f, "user-add\nuser=alice\n");
	ask(f, "sheet-issue\nuser=alice\nlines=40\n");
	expect("user", "alice");
	expect("server-id", "gw");
	assert_null(control_get(&m, "host"));
	expect("issued-at", "1700000000");
	expect("expires-at", "1707776000");
	expect("lines", "40");
	assert_int_equal(control_receive(f->fd, &m), 0);
	while (strcmp(m.verb, "item") == 0) {
		const char *reply = control_get(&m, "reply");

		assert_int_equal(otp_reply_parse(&otp, reply, strlen(reply)), 0);
		assert_int_equal(otp.line, ++count);
		assert_int_equal(otp.lines, 40);
		assert_int_equal(control_receive(f->fd, &m), 0);
	}
	assert_string_equal(m.verb, "ok");
	assert_int_equal(count, 40);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(packet, sizeof(packet), "sheet-issue\nuser=alice\n%s", bad[i]);
		ask_error(f, packet, QK_ERR_CONTROL);
	}
	ask_error(f, "sheet-issue\nuser=bob\nlines=3\n", QK_ERR_NOT_FOUND);
	ask_ok(f, "sheet-revoke\nuser=alice\n");
	assert_non_null(strstr(f->last, "control sheet-revoke user=alice"));
	ask_error(f, "sheet-revoke\nuser=bob\n", QK_ERR_NOT_FOUND);
	ask_error(f, "sheet-revoke\n", QK_ERR_CONTROL);
	assert_int_equal(walk(f, "sheet-list", "", "user", &pages), FAKE_PENDING);
	assert_int_equal(pages, 3);
	ask(f, "sheet-list\nlimit=1\n");
	assert_null(control_get(&m, "next-line"));
	assert_int_equal(control_receive(f->fd, &m), 0);
	ask_item(f, "sheet-list\nlimit=1\nafter=user006\n");
	expect("left", "7");
	expect("next-line", "4");
}

static void test_numbers_and_locks(void **state)
{
	struct fixture *f = *state;

	ask_ok(f, "user-add\nuser=alice\nnumbers=+4915112345678 +447911123456\n");
	assert_string_equal(fake.users[0].numbers, "+4915112345678 +447911123456");
	fake.users[0].failures = 2;
	ask_item(f, "user-get\nuser=alice\n");
	expect("numbers", "+4915112345678 +447911123456");
	expect("failures", "2");
	expect("locked", "no");
	fake.users[0].failures = 3;
	ask_item(f, "user-list\n");
	expect("failures", "3");
	expect("locked", "yes");
	ask_ok(f, "user-unlock\nuser=alice\n");
	assert_non_null(strstr(f->last, "user=alice"));
	ask_item(f, "user-get\nuser=alice\n");
	expect("locked", "no");
	ask_error(f, "user-unlock\nuser=bob\n", QK_ERR_NOT_FOUND);
	ask_ok(f, "user-set\nuser=alice\nnumbers=\n");
	assert_string_equal(fake.users[0].numbers, "");
}

static void post(struct fixture *f, int fd, const char *packet)
{
	assert_int_equal(send(fd, packet, strlen(packet), MSG_NOSIGNAL), strlen(packet));
	control_server_dispatch(f->server);
}

#define REQUEST "request\nnumber=+44 7911\ntext=Request OTP alice x 10.0.0.1\n"

static void test_requests_are_answered_later(void **state)
{
	struct fixture *f = *state;
	struct control_later first;
	struct control_message item = {.used = 0};
	int other;

	post(f, f->fd, REQUEST);
	assert_string_equal(fake.sender, "+44 7911");
	assert_string_equal(fake.text, "Request OTP alice x 10.0.0.1");
	assert_true(recv(f->fd, &other, 1, MSG_DONTWAIT) < 0);
	first = fake.later;
	/* A second one of the same client would overtake. */
	ask_error(f, REQUEST, QK_ERR_AGAIN);
	assert_int_equal(fake.requests, 1);

	assert_int_equal(control_init(&item, "item") | control_add(&item, "reply", "1 2 3"), 0);
	control_server_answer(f->server, &first, 0, &item);
	assert_int_equal(control_receive(f->fd, &m), 0);
	expect("reply", "1 2 3");
	assert_int_equal(control_receive(f->fd, &m), 0);
	assert_string_equal(m.verb, "ok");
	post(f, f->fd, REQUEST);
	control_server_answer(f->server, &fake.later, QK_ERR_AGAIN, NULL);
	assert_int_equal(control_receive(f->fd, &m), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_AGAIN);

	/* Who has gone gets nothing, nor does who came to the same place. */
	assert_int_equal(control_connect(f->path, &other), 0);
	control_server_dispatch(f->server);
	post(f, other, REQUEST);
	first = fake.later;
	close(other);
	control_server_dispatch(f->server);
	assert_int_equal(control_connect(f->path, &other), 0);
	control_server_dispatch(f->server);
	post(f, other, REQUEST);
	assert_int_equal(fake.later.place, first.place);
	control_server_answer(f->server, &first, 0, &item);
	control_server_answer(f->server, &fake.later, 0, NULL);
	assert_int_equal(control_receive(other, &m), 0);
	assert_string_equal(m.verb, "ok");
	close(other);
	ask_error(f, "request\nnumber=+447911\n", QK_ERR_CONTROL);
}

static void test_waiting_ones_leave_room(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_WAITING_MAX], others[2 * (CONTROL_CLIENTS_MAX - CONTROL_WAITING_MAX - 1)];
	const size_t count = sizeof(others) / sizeof(others[0]);

	for (size_t i = 0; i < CONTROL_WAITING_MAX; i++) {
		assert_int_equal(control_connect(f->path, &fds[i]), 0);
		control_server_dispatch(f->server);
		post(f, fds[i], REQUEST);
	}
	assert_int_equal(fake.requests, CONTROL_WAITING_MAX);
	ask_error(f, REQUEST, QK_ERR_AGAIN);
	/* However many come, it is not those who wait that make room. */
	for (size_t i = 0; i < count; i++) {
		if (i == count / 2)
			usleep((CONTROL_GRACE_S * 1000 + 100) * 1000);
		assert_int_equal(control_connect(f->path, &others[i]), 0);
		control_server_dispatch(f->server);
		ask_on(f, others[i], "user-get\nuser=nobody\n");
	}
	for (size_t i = 0; i < CONTROL_WAITING_MAX; i++)
		assert_int_equal(recv(fds[i], &m, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	control_server_answer(f->server, &fake.later, 0, NULL);
	assert_int_equal(control_receive(fds[CONTROL_WAITING_MAX - 1], &m), 0);
	assert_string_equal(m.verb, "ok");
	for (size_t i = 0; i < CONTROL_WAITING_MAX; i++)
		close(fds[i]);
	for (size_t i = 0; i < count; i++)
		close(others[i]);
}

static void test_listings_come_in_pages(void **state)
{
	struct fixture *f = *state;
	unsigned pages;

	assert_int_equal(walk(f, "pending", "", "user", &pages), FAKE_PENDING);
	assert_int_equal(pages, 3);
	assert_int_equal(walk(f, "pending", "limit=40\n", "user", &pages), FAKE_PENDING);
	assert_int_equal(pages, 4);
	assert_int_equal(walk(f, "pending", "limit=1000000\n", "user", &pages), FAKE_PENDING);
	assert_int_equal(pages, 3);
	assert_int_equal(walk(f, "user-list", "", NULL, &pages), 0);
	assert_int_equal(pages, 1);
	ask_ok(f, "user-add\nuser=alice\n");
	ask_ok(f, "user-add\nuser=bob\n");
	assert_int_equal(walk(f, "user-list", "limit=1\n", "user", &pages), 2);
	ask_error(f, "pending\nlimit=0\n", QK_ERR_CONTROL);
	ask_error(f, "pending\nlimit=x\n", QK_ERR_CONTROL);
}

static void add_grants(void)
{
	for (unsigned i = 0; i < FAKE_GRANTS; i++) {
		struct store_grant *g = &fake.grants[fake.grant_count++];

		g->grant.id = UINT64_MAX - i;
		g->grant.expires_ns = clock_boot_ns() + 30 * CLOCK_NS_PER_S;
		g->grant.single_use = i % 2 == 0;
		strcpy(g->grant.user, "alice");
		strcpy(g->grant.service, i < 60 ? "ssh" : "web");
		address_parse(&g->grant.client, "10.0.0.0");
		g->grant.client.b[15] = (uint8_t)i;
	}
}

static void test_grants(void **state)
{
	struct fixture *f = *state;
	unsigned pages;

	assert_int_equal(walk(f, "grants", "", NULL, &pages), 0);
	add_grants();
	assert_int_equal(walk(f, "grants", "", NULL, &pages), FAKE_GRANTS);
	assert_int_equal(pages, 3);
	assert_int_equal(walk(f, "grants", "limit=7\n", NULL, &pages), FAKE_GRANTS);
	ask_item(f, "grants\nlimit=1\nafter=ssh 10.0.0.58\n");
	expect("id", "ffffffffffffffc4");
	expect("service", "ssh");
	expect("address", "10.0.0.59");
	expect("seconds-left", "30");
	expect("single-use", "no");
	ask_item(f, "grants\nlimit=1\nafter=ssh 10.0.0.59\n");
	expect("service", "web");
	expect("single-use", "yes");
	ask_error(f, "grants\nafter=ssh\n", QK_ERR_CONTROL);
	ask_error(f, "grants\nafter=ssh 10.0.0\n", QK_ERR_CONTROL);

	ask_item(f, "revoke\nservice=ssh\n");
	expect("revoked", "60");
	ask_item(f, "revoke\nservice=ssh\naddress=10.0.0.3\n");
	expect("revoked", "1");
	ask_item(f, "revoke\nall=yes\n");
	expect("revoked", "130");
	ask_error(f, "revoke\n", QK_ERR_CONTROL);
	ask_error(f, "revoke\nall=no\n", QK_ERR_CONTROL);
	ask_error(f, "revoke\nall=yes\nservice=ssh\n", QK_ERR_CONTROL);
	ask_error(f, "revoke\nservice=ftp\n", QK_ERR_NOT_FOUND);
	ask_error(f, "revoke\nservice=FTP\n", QK_ERR_SERVICE_NAME);
	ask_error(f, "revoke\naddress=10.0.0\n", QK_ERR_ADDRESS);
}

static void test_status_and_reload(void **state)
{
	struct fixture *f = *state;

	ask_item(f, "status\n");
	expect("version", "9");
	expect("packets-known", "1");
	expect("grants-live", "8");
	ask_ok(f, "reload\n");
	fake.reload = QK_ERR_CONFIG;
	ask_error(f, "reload\n", QK_ERR_CONFIG);
	ask_error(f, "status\nuser=alice\n", QK_ERR_CONTROL);
}

/* --- peers --- */

static void test_nonsense_is_answered(void **state)
{
	static char large[CONTROL_MESSAGE_MAX + 1];
	struct fixture *f = *state;

	ask_error(f, "frobnicate\n", QK_ERR_CONTROL);
	ask_error(f, "status", QK_ERR_CONTROL);
	memset(large, '\n', sizeof(large));
	assert_int_equal(send(f->fd, large, sizeof(large), 0), sizeof(large));
	control_server_dispatch(f->server);
	assert_int_equal(control_receive(f->fd, &m), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_CONTROL);
	ask_item(f, "status\n");
}

static void test_socket_is_private(void **state)
{
	struct fixture *f = *state;
	char dir[96];
	struct stat st;

	assert_int_equal(lstat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	assert_int_equal(lstat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_other_uids_are_denied(void **state)
{
	struct fixture *f = *state;
	char dir[96];
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root, to become somebody else\n");
		skip();
	}
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	assert_int_equal(chmod(f->dir, 0755) | chmod(dir, 0755) | chmod(f->path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0 || control_connect(f->path, &fd) != 0)
			_exit(1);
		_exit(control_receive(fd, &m) == 0 && control_error_code(&m) == QK_ERR_DENIED &&
			      control_receive(fd, &m) == QK_ERR_IO
			  ? 0
			  : 2);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		control_server_dispatch(f->server);
		usleep(1000);
	}
	assert_int_equal(status, 0);
}

static void test_adapter_hands_in_requests_only(void **state)
{
	const struct control_requests requests = {.adapter = 65534, .lock_after = 3};
	struct fixture *f = *state;
	char dir[96];
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root, to become somebody else\n");
		skip();
	}
	control_server_set_requests(f->server, &requests);
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	assert_int_equal(chmod(f->dir, 0755) | chmod(dir, 0755) | chmod(f->path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		static const char request[] = REQUEST, list[] = "user-list\n", issue[] = "issue\nuser=alice\n";
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0 || control_connect(f->path, &fd) != 0)
			_exit(1);
		if (send(fd, list, strlen(list), 0) < 0 || control_receive(fd, &m) != 0 ||
		    control_error_code(&m) != QK_ERR_DENIED)
			_exit(2);
		if (send(fd, issue, strlen(issue), 0) < 0 || control_receive(fd, &m) != 0 ||
		    control_error_code(&m) != QK_ERR_DENIED)
			_exit(3);
		if (send(fd, request, strlen(request), 0) < 0 || control_receive(fd, &m) != 0 ||
		    strcmp(m.verb, "ok") != 0)
			_exit(4);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		control_server_dispatch(f->server);
		if (fake.requests == 1)
			control_server_answer(f->server, &fake.later, 0, NULL);
		usleep(1000);
	}
	assert_int_equal(status, 0);
	assert_int_equal(fake.requests, 1);
}

static void test_one_that_does_not_read_is_dropped(void **state)
{
	struct fixture *f = *state;
	unsigned sent = 0, items = 0;
	int other;

	while (sent < 100 && send(f->fd, "pending\n", 8, MSG_NOSIGNAL | MSG_DONTWAIT) == 8) {
		control_server_dispatch(f->server);
		sent++;
	}
	assert_in_range(sent, 2, 99);
	while (control_receive(f->fd, &m) == 0)
		items++;
	assert_true(items > 50);
	assert_int_equal(control_connect(f->path, &other), 0);
	control_server_dispatch(f->server);
	ask_on(f, other, "status\n");
	assert_string_equal(m.verb, "item");
	close(other);
}

static void test_idle_and_many(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_CLIENTS_MAX];

	/* The most idle one, our first, makes room for the last of these. */
	usleep((CONTROL_GRACE_S * 1000 + 100) * 1000);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		assert_int_equal(control_connect(f->path, &fds[i]), 0);
		control_server_dispatch(f->server);
	}
	assert_int_equal(control_receive(f->fd, &m), QK_ERR_IO);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		ask_on(f, fds[i], "user-get\nuser=nobody\n");
		assert_int_equal(control_error_code(&m), QK_ERR_NOT_FOUND);
	}
	control_server_sweep(f->server, clock_boot_ns() + CONTROL_IDLE_S / 2 * CLOCK_NS_PER_S);
	ask_on(f, fds[0], "user-get\nuser=nobody\n");
	control_server_sweep(f->server, clock_boot_ns() + (CONTROL_IDLE_S + 1) * CLOCK_NS_PER_S);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		assert_int_equal(control_receive(fds[i], &m), QK_ERR_IO);
		close(fds[i]);
	}
}

static void test_late_ones_wait_for_a_place(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_CLIENTS_MAX];

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		assert_int_equal(control_connect(f->path, &fds[i]), 0);
		control_server_dispatch(f->server);
	}
	/* All have just come: none is dropped before it could ask, and the last waits. */
	post(f, fds[CONTROL_CLIENTS_MAX - 1], "user-get\nuser=nobody\n");
	control_server_dispatch(f->server);
	assert_int_equal(recv(fds[CONTROL_CLIENTS_MAX - 1], &m, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	ask_on(f, f->fd, "user-get\nuser=nobody\n");
	close(fds[0]);
	for (int i = 0; i < 3; i++)
		control_server_dispatch(f->server);
	assert_int_equal(control_receive(fds[CONTROL_CLIENTS_MAX - 1], &m), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_NOT_FOUND);
	for (size_t i = 1; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

/* However many adapters come and go on asking, an administrator is let in at once. */
static void test_adapters_leave_places(void **state)
{
	const struct control_requests requests = {.adapter = 65534, .lock_after = 3};
	struct fixture *f = *state;
	int fds[CONTROL_ADAPTERS_MAX + 1], other;
	char dir[96];

	if (geteuid() != 0) {
		print_message("needs root, to become somebody else\n");
		skip();
	}
	control_server_set_requests(f->server, &requests);
	snprintf(dir, sizeof(dir), "%s/run", f->dir);
	assert_int_equal(chmod(f->dir, 0755) | chmod(dir, 0755) | chmod(f->path, 0666), 0);
	for (size_t i = 0; i <= CONTROL_ADAPTERS_MAX; i++) {
		assert_int_equal(seteuid(65534), 0);
		assert_int_equal(control_connect(f->path, &fds[i]), 0);
		assert_int_equal(seteuid(0), 0);
		control_server_dispatch(f->server);
	}
	assert_int_equal(control_receive(fds[CONTROL_ADAPTERS_MAX], &m), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_AGAIN);
	for (size_t i = 0; i < CONTROL_ADAPTERS_MAX; i++) {
		ask_on(f, fds[i], "user-list\n");
		assert_int_equal(control_error_code(&m), QK_ERR_DENIED);
	}
	for (size_t i = CONTROL_ADAPTERS_MAX + 1; i < CONTROL_CLIENTS_MAX; i++) {
		assert_int_equal(control_connect(f->path, &other), 0);
		control_server_dispatch(f->server);
		ask_on(f, other, "user-get\nuser=nobody\n");
	}
	ask_error(f, "user-get\nuser=nobody\n", QK_ERR_NOT_FOUND);
	for (size_t i = 0; i <= CONTROL_ADAPTERS_MAX; i++)
		close(fds[i]);
}

static void test_sockets_are_replaced_with_care(void **state)
{
	struct fixture *f = *state;
	struct control_socket *second;
	char aside[128];
	FILE *file;

	assert_int_equal(control_socket_open(f->path, (gid_t)-1, &f->log, &second), QK_ERR_EXISTS);
	assert_null(second);
	assert_non_null(strstr(f->last, "another daemon"));
	ask_item(f, "status\n");

	/* A dead socket is replaced, and closing the one that was moved leaves the new one alone. */
	snprintf(aside, sizeof(aside), "%s.aside", f->path);
	assert_int_equal(rename(f->path, aside), 0);
	assert_int_equal(control_socket_open(f->path, (gid_t)-1, &f->log, &second), 0);
	control_socket_close(f->socket);
	f->socket = second;
	assert_int_equal(access(f->path, F_OK), 0);
	assert_int_equal(rename(aside, f->path), 0);
	assert_int_equal(control_socket_open(f->path, (gid_t)-1, &f->log, &second), 0);
	control_socket_close(second);
	assert_int_equal(access(f->path, F_OK), -1);

	file = fopen(f->path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_socket_open(f->path, (gid_t)-1, &f->log, &second), QK_ERR_IO);
	assert_int_equal(access(f->path, F_OK), 0);
	snprintf(aside, sizeof(aside), "%s/no/such/control", f->dir);
	assert_int_equal(control_socket_open(aside, (gid_t)-1, &f->log, &second), QK_ERR_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_users),
	    TEST(test_bad_users),
	    TEST(test_profile_comes_line_by_line),
	    TEST(test_issue),
	    TEST(test_sheets),
	    TEST(test_numbers_and_locks),
	    TEST(test_requests_are_answered_later),
	    TEST(test_waiting_ones_leave_room),
	    TEST(test_adapter_hands_in_requests_only),
	    TEST(test_listings_come_in_pages),
	    TEST(test_grants),
	    TEST(test_status_and_reload),
	    TEST(test_nonsense_is_answered),
	    TEST(test_socket_is_private),
	    TEST(test_other_uids_are_denied),
	    TEST(test_one_that_does_not_read_is_dropped),
	    TEST(test_idle_and_many),
	    TEST(test_late_ones_wait_for_a_place),
	    TEST(test_adapters_leave_places),
	    TEST(test_sockets_are_replaced_with_care),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
