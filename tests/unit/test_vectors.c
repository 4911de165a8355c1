/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock vectors" on the project's own vectors, which is the proof of libcore too, and on broken variants. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "qknock/vectors.h"

static char *vectors; /* the text of tests/vectors/vectors.json */
static char *sheet;   /* and of sheet.json */

static char *path_of(const char *name)
{
	const char *top = getenv("top_srcdir");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tests/vectors/%s", top != NULL ? top : ".", name) > 0);
	return path;
}

static char *own_path(void)
{
	return path_of("vectors.json");
}

static char *read_text(const char *name)
{
	char *path = path_of(name), *text = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0;

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	free(path);
	return text;
}

static int read_vectors(void **state)
{
	(void)state;
	vectors = read_text("vectors.json");
	sheet = read_text("sheet.json");
	return 0;
}

static int free_vectors(void **state)
{
	(void)state;
	free(vectors);
	free(sheet);
	return 0;
}

/* A text with the first occurrence of another, which must be there, replaced. */
static char *edited_in(const char *whole, const char *from, const char *to)
{
	const char *at = strstr(whole, from);
	char *text = NULL;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from)) > 0);
	return text;
}

static char *edited(const char *from, const char *to)
{
	return edited_in(vectors, from, to);
}

struct outcome {
	enum vectors_result result;
	char *out;
	char *err;
};

static struct outcome check(const char *text, size_t len, bool json)
{
	struct outcome o = {0};
	size_t out_size, err_size;
	FILE *in = fmemopen((void *)text, len, "r");
	FILE *out = open_memstream(&o.out, &out_size);
	FILE *err = open_memstream(&o.err, &err_size);

	assert_true(in != NULL && out != NULL && err != NULL);
	o.result = vectors_check("FILE", in, json, out, err);
	fclose(in);
	fclose(out);
	fclose(err);
	return o;
}

static void expect(const char *text, enum vectors_result result, const char *out, const char *err)
{
	struct outcome o = check(text, strlen(text), false);

	if (o.result != result || strcmp(o.out, out) != 0 || strcmp(o.err, err) != 0)
		fail_msg("result %d\nout: %serr: %s", o.result, o.out, o.err);
	free(o.out);
	free(o.err);
}

static void test_own_vectors_match(void **state)
{
	(void)state;
	expect(vectors, VECTORS_MATCH, "FILE: 5 cases, 84 packets, 0 mismatches\n", "");
}

