/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/control.h"
#include "libcore/error.h"

static struct control_message m;

static int parse(const char *packet)
{
	memset(&m, 0x5a, sizeof(m));
	return control_parse(&m, packet, strlen(packet));
}

static void test_a_message_is_lines(void **state)
{
	char packet[CONTROL_MESSAGE_MAX];
	size_t len;

	(void)state;
	assert_int_equal(control_init(&m, "user-add"), 0);
	assert_int_equal(control_add(&m, "user", "alice"), 0);
	assert_int_equal(control_add(&m, "services", ""), 0);
	assert_int_equal(control_add_u64(&m, "p", UINT64_MAX), 0);
	assert_int_equal(control_add(&m, "text", "a=b \xc3\xa9"), 0);
	len = control_encode(&m, packet);
	static const char expected[] = "user-add\nuser=alice\nservices=\np=18446744073709551615\ntext=a=b \xc3\xa9\n";
	assert_int_equal(len, sizeof(expected) - 1);
	assert_memory_equal(packet, expected, len);

	assert_int_equal(control_parse(&m, packet, len), 0);
	assert_string_equal(m.verb, "user-add");
	assert_int_equal(m.field_count, 4);
	assert_string_equal(control_get(&m, "user"), "alice");
	assert_string_equal(control_get(&m, "services"), "");
	assert_string_equal(control_get(&m, "text"), "a=b \xc3\xa9");
	assert_null(control_get(&m, "q"));
}

static void test_parsing_and_encoding_are_inverse(void **state)
{
	static const char *const packets[] = {"ok\n", "a-b\nc=\n", "v\na==\n", "v\na=1\nb=a=1\n"};
	char packet[CONTROL_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		assert_int_equal(parse(packets[i]), 0);
		assert_int_equal(control_encode(&m, packet), strlen(packets[i]));
		assert_memory_equal(packet, packets[i], strlen(packets[i]));
	}
}

static void test_malformed_packets_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "\n",
	    "ok",
	    "\nok\n",
	    "OK\n",
	    "o k\n",
	    "ok\n\n",
	    "ok\na\n",
	    "ok\n=b\n",
	    "ok\nA=b\n",
	    "ok\na =b\n",
	    "ok\na=b",
	    "ok=\n",
	    "ok\na=1\na=2\n",
	    "ok\na=1\nb",
	    "ok\r\n",
	    "abcdefghijklmnopqrstuvwxyzabcdef\n",
	    "v\nabcdefghijklmnopqrstuvwxyzabcdef=\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i]), QK_ERR_CONTROL);
		assert_string_equal(m.verb, "");
		assert_int_equal(m.field_count, 0);
	}
	assert_int_equal(control_parse(&m, "ok\na=b\0c\n", 9), QK_ERR_CONTROL);
	assert_int_equal(parse("abcdefghijklmnopqrstuvwxyzabcde\n"), 0);
}

static void test_bounds(void **state)
{
	static char value[CONTROL_MESSAGE_MAX + 2], packet[CONTROL_MESSAGE_MAX + 1];
	char name[] = "aa";

	(void)state;
	/* "v\na=" and a newline: five bytes around the value. */
	memset(value, 'x', CONTROL_MESSAGE_MAX - 4);
	assert_int_equal(control_init(&m, "v"), 0);
	assert_int_equal(control_add(&m, "a", value), QK_ERR_SPACE);
	value[CONTROL_MESSAGE_MAX - 5] = '\0';
	assert_int_equal(control_add(&m, "a", value), 0);
	assert_int_equal(control_encode(&m, packet), CONTROL_MESSAGE_MAX);
	assert_int_equal(control_parse(&m, packet, CONTROL_MESSAGE_MAX), 0);
	memcpy(packet + CONTROL_MESSAGE_MAX - 1, "x\n", 2);
	assert_int_equal(control_parse(&m, packet, CONTROL_MESSAGE_MAX + 1), QK_ERR_CONTROL);

	assert_int_equal(control_init(&m, "v"), 0);
	for (int i = 0; i < CONTROL_FIELDS_MAX; i++) {
		name[0] = (char)('a' + i / 26);
		name[1] = (char)('a' + i % 26);
		assert_int_equal(control_add(&m, name, ""), 0);
	}
	assert_int_equal(control_add(&m, "z", ""), QK_ERR_SPACE);
	memcpy(packet + control_encode(&m, packet), "z=\n", 3);
	assert_int_equal(control_parse(&m, packet, m.used + 3), QK_ERR_CONTROL);
}

