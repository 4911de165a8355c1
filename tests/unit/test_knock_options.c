/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <string.h>

#include "qknock/client.h"
#include "qknock/hops.h"
#include "qknock/knock_options.h"
#include "qknock/say.h"
#include "tests/unit/quiet.h"

#define ARGS_MAX 24

static struct knock_options o;
static char said[1024];

/* The words of line, cut at blanks, as argv. */
static int parse_as(enum knock_verb verb, const char *line)
{
	static char copy[256];
	static char *argv[ARGS_MAX + 1];
	int argc = 0, rc;

	argv[argc++] = (char *)"qknock";
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	say_set_level(SAY_NORMAL);
	quiet_begin();
	rc = knock_options_parse(&o, verb, argc, argv);
	quiet_end(said, sizeof(said));
	return rc;
}

static int parse(const char *line)
{
	return parse_as(KNOCK_VERB_KNOCK, line);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("ssh"), CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_null(o.profile);
	assert_null(o.host);
	assert_null(o.address);
	assert_int_equal(o.width, HOPS_AUTO);
	assert_false(o.explain);
	assert_int_equal(o.carrier, KNOCK_CARRIER_AUTO);
	assert_int_equal(o.repeat, 2);
	assert_int_equal(o.gap_ms, 4);
	assert_false(o.ignore_age || o.dry_run || o.show_words || o.json);
	assert_false(o.key.stdin_is_taken);
	assert_null(o.key.file);
	assert_null(o.key.command);
	assert_int_equal(say_get_level(), SAY_NORMAL);
}

