/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "libcore/connection.h"
#include "libcore/error.h"
#include "libcore/grant.h"
#include "libcore/grantdir.h"
#include "tests/unit/grants.h"

/* Both ends of a TCP connection over the loopback, as its two processes would see it: we keep the server's end. */
struct connection {
	int server, client;
	uint16_t port; /* of the client's end */
};

static int listener = -1;
static struct sockaddr_in listening;

static int set_up(void **state)
{
	socklen_t len = sizeof(listening);

	listening = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&listening, len) != 0 || listen(listener, 8) != 0 ||
	    getsockname(listener, (struct sockaddr *)&listening, &len) != 0)
		return -1;
	return set_up_base(state);
}

static int tear_down(void **state)
{
	close(listener);
	return tear_down_base(state);
}

/* The client's end is bound to 127.0.0.2, so that only the server's end leads to that address. */
static struct connection open_connection(uint16_t port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct connection c;
	socklen_t len = sizeof(own);
	int one = 1;

	assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &own.sin_addr), 1);
	c.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(c.client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(c.client, (struct sockaddr *)&own, len), 0);
	assert_int_equal(connect(c.client, (struct sockaddr *)&listening, sizeof(listening)), 0);
	c.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(c.server >= 0);
	assert_int_equal(getsockname(c.client, (struct sockaddr *)&own, &len), 0);
	c.port = ntohs(own.sin_port);
	return c;
}

/* By RST, so that the port can be used again at once. */
static void close_connection(struct connection *c)
{
	struct linger reset = {1, 0};

	if (c->client >= 0) {
		setsockopt(c->client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(c->client);
	}
	close(c->server);
}

static struct address client_address(void)
{
	struct address a;

	assert_int_equal(address_parse(&a, "127.0.0.2"), 0);
	return a;
}

static struct grant put(uint64_t id, bool single_use)
{
	struct grant g = live_grant(id, "ssh", "127.0.0.2");
	struct grantdir *dir;

	g.single_use = single_use;
	snprintf(g.logins, sizeof(g.logins), "root backup");
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &dir), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	grantdir_close(dir);
	return g;
}

static int login_as(struct grant_login *login, struct grant *g)
{
	struct address client = client_address();

	return grant_login(grants, "ssh", &client, 0, login, g);
}

/* A check that knows nothing of an earlier one but the connection. */
static int fresh_login(uint16_t port)
{
	struct grant_login login = {.port = port};
	struct grant g;

	return login_as(&login, &g);
}

static void test_connection_is_told_from_others(void **state)
{
	struct address client = client_address();
	struct connection a, b;
	uint64_t number_a, number_b, again;
	int second;

	(void)state;
	assert_int_equal(connection_find(&client, 0, &number_a), QK_ERR_NOT_FOUND);
	a = open_connection(0);
	assert_int_equal(connection_find(&client, 0, &number_a), 0);
	assert_true(number_a != 0);
	assert_int_equal(connection_find(&client, a.port, &again), 0);
	assert_true(again == number_a);
	assert_int_equal(connection_find(&client, a.port + 1, &again), QK_ERR_NOT_FOUND);
	assert_true(again == 0);
	b = open_connection(0);
	assert_int_equal(connection_find(&client, 0, &again), QK_ERR_NOT_FOUND);
	assert_true(again == 0);
	assert_int_equal(connection_find(&client, b.port, &number_b), 0);
	assert_true(number_b != 0 && number_b != number_a);
	/* A second descriptor of one socket is no second connection. */
	close_connection(&b);
	second = dup(a.server);
	assert_true(second >= 0);
	assert_int_equal(connection_find(&client, 0, &again), 0);
	assert_true(again == number_a);
	close(second);
	close_connection(&a);
}

static void test_the_same_port_again_is_another_connection(void **state)
{
	struct address client = client_address();
	struct connection a = open_connection(0);
	uint16_t port = a.port;
	uint64_t before, after;

	(void)state;
	assert_int_equal(connection_find(&client, port, &before), 0);
	close_connection(&a);
	a = open_connection(port);
	assert_int_equal(a.port, port);
	assert_int_equal(connection_find(&client, port, &after), 0);
	assert_true(before != after);
	close_connection(&a);
}

