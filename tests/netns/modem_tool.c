/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A modem on a pseudo terminal, as far as SMS daemons ask for one, and the network behind it:
 *
 *     modem_tool run DIRECTORY             DIRECTORY/tty is the modem; DIRECTORY/incoming holds messages that arrive
 *                                          (a PDU a line, files whose names begin with "." not yet), and a line for
 *                                          each that was sent is added to DIRECTORY/sent: number, blank, text
 *     modem_tool pdu SENDER gsm7|ucs2 [N]  standard input as PDUs on their way to the modem, in N parts if it needs
 *                                          no more
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/netns/pdu.h"

#define SLOTS 20
#define LINE_SIZE 1024
#define END_OF_PDU 0x1a

struct modem {
	const char *dir;
	int fd;
	char slots[SLOTS][PDU_HEX_SIZE]; /* empty: free */
	bool sending;			 /* a PDU comes next */
	char line[LINE_SIZE];
	size_t len;
	unsigned sent;
};

/* --- the network --- */

static void store(struct modem *m, const char *pdu)
{
	size_t len = strlen(pdu);

	if (len >= PDU_HEX_SIZE)
		errx(1, "no PDU: %s", pdu);
	for (size_t i = 0; i < SLOTS; i++) {
		if (m->slots[i][0] != '\0')
			continue;
		memcpy(m->slots[i], pdu, len + 1);
		return;
	}
	errx(1, "the modem is full");
}

