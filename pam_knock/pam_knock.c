/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pam_knock.so, see pam_knock(8). What happens here happens inside somebody else's server, as root: nothing
 * static, nothing that outlasts a call but PAM's own data, no word to the client, and closed on any doubt.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>

#include "libcore/error.h"
#include "libcore/grant.h"
#include "pam_knock/options.h"
#include "pam_knock/origin.h"

#define HOOK __attribute__((visibility("default")))

/* One call of one hook. */
struct call {
	pam_handle_t *pamh;
	struct options options;
	enum origin_result whence;
	struct origin origin;
	struct grant_login login;
	struct grant grant; /* that was found */
};

static const char *item_text(pam_handle_t *pamh, int item)
{
	const void *text = NULL;

	return pam_get_item(pamh, item, &text) == PAM_SUCCESS ? text : NULL;
}

/*
 * The log. A line ends with what it is about: address, service, and the account if this host has it. Any other
 * name may be a password that was typed at the wrong prompt.
 */
struct subject {
	char s[ADDRESS_TEXT_SIZE + SERVICE_NAME_MAX + LOGINS_SIZE + sizeof(" address= service= user=")];
};

static struct subject subject_of(const struct call *call)
{
	const char *name = item_text(call->pamh, PAM_USER);
	char address[ADDRESS_TEXT_SIZE] = "unknown";
	struct subject subject;
	int len;

	if (call->whence == ORIGIN_ADDRESS)
		address_format(&call->origin.client, address);
	len = snprintf(subject.s, sizeof(subject.s), " address=%s service=%s", address, call->options.service);
	if (name != NULL && name_check_logins(name) == 0 && pam_modutil_getpwnam(call->pamh, name) != NULL)
		snprintf(subject.s + len, sizeof(subject.s) - (size_t)len, " user=%s", name);
	return subject;
}

static int refuse(const struct call *call, const char *why)
{
	if (!call->options.quiet)
		pam_syslog(call->pamh, LOG_NOTICE, "refused: %s%s", why, subject_of(call).s);
	return PAM_PERM_DENIED;
}

/* The table of grants can't be believed or read: that is for the administrator, even with quiet. */
static int refuse_unavailable(const struct call *call, int error)
{
	char text[128];
	const char *detail = error == QK_ERR_IO ? strerror_r(errno, text, sizeof(text)) : "";

	pam_syslog(call->pamh, LOG_ERR, "refused: %s%s%s grants=%s%s", error_text(error), detail[0] != '\0' ? ": " : "",
		   detail, call->options.grants, subject_of(call).s);
	return PAM_AUTHINFO_UNAVAIL;
}

static int pass(const struct call *call)
{
	if (!call->options.quiet)
		pam_syslog(call->pamh, LOG_INFO, "passed%s grant=%016" PRIx64 " knocked=%s", subject_of(call).s,
			   call->grant.id, call->grant.user);
	return PAM_SUCCESS;
}

/*
 * The id of a grant that this login took is kept in PAM's data, one for each service that a stack asks for: it
 * is there for the next hook, and in the children of a server that forks between the hooks.
 */
struct data_name {
	char s[SERVICE_NAME_MAX + sizeof("pam_knock.")];
};

static struct data_name data_name(const struct call *call)
{
	struct data_name name;

	snprintf(name.s, sizeof(name.s), "pam_knock.%s", call->options.service);
	return name;
}

