/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "knockwrap/environ.h"
#include "knockwrap/options.h"
#include "libcore/grant.h"

static struct options options;
static struct fault fault;
static char *arguments[64];

/* Splits line at blanks; "''" is an empty argument. */
static enum status parse(const char *line)
{
	static char copy[4096];
	int argc = 0;
	char *save;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < 63);
		arguments[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	}
	arguments[argc] = NULL;
	fault.text[0] = '\0';
	return options_parse(&options, argc, arguments, "/nowhere", &fault);
}

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("knockwrap --service ssh -- /usr/sbin/sshd -i"), STATUS_OK);
	assert_int_equal(options.mode, OPTIONS_LAUNCH);
	assert_string_equal(options.service, "ssh");
	assert_string_equal(options.grants, GRANT_DIR_DEFAULT);
	assert_int_equal(options.max_age_s, 0);
	assert_false(options.single_use);
	assert_null(options.user);
	assert_null(options.root);
	assert_int_equal(options.env_count, 0);
	assert_int_equal(options.mask, 022);
	assert_int_equal(options.refusal.reject, REJECT_RESET);
	assert_int_equal(options.refusal.hold_s, 30);
	assert_int_equal(options.refusal.hold_limit, 64);
	assert_int_equal(options.report.level, REPORT_ALL);
	assert_int_equal(options.report.facility, LOG_DAEMON);
	assert_false(options.report.to_stderr);
	assert_string_equal(options.program[0], "/usr/sbin/sshd");
	assert_string_equal(options.program[1], "-i");
	assert_null(options.program[2]);
}

static void every_option(void **state)
{
	(void)state;
	assert_int_equal(parse("/usr/sbin/knockwrap --service=echo --grants /g --single-use --max-age=10 --user a:b "
			       "--chroot /jail --env A=1 --env=B --umask 077 --reject drop --banner-timeout 600 "
			       "--drop-limit=1024 --log refused --log-to authpriv /bin/cat --service x"),
			 STATUS_OK);
	assert_string_equal(options.service, "echo");
	assert_string_equal(options.grants, "/g");
	assert_true(options.single_use);
	assert_int_equal(options.max_age_s, 10);
	assert_string_equal(options.user, "a:b");
	assert_string_equal(options.root, "/jail");
	assert_int_equal(options.env_count, 2);
	assert_string_equal(options.env[0], "A=1");
	assert_string_equal(options.env[1], "B");
	assert_int_equal(options.mask, 077);
	assert_int_equal(options.refusal.reject, REJECT_DROP);
	assert_int_equal(options.refusal.hold_s, 600);
	assert_int_equal(options.refusal.hold_limit, 1024);
	assert_int_equal(options.report.level, REPORT_REFUSED);
	assert_int_equal(options.report.facility, LOG_AUTHPRIV);
	assert_string_equal(options.program[0], "/bin/cat");
	assert_string_equal(options.program[1], "--service");
	assert_int_equal(parse("knockwrap --service x --reject close --log errors --log-to stderr -- /a"), STATUS_OK);
	assert_int_equal(options.refusal.reject, REJECT_CLOSE);
	assert_int_equal(options.report.level, REPORT_ERRORS);
	assert_true(options.report.to_stderr);
	assert_int_equal(parse("knockwrap --service x --reject reset --log all --umask 0027 -- /a"), STATUS_OK);
	assert_int_equal(options.refusal.reject, REJECT_RESET);
	assert_int_equal(options.report.level, REPORT_ALL);
	assert_int_equal(options.mask, 027);
}

static void modes(void **state)
{
	struct address a;
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(parse("knockwrap -h"), STATUS_OK);
	assert_int_equal(options.mode, OPTIONS_HELP);
	assert_int_equal(parse("knockwrap --version"), STATUS_OK);
	assert_int_equal(options.mode, OPTIONS_VERSION);
	assert_int_equal(parse("knockwrap --check ::ffff:192.0.2.7 --service ssh --peek"), STATUS_OK);
	assert_int_equal(options.mode, OPTIONS_CHECK);
	assert_true(options.peek);
	address_format(&options.check, text);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(parse("knockwrap --service ssh --check fe80::1%eth0"), STATUS_OK);
	assert_int_equal(address_parse(&a, "fe80::1"), 0);
	assert_true(address_equal(&options.check, &a));
}