static void test_each_mismatch_is_shown(void **state)
{
	static const struct {
		const char *from, *to, *out;
	} edits[] = {
	    {"172.17.12.191", "172.17.12.190",
	     "paper-figure-5: packet 2: source: expected 172.17.12.190, computed 172.17.12.191\n"
	     "FILE: 5 cases, 84 packets, 1 mismatches\n"},
	    {"8856", "8857",
	     "paper-figure-5: packet 0: port: expected 8857, computed 8856\n"
	     "FILE: 5 cases, 84 packets, 1 mismatches\n"},
	    {"094a2450", "194a2450",
	     "paper-figure-5: packet 3: word: expected 194a2450, computed 094a2450\n"
	     "FILE: 5 cases, 84 packets, 1 mismatches\n"},
	    {"\"172.17.12.39\",\n     \"port\": 8883,\n     \"word\": \"094a2450\"",
	     "\"::1\", \"port\": 1, \"word\": \"FFFFFFFF\"",
	     "paper-figure-5: packet 3: source: expected ::1, computed 172.17.12.39\n"
	     "paper-figure-5: packet 3: port: expected 1, computed 8883\n"
	     "paper-figure-5: packet 3: word: expected ffffffff, computed 094a2450\n"
	     "FILE: 5 cases, 84 packets, 3 mismatches\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited(edits[i].from, edits[i].to);

		expect(text, VECTORS_MISMATCH, edits[i].out, "");
		free(text);
	}
}

static void test_a_wrong_number_of_packets_is_a_mismatch(void **state)
{
	char *text = edited("    {\n     \"source\": \"172.17.12.19\",\n     \"port\": 8856,\n"
			    "     \"word\": \"53a8be20\"\n    },\n",
			    "");
	struct outcome o = check(text, strlen(text), false);

	(void)state;
	assert_int_equal(o.result, VECTORS_MISMATCH);
	assert_non_null(strstr(o.out, "paper-figure-5: number of packets: expected 11, computed 12\n"));
	assert_non_null(strstr(o.out, "paper-figure-5: packet 0: source: expected 172.17.12.34, computed "));
	free(o.out);
	free(o.err);
	free(text);
}

/* Every input of a case decides its packets: changing any gives mismatches, never a match. */
static void test_every_input_matters(void **state)
{
	static const char *const edits[][2] = {
	    {"\"gw.example\"", "\"gw.example.net\""},
	    {"\"alice\"", "\"alicf\""},
	    {"\"172.17.12.20\"", "\"172.17.12.21\""},
	    {"1763895000", "1763895001"},
	    {"000102", "100102"},
	    {"\"r\": \"7\"", "\"r\": \"8\""},
	    {"\"n_mod\": \"187\"", "\"n_mod\": \"188\""},
	    {"\"http\"", "\"https\""},
	    {"\"proto\": 6", "\"proto\": 17"},
	    {"\"port\": 80", "\"port\": 81"},
	    {"\"width\": 8", "\"width\": 0"},
	    {"\"width\": 8", "\"width\": 8, \"count\": 13"},
	    {"\"width\": 8", "\"width\": 8, \"ports\": [8800, 8900]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited(edits[i][0], edits[i][1]);
		struct outcome o = check(text, strlen(text), false);

		if (o.result != VECTORS_MISMATCH)
			fail_msg("%s: result %d\n%s%s", edits[i][1], o.result, o.out, o.err);
		free(o.out);
		free(o.err);
		free(text);
	}
}

static void test_the_same_said_otherwise_matches(void **state)
{
	static const char *const edits[][2] = {
	    {"1763895000", "\"1763895000\""}, {"\"width\": 8", "\"width\": 8, \"count\": 12, \"ports\": [8800, 8899]"},
	    {"0a0b0c0d0e0f", "0A0B0C0D0E0F"}, {"\"172.17.12.20\"", "\"::ffff:172.17.12.20\""},
	    {"53a8be20", "53A8BE20"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited(edits[i][0], edits[i][1]);

		expect(text, VECTORS_MATCH, "FILE: 5 cases, 84 packets, 0 mismatches\n", "");
		free(text);
	}
}

static void test_json_output(void **state)
{
	char *text = edited("094a2450", "194a2450");
	struct outcome o = check(text, strlen(text), true);

	(void)state;
	assert_int_equal(o.result, VECTORS_MISMATCH);
	assert_string_equal(o.out,
			    "{\n  \"file\": \"FILE\",\n  \"cases\": 5,\n  \"packets\": 84,\n"
			    "  \"mismatches\": [\n    {\n      \"case\": \"paper-figure-5\",\n"
			    "      \"packet\": 3,\n      \"field\": \"word\",\n"
			    "      \"expected\": \"194a2450\",\n      \"computed\": \"094a2450\"\n    }\n  ]\n}\n");
	free(o.out);
	free(o.err);
	free(text);
	o = check(vectors, strlen(vectors), true);
	assert_int_equal(o.result, VECTORS_MATCH);
	assert_non_null(strstr(o.out, "\"mismatches\": []"));
	free(o.out);
	free(o.err);
}

static void test_malformed_cases_are_named(void **state)
{
#define CASE "FILE: case paper-figure-5: "
	static const struct {
		const char *from, *to, *err;
	} edits[] = {
	    {"\"qknock/1\"", "\"qknock/2\"", "FILE: protocol: expected \"qknock/1\"\n"},
	    {"\"cases\"", "\"case\"", "FILE: case: expected no field of this name\n"},
	    {"\"paper-figure-5\"", "\"\"",
	     "FILE: case #0: name: expected a string of 1 to 64 printable ASCII characters\n"},
	    {"\"ipv4-no-hop\"", "\"\\u001b[2J\"",
	     "FILE: case #1: name: expected a string of 1 to 64 printable ASCII characters\n"},
	    {"\"ipv4-no-hop\"", "\"ipv4-no-hop\", \"cuont\": 12",
	     "FILE: case ipv4-no-hop: cuont: expected no field of this name\n"},
	    {"\"user\": \"alice\"", "\"user\": null", CASE "user: expected a string\n"},
	    {"\"user\": \"alice\",", "", CASE "user: expected a string\n"},
	    {"\"172.17.12.20\"", "\"gw.example\"", CASE "client: expected a string, a numeric IPv4 or IPv6 address\n"},
	    {"1763895000", "-1", CASE "issued_at: expected Unix seconds, an integer or a decimal string\n"},
	    {"1763895000", "1.5", CASE "issued_at: expected Unix seconds, an integer or a decimal string\n"},
	    {"1763895000", "\"+1\"", CASE "issued_at: expected Unix seconds, an integer or a decimal string\n"},
	    {"000102", "0001", CASE "key: expected a string of 64 hexadecimal digits\n"},
	    {"000102", "0001g2", CASE "key: expected a string of 64 hexadecimal digits\n"},
	    {"\"r\": \"7\"", "\"r\": 7", CASE "r: expected a decimal string\n"},
	    {"\"n_mod\": \"187\"", "\"n_mod\": \"0xbb\"", CASE "n_mod: expected a decimal string\n"},
	    {"\"http\"", "\"HTTP\"", CASE "service: expected 1 to 15 of a-z 0-9 -\n"},
	    {"\"proto\": 6", "\"proto\": \"tcp\"", CASE "proto: expected 6 or 17\n"},
	    {"\"proto\": 6", "\"proto\": 256", CASE "proto: expected 6 or 17\n"},
	    {"\"port\": 80", "\"port\": 65536", CASE "port: expected an integer, 1 to 65535\n"},
	    {"\"width\": 8", "\"width\": 65536", CASE "width: expected an integer: 0, 8 or 64\n"},
	    {"\"width\": 8", "\"width\": 8, \"count\": 33", CASE "count: expected an integer, 12 to 32\n"},
	    {"\"width\": 8", "\"width\": 8, \"ports\": [8800]",
	     CASE "ports: expected an array of two integers, first and last port\n"},
	    {"\"width\": 8", "\"width\": 8, \"ports\": [8800, 65536]",
	     CASE "ports: expected an array of two integers, first and last port\n"},
	    {"\"packets\"", "\"packets\": 1, \"unused\"", CASE "unused: expected no field of this name\n"},
	    {"8856", "\"8856\"", CASE "packet 0: port: expected an integer, 0 to 65535\n"},
	    {"23997b09", "23997b0", CASE "packet 2: word: expected a string of 8 hexadecimal digits\n"},
	    {"\"172.17.12.34\"", "[]", CASE "packet 1: source: expected a string, a numeric IPv4 or IPv6 address\n"},
	    {"\"word\": \"53a8be20\"", "\"word\": \"53a8be20\", \"w\": 1",
	     CASE "packet 0: w: expected no field of this name\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited(edits[i].from, edits[i].to);

		expect(text, VECTORS_MALFORMED, "", edits[i].err);
		free(text);
	}
}

static void test_more_packets_than_any_knock_has(void **state)
{
	static const char packet[] = "{\"source\": \"::1\", \"port\": 1, \"word\": \"00000000\"},";
	char more[21 * sizeof(packet) + 32] = "\"packets\": [";
	char *text;

	(void)state;
	for (int i = 0; i < 21; i++) /* 12 are there */
		strcat(more, packet);
	text = edited("\"packets\": [", more);
	expect(text, VECTORS_MALFORMED, "", CASE "packets: expected an array of at most 32 packets\n");
	free(text);
}

static void test_parameters_out_of_range_are_named(void **state)
{
	static const struct {
		const char *from, *to, *err;
	} edits[] = {
	    {"\"gw.example\"", "\"\"", "server id must be 1 to 64 printable ASCII characters without blanks\n"},
	    {"\"alice\"", "\"Alice\"", "user id must be 1 to 32 of a-z 0-9 . _ - and start with a letter\n"},
	    {"\"r\": \"7\"", "\"r\": \"11\"", "random number R must be 2 <= R < N and share no factor with N\n"},
	    {"\"n_mod\": \"187\"", "\"n_mod\": \"76\"", "N = P*Q must be 77 to 18446744073709551615\n"},
	    {"\"proto\": 6", "\"proto\": 1", "service protocol must be 6 (tcp) or 17 (udp)\n"},
	    {"\"port\": 80", "\"port\": 0", "service port must be 1 to 65535\n"},
	    {"\"width\": 8", "\"width\": 64", "hop width must be 0 or 8 for IPv4, 0 or 64 for IPv6\n"},
	    {"\"width\": 8", "\"width\": 8, \"count\": 11", "count of packets must be 12 to 32\n"},
	    {"\"width\": 8", "\"width\": 8, \"ports\": [8800, 8862]",
	     "knock ports must be one range FIRST-LAST within 1-65535 that spans 64 or more\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited(edits[i].from, edits[i].to);
		char *err = NULL;

		assert_true(asprintf(&err, "%s%s", CASE, edits[i].err) > 0);
		expect(text, VECTORS_MALFORMED, "", err);
		free(err);
		free(text);
	}
}

static void test_other_documents_are_refused(void **state)
{
	static const char *const texts[] = {
	    " ",
	    "[]",
	    "null",
	    "{}",
	    "{\"protocol\": \"qknock/1\"}",
	    "{\"protocol\": \"qknock/1\", \"cases\": []}",
	    "{\"protocol\": \"qknock/1\", \"cases\": {\"a\": 1}}",
	    "{\"protocol\": \"qknock/1\", \"cases\": [1]}",
	    "{\"protocol\": \"qknock/1\", \"protocol\": \"qknock/1\", \"cases\": [1]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct outcome o = check(texts[i], strlen(texts[i]), false);

		assert_int_equal(o.result, VECTORS_MALFORMED);
		assert_string_equal(o.out, "");
		assert_memory_equal(o.err, "FILE: ", 6);
		free(o.out);
		free(o.err);
	}
	for (size_t len = 1; len < strlen(vectors) - 1; len += 97) { /* cut short anywhere */
		struct outcome o = check(vectors, len, false);

		assert_int_equal(o.result, VECTORS_MALFORMED);
		assert_string_equal(o.out, "");
		free(o.out);
		free(o.err);
	}
}

static int command(const char *a, const char *b, const char *c)
{
	char *argv[] = {(char *)"vectors", (char *)a, (char *)b, (char *)c, NULL};
	int argc = 1;

	while (argv[argc] != NULL)
		argc++;
	return vectors_command(argc, argv);
}

static void test_command_line(void **state)
{
	char *path = own_path();

	(void)state;
	assert_int_equal(command(path, NULL, NULL), 0);
	assert_int_equal(command("--json", path, NULL), 0);
	assert_int_equal(command(path, "--json", NULL), 0);
	assert_int_equal(command("--", path, NULL), 0);
	assert_int_equal(command(NULL, NULL, NULL), 2);
	assert_int_equal(command(path, path, NULL), 2);
	assert_int_equal(command("--jsno", path, NULL), 2);
	assert_int_equal(command("/nonexistent/vectors.json", NULL, NULL), 2);
	assert_int_equal(command("/", NULL, NULL), 2);
	free(path);
}

static void test_sheet_vectors(void **state)
{
	static const struct {
		const char *from, *to;
		enum vectors_result result;
		const char *out, *err;
	} edits[] = {
	    {"\"b7a284b9\"", "\"b7a284b8\"", VECTORS_MISMATCH,
	     "sheet-ipv4: announcement word: expected b7a284b8, computed b7a284b9\n"
	     "FILE: 4 cases, 76 packets, 1 mismatches\n",
	     ""},
	    {"8893", "8894", VECTORS_MISMATCH,
	     "sheet-ipv4: announcement port: expected 8894, computed 8893\n"
	     "FILE: 4 cases, 76 packets, 1 mismatches\n",
	     ""},
	    {"\"port\": 8893", "\"source\": \"::1\", \"port\": 8893", VECTORS_MALFORMED, "",
	     "FILE: case sheet-ipv4: source: expected no field of this name\n"},
	    {"8893", "-1", VECTORS_MALFORMED, "", "FILE: case sheet-ipv4: port: expected an integer, 0 to 65535\n"},
	};

	(void)state;
	expect(sheet, VECTORS_MATCH, "FILE: 4 cases, 76 packets, 0 mismatches\n", "");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = edited_in(sheet, edits[i].from, edits[i].to);

		expect(text, edits[i].result, edits[i].out, edits[i].err);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_own_vectors_match),
	    cmocka_unit_test(test_each_mismatch_is_shown),
	    cmocka_unit_test(test_a_wrong_number_of_packets_is_a_mismatch),
	    cmocka_unit_test(test_every_input_matters),
	    cmocka_unit_test(test_the_same_said_otherwise_matches),
	    cmocka_unit_test(test_json_output),
	    cmocka_unit_test(test_malformed_cases_are_named),
	    cmocka_unit_test(test_more_packets_than_any_knock_has),
	    cmocka_unit_test(test_parameters_out_of_range_are_named),
	    cmocka_unit_test(test_other_documents_are_refused),
	    cmocka_unit_test(test_command_line),
	    cmocka_unit_test(test_sheet_vectors),
	};

	return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