static void test_values_can_not_forge_lines(void **state)
{
	(void)state;
	assert_int_equal(control_init(&m, "bad verb"), QK_ERR_CONTROL);
	assert_int_equal(control_init(&m, "v"), 0);
	assert_int_equal(control_add(&m, "a", "x\nall=yes"), QK_ERR_CONTROL);
	assert_int_equal(control_add(&m, "a=", "x"), QK_ERR_CONTROL);
	assert_int_equal(control_add(&m, "a", "x"), 0);
	assert_int_equal(control_add(&m, "a", "y"), QK_ERR_CONTROL);
	assert_int_equal(m.field_count, 1);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", "01", "00", " 1", "1 ", "0x1", "18446744073709551616", "1e3"};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(control_init(&m, "v"), 0);
		assert_int_equal(control_add(&m, "n", bad[i]), 0);
		v = 7;
		assert_int_equal(control_get_u64(&m, "n", &v), QK_ERR_CONTROL);
		assert_int_equal(v, 0);
	}
	assert_int_equal(parse("v\na=0\nb=18446744073709551615\n"), 0);
	assert_int_equal(control_get_u64(&m, "a", &v), 0);
	assert_true(v == 0);
	assert_int_equal(control_get_u64(&m, "b", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(control_get_u64(&m, "c", &v), QK_ERR_NOT_FOUND);
}

static void test_every_error_travels(void **state)
{
	(void)state;
	for (int code = -1; code >= -ERROR_COUNT; code--) {
		assert_int_equal(control_init_error(&m, code, NULL), 0);
		assert_int_equal(control_error_code(&m), code);
		assert_string_equal(control_get(&m, "text"), error_text(code));
	}
	assert_int_equal(parse("error\ncode=NOT_FOUND\ntext=x\n"), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_NOT_FOUND);
	assert_int_equal(parse("error\ncode=WHATEVER\n"), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_CONTROL);
	assert_int_equal(parse("error\n"), 0);
	assert_int_equal(control_error_code(&m), QK_ERR_CONTROL);
}

static void test_send_and_receive(void **state)
{
	static char large[CONTROL_MESSAGE_MAX + 1];
	int p[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p), 0);
	assert_int_equal(control_init(&m, "v"), 0);
	assert_int_equal(control_add(&m, "a", "b"), 0);
	assert_int_equal(control_send(p[0], &m), 0);
	assert_int_equal(control_receive(p[1], &m), 0);
	assert_string_equal(control_get(&m, "a"), "b");

	memset(large, '\n', sizeof(large));
	memcpy(large, "v\na=", 4);
	assert_int_equal(send(p[0], large, sizeof(large), 0), sizeof(large));
	assert_int_equal(control_receive(p[1], &m), QK_ERR_CONTROL);

	close(p[0]);
	assert_int_equal(control_receive(p[1], &m), QK_ERR_IO);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(control_init(&m, "v"), 0);
	assert_int_equal(control_send(p[1], &m), QK_ERR_IO);
	assert_int_equal(errno, EPIPE);
	close(p[1]);
}

static void test_connecting_to_nothing(void **state)
{
	char path[200];
	int fd = 7;

	(void)state;
	assert_int_equal(control_connect("/nonexistent/socket", &fd), QK_ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fd, -1);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_connect(path, &fd), QK_ERR_IO);
	assert_int_equal(errno, ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_message_is_lines),
	    cmocka_unit_test(test_parsing_and_encoding_are_inverse),
	    cmocka_unit_test(test_malformed_packets_are_refused),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_values_can_not_forge_lines),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_every_error_travels),
	    cmocka_unit_test(test_send_and_receive),
	    cmocka_unit_test(test_connecting_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