/* Each line must be a usage fault whose text contains the word behind it. */
static void faults(void **state)
{
	static const struct {
		const char *line, *says;
	} wrong[] = {
	    {"knockwrap", "--service is missing"},
	    {"knockwrap -- /bin/cat", "--service is missing"},
	    {"knockwrap --service ssh", "no program"},
	    {"knockwrap --service ssh --", "no program"},
	    {"knockwrap --service ssh -- sshd", "absolute"},
	    {"knockwrap --service ssh ''", "absolute"},
	    {"knockwrap --service ssh -- ./sshd", "absolute"},
	    {"knockwrap --service SSH -- /a", "--service: expected"},
	    {"knockwrap --service ../x -- /a", "--service: expected"},
	    {"knockwrap --service= -- /a", "--service: expected"},
	    {"knockwrap --service sixteen-letters-x -- /a", "--service: expected"},
	    {"knockwrap --service", "--service: expected"},
	    {"knockwrap --serv ssh -- /a", "--serv: no such option"},
	    {"knockwrap --services ssh -- /a", "no such option"},
	    {"knockwrap -x", "-x: no such option"},
	    {"knockwrap -", "-: no such option"},
	    {"knockwrap --service ssh --grants run -- /a", "--grants: expected"},
	    {"knockwrap --service ssh --single-use=yes -- /a", "takes no value"},
	    {"knockwrap --service ssh --max-age 0 -- /a", "--max-age: expected"},
	    {"knockwrap --service ssh --max-age -1 -- /a", "--max-age: expected"},
	    {"knockwrap --service ssh --max-age 4294967296 -- /a", "--max-age: expected"},
	    {"knockwrap --service ssh --max-age 1s -- /a", "--max-age: expected"},
	    {"knockwrap --service ssh --user= -- /a", "--user: expected"},
	    {"knockwrap --service ssh --chroot jail -- /a", "--chroot: expected"},
	    {"knockwrap --service ssh --env =x -- /a", "--env: expected"},
	    {"knockwrap --service ssh --env 1A=x -- /a", "--env: expected"},
	    {"knockwrap --service ssh --env A-B=x -- /a", "--env: expected"},
	    {"knockwrap --service ssh --env REMOTE_HOST=x -- /a", "--env: expected"},
	    {"knockwrap --service ssh --env QKNOCK_USER -- /a", "--env: expected"},
	    {"knockwrap --service ssh --umask 8 -- /a", "--umask: expected"},
	    {"knockwrap --service ssh --umask 1777 -- /a", "--umask: expected"},
	    {"knockwrap --service ssh --umask= -- /a", "--umask: expected"},
	    {"knockwrap --service ssh --reject RESET -- /a", "--reject: expected"},
	    {"knockwrap --service ssh --banner-timeout 601 -- /a", "--banner-timeout: expected"},
	    {"knockwrap --service ssh --drop-limit 0 -- /a", "--drop-limit: expected"},
	    {"knockwrap --service ssh --drop-limit 1025 -- /a", "--drop-limit: expected"},
	    {"knockwrap --service ssh --log some -- /a", "--log: expected"},
	    {"knockwrap --service ssh --log-to kern -- /a", "--log-to: expected"},
	    {"knockwrap --service ssh --peek -- /a", "--peek goes with"},
	    {"knockwrap --check 192.0.2.7", "--service is missing"},
	    {"knockwrap --service ssh --check host.example", "--check: expected"},
	    {"knockwrap --service ssh --check 192.0.2.7%eth0", "--check: expected"},
	    {"knockwrap --service ssh --check ''", "--check: expected"},
	    {"knockwrap --service ssh --check 192.0.2.7 -- /a", "starts no program"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		enum status status = parse(wrong[i].line);

		if (status != STATUS_USAGE || strstr(fault.text, wrong[i].says) == NULL)
			fail_msg("%s: status %d, \"%s\"", wrong[i].line, status, fault.text);
	}
}

static void many_variables(void **state)
{
	char line[4096] = "knockwrap --service ssh";

	(void)state;
	for (int i = 0; i < 25; i++)
		strcat(line, " --env=A=1");
	strcat(line, " -- /a");
	assert_int_equal(parse(line), STATUS_OK);
	assert_int_equal(options.env_count, 25);
	strcpy(line, "knockwrap --service ssh");
	for (int i = 0; i < 33; i++)
		strcat(line, " --env=A=1");
	assert_int_equal(parse(line), STATUS_USAGE);
	assert_non_null(strstr(fault.text, "--env"));
}

/* What was understood before a fault decides where the fault is reported. */
static void faults_keep_what_came_before(void **state)
{
	(void)state;
	assert_int_equal(parse("knockwrap --log-to local3 --service ssh --bogus -- /a"), STATUS_USAGE);
	assert_int_equal(options.report.facility, LOG_LOCAL3);
}

static char servers[64];

static int servers_set_up(void **state)
{
	char path[128];

	(void)state;
	strcpy(servers, "/tmp/qknock-unit.XXXXXX");
	if (mkdtemp(servers) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/ssh", servers);
	if (symlink("/usr/sbin/sshd", path) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/relative", servers);
	if (symlink("sshd", path) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/own", servers);
	return mkdir(path, 0755);
}

static int servers_tear_down(void **state)
{
	static const char *const names[] = {"ssh", "relative"};
	char path[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", servers, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/own", servers);
	rmdir(path);
	return rmdir(servers);
}

static enum status parse_link(const char *name, const char *dir)
{
	static char copy[512];
	static char dash_i[] = "-i", service[] = "--service";

	snprintf(copy, sizeof(copy), "%s", name);
	arguments[0] = copy;
	arguments[1] = dash_i;
	arguments[2] = service;
	arguments[3] = NULL;
	return options_parse(&options, 3, arguments, dir, &fault);
}

static void link_names(void **state)
{
	char own[128];

	(void)state;
	assert_int_equal(parse_link("/usr/lib/inetd/ssh", servers), STATUS_OK);
	assert_int_equal(options.mode, OPTIONS_LAUNCH);
	assert_string_equal(options.service, "ssh");
	assert_string_equal(options.program[0], "/usr/sbin/sshd");
	assert_string_equal(options.program[1], "-i");
	assert_string_equal(options.program[2], "--service");
	assert_null(options.program[3]);
	assert_int_equal(parse_link("own", servers), STATUS_OK);
	snprintf(own, sizeof(own), "%s/own", servers);
	assert_string_equal(options.program[0], own);
	assert_int_equal(parse_link("relative", servers), STATUS_CANNOT_RUN);
	assert_int_equal(parse_link("telnet", servers), STATUS_NOT_FOUND);
	assert_int_equal(parse_link("ssh", "/nowhere"), STATUS_NOT_FOUND);
	assert_int_equal(chmod(servers, 0777), 0);
	assert_int_equal(parse_link("ssh", servers), STATUS_CANNOT_RUN);
	assert_int_equal(chmod(servers, 0755), 0);
}

static void hostile_names(void **state)
{
	static const char *const names[] = {
	    "", "/", ".", "..", "ssh/", "-ssh ", "%n%n%n%s", "knockwrap2/..", "Ssh", "ss\nh", "sixteen-letters-x"};
	char *none[] = {NULL};
	char longest[500];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(parse_link(names[i], servers), STATUS_USAGE);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(parse_link(longest, servers), STATUS_USAGE);
	assert_int_equal(options_parse(&options, 0, none, servers, &fault), STATUS_USAGE);
}

/* Every option of the table is in the help, and the other way round. */
static void help_is_whole(void **state)
{
	static const char *const names[] = {
	    "--service",	"--grants",	"--single-use", "--max-age", "--user",	"--chroot", "--env",
	    "--umask",		"--reject",	"--log ",	"--log-to",  "--check", "--peek",   "--help",
	    "--banner-timeout", "--drop-limit", "--version",	"-h",	     "-V",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(options_help(), names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(every_option),
	    cmocka_unit_test(modes),
	    cmocka_unit_test(faults),
	    cmocka_unit_test(many_variables),
	    cmocka_unit_test(faults_keep_what_came_before),
	    cmocka_unit_test_setup_teardown(link_names, servers_set_up, servers_tear_down),
	    cmocka_unit_test_setup_teardown(hostile_names, servers_set_up, servers_tear_down),
	    cmocka_unit_test(help_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
