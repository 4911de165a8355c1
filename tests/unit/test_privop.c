/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper does for a verifier, and what it refuses to one that is no longer itself. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/hooks.h"
#include "qknockd/privop.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define NOW (UINT64_C(1000) * CLOCK_NS_PER_S)
#define DAY (UINT64_C(86400) * CLOCK_NS_PER_S)

static struct config *config, *old;
static struct privop_context context;
static union privop_packet packet;

static int setup(void **state)
{
	static const char text[] = "server_id = gw\n"
				   "service ssh { port = 22\n open = {/bin/true}\n close = {/bin/true} }\n"
				   "service web { port = 80 }\n";
	static const char old_text[] = "server_id = gw\nservice gone { port = 22\n close = {/bin/true} }\n";

	(void)state;
	if (config_parse("TEST", text, sizeof(text) - 1, NULL, &config) != 0 ||
	    config_parse("TEST", old_text, sizeof(old_text) - 1, NULL, &old) != 0)
		return -1;
	context = (struct privop_context){.config = config, .generation = 7, .boot_id = BOOT, .now_ns = NOW};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	config_free(old);
	return 0;
}

/* A grant of 30 s for ssh from 198.51.100.7. */
static struct privop_request *good(enum privop op)
{
	static const uint8_t client[16] = {[10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51, [14] = 100, [15] = 7};
	struct privop_grant *g = &packet.request.grant;

	memset(&packet, 0, sizeof(packet));
	packet.request.op = op;
	packet.request.generation = 7;
	*g = (struct privop_grant){.id = 1, .granted_ns = NOW, .expires_ns = NOW + 30 * CLOCK_NS_PER_S};
	memcpy(g->client, client, sizeof(client));
	strcpy(g->boot_id, BOOT);
	strcpy(g->user, "alice");
	strcpy(g->logins, "root backup");
	strcpy(g->service, "ssh");
	return &packet.request;
}

static int check(void)
{
	return privop_check(&packet, sizeof(packet.request), PRIVOP_VERIFIER, &context);
}

static void test_what_is_asked_for(void **state)
{
	(void)state;
	for (uint32_t place = 0; place < PRIVOP_PLACES; place++) {
		for (uint32_t op = PRIVOP_PLACE_SET; op <= PRIVOP_PLACE_RECOVERED; op++) {
			good(op)->place = op == PRIVOP_PLACE_PUT_BOTH ? 0 : place;
			assert_int_equal(check(), 0);
		}
	}
	good(PRIVOP_RUN_HOOK)->hook = HOOK_OPEN;
	assert_int_equal(check(), 0);
	good(PRIVOP_RUN_HOOK)->hook = HOOK_CLOSE;
	assert_int_equal(check(), 0);
	for (uint32_t op = PRIVOP_RELOAD; op <= PRIVOP_RELOAD_DONE; op++) {
		good(op);
		assert_int_equal(check(), 0);
	}
}

/* Each process has its own operations. */
static void test_who_may_ask(void **state)
{
	static const unsigned others[] = {PRIVOP_CAPTURE, PRIVOP_HASHER};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t op = 0; op < PRIVOP_COUNT; op++) {
			bool may = op == PRIVOP_READY || (op == PRIVOP_ALIVE && others[i] == PRIVOP_CAPTURE);
			int expected = may ? 0 : QK_ERR_CONTROL;

			good(op);
			assert_int_equal(privop_check(&packet, sizeof(packet.request), others[i], &context), expected);
		}
	}
}

static void test_sizes(void **state)
{
	(void)state;
	good(PRIVOP_PLACE_PUT);
	for (size_t len = 0; len < sizeof(packet); len++)
		if (len != sizeof(packet.request))
			assert_int_equal(privop_check(&packet, len, PRIVOP_VERIFIER, &context), QK_ERR_CONTROL);
	for (uint32_t op = PRIVOP_COUNT; op < PRIVOP_COUNT + 100; op++) {
		good(op);
		assert_int_equal(check(), QK_ERR_CONTROL);
	}
	good(UINT32_MAX);
	assert_int_equal(check(), QK_ERR_CONTROL);
}

