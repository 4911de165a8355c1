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

#include <bsd/readpassphrase.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/interrupt.h"
#include "qknock/say.h"

extern char **environ;

#define FUTURE_TOLERANCE 30 /* seconds that clocks may differ without a word */

/* One byte at a time: what follows the line on standard input is another program's. */
static int read_line(int fd, char line[static KEYLINE_SIZE])
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, line + len, 1);
		if (n < 0 && errno == EINTR && !interrupt_caught())
			continue;
		if (n < 0)
			return QK_ERR_IO;
		if (n == 0 || line[len] == '\n')
			break;
		if (line[len] == '\0' || ++len == KEYLINE_SIZE - 1)
			return QK_ERR_REPLY;
	}
	if (len > 0 && line[len - 1] == '\r')
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
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

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
static int spawn_command(char *const *argv, pid_t *pid, int *out)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return QK_ERR_IO;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
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

static int read_command(char *const *argv, char line[static KEYLINE_SIZE])
{
	int rc, read_rc, out;
	pid_t pid;

	if (spawn_command(argv, &pid, &out) != 0) {
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
	if (readpassphrase(prompt, line, KEYLINE_SIZE, RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL) {
		if (!interrupt_caught())
			say_error("cannot read from the terminal: %s", strerror(errno));
		return QK_ERR_IO;
	}
	if (line[0] == '\0') {
		say_error("nothing was typed");
		return QK_ERR_REPLY;
	}
	return 0;
}

int keyline_read(const struct keyline_source *source, const char *prompt, char line[static KEYLINE_SIZE])
{
	int rc;

	if (source->file != NULL)
		rc = read_file(source->file, line);
	else if (source->command != NULL)
		rc = read_command(source->command, line);
	else if (source->stdin_is_taken || isatty(STDIN_FILENO))
		rc = read_terminal(prompt, line);
	else
		rc = read_from(STDIN_FILENO, "standard input", line);
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
			  "or say --ignore-age if the clock is wrong",
			  end_text, now_text);
		return QK_ERR_STALE;
	}
	if (otp->issued_at > now && otp->issued_at - now > FUTURE_TOLERANCE)
		say_warning("this one-time key is valid until %s, but this computer's clock says %s: is it slow?",
			    end_text, now_text);
	return 0;
}
