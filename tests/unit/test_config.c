/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/config.h"
#include "libcore/error.h"

#define SERVICE "service ssh { port = 22 }\n"
#define MINIMAL "server_id = gw\n" SERVICE

static char lines[4096]; /* all that was logged, a newline behind each line */

static void collect(void *arg, enum log_level level, const char *line)
{
	size_t used = strlen(lines);

	(void)arg;
	assert_int_equal(level, LOG_LEVEL_ERROR);
	snprintf(lines + used, sizeof(lines) - used, "%s\n", line);
}

static const struct log logger = {collect, NULL, LOG_LEVEL_DEBUG};

static int parse(const char *text, struct config **config)
{
	lines[0] = '\0';
	return config_parse("FILE", text, strlen(text), &logger, config);
}

static struct config *good(const char *text)
{
	struct config *config;
	int rc = parse(text, &config);

	assert_string_equal(lines, "");
	assert_int_equal(rc, 0);
	assert_non_null(config);
	return config;
}

/* The whole of what is logged. */
static void expect_fault(const char *text, const char *fault)
{
	struct config *config;

	assert_int_equal(parse(text, &config), QK_ERR_CONFIG);
	assert_null(config);
	assert_string_equal(lines, fault);
}

static void test_defaults(void **state)
{
	struct config *config = good(MINIMAL);

	(void)state;
	assert_string_equal(config->server_id, "gw");
	assert_null(config->host);
	assert_string_equal(config->interfaces[0], "any");
	assert_null(config->interfaces[1]);
	assert_true(config->kernel_filter);
	assert_int_equal(config->shape.port_first, 8800);
	assert_int_equal(config->shape.port_last, 8899);
	assert_int_equal(config->shape.count, 12);
	assert_int_equal(config->width_count, 3);
	assert_int_equal(config->widths[0], 0);
	assert_int_equal(config->widths[1], 8);
	assert_int_equal(config->widths[2], 64);
	assert_int_equal(config->validity_s, 120);
	assert_int_equal(config->sheet_days, 90);
	assert_int_equal(config->hook_timeout_s, 30);
	assert_string_equal(config->store, LOCALSTATEDIR "/lib/qknock/qknock.db");
	assert_string_equal(config->control, RUNSTATEDIR "/qknock/control");
	assert_string_equal(config->grants_dir, RUNSTATEDIR "/qknock/grants");
	assert_null(config->group);
	assert_string_equal(config->table, "default");
	assert_null(config->sms_number);
	assert_null(config->requests.adapter);
	assert_null(config->requests.country);
	assert_int_equal(config->requests.per_number_hour, 12);
	assert_int_equal(config->requests.per_user_hour, 12);
	assert_int_equal(config->requests.back_off_max_s, 3600);
	assert_int_equal(config->requests.per_minute, 60);
	assert_int_equal(config->requests.lock_after, 10);
	assert_true(config->requests.allow_private_addresses);
	assert_string_equal(config->log_target, "syslog");
	assert_int_equal(config->log_level, LOG_LEVEL_INFO);
	assert_int_equal(config->service_count, 1);
	assert_string_equal(config->services[0].service.name, "ssh");
	assert_int_equal(config->services[0].service.protocol, SERVICE_TCP);
	assert_int_equal(config->services[0].service.port, 22);
	assert_int_equal(config->services[0].grant_s, 30);
	assert_false(config->services[0].single_use);
	assert_null(config->services[0].open_hook);
	assert_null(config->services[0].close_hook);
	config_free(config);
}

