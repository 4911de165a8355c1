/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <string.h>

#include "qknock/hops.h"

static struct profile profile;

static void allow(size_t count, uint16_t a, uint16_t b, uint16_t c)
{
	profile.widths[0] = a;
	profile.widths[1] = b;
	profile.widths[2] = c;
	profile.width_count = count;
}

static int allow_all(void **state)
{
	(void)state;
	allow(3, 0, 8, 64);
	return 0;
}

static struct hops_facts facts_of(const char *client, unsigned prefix, const char *server)
{
	struct hops_facts facts = {.client_is_local = true, .prefix = prefix, .raw = true};

	assert_int_equal(address_parse(&facts.client, client), 0);
	assert_int_equal(address_parse(&facts.server, server), 0);
	return facts;
}

static void expect(struct hops_facts facts, unsigned width, const char *reason)
{
	struct hops_choice choice = hops_choose(&facts, &profile);

	if (choice.width != width || strstr(choice.reason, reason) == NULL)
		fail_msg("hop width %u: %s", choice.width, choice.reason);
}

static void test_v4_in_the_servers_own_network(void **state)
{
	(void)state;
	expect(facts_of("172.17.12.20", 24, "172.17.12.32"), 8, "own network");
	expect(facts_of("172.17.12.20", 16, "172.17.99.32"), 8, "own network");
	expect(facts_of("172.17.12.20", 24, "172.17.13.32"), 0, "outside of this host's network");
	expect(facts_of("172.17.12.20", 23, "172.17.13.32"), 8, "own network");
	expect(facts_of("172.17.12.20", 23, "172.17.14.32"), 0, "outside");
	expect(facts_of("172.17.12.20", 25, "172.17.12.32"), 0, "fewer than 256");
	expect(facts_of("172.17.12.20", 32, "172.17.12.32"), 0, "fewer than 256");
	expect(facts_of("172.17.12.20", 0, "172.17.12.32"), 0, "fewer than 256");
}

static void test_v4_needs_raw_sockets(void **state)
{
	struct hops_facts facts = facts_of("172.17.12.20", 24, "172.17.12.32");

	(void)state;
	facts.raw = false;
	expect(facts, 0, "raw sockets");
}

static void test_v6_own_64(void **state)
{
	struct hops_facts facts = facts_of("2001:db8:c::20", 64, "2001:db8:5::32");

	(void)state;
	expect(facts, 64, "/64");
	facts.raw = false; /* datagrams do as well */
	expect(facts, 64, "/64");
	facts.prefix = 48;
	expect(facts, 64, "/64");
	facts.prefix = 65;
	expect(facts, 0, "no on-link network");
	facts.prefix = 128;
	expect(facts, 0, "no on-link network");
	facts.prefix = 0;
	expect(facts, 0, "no on-link network");
	expect(facts_of("fe80::1", 64, "fe80::2"), 0, "link-local");
}

static void test_not_from_elsewhere(void **state)
{
	struct hops_facts facts = facts_of("2001:db8:c::20", 64, "2001:db8:5::32");

	(void)state;
	facts.client_is_local = false;
	expect(facts, 0, "NAT");
	facts = facts_of("127.0.0.1", 8, "127.0.0.2");
	facts.server_is_local = true;
	expect(facts, 0, "server is this host");
}

static void test_what_the_profile_disallows_is_never_chosen(void **state)
{
	struct hops_facts v4 = facts_of("172.17.12.20", 24, "172.17.12.32");
	struct hops_facts v6 = facts_of("2001:db8:c::20", 64, "2001:db8:5::32");

	(void)state;
	allow(1, 0, 0, 0);
	expect(v4, 0, "profile allows no other");
	expect(v6, 0, "profile allows no other");
	allow(2, 0, 64, 0);
	expect(v4, 0, "profile allows no other");
	expect(v6, 64, "/64");
	allow(2, 0, 8, 0);
	expect(v4, 8, "own network");
	expect(v6, 0, "profile allows no other");
}

static void test_where_the_profile_demands_hopping(void **state)
{
	struct hops_facts far = facts_of("172.17.12.20", 24, "198.51.100.1");

	(void)state;
	allow(1, 8, 0, 0);
	expect(far, 8, "does not allow knocks without");
	far.client_is_local = false;
	expect(far, 0, "NAT");
	allow(1, 64, 0, 0);
	expect(facts_of("2001:db8:c::20", 128, "2001:db8:5::32"), 64, "does not allow knocks without");
}

/* What the loopback interface of any host has. */
static void test_the_kernel_is_asked(void **state)
{
	struct peer peer = {.client_is_local = true};
	struct hops_facts facts;

	(void)state;
	assert_int_equal(address_parse(&peer.client, "127.0.0.1"), 0);
	assert_int_equal(address_parse(&peer.server, "127.0.0.2"), 0);
	hops_look(&peer, true, &facts);
	assert_int_equal(facts.prefix, 8);
	assert_true(facts.server_is_local && facts.client_is_local && facts.raw);
	assert_true(address_equal(&facts.client, &peer.client) && address_equal(&facts.server, &peer.server));
	assert_int_equal(address_parse(&peer.client, "203.0.113.7"), 0);
	assert_int_equal(address_parse(&peer.server, "203.0.113.8"), 0);
	hops_look(&peer, false, &facts);
	assert_int_equal(facts.prefix, 0);
	assert_false(facts.server_is_local || facts.raw);
}

#define CASE(name) cmocka_unit_test_setup(name, allow_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_v4_in_the_servers_own_network),
	    CASE(test_v4_needs_raw_sockets),
	    CASE(test_v6_own_64),
	    CASE(test_not_from_elsewhere),
	    CASE(test_what_the_profile_disallows_is_never_chosen),
	    CASE(test_where_the_profile_demands_hopping),
	    CASE(test_the_kernel_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
