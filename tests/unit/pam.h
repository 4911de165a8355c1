/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An application of PAM for the tests of pam_knock.so: stacks in a directory of their own, what the module logs,
 * says to the client and asks to wait is caught. Grants: grants.h.
 */
#ifndef TESTS_UNIT_PAM_H
#define TESTS_UNIT_PAM_H

#include <dlfcn.h>
#include <limits.h>
#include <netdb.h>
#include <syslog.h>

#include <security/pam_appl.h>

#include "libcore/grantdir.h"
#include "tests/unit/grants.h"

/* Left to itself the module denies or passes; there is nothing else in the stacks unless a test puts it there. */
#define RUN_ALL "auth requisite %s %s\naccount required %s %s\nsession optional %s %s\n"

struct application {
	pam_handle_t *pamh;
	unsigned talks;	    /* messages that a module gave to the client */
	const char *answer; /* to a prompt for the login; NULL: none */
	unsigned delay_us;  /* that PAM asked us to wait after a failure */
};

#define SEEN __attribute__((visibility("default")))

/* Lines of syslog(3) since the last reset. */
static char log_text[8192];
static int log_priorities[64];
static unsigned log_count;

static unsigned leaky_opens; /* calls of the module that open a descriptor without O_CLOEXEC */
static char module_path[PATH_MAX];

static inline void log_reset(void)
{
	log_text[0] = '\0';
	log_count = 0;
}

static void __attribute__((format(printf, 2, 0))) log_add(int priority, const char *format, va_list ap)
{
	size_t used = strlen(log_text);

	assert_true(log_count < 64);
	log_priorities[log_count++] = LOG_PRI(priority);
	vsnprintf(log_text + used, sizeof(log_text) - used, format, ap);
	strncat(log_text, "\n", sizeof(log_text) - strlen(log_text) - 1);
}

/* Ours are found before libc's by libpam, which logs for the module. */
SEEN void syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_add(priority, format, ap);
	va_end(ap);
}

SEEN void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
SEEN void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	log_add(priority, format, ap);
	va_end(ap);
}

static void note_open(const void *caller, const char *path, int flags)
{
	const char *suffix = strrchr(path, '.');
	Dl_info info;

	/* The counters of a build that counts lines. */
	if (suffix != NULL && strcmp(suffix, ".gcda") == 0)
		return;
	if (dladdr(caller, &info) != 0 && strstr(info.dli_fname, "pam_knock") != NULL && (flags & O_CLOEXEC) == 0)
		leaky_opens++;
}

static mode_t mode_argument(int flags, va_list ap)
{
	return (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
}

SEEN int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_argument(flags, ap);
	va_end(ap);
	note_open(__builtin_return_address(0), path, flags);
	return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}

SEEN int openat(int at, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_argument(flags, ap);
	va_end(ap);
	note_open(__builtin_return_address(0), path, flags);
	return ((int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat"))(at, path, flags, mode);
}

/* libpam has libaudit look names of clients up for its own log; here nobody is to ask. */
SEEN int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)hints;
	*out = NULL;
	return EAI_NONAME;
}

/* Writes the stack of a PAM service; "%m" stands for the module's path. */
static inline void stack_text(const char *service, const char *text)
{
	char path[256], out[4096];
	size_t used = 0;

	for (; *text != '\0'; text++) {
		assert_true(used + PATH_MAX < sizeof(out) + 1024);
		if (text[0] == '%' && text[1] == 'm') {
			used += (size_t)snprintf(out + used, sizeof(out) - used, "%s", module_path);
			text++;
		} else {
			out[used++] = *text;
		}
	}
	snprintf(path, sizeof(path), "%s/%s", base, service);
	write_file(path, out, used);
}

