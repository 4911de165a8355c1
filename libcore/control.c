/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/control.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/decimal.h"
#include "libcore/error.h"

/* A daemon that hangs must not hang its administrator too. */
#define TIMEOUT_S 30

/*
 * text holds the packet with each separator replaced by a NUL: "verb\0name\0value\0name\0value\0".
 * So the pointers of the message are C strings, and packet and text have the same length.
 */

static bool name_valid(const char *s, size_t len)
{
	if (len == 0 || len > CONTROL_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] != '-' && (s[i] < 'a' || s[i] > 'z'))
			return false;
	return true;
}

int control_init(struct control_message *m, const char *verb)
{
	size_t len = strlen(verb);

	m->verb = "";
	m->field_count = 0;
	m->used = 0;
	m->text[0] = '\0';
	if (!name_valid(verb, len))
		return QK_ERR_CONTROL;
	memcpy(m->text, verb, len + 1);
	m->verb = m->text;
	m->used = len + 1;
	return 0;
}

int control_add(struct control_message *m, const char *name, const char *value)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);
	struct control_field *field;

	if (!name_valid(name, name_len) || strchr(value, '\n') != NULL || control_get(m, name) != NULL)
		return QK_ERR_CONTROL;
	if (m->field_count == CONTROL_FIELDS_MAX || value_len > CONTROL_MESSAGE_MAX ||
	    m->used + name_len + value_len + 2 > CONTROL_MESSAGE_MAX)
		return QK_ERR_SPACE;
	field = &m->fields[m->field_count++];
	field->name = memcpy(m->text + m->used, name, name_len + 1);
	m->used += name_len + 1;
	field->value = memcpy(m->text + m->used, value, value_len + 1);
	m->used += value_len + 1;
	return 0;
}

int control_add_u64(struct control_message *m, const char *name, uint64_t value)
{
	char text[DECIMAL_U64_SIZE];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return control_add(m, name, text);
}

const char *control_get(const struct control_message *m, const char *name)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (strcmp(m->fields[i].name, name) == 0)
			return m->fields[i].value;
	return NULL;
}

int control_get_u64(const struct control_message *m, const char *name, uint64_t *value)
{
	const char *s = control_get(m, name);

	*value = 0;
	if (s == NULL)
		return QK_ERR_NOT_FOUND;
	return decimal_parse(s, strlen(s), UINT64_MAX, value) ? 0 : QK_ERR_CONTROL;
}

static const char *const error_names[] = {
#define X(name, text) #name,
    ERROR_TABLE(X)
#undef X
};

int control_init_error(struct control_message *m, int code, const char *text)
{
	int err = control_init(m, "error");

	assert(code < 0 && code >= -ERROR_COUNT);
	if (err == 0)
		err = control_add(m, "code", error_names[-1 - code]);
	if (err == 0)
		err = control_add(m, "text", text != NULL ? text : error_text(code));
	return err;
}

int control_error_code(const struct control_message *m)
{
	const char *name = control_get(m, "code");

	for (int i = 0; name != NULL && i < ERROR_COUNT; i++)
		if (strcmp(name, error_names[i]) == 0)
			return -1 - i;
	return QK_ERR_CONTROL;
}

size_t control_encode(const struct control_message *m, char packet[static CONTROL_MESSAGE_MAX])
{
	memcpy(packet, m->text, m->used);
	for (size_t i = 0; i < m->field_count; i++) {
		packet[m->fields[i].name - m->text - 1] = '\n';
		packet[m->fields[i].value - m->text - 1] = '=';
	}
	if (m->used > 0)
		packet[m->used - 1] = '\n';
	return m->used;
}

/* Splits one line, already ended by a NUL, into a field. */
static int parse_field(struct control_message *m, char *line)
{
	char *equals = strchr(line, '=');

	if (equals == NULL || m->field_count == CONTROL_FIELDS_MAX || !name_valid(line, (size_t)(equals - line)))
		return QK_ERR_CONTROL;
	*equals = '\0';
	if (control_get(m, line) != NULL)
		return QK_ERR_CONTROL;
	m->fields[m->field_count].name = line;
	m->fields[m->field_count].value = equals + 1;
	m->field_count++;
	return 0;
}

static int parse_text(struct control_message *m)
{
	char *line = m->text;
	char *end = memchr(line, '\n', m->used);
	int err = 0;

	if (!name_valid(line, (size_t)(end - line)))
		return QK_ERR_CONTROL;
	*end = '\0';
	m->verb = line;
	for (line = end + 1; err == 0 && line < m->text + m->used; line = end + 1) {
		end = memchr(line, '\n', (size_t)(m->text + m->used - line));
		*end = '\0';
		err = parse_field(m, line);
	}
	return err;
}

int control_parse(struct control_message *m, const char *packet, size_t len)
{
	int err = QK_ERR_CONTROL;

	m->verb = "";
	m->field_count = 0;
	m->used = 0;
	m->text[0] = '\0';
	/* The last byte being a newline is what lets parse_text find the end of every line. */
	if (len == 0 || len > CONTROL_MESSAGE_MAX || packet[len - 1] != '\n' || memchr(packet, '\0', len) != NULL)
		return QK_ERR_CONTROL;
	memcpy(m->text, packet, len);
	m->text[len] = '\0';
	m->used = len;
	err = parse_text(m);
	if (err != 0)
		control_wipe(m);
	return err;
}

int control_address(const char *path, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (path[0] == '\0' || strlen(path) >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return QK_ERR_IO;
	}
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

int control_connect(const char *path, int *fd)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	struct sockaddr_un sun;
	int saved;

	*fd = -1;
	if (control_address(path, &sun) != 0)
		return QK_ERR_IO;
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return QK_ERR_IO;
	if (setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    connect(*fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return 0;
	saved = errno == EAGAIN ? ETIMEDOUT : errno;
	close(*fd);
	*fd = -1;
	errno = saved;
	return QK_ERR_IO;
}

int control_send(int fd, const struct control_message *m)
{
	char packet[CONTROL_MESSAGE_MAX];
	size_t len = control_encode(m, packet);
	ssize_t n;

	do
		n = send(fd, packet, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	crypto_wipe(packet, len);
	return n < 0 ? QK_ERR_IO : 0;
}

int control_receive(int fd, struct control_message *m)
{
	char packet[CONTROL_MESSAGE_MAX + 1]; /* one more, so that a longer packet shows */
	int err = QK_ERR_IO;
	ssize_t n;

	control_wipe(m);
	do
		n = recv(fd, packet, sizeof(packet), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	if (n == 0)
		errno = ECONNRESET;
	if (n > 0)
		err = control_parse(m, packet, (size_t)n);
	if (n > 0)
		crypto_wipe(packet, (size_t)n);
	return err;
}

void control_wipe(struct control_message *m)
{
	crypto_wipe(m, sizeof(*m));
	m->verb = "";
}
