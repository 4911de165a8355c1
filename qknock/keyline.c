/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/keyline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/interrupt.h"
#include "qknock/keytext.h"
#include "qknock/say.h"
#include "qknock/terminal.h"

extern char **environ;

#define FUTURE_TOLERANCE 30  /* seconds that clocks may differ without a word */
#define MISTYPED_AFTER 86400 /* seconds: more are rather a mistyped digit */

/* A person or a telephone may have broken the line where it is not finished. */
static bool wants_more(const char *text, size_t len)
{
	char ignored[KEYTEXT_EXPLANATION_SIZE];
	struct otp otp;
	enum keytext_state state = keytext_parse(&otp, text, len, ignored);

	otp_wipe(&otp);
	return state == KEYTEXT_PARTIAL && strspn(text, " \t\r\n") < len;
}

/* One byte at a time: what follows the line on standard input is another program's. */
static int read_line(int fd, char line[static KEYLINE_SIZE])
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		line[len + 1] = '\0';
		n = read(fd, line + len, 1);
		if (n < 0 && errno == EINTR && !interrupt_caught())
			continue;
		if (n < 0)
			return QK_ERR_IO;
		if (n == 0 || (line[len] == '\n' && !wants_more(line, len)))
			break;
		if (line[len] == '\0' || ++len == KEYLINE_SIZE - 1)
			return QK_ERR_REPLY;
	}
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	line[len] = '\0';
	return len > 0 ? 0 : QK_ERR_REPLY;
}

/* From a descriptor that is closed afterwards; label names it. */
static int read_from(int fd, const char *label, char line[static KEYLINE_SIZE])
{
	int rc = read_line(fd, line);

	if (rc == QK_ERR_IO && !interrupt_caught())
		say_error("%s: %s", label, strerror(errno));
	else if (rc == QK_ERR_REPLY)
		say_error("%s: no line that could be a one-time key line", label);
	return rc;
}

static int read_file(const char *path, char line[static KEYLINE_SIZE])
{
	struct stat st;
	int rc, fd;

	if (strcmp(path, "-") == 0)
		return read_from(STDIN_FILENO, "standard input", line);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		say_error("%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		say_warning("%s: others can open this file; chmod 600 keeps the key yours", path);
	rc = read_from(fd, path, line);
	close(fd);
	return rc;
}

/* Starts argv with its standard output on a pipe; *out is the end to read. */
static int spawn_command(const struct keyline_source *source, pid_t *pid, int *out)
{
	/* It would eat what is ssh's; a terminal may be asked for a passphrase. */
	bool no_input = source->stdin_is_taken && !isatty(STDIN_FILENO);
	char *const *argv = source->command;
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return QK_ERR_IO;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		if (error == 0 && no_input)
			error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		if (error == 0)
			error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (error == 0) {
		*out = ends[0];
		return 0;
	}
	close(ends[0]);
	errno = error;
	return QK_ERR_IO;
}

/* Reads on to the end, so that the command does not die of a closed pipe before it says whether it worked. */
static void drain(int fd)
{
	char rest[256];
	ssize_t n;

	do
		n = read(fd, rest, sizeof(rest));
	while (n > 0 || (n < 0 && errno == EINTR && !interrupt_caught()));
	crypto_wipe(rest, sizeof(rest));
}

static int wait_for(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno == EINTR)
			continue;
		say_error("key command %s: %s", name, strerror(errno));
		return QK_ERR_IO;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		say_error("key command %s failed with exit code %d", name, WEXITSTATUS(status));
	else
		say_error("key command %s was ended by signal %d", name, WTERMSIG(status));
	return QK_ERR_IO;
}

static int read_command(const struct keyline_source *source, char line[static KEYLINE_SIZE])
{
	char *const *argv = source->command;
	int rc, read_rc, out;
	pid_t pid;

	if (spawn_command(source, &pid, &out) != 0) {
		say_error("key command %s: %s", argv[0], strerror(errno));
		return QK_ERR_IO;
	}
	read_rc = read_line(out, line);
	drain(out);
	close(out);
	rc = wait_for(pid, argv[0]);
	if (rc == 0 && read_rc != 0)
		say_error("key command %s printed no line that could be a one-time key line", argv[0]);
	return rc != 0 ? rc : read_rc;
}