static void test_every_keyword(void **state)
{
	struct config *config =
	    good("server_id = \"gw.example\"\n"
		 "host = gw.example.net # where to\n"
		 "interfaces = {eth0, 'eth1.7', # a comment inside a list\n"
		 "  wg0}\n"
		 "kernel_filter = no\nknock_ports = 10000-10063\ncount = 32\nwidths = {64, 0}\nvalidity = 86400\n"
		 "sheet_days = 3650\nhook_timeout = 1\nstore = '/a/b'\ncontrol = /a/c\ngrants_dir = /a/d\n"
		 "group = qknock\ntable = my-table\nlog = /var/log/qknock\nlog_level = debug\n"
		 "requests_adapter = gammu\nrequests_country = 44\nrequests_per_hour = 1\n"
		 "requests_user_per_hour = 7\nrequests_back_off = 60\n"
		 "requests_per_minute = 600\nrequests_lock_after = 3\n"
		 "requests_private_addresses = no\nsms_number = '+441632960123'\n"
		 "service \"dns\" {\n"
		 "\tprotocol = udp\n\tport = 53\n\tgrant_time = 5\n\tsingle_use = yes\n"
		 "\topen = {'/bin/x y', \"a \\\"b\\\" \\\\ \\${HOME}\", '${HOME}', \"\"}\n"
		 "\tclose = {/bin/false}\n"
		 "}\n"
		 "service web { port = 443\nopen = /bin/true }\n");
	const struct config_service *dns = config_service(config, "dns");

	(void)state;
	assert_string_equal(config->server_id, "gw.example");
	assert_string_equal(config->host, "gw.example.net");
	assert_string_equal(config->sms_number, "+441632960123");
	assert_string_equal(config->interfaces[0], "eth0");
	assert_string_equal(config->interfaces[1], "eth1.7");
	assert_string_equal(config->interfaces[2], "wg0");
	assert_null(config->interfaces[3]);
	assert_false(config->kernel_filter);
	assert_int_equal(config->shape.port_first, 10000);
	assert_int_equal(config->shape.port_last, 10063);
	assert_int_equal(config->shape.count, 32);
	assert_int_equal(config->width_count, 2);
	assert_int_equal(config->widths[0], 64);
	assert_int_equal(config->widths[1], 0);
	assert_int_equal(config->validity_s, 86400);
	assert_int_equal(config->sheet_days, 3650);
	assert_int_equal(config->hook_timeout_s, 1);
	assert_string_equal(config->store, "/a/b");
	assert_string_equal(config->control, "/a/c");
	assert_string_equal(config->grants_dir, "/a/d");
	assert_string_equal(config->group, "qknock");
	assert_string_equal(config->table, "my-table");
	assert_string_equal(config->requests.adapter, "gammu");
	assert_string_equal(config->requests.country, "44");
	assert_int_equal(config->requests.per_number_hour, 1);
	assert_int_equal(config->requests.per_user_hour, 7);
	assert_int_equal(config->requests.back_off_max_s, 60);
	assert_int_equal(config->requests.per_minute, 600);
	assert_int_equal(config->requests.lock_after, 3);
	assert_false(config->requests.allow_private_addresses);
	assert_string_equal(config->log_target, "/var/log/qknock");
	assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config->service_count, 2);
	assert_non_null(dns);
	assert_int_equal(dns->service.protocol, SERVICE_UDP);
	assert_int_equal(dns->service.port, 53);
	assert_int_equal(dns->grant_s, 5);
	assert_true(dns->single_use);
	assert_string_equal(dns->open_hook[0], "/bin/x y");
	assert_string_equal(dns->open_hook[1], "a \"b\" \\ ${HOME}");
	assert_string_equal(dns->open_hook[2], "${HOME}");
	assert_string_equal(dns->open_hook[3], "");
	assert_null(dns->open_hook[4]);
	assert_string_equal(dns->close_hook[0], "/bin/false");
	assert_string_equal(config_service(config, "web")->open_hook[0], "/bin/true");
	assert_null(config_service(config, "ssh"));
	config_free(config);
}

static void test_no_kernel_table(void **state)
{
	struct config *config = good(MINIMAL "table = none\n");

	(void)state;
	assert_null(config->table);
	config_free(config);
}

static void test_lines_are_counted_behind_comments(void **state)
{
	(void)state;
	expect_fault("# one\n\n# \"three\n#four '\nserver_id = gw # ${X} //\n" SERVICE "validity = 0\n",
		     "FILE:7: validity = 0: expected 1 to 86400 seconds\n");
	expect_fault("server_id = gw\nservice ssh {\n# c\n\n\tport = 0 # p\n}\n",
		     "FILE:5: port = 0: expected 1 to 65535\n");
	expect_fault(MINIMAL "service web {\n# c\nport = 1\n}\n# c\ncount = 3\n",
		     "FILE:8: count = 3: expected 12 to 32 packets\n");
}

