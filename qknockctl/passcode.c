/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/passcode.h"

#include <crypt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockctl/ctl.h"

/* One character more than a pass-code may have shows that it is too long; then the line's end and a NUL. */
#define LINE_SIZE (OTP_PASS_CODE_MAX + 3)

/* Waits for input; with a mask, signals are let in meanwhile and end the wait. */
static bool wait_for_input(const sigset_t *mask)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	return ppoll(&input, 1, NULL, mask) == 1;
}

/* Reads up to a newline or the end, byte by byte so that nothing behind it is taken. */
static int read_line(const sigset_t *mask, char line[static LINE_SIZE])
{
	size_t used = 0;
	bool too_long = false;
	ssize_t n;
	char c;

	while ((n = wait_for_input(mask) ? read(STDIN_FILENO, &c, 1) : -1) == 1 && c != '\n') {
		if (used < LINE_SIZE - 1)
			line[used++] = c;
		else
			too_long = true;
	}
	line[used] = '\0';
	if (n < 0)
		return QK_ERR_IO;
	return too_long ? QK_ERR_PASS_CODE : 0;
}

/* --- the terminal --- */

static const int deadly_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define DEADLY_COUNT (sizeof(deadly_signals) / sizeof(deadly_signals[0]))

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

static int read_hidden(const char *prompt, const sigset_t *mask, char line[static LINE_SIZE])
{
	struct termios shown, hidden;
	int err = QK_ERR_IO;

	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return QK_ERR_IO;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0) {
		fputs(prompt, stderr);
		err = read_line(mask, line);
		fputc('\n', stderr);
	}
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	return err;
}

/* Signals wait while the echo is off, except where they may end the reading: so none can leave it off, and none is
 * missed between a look and a wait. Once the echo is on again each does what it would have done. */
static int read_unseen(const char *prompt, char line[static LINE_SIZE])
{
	struct sigaction old[DEADLY_COUNT], action = {.sa_handler = note_signal};
	sigset_t deadly, mask;
	int err;

	sigemptyset(&deadly);
	for (size_t i = 0; i < DEADLY_COUNT; i++)
		sigaddset(&deadly, deadly_signals[i]);
	sigprocmask(SIG_BLOCK, &deadly, &mask);
	caught = 0;
	for (size_t i = 0; i < DEADLY_COUNT; i++)
		sigaction(deadly_signals[i], &action, &old[i]);
	err = read_hidden(prompt, &mask, line);
	for (size_t i = 0; i < DEADLY_COUNT; i++)
		sigaction(deadly_signals[i], &old[i], NULL);
	if (caught != 0) {
		crypto_wipe(line, LINE_SIZE);
		raise(caught);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return err;
}

static int read_terminal(char line[static LINE_SIZE])
{
	char again[LINE_SIZE] = "";
	int err = read_unseen("Pass-code: ", line);

	if (err == 0)
		err = otp_pass_code_check(line);
	if (err == 0)
		err = read_unseen("Pass-code again: ", again);
	if (err == 0 && strcmp(line, again) != 0)
		err = QK_ERR_MISMATCH;
	crypto_wipe(again, sizeof(again));
	return err;
}

static int read_input(char line[static LINE_SIZE])
{
	size_t len;
	int err = read_line(NULL, line);

	len = strlen(line);
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return err != 0 ? err : otp_pass_code_check(line);
}

int passcode_read(char pass_code[static OTP_PASS_CODE_MAX + 1])
{
	char line[LINE_SIZE] = "";
	int err = isatty(STDIN_FILENO) ? read_terminal(line) : read_input(line);

	pass_code[0] = '\0';
	if (err == 0)
		memcpy(pass_code, line, strlen(line) + 1); /* checked: it fits */
	else if (err == QK_ERR_MISMATCH)
		ctl_error("the two pass-codes differ");
	else
		ctl_error("%s", err == QK_ERR_IO ? "no pass-code could be read" : error_text(err));
	crypto_wipe(line, sizeof(line));
	return err;
}

/* --- the hash --- */

int passcode_hash(const char *pass_code, char *hash, size_t size)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *result = NULL;
	int err = QK_ERR_CRYPTO;

	hash[0] = '\0';
	if (data == NULL)
		return QK_ERR_NOMEM;
	/* Cost 0 is the library's default; no bytes given, it draws the salt itself. */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) != NULL)
		result = crypt_r(pass_code, setting, data);
	/* A failure token, "*0" or "*1", must never be stored as if it were a hash. */
	if (result != NULL && result[0] == '$')
		err = strlen(result) < size ? 0 : QK_ERR_SPACE;
	if (err == 0)
		memcpy(hash, result, strlen(result) + 1);
	crypto_wipe(data, sizeof(*data));
	free(data);
	return err;
}