static void forget(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

static void recall(struct call *call)
{
	const void *data = NULL;

	if (pam_get_data(call->pamh, data_name(call).s, &data) == PAM_SUCCESS && data != NULL)
		memcpy(&call->login.claimed, data, sizeof(call->login.claimed));
}

/* If it can't be kept, the next check is refused. */
static void remember(const struct call *call)
{
	uint64_t *data;

	if (call->login.claimed == 0)
		return;
	data = malloc(sizeof(*data));
	if (data == NULL)
		return;
	*data = call->login.claimed;
	if (pam_set_data(call->pamh, data_name(call).s, data, forget) != PAM_SUCCESS)
		free(data);
}

static int look_up(struct call *call)
{
	return grant_login(call->options.grants, call->options.service, &call->origin.client, call->options.max_age_s,
			   &call->login, &call->grant);
}

/*
 * The account, for match_user. An application that leaves the question to the modules has it asked now, but only
 * if the client may be here at all: a stranger sees no prompt.
 */
static int name_login(struct call *call)
{
	const char *name = item_text(call->pamh, PAM_USER);
	int rc;

	if (name == NULL) {
		call->login.peek = true;
		rc = look_up(call);
		call->login.peek = false;
		if (rc != 0)
			return rc;
		if (pam_get_user(call->pamh, &name, NULL) != PAM_SUCCESS || name == NULL)
			return QK_ERR_GRANT_USER;
	}
	call->login.name = name;
	return 0;
}

static int check_grant(struct call *call)
{
	int rc;

	recall(call);
	call->login.port = call->origin.port;
	call->login.claim = call->options.single_use;
	rc = call->options.match_user ? name_login(call) : 0;
	if (rc == 0)
		rc = look_up(call);
	switch (rc) {
	case 0:
		remember(call);
		return pass(call);
	case QK_ERR_GRANT_NONE:
	case QK_ERR_GRANT_EXPIRED:
	case QK_ERR_GRANT_AGE:
	case QK_ERR_GRANT_USED:
	case QK_ERR_GRANT_USER:
		return refuse(call, error_text(rc));
	default:
		return refuse_unavailable(call, rc);
	}
}

/* PAM_SUCCESS, or PAM_SERVICE_ERR and a line that names the fault. */
static int begin(struct call *call, pam_handle_t *pamh, int argc, const char **argv)
{
	const char *pam_service = item_text(pamh, PAM_SERVICE);
	const char *why = "";
	const char *fault;

	memset(call, 0, sizeof(*call));
	call->pamh = pamh;
	fault = options_parse(&call->options, pam_service != NULL ? pam_service : "", argc, argv, &why);
	if (fault != NULL) {
		pam_syslog(pamh, LOG_ERR, "refused: bad argument \"%s\": %s", fault, why);
		return PAM_SERVICE_ERR;
	}
	call->whence = origin_find(pamh, &call->origin);
	if (call->options.debug)
		pam_syslog(pamh, LOG_DEBUG, "asked%s port=%u grants=%s", subject_of(call).s, call->origin.port,
			   call->options.grants);
	return PAM_SUCCESS;
}

static int check(struct call *call, pam_handle_t *pamh, int argc, const char **argv)
{
	int rc = begin(call, pamh, argc, argv);

	if (rc != PAM_SUCCESS)
		return rc;
	if (call->whence == ORIGIN_ADDRESS)
		return check_grant(call);
	if (call->whence == ORIGIN_LOCAL && call->options.ignore_no_host)
		return PAM_IGNORE;
	return refuse(call, "no client address");
}

HOOK int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct call call;
	int rc = check(&call, pamh, argc, argv);

	(void)flags;
	if (rc != PAM_SUCCESS && rc != PAM_IGNORE && call.options.delay_us != 0)
		pam_fail_delay(pamh, call.options.delay_us);
	return rc;
}

HOOK int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct call call;

	(void)flags;
	return check(&call, pamh, argc, argv);
}

HOOK int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

/* Decides nothing: says which grant the session came by. */
HOOK int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct call call;
	int rc = begin(&call, pamh, argc, argv);

	(void)flags;
	if (rc != PAM_SUCCESS)
		return rc;
	if (call.whence != ORIGIN_ADDRESS || call.options.quiet)
		return PAM_SUCCESS;
	recall(&call);
	call.login.port = call.origin.port;
	call.login.peek = true;
	rc = look_up(&call);
	if (rc == 0)
		pam_syslog(pamh, LOG_INFO, "session opened%s grant=%016" PRIx64 " knocked=%s", subject_of(&call).s,
			   call.grant.id, call.grant.user);
	else
		pam_syslog(pamh, LOG_INFO, "session opened%s grant=none: %s", subject_of(&call).s, error_text(rc));
	return PAM_SUCCESS;
}

HOOK int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