static void test_log_lines(void **state)
{
	(void)state;
	memset(&packet, 0, sizeof(packet));
	packet.log.level = LOG_LEVEL_DEBUG;
	strcpy(packet.log.text, "x");
	assert_int_equal(privop_check(&packet, sizeof(packet.log), PRIVOP_CAPTURE, &context), 0);
	assert_int_equal(privop_check(&packet, sizeof(packet.log) - 1, PRIVOP_CAPTURE, &context), QK_ERR_CONTROL);
	packet.log.level = LOG_LEVEL_DEBUG + 1;
	assert_int_equal(privop_check(&packet, sizeof(packet.log), PRIVOP_CAPTURE, &context), QK_ERR_CONTROL);
	packet.log.level = LOG_LEVEL_DEBUG;
	memset(packet.log.text, 'x', sizeof(packet.log.text));
	assert_int_equal(privop_check(&packet, sizeof(packet.log), PRIVOP_CAPTURE, &context), QK_ERR_CONTROL);
}

#define REFUSED(op, change)                                                                                            \
	do {                                                                                                           \
		struct privop_request *r = good(op);                                                                   \
		struct privop_grant *g = &r->grant;                                                                    \
		(void)g;                                                                                               \
		change;                                                                                                \
		if (check() != QK_ERR_DENIED)                                                                          \
			fail_msg("%s with %s was not refused", #op, #change);                                          \
	} while (0)

/* What has to hold of every grant, whatever is done with it. */
#define REFUSED_GRANTS(op)                                                                                             \
	REFUSED(op, g->id = 0);                                                                                        \
	REFUSED(op, strcpy(g->service, "nosuch"));                                                                     \
	REFUSED(op, strcpy(g->service, "../ssh"));                                                                     \
	REFUSED(op, g->service[0] = '\0');                                                                             \
	REFUSED(op, memset(g->service, 's', sizeof(g->service)));                                                      \
	REFUSED(op, strcpy(g->user, "Alice;rm"));                                                                      \
	REFUSED(op, g->user[0] = '\0');                                                                                \
	REFUSED(op, memset(g->user, 'a', sizeof(g->user)));                                                            \
	REFUSED(op, strcpy(g->logins, "a/b"));                                                                         \
	REFUSED(op, strcpy(g->logins, "a\nexpires 9"));                                                                \
	REFUSED(op, memset(g->logins, 'a', sizeof(g->logins)));                                                        \
	REFUSED(op, memset(g->boot_id, 'a', sizeof(g->boot_id)));                                                      \
	REFUSED(op, memset(g->client, 0, 16));                                                                         \
	REFUSED(op, memset(g->client, 0xff, 16));                                                                      \
	REFUSED(op, g->client[12] = 224);                                                                              \
	REFUSED(op, g->client[12] = 0);                                                                                \
	REFUSED(op, g->single_use = 2)

static void refuse_out_of_bounds(enum privop op)
{
	REFUSED_GRANTS(op);
	REFUSED(op, r->place = PRIVOP_PLACES);
	REFUSED(op, r->place = UINT32_MAX);
	REFUSED(op, g->boot_id[0] = 'f');
	REFUSED(op, g->expires_ns = g->granted_ns);
	REFUSED(op, g->granted_ns = g->expires_ns + 1);
	REFUSED(op, g->expires_ns = UINT64_MAX);
	REFUSED(op, g->expires_ns = NOW + DAY + 1);
	REFUSED(op, (g->granted_ns = NOW + DAY, g->expires_ns = NOW + 2 * DAY));
	REFUSED(op, (g->granted_ns = 0, g->expires_ns = UINT64_MAX));
	/* The longest there is. */
	good(op)->grant.expires_ns = NOW + DAY;
	assert_int_equal(check(), 0);
}

static void test_grants_out_of_bounds(void **state)
{
	(void)state;
	refuse_out_of_bounds(PRIVOP_PLACE_PUT);
	refuse_out_of_bounds(PRIVOP_PLACE_PUT_BOTH);
	REFUSED(PRIVOP_PLACE_PUT_BOTH, r->place = 1);
	REFUSED(PRIVOP_PLACE_PUT_BOTH, r->value = 1);
}

static void test_places_and_removals(void **state)
{
	(void)state;
	for (uint32_t op = PRIVOP_PLACE_SET; op <= PRIVOP_PLACE_RECOVERED; op++)
		REFUSED(op, r->place = PRIVOP_PLACES);
	REFUSED(PRIVOP_PLACE_REMOVE, g->id = 0);
	REFUSED(PRIVOP_PLACE_REMOVE, strcpy(g->service, "../ssh"));
	REFUSED(PRIVOP_PLACE_REMOVE, memset(g->service, 's', sizeof(g->service)));
	REFUSED(PRIVOP_PLACE_REMOVE, g->single_use = 255);
	/* What was left of a service that is gone, and of nobody. */
	strcpy(good(PRIVOP_PLACE_REMOVE)->grant.service, "gone");
	packet.request.grant.user[0] = '\0';
	assert_int_equal(check(), 0);
}

static void test_hooks(void **state)
{
	(void)state;
	REFUSED_GRANTS(PRIVOP_RUN_HOOK);
	REFUSED(PRIVOP_RUN_HOOK, r->hook = 2);
	REFUSED(PRIVOP_RUN_HOOK, r->hook = UINT32_MAX);
	REFUSED(PRIVOP_RUN_HOOK, r->generation = 6);
	REFUSED(PRIVOP_RUN_HOOK, r->generation = 8);
	REFUSED(PRIVOP_RUN_HOOK, strcpy(g->service, "web")); /* it has none */
	/* An end that is made up for belongs to another boot. */
	good(PRIVOP_RUN_HOOK)->grant.boot_id[0] = 'f';
	assert_int_equal(check(), 0);
}

/* During a reload, and only then, those of the configuration before. */
static void test_hooks_during_a_reload(void **state)
{
	struct privop_request *r = good(PRIVOP_RUN_HOOK);

	(void)state;
	strcpy(r->grant.service, "gone");
	r->hook = HOOK_CLOSE;
	r->generation = 6;
	assert_int_equal(check(), QK_ERR_DENIED);
	context.old = old;
	assert_int_equal(check(), 0);
	r->hook = HOOK_OPEN;
	assert_int_equal(check(), QK_ERR_DENIED);
	r->hook = HOOK_CLOSE;
	r->generation = 7;
	assert_int_equal(check(), QK_ERR_DENIED);
	r->generation = 5;
	assert_int_equal(check(), QK_ERR_DENIED);
}

static void test_packing(void **state)
{
	struct store_grant grant, again;
	struct privop_grant packed;

	(void)state;
	privop_unpack(&good(PRIVOP_PLACE_PUT)->grant, &grant);
	grant.expires_wall_s = 17;
	grant.grant.single_use = true;
	privop_pack(&grant, &packed);
	privop_unpack(&packed, &again);
	assert_memory_equal(&grant, &again, sizeof(grant));
	assert_string_equal(again.grant.user, "alice");
}

static void test_messages_with_descriptors(void **state)
{
	int fds[2], file, got;
	char text[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(privop_send(fds[0], "abc", 4, file, 0), 0);
	assert_int_equal(privop_receive(fds[1], text, sizeof(text), &got, 0), 4);
	assert_true(got >= 0);
	close(got);
	/* One that is too long is not taken for its beginning, and what came with it is not kept. */
	assert_int_equal(privop_send(fds[0], "abcdefghijk", 12, file, 0), 0);
	assert_int_equal(privop_receive(fds[1], text, sizeof(text), &got, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(got, -1);
	close(fds[0]);
	assert_int_equal(privop_receive(fds[1], text, sizeof(text), &got, 0), 0);
	close(fds[1]);
	close(file);
}

/* Descriptors that nobody would close. */
static void test_message_with_two_descriptors(void **state)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {.room = {0}};
	char text[8] = "abc";
	struct iovec part = {text, 4};
	struct msghdr m = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fds[2], got, before, after;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	control.header =
	    (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int))};
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	assert_int_equal(sendmsg(fds[0], &m, 0), 4);
	before = dup(fds[0]);
	close(before);
	assert_int_equal(privop_receive(fds[1], text, sizeof(text), &got, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(got, -1);
	after = dup(fds[0]);
	assert_int_equal(after, before);
	close(after);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_asked_for),
	    TEST(test_who_may_ask),
	    TEST(test_sizes),
	    TEST(test_log_lines),
	    TEST(test_grants_out_of_bounds),
	    TEST(test_places_and_removals),
	    TEST(test_hooks),
	    TEST(test_hooks_during_a_reload),
	    TEST(test_packing),
	    TEST(test_messages_with_descriptors),
	    TEST(test_message_with_two_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