static void test_a_grant_for_many_uses_is_left_alone(void **state)
{
	struct grant_login login = {.port = 1};
	struct grant g;

	(void)state;
	put(1, false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(login_as(&login, &g), 0);
		assert_true(g.id == 1);
		assert_true(login.claimed == 0);
	}
}

static void test_one_login_claims_once(void **state)
{
	struct grant_login login = {.claim = true};
	struct grant_login other = {.claim = true};
	struct grant g;

	(void)state;
	put(1, false);
	assert_int_equal(login_as(&login, &g), 0);
	assert_true(login.claimed == 1);
	/* No connection that could be told: the id must be handed in. */
	assert_int_equal(login_as(&login, &g), 0);
	assert_true(login.claimed == 1);
	assert_int_equal(login_as(&other, &g), QK_ERR_GRANT_NONE);
	assert_true(other.claimed == 0);
	assert_true(g.id == 0);
	/* What the login had is gone: a new grant is taken anew. */
	put(2, true);
	login.claimed = 99;
	assert_int_equal(login_as(&login, &g), 0);
	assert_true(login.claimed == 2);
}

static void test_processes_of_one_connection_are_one_login(void **state)
{
	struct connection a = open_connection(0);
	int status;

	(void)state;
	put(1, true);
	if (fork() == 0)
		_exit(fresh_login(a.port) == 0 ? 0 : 1);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(fresh_login(a.port), 0);
	assert_int_equal(fresh_login(0), 0);
	if (fork() == 0) {
		close(a.server); /* what a process of the same daemon, or of the same parent, sees */
		_exit(fresh_login(a.port) == QK_ERR_GRANT_NONE ? 0 : 1);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	close_connection(&a);
}

static void test_another_connection_is_another_login(void **state)
{
	struct connection a = open_connection(0), b;
	uint16_t port = a.port;

	(void)state;
	put(1, true);
	assert_int_equal(fresh_login(port), 0);
	b = open_connection(0);
	assert_int_equal(fresh_login(b.port), QK_ERR_GRANT_NONE);
	assert_int_equal(fresh_login(0), QK_ERR_GRANT_NONE);
	close_connection(&b);
	/* Someone behind the same NAT who gets the port that the first one had. */
	close_connection(&a);
	a = open_connection(port);
	assert_int_equal(fresh_login(port), QK_ERR_GRANT_NONE);
	close_connection(&a);
}

static void test_a_taken_grant_ends_with_its_life(void **state)
{
	struct connection a = open_connection(0);
	struct address client = client_address();
	struct grant_login login = {.port = a.port};
	struct grantdir *dir;
	struct grant g = put(1, true), got;
	char service[256];

	(void)state;
	snprintf(service, sizeof(service), "%s/ssh", grants);
	assert_int_equal(login_as(&login, &got), 0);
	assert_true(exists(service, ".claim.127.0.0.2"));
	/* It was given a second ago: too long for a check that allows no more. */
	assert_int_equal(grant_login(grants, "ssh", &client, 1000, &login, &got), 0);
	assert_int_equal(grant_login(grants, "ssh", &client, 1, &login, &got), QK_ERR_GRANT_NONE);
	assert_int_equal(fresh_login(a.port), 0);
	/* Revoked. */
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &dir), 0);
	assert_int_equal(grantdir_remove(dir, &g), 0);
	grantdir_close(dir);
	assert_false(exists(service, ".used.0000000000000001"));
	assert_false(exists(service, ".claim.127.0.0.2"));
	login.claimed = 1;
	assert_int_equal(login_as(&login, &got), QK_ERR_GRANT_NONE);
	assert_int_equal(fresh_login(a.port), QK_ERR_GRANT_NONE);
	close_connection(&a);
}

static void test_the_account_must_fit(void **state)
{
	static const struct {
		const char *name;
		int rc;
	} cases[] = {
	    {"alice", 0},
	    {"root", 0},
	    {"backup", 0},
	    {"bob", QK_ERR_GRANT_USER},
	    {"roo", QK_ERR_GRANT_USER},
	    {"root backup", QK_ERR_GRANT_USER},
	    {"ALICE", QK_ERR_GRANT_USER},
	    {"", QK_ERR_GRANT_USER},
	    {NULL, 0},
	};
	struct grant g;

	(void)state;
	put(1, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct grant_login login = {.name = cases[i].name};

		assert_int_equal(login_as(&login, &g), cases[i].rc);
	}
}

