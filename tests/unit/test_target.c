/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/target.h"
#include "tests/unit/quiet.h"

static char home[] = "/tmp/test_target.XXXXXX";
static char said[2048];

static void save(const char *name, const char *server_id, const char *host, const char *services)
{
	char text[PROFILE_TEXT_SIZE];
	struct profile profile;

	snprintf(text, sizeof(text),
		 "qknock-profile 1\nserver-id %s\n%s%s%suser alice\nn 18446743979220271189\nports 8800-8899\ncount 12\n"
		 "validity 120\nwidths 0\n%s",
		 server_id, host[0] != '\0' ? "host " : "", host, host[0] != '\0' ? "\n" : "", services);
	assert_int_equal(profile_parse(&profile, text, strlen(text), NULL), 0);
	assert_int_equal(profile_store_save(name, &profile, false), 0);
}

static int make_home(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(home));
	setenv("XDG_CONFIG_HOME", home, 1);
	save("gw", "gw.example", "gw.example.net",
	     "service ssh tcp 22\nservice web tcp 80\nservice web2 tcp 80\n"
	     "service vpn udp 22\n");
	save("bare", "bare.example", "", "service ssh tcp 22\n");
	save("six", "six.example", "2001:db8::1", "service ssh tcp 22\n");
	save("twin-a", "a.example", "twin.example", "service ssh tcp 22\n");
	save("twin-b", "b.example", "twin.example", "service ssh tcp 22\nservice imap tcp 143\n");
	save("gw.example.net", "other.example", "203.0.113.9",
	     "service pop tcp 110\n"); /* a name that is another's host */
	return 0;
}

static int remove_home(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static int find(const char *host, uint16_t port, const char *profile, const char *service, struct target *out)
{
	const struct knock_options options = {.target = host, .port = port, .profile = profile, .service = service};
	int rc;

	quiet_begin();
	rc = target_find(&options, out);
	quiet_end(said, sizeof(said));
	return rc;
}

static void test_what_host_and_port_mean(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *profile, *service; /* options */
		const char *found, *meant, *connect;
	} cases[] = {
	    {"gw", 22, NULL, NULL, "gw", "ssh", "gw.example.net"},
	    {"gw.example", 22, NULL, NULL, "gw", "ssh", "gw.example.net"},
	    {"GW.Example.", 22, NULL, NULL, "gw", "ssh", "gw.example.net"},
	    {"gw.example.net.", 22, NULL, NULL, "gw", "ssh", "gw.example.net."},
	    {"bare", 22, NULL, NULL, "bare", "ssh", "bare"},
	    {"bare.example", 22, NULL, NULL, "bare", "ssh", "bare.example"},
	    {"2001:DB8:0::1", 22, NULL, NULL, "six", "ssh", "2001:DB8:0::1"},
	    {"gw", 2222, NULL, "ssh", "gw", "ssh", "gw.example.net"},
	    {"gw", 80, NULL, "web2", "gw", "web2", "gw.example.net"},
	    /* Of two that are meant equally, the one that has the service. */
	    {"twin.example", 143, NULL, NULL, "twin-b", "imap", "twin.example"},
	    {"twin.example", 22, "twin-a", NULL, "twin-a", "ssh", "twin.example"},
	    /* A name goes before a host, but not when only the latter's profile has the service. */
	    {"gw.example.net", 110, NULL, NULL, "gw.example.net", "pop", "203.0.113.9"},
	    {"gw.example.net", 22, NULL, NULL, "gw", "ssh", "gw.example.net"},
	    /* A host that no profile knows. */
	    {"198.51.100.1", 22, "bare", NULL, "bare", "ssh", "198.51.100.1"},
	    {"198.51.100.1", 22, "gw", NULL, "gw", "ssh", "198.51.100.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target t;

		if (find(cases[i].host, cases[i].port, cases[i].profile, cases[i].service, &t) != 0)
			fail_msg("%s %u: %s", cases[i].host, cases[i].port, said);
		assert_string_equal(t.profile, cases[i].found);
		assert_string_equal(t.service, cases[i].meant);
		assert_string_equal(t.host, cases[i].connect);
	}
}

static void test_what_cannot_be_told_is_said(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *profile, *service, *message;
	} cases[] = {
	    {"nowhere.example", 22, NULL, NULL, "no profile is for host nowhere.example"},
	    {"gw", 2222, NULL, NULL, "profile gw has no tcp service on port 2222"},
	    {"gw", 2222, NULL, NULL, "there are ssh (tcp 22) web (tcp 80) web2 (tcp 80) vpn (udp 22)"},
	    {"gw", 80, NULL, NULL, "several tcp services on port 80"},
	    {"gw", 22, NULL, "smtp", "no tcp service smtp"},
	    {"gw", 22, NULL, "vpn", "no tcp service vpn"},
	    {"twin.example", 22, NULL, NULL, "2 profiles are for host twin.example"},
	    {"gw", 22, "absent", NULL, "no profile absent"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target t;

		assert_int_equal(find(cases[i].host, cases[i].port, cases[i].profile, cases[i].service, &t),
				 QK_ERR_NOT_FOUND);
		if (strstr(said, cases[i].message) == NULL)
			fail_msg("'%s'", said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_host_and_port_mean),
	    cmocka_unit_test(test_what_cannot_be_told_is_said),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
