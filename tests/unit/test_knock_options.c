/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <string.h>

#include "qknock/client.h"
#include "qknock/knock_options.h"
#include "qknock/say.h"
#include "tests/unit/quiet.h"

#define ARGS_MAX 24

static struct knock_options o;
static char said[1024];

/* The words of line, cut at blanks, as argv. */
static int parse(const char *line)
{
	static char copy[256];
	static char *argv[ARGS_MAX + 1];
	int argc = 0, rc;

	argv[argc++] = (char *)"qknock knock";
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	say_set_level(SAY_NORMAL);
	quiet_begin();
	rc = knock_options_parse(&o, argc, argv);
	quiet_end(said, sizeof(said));
	return rc;
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("ssh"), CLIENT_OK);
	assert_string_equal(o.service, "ssh");
	assert_null(o.profile);
	assert_null(o.host);
	assert_null(o.address);
	assert_int_equal(o.width, 0);
	assert_int_equal(o.carrier, KNOCK_CARRIER_AUTO);
	assert_int_equal(o.repeat, 2);
	assert_int_equal(o.gap_ms, 4);
	assert_false(o.ignore_age || o.dry_run || o.show_words || o.json);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_key_command_takes_all_the_rest),
	    cmocka_unit_test(test_faults_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
