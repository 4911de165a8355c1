/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "libcore/complete.h"

static char offered[2048];

static void offer(void *arg, const char *word, const char *description)
{
	size_t len = strlen(offered);

	assert_ptr_equal(arg, offered);
	snprintf(offered + len, sizeof(offered) - len, "%s%s%s%s;", word, description != NULL ? "(" : "",
		 description != NULL ? description : "", description != NULL ? ")" : "");
}

static void offer_values(void *arg, const char *command, const char *option, const char *placeholder,
			 char *const *words, size_t count)
{
	size_t len = strlen(offered);

	(void)arg;
	(void)words;
	snprintf(offered + len, sizeof(offered) - len, "<%s|%s|%s|%zu>;", command, option != NULL ? option : "",
		 placeholder, count);
}

static const struct complete_command commands[] = {
    {"send", "send it", NULL,
     "Usage: prog send [OPTIONS] FILE... [--quick]\n"
     "       prog send all NAME\n\n"
     "Sends. prog send is quick:\n\n"
     "  -t, --to HOST|NAME   where to\n"
     "      --mode a|b       how\n"
     "  -q, --quiet\n"},
    {"user add", "add one", "NAME [--p P --q Q] [--services A,B|--all] | --count N", NULL},
    {"user list", "list all", "", NULL},
    {"stop", "stop it", "[NAME...]", NULL},
};

static void expect(const char *line, const char *wanted)
{
	const struct complete c = {.program = "prog",
				   .commands = commands,
				   .count = sizeof(commands) / sizeof(commands[0]),
				   .common = "  -c, --config FILE   which\n",
				   .offer = offer,
				   .offer_values = offer_values,
				   .arg = offered};
	char copy[256], *words[32], *rest = copy;
	size_t count = 0;

	offered[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	while (count < 32 && (words[count] = strsep(&rest, " ")) != NULL)
		count++;
	complete(&c, words, count);
	if (strcmp(offered, wanted) != 0)
		fail_msg("\"%s\": \"%s\", not \"%s\"", line, offered, wanted);
}

static void test_commands(void **state)
{
	(void)state;
	expect("", "send(send it);user;stop(stop it);");
	expect("us", "send(send it);user;stop(stop it);");
	expect("user ", "add(add one);list(list all);");
	expect("-c f user ", "add(add one);list(list all);");
	expect("user -c f ", "add(add one);list(list all);");
	expect("nonsense ", "");
	expect("-c ", "<|-c|FILE|1>;");
	expect("--config ", "<|--config|FILE|1>;");
	expect("-", "--config(which);");
}

static void test_options(void **state)
{
	(void)state;
	expect("send -", "--config(which);--quick;--to(where to);--mode(how);--quiet;");
	expect("user add x --", "--config(which);--p;--q;--services;--all;--count;");
	expect("user list -", "--config(which);");
	expect("send --mode ", "<send|--mode|a|b|2>;");
	expect("send --mode -", "<send|--mode|a|b|2>;");
	expect("send -t ", "<send|--to|HOST|NAME|2>;");
	expect("user add --services ", "<user add|--services|A,B|3>;");
	expect("user add --p ", "<user add|--p|P|3>;");
	expect("user add --all ", "<user add||NAME|3>;");
}

static void test_operands(void **state)
{
	(void)state;
	expect("send ", "<send||FILE|1>;all;");
	expect("send --mode a -q ", "<send||FILE|4>;all;");
	expect("send x ", "<send||FILE|2>;");
	expect("send all ", "<send||FILE|2>;<send||NAME|2>;");
	expect("send x y z ", "<send||FILE|4>;");
	expect("user add ", "<user add||NAME|2>;");
	expect("user add x ", "");
	expect("user list ", "");
	expect("stop a b ", "<stop||NAME|3>;");
	expect("stop -- ", "<stop||COMMAND|2>;");
	expect("stop a -- b -", "<stop||COMMAND|4>;");
}

static void test_hostile_words(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	expect(longest, "send(send it);user;stop(stop it);");
	memset(longest, '-', sizeof(longest) - 1);
	expect(longest, "--config(which);");
	expect("--", "--config(which);");
	expect("-- ", "");
	expect("a b c d e f g h i j k l m n o p q r s t", "");
	expect("stop a b c d e f g h i j k l m n o p q r s t ", "<stop||NAME|21>;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_operands),
	    cmocka_unit_test(test_hostile_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