static void test_everything(void **state)
{
	(void)state;
	assert_int_equal(parse("-p gw --host h --address 1.2.3.4 --hop 64 ssh --carrier udp --repeat 10 --gap 0 "
			       "--key-file k --ignore-age --dry-run --show-words --json -v"),
			 CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_string_equal(o.profile, "gw");
	assert_string_equal(o.host, "h");
	assert_string_equal(o.address, "1.2.3.4");
	assert_string_equal(o.key.file, "k");
	assert_int_equal(o.width, 64);
	assert_int_equal(o.carrier, KNOCK_CARRIER_UDP);
	assert_int_equal(o.repeat, 10);
	assert_int_equal(o.gap_ms, 0);
	assert_true(o.ignore_age && o.dry_run && o.show_words && o.json);
	assert_int_equal(say_get_level(), SAY_VERBOSE);

	assert_int_equal(parse("--hop 8 --no-hop -c syn -q -- ssh"), CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_int_equal(o.width, 0);
	assert_int_equal(o.carrier, KNOCK_CARRIER_SYN);
	assert_int_equal(say_get_level(), SAY_QUIET);
}

static void test_key_command_takes_all_the_rest(void **state)
{
	(void)state;
	assert_int_equal(parse("ssh --json --key-command pass show --json -v x"), CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_string_equal(o.key.command[0], "pass");
	assert_string_equal(o.key.command[1], "show");
	assert_string_equal(o.key.command[2], "--json");
	assert_string_equal(o.key.command[4], "x");
	assert_null(o.key.command[5]);
	assert_int_equal(say_get_level(), SAY_NORMAL);
}

static void test_faults_are_named(void **state)
{
	static const struct {
		const char *line, *message;
	} bad[] = {
	    {"", "needs the name of a service"},
	    {"ssh web", "one service"},
	    {"-- ssh web", "one service"},
	    {"ssh --hop 16", "--hop must be"},
	    {"ssh --hop 08", "--hop must be"},
	    {"ssh --carrier tcp", "--carrier must be"},
	    {"ssh --repeat 0", "--repeat must be"},
	    {"ssh --repeat 11", "--repeat must be"},
	    {"ssh --repeat 2x", "--repeat must be"},
	    {"ssh --gap 10001", "--gap must be"},
	    {"ssh --gap -1", "--gap must be"},
	    {"ssh --key-command", "needs a command"},
	    {"--key-command ssh", "needs the name of a service"},
	    {"ssh --key-file f --key-command c", "exclude each other"},
	    {"ssh --key-file f --clipboard", "exclude each other"},
	    {"ssh --otp-command x --clipboard", "exclude each other"},
	    {"ssh --otp-command", "requires an argument"},
	    {"ssh --show-words", "needs --dry-run"},
	    {"ssh --nonsense", "unrecognized option"},
	    {"ssh --profile", "requires an argument"},
	    {"ssh --json=1", "doesn't allow an argument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].line), CLIENT_USAGE);
		assert_non_null(strstr(said, bad[i].message));
		assert_non_null(strstr(said, "qknock"));
	}
}

static void test_connect(void **state)
{
	(void)state;
	assert_int_equal(parse_as(KNOCK_VERB_CONNECT, "gw.example 22"), CLIENT_OK);
	assert_string_equal(o.target, "gw.example");
	assert_int_equal(o.port, 22);
	assert_null(o.service);
	assert_int_equal(o.timeout_s, 10);
	assert_true(o.key.stdin_is_taken); /* it carries the connection */
	assert_false(o.fdpass || o.always_knock);

	assert_int_equal(parse_as(KNOCK_VERB_CONNECT, "--fdpass -s ssh --always-knock -t 3 -p gw -- ::1 2222"),
			 CLIENT_OK);
	assert_string_equal(o.target, "::1");
	assert_int_equal(o.port, 2222);
	assert_string_equal(o.service, "ssh");
	assert_string_equal(o.profile, "gw");
	assert_int_equal(o.timeout_s, 3);
	assert_true(o.fdpass && o.always_knock);

	assert_int_equal(parse_as(KNOCK_VERB_CONNECT, "gw 22 --key-command pass --json"), CLIENT_OK);
	assert_string_equal(o.key.command[1], "--json");
	assert_false(o.json);
}

static void test_exec(void **state)
{
	(void)state;
	assert_int_equal(parse_as(KNOCK_VERB_EXEC, "-j ssh --no-wait -- scp -v --json x"), CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_true(o.json && o.no_wait && o.key.stdin_is_taken);
	assert_string_equal(o.command[0], "scp");
	assert_string_equal(o.command[1], "-v");
	assert_string_equal(o.command[3], "x");
	assert_null(o.command[4]);
	assert_int_equal(say_get_level(), SAY_NORMAL);

	assert_int_equal(parse_as(KNOCK_VERB_EXEC, "ssh scp -v -- -q"), CLIENT_OK); /* the second argument begins it */
	assert_string_equal(o.command[0], "scp");
	assert_string_equal(o.command[1], "-v");
	assert_string_equal(o.command[2], "--");
	assert_int_equal(say_get_level(), SAY_NORMAL);
}

static void test_faults_of_connect_and_exec(void **state)
{
	static const struct {
		enum knock_verb verb;
		const char *line, *message;
	} bad[] = {
	    {KNOCK_VERB_CONNECT, "", "needs HOST and PORT"},
	    {KNOCK_VERB_CONNECT, "gw", "needs HOST and PORT"},
	    {KNOCK_VERB_CONNECT, "gw 0", "PORT must be"},
	    {KNOCK_VERB_CONNECT, "gw 65536", "PORT must be"},
	    {KNOCK_VERB_CONNECT, "gw ssh", "PORT must be"},
	    {KNOCK_VERB_CONNECT, "gw 22 key", "HOST and PORT, not 'key'"},
	    {KNOCK_VERB_CONNECT, "a/b 22", "neither a host's name nor an address"},
	    {KNOCK_VERB_CONNECT, "-- -oX 22", "neither a host's name nor an address"},
	    {KNOCK_VERB_CONNECT, "gw 22 --timeout 0", "--timeout must be"},
	    {KNOCK_VERB_CONNECT, "gw 22 --dry-run", "connect takes no --dry-run"},
	    {KNOCK_VERB_CONNECT, "gw 22 --no-wait", "connect takes no --no-wait"},
	    {KNOCK_VERB_EXEC, "--service x ssh -- true", "exec takes no --service"},
	    {KNOCK_VERB_EXEC, "--fdpass ssh -- true", "exec takes no --fdpass"},
	    {KNOCK_VERB_EXEC, "ssh --key-command cat k -- true", "exec takes no --key-command"},
	    {KNOCK_VERB_EXEC, "", "needs the name of a service"},
	    {KNOCK_VERB_EXEC, "ssh", "needs a command"},
	    {KNOCK_VERB_EXEC, "ssh --", "needs a command"},
	    {KNOCK_VERB_KNOCK, "ssh --fdpass", "knock takes no --fdpass"},
	    {KNOCK_VERB_KNOCK, "ssh -t 3", "knock takes no --timeout"},
	    {KNOCK_VERB_KNOCK, "ssh --always-knock", "knock takes no --always-knock"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_as(bad[i].verb, bad[i].line), CLIENT_USAGE);
		if (strstr(said, bad[i].message) == NULL)
			fail_msg("'%s': '%s'", bad[i].line, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_key_command_takes_all_the_rest),
	    cmocka_unit_test(test_faults_are_named),
	    cmocka_unit_test(test_connect),
	    cmocka_unit_test(test_exec),
	    cmocka_unit_test(test_faults_of_connect_and_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
