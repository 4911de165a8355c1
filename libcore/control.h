/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on qknockd's control socket (SOCK_SEQPACKET): one message a packet, text, strictly parsed.
 * First line the verb, then "name=value" lines, each ended by a newline, the last one too; values hold any
 * byte but NUL and newline.
 * A request is answered by any number of "item" messages and then one "ok", or "error" with
 * code=<name in error.h, as NOT_FOUND> and text=<for people>. The verbs are listed in doc/control.md.
 */
#ifndef LIBCORE_CONTROL_H
#define LIBCORE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#define CONTROL_MESSAGE_MAX 8192
#define CONTROL_FIELDS_MAX 32
#define CONTROL_NAME_MAX 31
#define CONTROL_SOCKET_DEFAULT RUNSTATEDIR "/qknock/control"

struct control_field {
	const char *name;
	const char *value;
};

/* Owns its text, which the pointers point into: never copy one by assignment. Zero it or call control_init
 * before use, control_wipe afterwards (it may hold keys). */
struct control_message {
	const char *verb; /* never NULL after any call below */
	struct control_field fields[CONTROL_FIELDS_MAX];
	size_t field_count;
	size_t used;
	char text[CONTROL_MESSAGE_MAX + 1];
};

/* Starts a message; verb and names: 1..31 of [a-z-], names not twice. Errors of add: CONTROL (bad name,
 * value with newline, twice), SPACE. */
int control_init(struct control_message *m, const char *verb);
int control_add(struct control_message *m, const char *name, const char *value);
int control_add_u64(struct control_message *m, const char *name, uint64_t value);

/* NULL when there is no such field. */
const char *control_get(const struct control_message *m, const char *name);
/* Decimal, no sign, no leading zeros but "0". Errors: NOT_FOUND, CONTROL. */
int control_get_u64(const struct control_message *m, const char *name, uint64_t *value);

/* The message "error"; a NULL text is that of error.h. control_error_code reads its code back, CONTROL if that is
 * no name of error.h. */
int control_init_error(struct control_message *m, int code, const char *text);
int control_error_code(const struct control_message *m);

/* From a received packet. Errors: CONTROL; *m is then wiped. */
int control_parse(struct control_message *m, const char *packet, size_t len);

/* The bytes to send, at most CONTROL_MESSAGE_MAX; returns how many. The caller wipes them. */
size_t control_encode(const struct control_message *m, char packet[static CONTROL_MESSAGE_MAX]);

/* Errors: IO with errno ENAMETOOLONG for a path that no socket can have. */
int control_address(const char *path, struct sockaddr_un *sun);

/* Blocking helpers for clients: connect, send one, receive one; each gives up after 30 seconds.
 * Errors: IO with errno set (ECONNRESET when the peer closed, ETIMEDOUT); control_receive also CONTROL. */
int control_connect(const char *path, int *fd);
int control_send(int fd, const struct control_message *m);
int control_receive(int fd, struct control_message *m);
void control_wipe(struct control_message *m);

#endif