static void test_unknown_keywords(void **state)
{
	(void)state;
	expect_fault(MINIMAL "\nvalidty = 120\n",
		     "FILE:4: no such option 'validty'; expected one of server_id, host, interfaces, "
		     "kernel_filter, knock_ports, "
		     "count, widths, validity, sheet_days, hook_timeout, store, control, grants_dir, user, "
		     "capture_user, group, table, "
		     "sms_number, requests_adapter, requests_country, requests_per_hour, "
		     "requests_user_per_hour, requests_back_off, requests_per_minute, requests_lock_after, "
		     "requests_private_addresses, log, log_level, "
		     "service\n");
	expect_fault("server_id = gw\nservice ssh { port = 22\n validity = 5 }\n",
		     "FILE:3: no such option 'validity'; expected one of protocol, port, grant_time, single_use, "
		     "open, close\n");
	/* Those that came before are judged as well. */
	expect_fault("count = 1\nnonsense = 1\nvalidity = x\n",
		     "FILE:2: no such option 'nonsense'; expected one of server_id, host, interfaces, "
		     "kernel_filter, knock_ports, "
		     "count, widths, validity, sheet_days, hook_timeout, store, control, grants_dir, user, "
		     "capture_user, group, table, "
		     "sms_number, requests_adapter, requests_country, requests_per_hour, "
		     "requests_user_per_hour, requests_back_off, requests_per_minute, requests_lock_after, "
		     "requests_private_addresses, log, log_level, "
		     "service\nFILE:1: count = 1: expected 12 to 32 packets\n");
}

static void test_all_bad_values_are_told(void **state)
{
	(void)state;
	expect_fault("server_id = gw\ncount = 33\nservice ssh { port = 22\n grant_time = 0 }\nvalidity = 0\n",
		     "FILE:2: count = 33: expected 12 to 32 packets\n"
		     "FILE:5: validity = 0: expected 1 to 86400 seconds\n"
		     "FILE:4: grant_time = 0: expected 1 to 86400 seconds\n");
	expect_fault("", "FILE: server_id is missing, expected 1 to 64 printable ASCII characters without blanks\n"
			 "FILE: no service, expected one section service \"NAME\" {...} or more\n");
	expect_fault("server_id = gw\nservice ssh {\n}\n", "FILE:3: ssh: port is missing, expected 1 to 65535\n");
}

