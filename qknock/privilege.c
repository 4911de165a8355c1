/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/privilege.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cap-ng.h>

#include "libcore/decimal.h"
#include "libcore/error.h"

static int open_raw(int family, int *error)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		*error = errno;
	return fd;
}

void privilege_open_raw(struct client *client)
{
	client->raw_errno = 0;
	client->raw_v6 = open_raw(AF_INET6, &client->raw_errno);
	client->raw_v4 = open_raw(AF_INET, &client->raw_errno);
}

/* Whom sudo(8) works for. Only asked when the real user is root, who may set these variables to anything anyway. */
static const struct passwd *sudo_user(void)
{
	const char *text = getenv("SUDO_UID");
	uint64_t uid;

	if (getuid() != 0 || text == NULL || !decimal_parse(text, strlen(text), UINT32_MAX - 1, &uid) || uid == 0)
		return NULL;
	return getpwuid((uid_t)uid);
}

/* So that "sudo qknock knock" finds the profiles and key files of the person who typed it. */
static int become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
		return QK_ERR_DENIED;
	return setenv("HOME", user->pw_dir, 1) == 0 ? 0 : QK_ERR_NOMEM;
}

/* The bounding set too where that is allowed, so that a key command run by root starts without them as well. */
static int drop_capabilities(void)
{
	if (capng_get_caps_process() != 0)
		return QK_ERR_DENIED;
	capng_select_t what =
	    capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS;

	capng_clear(what);
	return capng_apply(what) == 0 ? 0 : QK_ERR_DENIED;
}

int privilege_drop(void)
{
	static const struct rlimit no_core;
	const struct passwd *user = sudo_user();
	int rc = user != NULL ? become(user) : 0;

	if (rc == 0)
		rc = drop_capabilities();
	/* Last, because a change of user id makes the process dumpable again. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		rc = QK_ERR_DENIED;
	return rc;
}