/* Who may not log in doesn't take the grant away from who may. */
static void test_the_wrong_account_takes_nothing(void **state)
{
	struct grant_login wrong = {.name = "bob"}, right = {.name = "root"};
	struct grant g;

	(void)state;
	put(1, true);
	assert_int_equal(login_as(&wrong, &g), QK_ERR_GRANT_USER);
	assert_int_equal(login_as(&right, &g), 0);
	/* And what was taken is held to the account again. */
	wrong.claimed = 1;
	assert_int_equal(login_as(&wrong, &g), QK_ERR_GRANT_NONE);
}

static int count(void *arg, const struct grant *g, bool used)
{
	(void)g;
	assert_true(used);
	++*(int *)arg;
	return 0;
}

static void test_the_writer_keeps_and_sweeps_notes(void **state)
{
	struct connection a = open_connection(0);
	struct grantdir *dir;
	char service[256], path[300];
	int seen = 0;

	(void)state;
	put(1, true);
	assert_int_equal(fresh_login(a.port), 0);
	snprintf(service, sizeof(service), "%s/ssh", grants);
	snprintf(path, sizeof(path), "%s/.claim.127.0.0.3", service);
	assert_int_equal(symlink("00000000000000ff.0000000000000001", path), 0); /* no such marker */
	snprintf(path, sizeof(path), "%s/.claim.127.0.0.4", service);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/.tmp.left-behind", service);
	assert_int_equal(symlink("x", path), 0);
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &dir), 0);
	assert_int_equal(grantdir_walk(dir, count, &seen), 0);
	grantdir_close(dir);
	assert_int_equal(seen, 1);
	assert_true(exists(service, ".claim.127.0.0.2"));
	assert_false(exists(service, ".claim.127.0.0.3"));
	assert_false(exists(service, ".claim.127.0.0.4"));
	assert_false(exists(service, ".tmp.left-behind"));
	assert_int_equal(fresh_login(a.port), 0);
	close_connection(&a);
}

static void test_malformed_notes_are_none(void **state)
{
	static const char *const texts[] = {
	    "0000000000000001",
	    "0000000000000001.",
	    "0000000000000001.0000000000000000",
	    "0000000000000000.0000000000000001",
	    "0000000000000001 0000000000000001",
	    "0000000000000001.000000000000000A",
	    "0000000000000001.00000000000000011",
	    "1.1",
	};
	struct grant_claim claim;

	(void)state;
	assert_int_equal(chdir(base), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unlink("note");
		assert_int_equal(symlink(texts[i], "note"), 0);
		assert_int_equal(grant_claim_read(AT_FDCWD, "note", &claim), QK_ERR_GRANT_FORMAT);
		assert_true(claim.id == 0 && claim.connection == 0);
	}
	unlink("note");
	assert_int_equal(grant_claim_read(AT_FDCWD, "note", &claim), QK_ERR_NOT_FOUND);
	write_file("note", "0000000000000001.0000000000000001", 33);
	assert_int_equal(grant_claim_read(AT_FDCWD, "note", &claim), QK_ERR_GRANT_FORMAT);
	unlink("note");
	assert_int_equal(symlink("0000000000000001.0000000000000002", "note"), 0);
	assert_int_equal(grant_claim_read(AT_FDCWD, "note", &claim), 0);
	assert_true(claim.id == 1 && claim.connection == 2);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
#define WITH_BASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    WITH_BASE(test_connection_is_told_from_others),
	    WITH_BASE(test_the_same_port_again_is_another_connection),
	    WITH_BASE(test_a_grant_for_many_uses_is_left_alone),
	    WITH_BASE(test_one_login_claims_once),
	    WITH_BASE(test_processes_of_one_connection_are_one_login),
	    WITH_BASE(test_another_connection_is_another_login),
	    WITH_BASE(test_a_taken_grant_ends_with_its_life),
	    WITH_BASE(test_the_account_must_fit),
	    WITH_BASE(test_the_wrong_account_takes_nothing),
	    WITH_BASE(test_the_writer_keeps_and_sweeps_notes),
	    WITH_BASE(test_malformed_notes_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
