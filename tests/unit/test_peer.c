/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <string.h>

#include "libcore/error.h"
#include "qknock/peer.h"
#include "qknock/syn_flow.h"
#include "tests/unit/quiet.h"

static char said[1024];

static int find_in(int family, const char *host, const char *address, struct peer *out)
{
	int rc;

	quiet_begin();
	rc = peer_find(host, family, address, out);
	quiet_end(said, sizeof(said));
	return rc;
}

static int find(const char *host, const char *address, struct peer *out)
{
	return find_in(AF_UNSPEC, host, address, out);
}

static bool is_private(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(&a, text), 0);
	return peer_is_private(&a);
}

static void test_private_addresses(void **state)
{
	static const char *const private[] = {"10.1.2.3",  "172.16.0.1",  "172.31.255.255", "192.168.0.1",
					      "127.0.0.1", "169.254.1.1", "100.64.0.1",	    "100.127.0.1",
					      "fe80::1",   "fd00::1",	  "fc00::1",	    "::1"};
	static const char *const public[] = {"11.1.2.3",    "172.15.0.1", "172.32.0.1",	 "192.169.0.1", "100.63.0.1",
					     "100.128.0.1", "8.8.8.8",	  "2001:db8::1", "fec0::1",	"::2"};

	(void)state;
	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
		assert_true(is_private(private[i]));
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		assert_false(is_private(public[i]));
}

static void test_local_address_towards_the_server(void **state)
{
	char text[ADDRESS_TEXT_SIZE];
	struct peer peer;

	(void)state;
	assert_int_equal(find("127.0.0.2", NULL, &peer), 0);
	address_format(&peer.client, text);
	assert_string_equal(text, "127.0.0.1");
	assert_true(peer.client_is_local);
	assert_int_equal(((struct sockaddr_in *)&peer.sa)->sin_port, 0);
	peer_set_port(&peer.sa, 8800);
	assert_int_equal(ntohs(((struct sockaddr_in *)&peer.sa)->sin_port), 8800);
}

static void test_named_address(void **state)
{
	struct peer peer;

	(void)state;
	assert_int_equal(find("127.0.0.2", "127.9.9.9", &peer), 0);
	assert_true(peer.client_is_local);
	assert_int_equal(find("127.0.0.2", "192.0.2.77", &peer), 0);
	assert_false(peer.client_is_local);
	assert_int_equal(find("127.0.0.2", "localhost", &peer), QK_ERR_ADDRESS);
	assert_int_equal(find("127.0.0.2", "2001:db8::1", &peer), QK_ERR_NOT_FOUND);
	assert_non_null(strstr(said, "looked for IPv6"));
}

static void test_family(void **state)
{
	struct peer peer;

	(void)state;
	assert_int_equal(find_in(AF_INET, "127.0.0.2", NULL, &peer), 0);
	assert_int_equal(find_in(AF_INET6, "127.0.0.2", NULL, &peer), QK_ERR_NOT_FOUND);
	assert_int_equal(find_in(AF_INET, "::1", NULL, &peer), QK_ERR_NOT_FOUND);
	/* The address decides. */
	assert_int_equal(find_in(AF_INET6, "127.0.0.2", "127.0.0.1", &peer), 0);
}

static void test_unknown_host(void **state)
{
	struct peer peer;

	(void)state;
	assert_int_equal(find("no such..host", NULL, &peer), QK_ERR_NOT_FOUND);
	assert_non_null(strstr(said, "no such..host"));
}

static void test_drawn_flows(void **state)
{
	struct syn_flow a, b;
	unsigned different = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(syn_flow_draw(true, &a), 0);
		assert_int_equal(syn_flow_draw(true, &b), 0);
		assert_int_equal((a.source_port ^ b.source_port) & 1, 0);
		assert_true(a.source_port >= 1024);
		different += a.timestamp_offset != b.timestamp_offset && a.source_port != b.source_port;
	}
	assert_true(different > 15);
	assert_int_equal(syn_flow_draw(false, &a), 0);
	assert_int_equal(a.timestamp_offset, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_private_addresses), cmocka_unit_test(test_local_address_towards_the_server),
	    cmocka_unit_test(test_named_address),     cmocka_unit_test(test_family),
	    cmocka_unit_test(test_unknown_host),      cmocka_unit_test(test_drawn_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