/* Each value must be refused, with its line, its text and some expectation. */
static void test_bad_values(void **state)
{
	static const char *const root[][2] = {
	    {"server_id", "'a b'"},
	    {"server_id", "''"},
	    {"host", "'a b'"},
	    {"host", "'-x'"},
	    {"sms_number", "'00441632960123'"},
	    {"sms_number", "'+44 1632 960123'"},
	    {"interfaces", "{'a/b'}"},
	    {"interfaces", "{}"},
	    {"widths", "{}"},
	    {"interfaces", "{any, eth0}"},
	    {"interfaces", "{eth0, eth0}"},
	    {"interfaces", "{abcdefghijklmnop}"},
	    {"knock_ports", "8800"},
	    {"knock_ports", "8800-8862"},
	    {"knock_ports", "0-8899"},
	    {"knock_ports", "8899-8800"},
	    {"knock_ports", "65000-65536"},
	    {"count", "11"},
	    {"count", "33"},
	    {"count", "268"},
	    {"count", "012"},
	    {"count", "'12 '"},
	    {"count", "''"},
	    {"count", "-12"},
	    {"count", "1e1"},
	    {"count", "99999999999999999999999"},
	    {"widths", "{8, 8}"},
	    {"widths", "{16}"},
	    {"widths", "{0, 8, 64, 0}"},
	    {"validity", "0"},
	    {"validity", "86401"},
	    {"validity", "4294967416"},
	    {"sheet_days", "0"},
	    {"sheet_days", "3651"},
	    {"hook_timeout", "0"},
	    {"hook_timeout", "3601"},
	    {"store", "var/lib"},
	    {"store", "'~/x'"},
	    {"store", "/"},
	    {"grants_dir", "/a/"},
	    {"grants_dir", "/a/../b"},
	    {"grants_dir", "/a/."},
	    {"grants_dir", "/a/./b"},
	    {"grants_dir", "/a/.."},
	    {"control", "''"},
	    {"control",
	     "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaa"},
	    {"group", "'a b'"},
	    {"requests_adapter", "'a b'"},
	    {"requests_country", "'+44'"},
	    {"requests_country", "0"},
	    {"requests_country", "1234"},
	    {"requests_per_hour", "0"},
	    {"requests_user_per_hour", "0"},
	    {"requests_user_per_hour", "3601"},
	    {"requests_back_off", "0"},
	    {"requests_back_off", "86401"},
	    {"requests_per_hour", "3601"},
	    {"requests_per_minute", "0"},
	    {"requests_per_minute", "601"},
	    {"requests_lock_after", "0"},
	    {"requests_private_addresses", "1"},
	    {"table", "a.b"},
	    {"table", "abcdefghijklmnop"},
	    {"log", "file"},
	    {"log_level", "verbose"},
	    {"log_level", "INFO"},
	};
	static const char *const service[][2] = {
	    {"protocol", "TCP"},       {"protocol", "6"},   {"port", "0"},	     {"port", "65536"},
	    {"port", "ssh"},	       {"grant_time", "0"}, {"grant_time", "86401"}, {"single_use", "1"},
	    {"single_use", "True"},    {"open", "{true}"},  {"open", "{}"},	     {"open", "{'', /bin/true}"},
	    {"close", "{'bin/true'}"},
	};
	char text[512], begin[64];
	struct config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(root) / sizeof(root[0]) + sizeof(service) / sizeof(service[0]); i++) {
		size_t k = i - sizeof(root) / sizeof(root[0]);
		bool in_root = i < sizeof(root) / sizeof(root[0]);
		const char *const *one = in_root ? root[i] : service[k];

		if (in_root)
			snprintf(text, sizeof(text), "%s" SERVICE "%s = %s\n",
				 strcmp(one[0], "server_id") == 0 ? "\n" : "server_id = gw\n", one[0], one[1]);
		else
			snprintf(text, sizeof(text), "server_id = gw\nservice ssh {%s\n%s = %s\n}\n",
				 strcmp(one[0], "port") == 0 ? "" : "port = 22", one[0], one[1]);
		/* An empty list has no value whose line could be kept. */
		snprintf(begin, sizeof(begin), "FILE:%d: %s = ", strcmp(one[1], "{}") == 0 ? 4 : 3, one[0]);
		assert_int_equal(parse(text, &config), QK_ERR_CONFIG);
		if (strncmp(lines, begin, strlen(begin)) != 0 || strstr(lines, ": expected ") == NULL ||
		    strchr(lines, '\n')[1] != '\0')
			fail_msg("%s = %s gave %s", one[0], one[1], lines);
	}
}

static void test_structure(void **state)
{
	(void)state;
	expect_fault(MINIMAL SERVICE, "FILE:3: found duplicate title 'ssh'\n");
	expect_fault(MINIMAL "count = 12\n\ncount = 13\n", "FILE:5: count is given again, expected it once (line 3)\n");
	expect_fault(MINIMAL "widths = {0, 8}\nwidths = {64}\n",
		     "FILE:4: widths is given again, expected it once (line 3)\n");
	expect_fault("server_id = gw\nservice ssh { port = 22\nport = 23 }\n",
		     "FILE:3: port is given again, expected it once (line 2)\n");
	expect_fault(MINIMAL "\"service|port\" = 23\n", "FILE:3: expected port inside of its section\n"
							"FILE:3: port is given again, expected it once (line 2)\n");
	expect_fault("server_id = gw\nservice { port = 22 }\n", "FILE:2: missing title for section 'service'\n");
	expect_fault("server_id = gw\nservice SSH { port = 22 }\n",
		     "FILE:2: service SSH: expected a name of 1 to 15 of a-z 0-9 -\n");
	expect_fault(MINIMAL "'' = 12\n", "FILE:3: expected KEYWORD = VALUE\n");
	expect_fault(MINIMAL "count 12\n", "FILE:3: missing equal sign after option 'count'\n");
	expect_fault(MINIMAL "}\n", "FILE:3: unexpected closing brace\n");
	expect_fault(MINIMAL "service web {\nport = 1\n", "FILE:3: expected a closing } for the { here\n");
	expect_fault(MINIMAL "include(\"/etc/passwd\")\n",
		     "FILE:3: expected quotes around values with characters other than letters, digits and "
		     "_ - . / : @ %\n");
}