static inline int pam_set_up(void **state)
{
	const char *build = getenv("top_builddir");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/pam_knock/.libs/pam_knock.so", build != NULL ? build : ".");
	if (realpath(path, module_path) == NULL) {
		print_error("no module at %s\n", path);
		return -1;
	}
	log_reset();
	if (set_up_base(state) != 0)
		return -1;
	/* libpam complains in the log when there is none. */
	stack_text("other", "");
	return 0;
}

static inline int pam_tear_down(void **state)
{
	return tear_down_base(state);
}

/* RUN_ALL with these arguments, and grants= the test's unless they have it. */
static inline void stack_for(const char *service, const char *arguments)
{
	char all[512], text[2048];

	if (strstr(arguments, "grants=") != NULL)
		snprintf(all, sizeof(all), "%s", arguments);
	else
		snprintf(all, sizeof(all), "grants=%s %s", grants, arguments);
	snprintf(text, sizeof(text), RUN_ALL, "%m", all, "%m", all, "%m", all);
	stack_text(service, text);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
	struct application *app = arg;
	struct pam_response *response = calloc((size_t)count, sizeof(*response));

	app->talks += (unsigned)count;
	if (response == NULL)
		return PAM_BUF_ERR;
	if (app->answer == NULL || count != 1 || messages[0]->msg_style != PAM_PROMPT_ECHO_ON) {
		free(response);
		return PAM_CONV_ERR;
	}
	response->resp = strdup(app->answer);
	*responses = response;
	return PAM_SUCCESS;
}

static void wait_for(int result, unsigned usec, void *arg)
{
	struct application *app = arg;

	(void)result;
	app->delay_us = usec;
}

/* NULL user, rhost, ssh_connection: not set. */
static inline void app_start(struct application *app, const char *service, const char *user, const char *rhost,
			     const char *ssh_connection)
{
	/* PAM keeps a pointer to the application: it must not move until app_end. */
	struct pam_conv conv = {converse, app};
	char variable[256];

	memset(app, 0, sizeof(*app));
	assert_int_equal(pam_start_confdir(service, user, &conv, base, &app->pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(app->pamh, PAM_FAIL_DELAY, (void *)(uintptr_t)wait_for), PAM_SUCCESS);
	if (rhost != NULL)
		assert_int_equal(pam_set_item(app->pamh, PAM_RHOST, rhost), PAM_SUCCESS);
	if (ssh_connection != NULL) {
		snprintf(variable, sizeof(variable), "SSH_CONNECTION=%s", ssh_connection);
		assert_int_equal(pam_putenv(app->pamh, variable), PAM_SUCCESS);
	}
}

static inline void app_end(struct application *app)
{
	assert_int_equal(pam_end(app->pamh, PAM_SUCCESS), PAM_SUCCESS);
	assert_int_equal(leaky_opens, 0);
}

static int call_once(int (*hook)(pam_handle_t *, int), const char *service, const char *user, const char *rhost,
		     const char *ssh_connection)
{
	struct application app;
	int rc;

	app_start(&app, service, user, rhost, ssh_connection);
	rc = hook(app.pamh, 0);
	assert_int_equal(app.talks, 0);
	app_end(&app);
	return rc;
}

/* One application of its own for each: starts, calls, ends. */
static inline int authenticate(const char *service, const char *user, const char *rhost, const char *ssh_connection)
{
	return call_once(pam_authenticate, service, user, rhost, ssh_connection);
}

static inline int account(const char *service, const char *user, const char *rhost, const char *ssh_connection)
{
	return call_once(pam_acct_mgmt, service, user, rhost, ssh_connection);
}

/* Puts a live grant for alice, who may log in as root too, into the directory. */
static inline void put_grant(uint64_t id, const char *service, const char *client, bool single_use)
{
	struct grant g = live_grant(id, service, client);
	struct grantdir *dir;

	g.single_use = single_use;
	snprintf(g.logins, sizeof(g.logins), "root");
	assert_int_equal(grantdir_open(grants, (gid_t)-1, &dir), 0);
	assert_int_equal(grantdir_write(dir, &g), 0);
	grantdir_close(dir);
}

#endif
