/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qknockctl pam-check: does a PAM service refuse who has not knocked? The trap is a stack that has pam_knock under
 * auth alone: a login by public key never calls auth.
 */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockctl/ctl.h"
#include "qknockctl/pamstack.h"

#define PAM_DIRECTORY "/etc/pam.d"
#define ADVICE_MAX 16

/* What was found, in the order in which it is said. */
struct report {
	const char *path;
	bool asks[2]; /* auth, account: nobody passes without a grant */
	char *advice[ADVICE_MAX];
	size_t count;
};

enum { AUTH, ACCOUNT };
static const char *const types[] = {"auth", "account"};

static void advise(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void advise(struct report *report, const char *format, ...)
{
	va_list ap;

	if (report->count == ADVICE_MAX)
		return;
	va_start(ap, format);
	if (vasprintf(&report->advice[report->count], format, ap) >= 0)
		report->count++;
	va_end(ap);
}

/* Does a refusal by this line refuse the login? All that the module returns then is looked at. */
static bool refuses(const struct pamstack_line *line)
{
	static const char *const values[] = {"perm_denied", "authinfo_unavail", "service_err", "module_unknown"};
	char text[16];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *action = pamstack_action(line, values[i], text);

		if (strcmp(action, "bad") != 0 && strcmp(action, "die") != 0)
			return false;
	}
	return true;
}

/* Can a module at index "from" let a login pass the one at index "to" by? */
static bool passes_by(const struct pamstack *stack, size_t from, size_t to)
{
	char text[16];
	const char *action = pamstack_action(&stack->lines[from], "success", text);
	unsigned substack = stack->lines[from].substack;

	if (strcmp(action, "done") == 0)
		return substack == 0 || substack == stack->lines[to].substack;
	return strtoul(action, NULL, 10) > to - from - 1;
}

static void look_before(struct report *report, const struct pamstack *stack, size_t at, const char *type)
{
	for (size_t i = 0; i < at; i++)
		if (passes_by(stack, i, at))
			advise(report,
			       "%s:%u: %s passes pam_knock by when %s succeeds. Right for a way in that is kept for "
			       "emergencies, wrong for anything else.",
			       stack->lines[i].file, stack->lines[i].number, type, stack->lines[i].module);
}

/* Index of the line by which the type asks for a grant, or count. */
static size_t find_asking(struct report *report, const struct pamstack *stack, const char *type)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct pamstack_line *line = &stack->lines[i];

		if (!pamstack_is(line, "pam_knock"))
			continue;
		if (refuses(line))
			return i;
		advise(report, "%s:%u: with the control \"%s\", %s goes on when pam_knock refuses. Write \"%s\".",
		       line->file, line->number, line->control, type,
		       strcmp(type, "auth") == 0 ? "requisite" : "required");
	}
	return stack->count;
}

static int check_type(struct report *report, int which, char arguments[static PAMSTACK_TEXT_SIZE])
{
	struct pamstack stack;
	size_t at;
	int err = pamstack_read(&stack, report->path, types[which]);

	arguments[0] = '\0';
	if (err == QK_ERR_IO)
		ctl_error("pam-check: %s: %s", stack.fault, strerror(errno));
	else if (err != 0)
		ctl_error("pam-check: %s: %s", stack.fault,
			  err == QK_ERR_CONFIG ? "files include each other without end" : error_text(err));
	if (err != 0)
		return CTL_REFUSED;
	at = find_asking(report, &stack, types[which]);
	report->asks[which] = at < stack.count;
	if (at < stack.count) {
		look_before(report, &stack, at, types[which]);
		snprintf(arguments, PAMSTACK_TEXT_SIZE, "%s", stack.lines[at].arguments);
	}
	pamstack_free(&stack);
	return CTL_OK;
}

static void judge(struct report *report, const char *auth_arguments, const char *account_arguments)
{
	const bool *asks = report->asks;

	if (asks[AUTH] && !asks[ACCOUNT])
		advise(report,
		       "Only auth asks for a grant: whoever has a key in authorized_keys logs in without a knock, "
		       "because sshd does not call auth for public keys. Put before the other account lines of %s:\n"
		       "    account required pam_knock.so%s%s",
		       report->path, auth_arguments[0] != '\0' ? " " : "", auth_arguments);
	else if (!asks[AUTH] && asks[ACCOUNT])
		advise(
		    report,
		    "Only account asks for a grant: nobody logs in without one, but strangers may try passwords, and "
		    "lock accounts where pam_faillock counts. Put before the other auth lines of %s:\n"
		    "    auth requisite pam_knock.so%s%s",
		    report->path, account_arguments[0] != '\0' ? " " : "", account_arguments);
	else if (!asks[AUTH])
		advise(report,
		       "Nothing asks for a grant. Put before the other auth and account lines of %s:\n"
		       "    auth requisite pam_knock.so\n"
		       "    account required pam_knock.so",
		       report->path);
	else if (strcmp(auth_arguments, account_arguments) != 0)
		advise(report,
		       "auth and account have different arguments, \"%s\" and \"%s\": a login by public key knows "
		       "those of account only.",
		       auth_arguments, account_arguments);
}

static void print_report(const struct report *report)
{
	printf("%s: auth %s for a grant, account %s\n", report->path, report->asks[AUTH] ? "asks" : "does not ask",
	       report->asks[ACCOUNT] ? "does" : "does not");
	for (size_t i = 0; i < report->count; i++)
		printf("%s\n", report->advice[i]);
}

static int print_json(const struct report *report)
{
	json_t *advice = json_array();
	json_t *object;

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(advice, json_string(report->advice[i]));
	object = json_pack("{s:s, s:b, s:b, s:b, s:o}", "file", report->path, "auth", report->asks[AUTH], "account",
			   report->asks[ACCOUNT], "closed", report->asks[ACCOUNT], "advice", advice);
	if (object == NULL)
		return CTL_REFUSED;
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return CTL_OK;
}

/* A service below /etc/pam.d, or a file. account is what every login passes: it decides on the exit code. */
int pam_check(struct ctl *ctl, int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "sshd";
	char path[PATH_MAX], auth_arguments[PAMSTACK_TEXT_SIZE], account_arguments[PAMSTACK_TEXT_SIZE];
	struct report report = {.path = path};
	int code;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') != NULL ? "" : PAM_DIRECTORY "/", name);
	code = check_type(&report, AUTH, auth_arguments);
	if (code == CTL_OK)
		code = check_type(&report, ACCOUNT, account_arguments);
	if (code == CTL_OK) {
		judge(&report, auth_arguments, account_arguments);
		if (ctl->json)
			code = print_json(&report);
		else
			print_report(&report);
	}
	for (size_t i = 0; i < report.count; i++)
		free(report.advice[i]);
	return code == CTL_OK && !report.asks[ACCOUNT] ? CTL_REFUSED : code;
}