static void test_text_that_libconfuse_would_swallow(void **state)
{
	static const char *const bad[] = {
	    "count = *12\n",   "count += 12\n",	   "count = 12;\n",	   "count = 12\r\n",	     "// comment\n",
	    "/* comment */\n", "host = ${HOME}\n", "host = \"${HOME}\"\n", "host = \"gw\n\"",	     "host = 'gw\n'",
	    "host = \"gw",     "host = 'gw",	   "host = \"\\a\"",	   "host = \"\\x41\"",	     "host = '\\n'",
	    "host = \"gw\\",   "host = 'gw\\",	   "host = \"g\001w\"\n",  "h\303\266st = \"gw\"\n",
	};
	char text[128];
	struct config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", MINIMAL, bad[i]);
		assert_int_equal(parse(text, &config), QK_ERR_CONFIG);
		if (strncmp(lines, "FILE:3: expected ", strlen("FILE:3: expected ")) != 0)
			fail_msg("%s gave %s", bad[i], lines);
	}
	lines[0] = '\0';
	assert_int_equal(config_parse("FILE", MINIMAL "\0", strlen(MINIMAL) + 1, &logger, &config), QK_ERR_CONFIG);
	/* What a broken file leaves behind must not spoil the next one. */
	config_free(good(MINIMAL));
}

static void test_many_services(void **state)
{
	char text[4096] = "server_id = gw\n";
	struct config *config;

	(void)state;
	for (int i = 0; i < 32; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "service s%d { port = %d }\n", i, i + 1);
	config = good(text);
	assert_int_equal(config->service_count, 32);
	assert_int_equal(config_service(config, "s31")->service.port, 32);
	config_free(config);
	strcat(text, "service more { port = 99 }\n");
	expect_fault(text, "FILE: 33 services, expected 32 at most\n");
}

static void test_a_long_list(void **state)
{
	char text[1024] = MINIMAL "service web { port = 80\nopen = {/bin/echo";
	struct config *config;
	size_t len;

	(void)state;
	for (int i = 1; i < 64; i++)
		strcat(text, ", x");
	len = strlen(text);
	strcat(text, "}}\n");
	config = good(text);
	assert_string_equal(config_service(config, "web")->open_hook[63], "x");
	assert_null(config_service(config, "web")->open_hook[64]);
	config_free(config);
	strcpy(text + len, ", y}}\n");
	expect_fault(text, "FILE:4: open: expected 64 elements at most\n");
}

static void test_files(void **state)
{
	char path[] = "/tmp/qknock-unit.XXXXXX";
	struct config *config;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, MINIMAL, strlen(MINIMAL)), (ssize_t)strlen(MINIMAL));
	lines[0] = '\0';
	assert_int_equal(config_load(path, &logger, &config), 0);
	config_free(config);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(config_load(path, &logger, &config), QK_ERR_CONFIG);
	assert_non_null(strstr(lines, "anyone may write it"));
	assert_null(config);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(ftruncate(fd, 1024 * 1024), 0);
	assert_int_equal(config_load(path, &logger, &config), QK_ERR_CONFIG);
	assert_non_null(strstr(lines, "expected 262144 bytes at most"));
	close(fd);
	unlink(path);
	lines[0] = '\0';
	assert_int_equal(config_load(path, &logger, &config), QK_ERR_IO);
	assert_non_null(strstr(lines, ": No such file or directory"));
	assert_int_equal(config_load("/tmp", &logger, &config), QK_ERR_IO);
}