static int read_terminal(const char *prompt, char line[static KEYLINE_SIZE])
{
	int rc;

	if (!terminal_exists()) {
		say_error(
		    "there is no terminal to ask for the key line: use --key-file or --otp-command, or otp_command in "
		    "qknock_config(5)");
		return QK_ERR_IO;
	}
	rc = terminal_read(prompt, wants_more, line, KEYLINE_SIZE);
	if (rc == QK_ERR_SPACE)
		say_error("that is too long for a one-time key line");
	else if (rc != 0 && !interrupt_caught())
		say_error("cannot read from the terminal: %s", strerror(errno));
	if (rc == 0 && line[strspn(line, " \n")] == '\0') {
		say_error("nothing was typed");
		rc = QK_ERR_REPLY;
	}
	return rc;
}

bool keyline_is_asked_for(const struct keyline_source *source)
{
	return source->file == NULL && source->command == NULL && (source->stdin_is_taken || isatty(STDIN_FILENO));
}

int keyline_read(const struct keyline_source *source, const char *prompt, char line[static KEYLINE_SIZE])
{
	int rc;

	if (source->file != NULL)
		rc = read_file(source->file, line);
	else if (source->command != NULL)
		rc = read_command(source, line);
	else if (keyline_is_asked_for(source))
		rc = read_terminal(prompt, line);
	else
		rc = read_from(STDIN_FILENO, "standard input", line);
	if (rc != 0)
		crypto_wipe(line, KEYLINE_SIZE);
	return rc;
}

int keyline_read_pass_code(char line[static KEYLINE_SIZE])
{
	int rc = 0;

	memset(line, 0, KEYLINE_SIZE);
	if (!isatty(STDIN_FILENO)) {
		rc = read_from(STDIN_FILENO, "standard input", line);
	} else if (terminal_read("Pass-code: ", NULL, line, KEYLINE_SIZE) != 0) {
		if (!interrupt_caught())
			say_error("cannot read from the terminal: %s", strerror(errno));
		rc = QK_ERR_IO;
	}
	if (rc == 0 && otp_pass_code_check(line) != 0) {
		say_error("%s", error_text(QK_ERR_PASS_CODE));
		rc = QK_ERR_PASS_CODE;
	}
	if (rc != 0)
		crypto_wipe(line, KEYLINE_SIZE);
	return rc;
}

#define TIME_SIZE 32

static void format_time(uint64_t seconds, char text[static TIME_SIZE])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds > INT64_MAX || localtime_r(&t, &tm) == NULL || strftime(text, TIME_SIZE, "%F %T %z", &tm) == 0)
		snprintf(text, TIME_SIZE, "%" PRIu64, seconds);
}

int keyline_check_age(const struct otp *otp, uint32_t validity, uint64_t now)
{
	uint64_t end = otp->issued_at > UINT64_MAX - validity ? UINT64_MAX : otp->issued_at + validity;
	char end_text[TIME_SIZE], now_text[TIME_SIZE];

	format_time(end, end_text);
	format_time(now, now_text);
	if (end < now) {
		say_error("this one-time key was valid until %s, and this computer's clock says %s: ask for a new key, "
			  "or say --ignore-age if the clock is wrong%s",
			  end_text, now_text, now - end > MISTYPED_AFTER ? "; or is the time stamp mistyped?" : "");
		return QK_ERR_STALE;
	}
	if (otp->issued_at > now && otp->issued_at - now > FUTURE_TOLERANCE)
		say_warning("this one-time key is valid until %s, but this computer's clock says %s: is it slow%s?",
			    end_text, now_text,
			    otp->issued_at - now > MISTYPED_AFTER ? ", or the time stamp mistyped" : "");
	return 0;
}
