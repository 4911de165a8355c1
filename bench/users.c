/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many users for a running qknockd, each with a one-time key that waits for its knock. What qknockctl does for one,
 * without a process for each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/address.h"
#include "libcore/control.h"
#include "libcore/error.h"

static const char usage_text[] = "usage: users SOCKET PREFIX COUNT ADDRESS [add]\n"
				 "Issues keys to the users PREFIX1 to PREFIXCOUNT, for ADDRESS (IPv4) and those that "
				 "follow it. With add: registers\n"
				 "them first. Prints for each \"USER ADDRESS KEY-LINE\".\n";

static void die(const char *what, const char *why)
{
	fprintf(stderr, "users: %s: %s\n", what, why);
	exit(1);
}

/* Sends the request; the daemon's item, if it sends one, is left in it. */
static void call(int fd, struct control_message *m, char *reply, size_t size)
{
	char verb[CONTROL_NAME_MAX + 1];
	int e;

	snprintf(verb, sizeof(verb), "%s", m->verb);
	e = control_send(fd, m);
	while (e == 0 && (e = control_receive(fd, m)) == 0 && strcmp(m->verb, "item") == 0) {
		const char *value = control_get(m, "reply");

		if (reply != NULL && value != NULL)
			snprintf(reply, size, "%s", value);
	}
	if (e != 0)
		die(verb, error_text(e));
	if (strcmp(m->verb, "ok") != 0)
		die(verb, error_text(control_error_code(m)));
	control_wipe(m);
}

static void start(struct control_message *m, const char *verb, const char *user)
{
	if (control_init(m, verb) != 0 || control_add(m, "user", user) != 0)
		die(user, "not a user's name");
}

static void issue(int fd, const char *user, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE], reply[256] = "";
	struct control_message m;

	address_format(address, text);
	start(&m, "issue", user);
	if (control_add(&m, "address", text) != 0)
		die(text, "not an address");
	call(fd, &m, reply, sizeof(reply));
	printf("%s %s %s\n", user, text, reply);
}

static struct address following(const struct address *first, unsigned i)
{
	const uint8_t *b = first->b + 12;
	uint32_t v = ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) + i;
	uint8_t v4[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	struct address a;

	address_from_v4(&a, v4);
	return a;
}

int main(int argc, char **argv)
{
	unsigned long count = argc >= 5 ? strtoul(argv[3], NULL, 10) : 0;
	struct address first;
	int fd;

	if (count == 0 || count > 1000000 || argc > 6 || (argc == 6 && strcmp(argv[5], "add") != 0) ||
	    address_parse(&first, argv[4]) != 0) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (control_connect(argv[1], &fd) != 0)
		die(argv[1], strerror(errno));
	for (unsigned i = 0; i < count; i++) {
		struct address address = following(&first, i);
		struct control_message m;
		char user[33];

		snprintf(user, sizeof(user), "%.20s%u", argv[2], i + 1);
		if (argc == 6) {
			start(&m, "user-add", user);
			call(fd, &m, NULL, 0);
		}
		issue(fd, user, &address);
	}
	close(fd);
	return 0;
}