static void test_the_example_loads(void **state)
{
	const char *top = getenv("top_srcdir");
	struct config *config;
	char path[1024];

	(void)state;
	snprintf(path, sizeof(path), "%s/doc/examples/qknock.conf", top != NULL ? top : ".");
	lines[0] = '\0';
	assert_int_equal(config_load(path, &logger, &config), 0);
	assert_string_equal(lines, "");
	assert_int_equal(config->service_count, 2);
	assert_true(config_service(config, "ssh")->single_use);
	assert_string_equal(config_service(config, "web")->close_hook[1], "refuse");
	config_free(config);
}

/* "#keyword = value" in the example shows the default: with all of them in force, only the group and the host,
 * which have none, differ. */
static void test_the_example_shows_the_defaults(void **state)
{
	const char *top = getenv("top_srcdir");
	struct config *plain = good(MINIMAL);
	struct config *config;
	char path[1024], line[256];
	char text[8192] = "";
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/doc/examples/qknock.conf", top != NULL ? top : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		strcat(text, line[0] == '#' && line[1] != ' ' ? line + 1 : line);
	fclose(f);
	config = good(text);
	assert_string_equal(config->host, "gw.example.net");
	assert_string_equal(config->group, "qknock");
	assert_string_equal(config->interfaces[0], plain->interfaces[0]);
	assert_memory_equal(&config->shape, &plain->shape, sizeof(plain->shape));
	assert_memory_equal(config->widths, plain->widths, sizeof(plain->widths));
	assert_int_equal(config->validity_s, plain->validity_s);
	assert_int_equal(config->sheet_days, plain->sheet_days);
	assert_int_equal(config->hook_timeout_s, plain->hook_timeout_s);
	assert_string_equal(config->table, plain->table);
	assert_string_equal(config->log_target, plain->log_target);
	assert_int_equal(config->log_level, plain->log_level);
	/* The places depend on how the build was configured. */
	assert_string_equal(config->store, "/var/lib/qknock/qknock.db");
	assert_string_equal(config->control, "/run/qknock/control");
	assert_string_equal(config->grants_dir, "/run/qknock/grants");
	config_free(config);
	config_free(plain);
}

static void read_page(char *page, size_t size)
{
	const char *top = getenv("top_srcdir");
	char path[1024];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/qknock.conf.5", top != NULL ? top : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(page, 1, size - 1, f);
	fclose(f);
	page[n] = '\0';
}

/* The error about an unknown keyword lists those that there are: the manual must have each. */
static void test_the_manual_has_every_keyword(void **state)
{
	static const char *const texts[] = {"nonsense = 1\n", "service a { nonsense = 1 }\n"};
	static char page[65536];
	struct config *config;
	char item[64];
	unsigned count = 0;

	(void)state;
	read_page(page, sizeof(page));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parse(texts[i], &config), QK_ERR_CONFIG);
		char *word = strtok(strstr(lines, "expected one of ") + strlen("expected one of "), ", \n");

		for (; word != NULL && strchr(word, ':') == NULL; word = strtok(NULL, ", \n")) {
			if (strcmp(word, "service") == 0)
				continue;
			snprintf(item, sizeof(item), ".It Ic %s No", word);
			if (strstr(page, item) == NULL)
				fail_msg("qknock.conf(5) does not describe %s", word);
			count++;
		}
	}
	assert_int_equal(count, 28 + 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_every_keyword),
	    cmocka_unit_test(test_no_kernel_table),
	    cmocka_unit_test(test_lines_are_counted_behind_comments),
	    cmocka_unit_test(test_unknown_keywords),
	    cmocka_unit_test(test_all_bad_values_are_told),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_structure),
	    cmocka_unit_test(test_text_that_libconfuse_would_swallow),
	    cmocka_unit_test(test_many_services),
	    cmocka_unit_test(test_a_long_list),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_the_example_loads),
	    cmocka_unit_test(test_the_example_shows_the_defaults),
	    cmocka_unit_test(test_the_manual_has_every_keyword),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