static void arrive(struct modem *m, const char *path)
{
	char line[LINE_SIZE];
	FILE *file = fopen(path, "re");

	if (file == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		store(m, line);
	}
	fclose(file);
	unlink(path);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t take_incoming(struct modem *m)
{
	char dir[PATH_MAX / 2], path[PATH_MAX];
	struct dirent **entries = NULL;
	size_t used = 0;
	int n;

	snprintf(dir, sizeof(dir), "%s/incoming", m->dir);
	n = scandir(dir, &entries, visible, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		arrive(m, path);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = 0; i < SLOTS; i++)
		used += m->slots[i][0] != '\0';
	return used;
}

static bool send_pdu(struct modem *m, const char *pdu)
{
	struct pdu_submit message;
	char path[PATH_MAX];
	FILE *file;

	if (!pdu_read_submit(pdu, &message))
		return false;
	snprintf(path, sizeof(path), "%s/sent", m->dir);
	file = fopen(path, "ae");
	if (file == NULL || fprintf(file, "%s %s\n", message.number, message.text) < 0 || fclose(file) != 0)
		err(1, "%s", path);
	m->sent++;
	return true;
}

/* --- AT commands --- */

static void say(const struct modem *m, const char *text)
{
	if (write(m->fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "the terminal");
}

/* The slot that "...=N" names; NULL: there is none. */
static char *slot_of(struct modem *m, const char *command)
{
	const char *number = strchr(command, '=');
	long n = number != NULL ? strtol(number + 1, NULL, 10) : 0;

	return n >= 1 && n <= SLOTS ? m->slots[n - 1] : NULL;
}

static void obey(struct modem *m, const char *command)
{
	char answer[LINE_SIZE] = "";
	char *slot;

	if (strcmp(command, "AT+CPIN?") == 0) {
		strcpy(answer, "\r\n+CPIN: READY\r\n");
	} else if (strcmp(command, "AT+CSQ") == 0) {
		strcpy(answer, "\r\n+CSQ: 20,0\r\n");
	} else if (strcmp(command, "AT+CREG?") == 0) {
		strcpy(answer, "\r\n+CREG: 0,1\r\n");
	} else if (strcmp(command, "AT+CIMI") == 0 || strcmp(command, "AT+CGSN") == 0) {
		strcpy(answer, "\r\n234150000000017\r\n");
	} else if (strcmp(command, "AT+CPMS?") == 0) {
		size_t used = take_incoming(m);

		snprintf(answer, sizeof(answer), "\r\n+CPMS: \"SM\",%zu,%d,\"SM\",%zu,%d,\"SM\",%zu,%d\r\n", used,
			 SLOTS, used, SLOTS, used, SLOTS);
	} else if (strncmp(command, "AT+CMGR=", 8) == 0 && (slot = slot_of(m, command)) != NULL && slot[0] != '\0') {
		snprintf(answer, sizeof(answer), "\r\n+CMGR: 0,,%zu\r\n%.*s\r\n", strlen(slot) / 2 - 1, PDU_HEX_SIZE,
			 slot);
	} else if (strncmp(command, "AT+CMGD=", 8) == 0 && (slot = slot_of(m, command)) != NULL) {
		slot[0] = '\0';
	} else if (strncmp(command, "AT+CMGS=", 8) == 0) {
		m->sending = true;
		say(m, "\r\n> ");
		return;
	}
	say(m, answer);
	say(m, "\r\nOK\r\n");
}

static void end_of_line(struct modem *m)
{
	char answer[64];

	m->line[m->len] = '\0';
	m->len = 0;
	if (!m->sending) {
		if (m->line[0] != '\0')
			obey(m, m->line);
		return;
	}
	m->sending = false;
	if (send_pdu(m, m->line)) {
		snprintf(answer, sizeof(answer), "\r\n+CMGS: %u\r\n\r\nOK\r\n", m->sent % 256);
		say(m, answer);
	} else {
		say(m, "\r\n+CMS ERROR: 304\r\n");
	}
}

static void hear(struct modem *m)
{
	char bytes[512];
	ssize_t n = read(m->fd, bytes, sizeof(bytes));

	if (n < 0 && errno != EIO)
		err(1, "the terminal");
	for (ssize_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (c == (m->sending ? END_OF_PDU : '\r'))
			end_of_line(m);
		else if (c != '\r' && c != '\n' && m->len < LINE_SIZE - 1)
			m->line[m->len++] = c;
	}
}

static int run(const char *dir)
{
	struct modem m = {.dir = dir};
	char name[PATH_MAX], path[PATH_MAX];
	struct termios raw;
	struct pollfd fd;
	int other;

	if (openpty(&m.fd, &other, name, NULL, NULL) != 0 || tcgetattr(other, &raw) != 0)
		err(1, "openpty");
	cfmakeraw(&raw);
	snprintf(path, sizeof(path), "%s/tty", dir);
	/* The other end stays open here: the modem does not hang up when nobody uses it. */
	if (tcsetattr(other, TCSANOW, &raw) != 0 || chmod(name, 0666) != 0 || symlink(name, path) != 0)
		err(1, "%s", path);
	fd = (struct pollfd){.fd = m.fd, .events = POLLIN};
	while (poll(&fd, 1, -1) == 1)
		hear(&m);
	return 1;
}

/* --- messages to deliver --- */

static int print_pdus(const char *sender, const char *alphabet, unsigned parts)
{
	unsigned char text[LINE_SIZE * 4];
	size_t len = fread(text, 1, sizeof(text), stdin);
	struct pdu_deliver message = {.sender = sender,
				      .alphabet = strcmp(alphabet, "ucs2") == 0 ? PDU_UCS2 : PDU_GSM7,
				      .reference = (unsigned)getpid() & 0xff};
	size_t room = parts > 1 ? (len + parts - 1) / parts : pdu_room(message.alphabet, false);
	char hex[PDU_HEX_SIZE];

	if (len > parts * room)
		room = pdu_room(message.alphabet, true);
	message.parts = len > 0 ? (unsigned)((len + room - 1) / room) : 1;
	for (message.part = 1; message.part <= message.parts; message.part++) {
		size_t from = (message.part - 1) * room;

		message.text = text + from;
		message.len = len - from < room ? len - from : room;
		if (!pdu_write_deliver(&message, hex))
			errx(1, "part %u does not fit", message.part);
		puts(hex);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "run") == 0)
		return run(argv[2]);
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "pdu") == 0)
		return print_pdus(argv[2], argv[3], argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 1);
	errx(64, "usage: modem_tool run DIRECTORY | pdu SENDER gsm7|ucs2 [PARTS]");
}
