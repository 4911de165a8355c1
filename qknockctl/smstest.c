/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl sms test: a request as the user's telephone would send it, through the adapter, but no message is sent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/number.h"
#include "libcore/otp.h"
#include "qknockctl/ctl.h"
#include "qknockctl/link.h"
#include "qknockctl/output.h"
#include "qknockctl/passcode.h"

#define MESSAGE_SIZE (OTP_REQUEST_SIZE + 64)
#define ANSWER_SIZE 512

/* --- the request --- */

static int take_number(void *arg, const struct control_message *item)
{
	const char *numbers = control_get(item, "numbers");
	char *number = arg;

	if (numbers != NULL)
		snprintf(number, NUMBER_SIZE, "%.*s", (int)strcspn(numbers, " "), numbers);
	return CTL_OK;
}

static int first_number(struct ctl *ctl, const char *user, char number[static NUMBER_SIZE])
{
	struct control_message m;
	int code = link_user(&m, "user-get", user);

	number[0] = '\0';
	if (code == CTL_OK)
		code = link_call(ctl, &m, take_number, number);
	if (code == CTL_OK && number[0] == '\0') {
		ctl_error("%s: the user has no telephone number; see \"qknockctl user set --numbers\"", ctl->command);
		code = CTL_REFUSED;
	}
	return code;
}

static int write_request(struct ctl *ctl, char **argv, const char *number, char message[static MESSAGE_SIZE])
{
	struct otp_request request = {.user = ""};
	char text[OTP_REQUEST_SIZE];
	int code = CTL_REFUSED, err = address_parse(&request.source, argv[1]);

	if (err == 0)
		snprintf(request.user, sizeof(request.user), "%s", argv[0]);
	if (err != 0)
		ctl_error("%s: %s: %s", ctl->command, argv[1], error_text(err));
	else if (passcode_read(request.pass_code) == 0 && otp_request_format(&request, text) == 0)
		code = CTL_OK;
	if (code == CTL_OK)
		snprintf(message, MESSAGE_SIZE, "From: %s\n\n%s\n", number, text);
	otp_request_wipe(&request);
	crypto_wipe(text, sizeof(text));
	return code;
}

/* --- the adapter --- */

static void __attribute__((noreturn)) become(char **command, const int in[2], const int out[2])
{
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
		_exit(EX_OSERR);
	execvp(command[0], command);
	ctl_error("%s: %s", command[0], strerror(errno));
	_exit(127);
}

/* The message fits the pipe, so writing all of it first can't block. */
static int exchange(const int in[2], const int out[2], const char *message, char answer[static ANSWER_SIZE])
{
	size_t used = 0, len = strlen(message);
	ssize_t n;

	/* One that doesn't read it says so with its exit code. */
	if (write(in[1], message, len) != (ssize_t)len && errno != EPIPE)
		return QK_ERR_IO;
	close(in[1]);
	while (used < ANSWER_SIZE - 1 && (n = read(out[0], answer + used, ANSWER_SIZE - 1 - used)) > 0)
		used += (size_t)n;
	answer[used] = '\0';
	return 0;
}

/* Runs the command with the message as its input. Returns its exit code, or -1 with errno set. */
static int run(char **command, const char *message, char answer[static ANSWER_SIZE])
{
	int in[2], out[2], status = -1, err;
	pid_t pid;

	answer[0] = '\0';
	if (pipe2(in, O_CLOEXEC) != 0)
		return -1;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid == 0)
		become(command, in, out);
	close(in[0]);
	close(out[1]);
	err = pid > 0 ? exchange(in, out, message, answer) : QK_ERR_IO;
	close(out[0]);
	if (pid > 0 && waitpid(pid, &status, 0) < 0)
		status = -1;
	return err == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- its answer --- */

/* "To: NUMBER", an empty line, the text: cut into the two. */
static int split(char *answer, char **number, char **text)
{
	if (strncmp(answer, "To: ", 4) != 0)
		return QK_ERR_REPLY;
	*number = answer + 4;
	*text = strstr(answer, "\n\n");
	if (*text == NULL)
		return QK_ERR_REPLY;
	**text = '\0';
	*text += 2;
	(*text)[strcspn(*text, "\n")] = '\0';
	return number_check(*number);
}

static int show(const struct ctl *ctl, const char *number, const char *text)
{
	static const struct output_column columns[] = {
	    {"number", "To", OUTPUT_TEXT}, {"key", "Key", OUTPUT_FLAG}, {"text", "Text", OUTPUT_TEXT}};
	struct output *output = output_new(ctl->json, columns, sizeof(columns) / sizeof(columns[0]), "");
	struct control_message item;
	struct otp otp;
	bool key = otp_reply_parse(&otp, text, strlen(text)) == 0;
	int code = CTL_REFUSED;

	otp_wipe(&otp);
	/* The key is for the telephone: here it would only be in the way of somebody's eyes. */
	if (output != NULL && control_init(&item, "item") == 0 && control_add(&item, "number", number) == 0 &&
	    control_add(&item, "key", key ? "yes" : "no") == 0 &&
	    control_add(&item, "text", key ? "a one-time key, not shown" : text) == 0 && output_add(output, &item)) {
		output_single(output);
		code = key ? CTL_OK : CTL_REFUSED;
	}
	output_free(output);
	return code;
}

static int judge(const struct ctl *ctl, const char *command, int exit_code, char *answer)
{
	char *number, *text;

	if (exit_code == EX_TEMPFAIL)
		ctl_error("%s: %s says: try again later", ctl->command, command);
	else if (exit_code < 0)
		ctl_error("%s: %s could not be run, or was killed", ctl->command, command);
	else if (exit_code != 0)
		ctl_error("%s: %s ended with exit code %d", ctl->command, command, exit_code);
	else if (answer[0] == '\0')
		ctl_error("%s: no answer would be sent; the daemon's log says why", ctl->command);
	else if (split(answer, &number, &text) != 0)
		ctl_error("%s: %s answered with what is no message", ctl->command, command);
	else
		return show(ctl, number, text);
	return CTL_REFUSED;
}

int sms_test(struct ctl *ctl, int argc, char **argv)
{
	char message[MESSAGE_SIZE], answer[ANSWER_SIZE], number[NUMBER_SIZE], name[] = "qknock-sms", option[] = "-s";
	char *adapter[] = {name, option, NULL, NULL}, **command = argc > 2 ? argv + 2 : adapter;
	const char *path;
	int exit_code, code = first_number(ctl, argv[0], number);

	if (code == CTL_OK)
		code = link_path(ctl, &path);
	if (code == CTL_OK)
		code = write_request(ctl, argv, number, message);
	if (code != CTL_OK)
		return code;
	adapter[2] = strdup(path);
	exit_code = adapter[2] != NULL ? run(command, message, answer) : -1;
	code = judge(ctl, command[0], exit_code, answer);
	free(adapter[2]);
	crypto_wipe(message, sizeof(message));
	crypto_wipe(answer, sizeof(answer));
	return code;
}
