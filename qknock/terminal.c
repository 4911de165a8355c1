/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/interrupt.h"

#define PASTE_GAP_MS 100 /* a paste's next byte is there by then, a person's is not */

#define ESCAPE 0x1b
#define DELETE 0x7f

struct entry {
	int fd;
	bool (*wants_more)(const char *text, size_t len);
	char *text;
	size_t size, len;
	bool overflow;
	bool done;
};

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool terminal_exists(void)
{
	int fd = open_terminal();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void terminal_size(unsigned *columns, unsigned *rows)
{
	struct winsize size = {0};
	int fd = open_terminal();

	if (fd >= 0) {
		if (ioctl(fd, TIOCGWINSZ, &size) != 0)
			memset(&size, 0, sizeof(size));
		close(fd);
	}
	*columns = size.ws_col != 0 ? size.ws_col : 80;
	*rows = size.ws_row != 0 ? size.ws_row : 24;
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR && !interrupt_caught())
			continue;
		if (n < 0)
			return QK_ERR_IO;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int terminal_show(const char *text)
{
	int fd = open_terminal(), rc;

	if (fd < 0)
		return QK_ERR_IO;
	rc = write_all(fd, text);
	close(fd);
	return rc;
}

/* Waits for input without missing a signal that comes just before: it is let through while waiting only. */
static int wait_for_input(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	sigset_t stopping, before;
	int rc;

	sigemptyset(&stopping);
	sigaddset(&stopping, SIGINT);
	sigaddset(&stopping, SIGTERM);
	sigaddset(&stopping, SIGHUP);
	sigprocmask(SIG_BLOCK, &stopping, &before);
	errno = EINTR;
	rc = interrupt_caught() ? -1 : ppoll(&p, 1, NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* 1: a byte; 0: the end; else IO. */
static int read_byte(int fd, char *c)
{
	for (;;) {
		ssize_t n = wait_for_input(fd) < 0 ? -1 : read(fd, c, 1);

		if (n >= 0)
			return (int)n;
		if (errno != EINTR || interrupt_caught())
			return QK_ERR_IO;
	}
}

static bool more_is_there(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PASTE_GAP_MS) > 0;
}

/* What an arrow or function key sends behind ESC: "[", parameters, and one letter or "~". */
static void skip_sequence(struct entry *e)
{
	char c;

	if (!more_is_there(e->fd) || read_byte(e->fd, &c) != 1 || (c != '[' && c != 'O'))
		return;
	while (more_is_there(e->fd) && read_byte(e->fd, &c) == 1 && (c < 0x40 || c > 0x7e))
		;
}

static void append(struct entry *e, char c)
{
	if (e->len + 1 < e->size)
		e->text[e->len++] = c;
	else
		e->overflow = true;
}

static bool is_break(char c)
{
	return c == ' ' || c == '\n';
}

static void erase_word(struct entry *e)
{
	while (e->len > 0 && is_break(e->text[e->len - 1]))
		e->text[--e->len] = '\0';
	while (e->len > 0 && !is_break(e->text[e->len - 1]))
		e->text[--e->len] = '\0';
}

static void end_line(struct entry *e)
{
	bool again = e->len == 0 || e->text[e->len - 1] == '\n';

	if (more_is_there(e->fd))
		append(e, '\n');
	else if (!again && e->wants_more != NULL && e->wants_more(e->text, e->len))
		append(e, '\n');
	else
		e->done = true;
}

static void take(struct entry *e, char c)
{
	if (c == '\n' || c == '\r') {
		end_line(e);
	} else if (c == CTRL('D')) {
		e->done = true;
	} else if (c == DELETE || c == '\b') {
		if (e->len > 0)
			e->text[--e->len] = '\0';
	} else if (c == CTRL('U')) {
		crypto_wipe(e->text, e->len);
		e->len = 0;
		e->overflow = false;
	} else if (c == CTRL('W')) {
		erase_word(e);
	} else if (c == ESCAPE) {
		skip_sequence(e);
	} else if (c == '\t') {
		append(e, ' ');
	} else if ((unsigned char)c >= ' ') {
		append(e, c);
	}
}

static int read_entry(struct entry *e)
{
	char c = '\0';
	int n;

	while (!e->done) {
		n = read_byte(e->fd, &c);
		if (n < 0)
			return n;
		if (n == 0)
			e->done = true;
		else
			take(e, c);
	}
	crypto_wipe(&c, sizeof(c));
	e->text[e->len] = '\0';
	return e->overflow ? QK_ERR_SPACE : 0;
}

/* Each byte as it comes, without echo. Suspending is off, because a shell would then inherit all that. */
static int prepare(int fd, struct termios *before)
{
	struct termios now;

	if (tcgetattr(fd, before) != 0)
		return QK_ERR_IO;
	now = *before;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
	now.c_lflag |= ISIG;
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	now.c_cc[VSUSP] = _POSIX_VDISABLE;
	return tcsetattr(fd, TCSAFLUSH, &now) == 0 ? 0 : QK_ERR_IO;
}

/* From the background as well: ssh may have left, and the shell have taken the terminal back. */
static void restore(int fd, const struct termios *before)
{
	sigset_t output, mask;

	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	sigprocmask(SIG_BLOCK, &output, &mask);
	/* What was pasted beyond the end is no command for the shell. */
	(void)tcsetattr(fd, TCSAFLUSH, before);
	(void)!write(fd, "\n", 1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

int terminal_read(const char *prompt, bool (*wants_more)(const char *text, size_t len), char *text, size_t size)
{
	struct entry e = {.fd = open_terminal(), .wants_more = wants_more, .text = text, .size = size};
	struct termios before;
	int rc, saved;

	memset(text, 0, size);
	if (e.fd < 0)
		return QK_ERR_IO;
	rc = prepare(e.fd, &before);
	if (rc == 0) {
		rc = write_all(e.fd, prompt);
		if (rc == 0)
			rc = read_entry(&e);
		saved = errno;
		restore(e.fd, &before);
		errno = saved;
	}
	saved = errno;
	close(e.fd);
	errno = saved;
	if (rc != 0)
		crypto_wipe(text, size);
	return rc;
}

int terminal_ask(const char *prompt, char *text, size_t size)
{
	int fd = open_terminal(), rc = QK_ERR_IO, n = 1;
	size_t len = 0;
	char c;

	memset(text, 0, size);
	if (fd < 0)
		return rc;
	if (write_all(fd, prompt) == 0) {
		while ((n = read_byte(fd, &c)) == 1 && c != '\n')
			if (len + 1 < size)
				text[len++] = c;
		rc = n < 0 ? n : 0;
	}
	close(fd);
	return rc;
}
