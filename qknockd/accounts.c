/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/accounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "libcore/error.h"

static int find_user(const struct log *log, const char *keyword, const char *name, struct sandbox_ids *ids)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL) {
		log_line(log, LOG_LEVEL_ERROR,
			 "%s = %s: there is no such user; make it: adduser --system --group --no-create-home %s",
			 keyword, name, name);
		return QK_ERR_CONFIG;
	}
	if (pw->pw_uid == 0) {
		log_line(log, LOG_LEVEL_ERROR, "%s = %s: expected a user other than root", keyword, name);
		return QK_ERR_CONFIG;
	}
	*ids = (struct sandbox_ids){pw->pw_uid, pw->pw_gid};
	return 0;
}

int accounts_processes(const struct config *config, const struct log *log, struct sandbox_ids *verifier,
		       struct sandbox_ids *capture)
{
	int rc = find_user(log, "user", config->user, verifier);

	if (rc == 0)
		rc = find_user(log, "capture_user", config->capture_user, capture);
	if (rc == 0 && verifier->uid == capture->uid) {
		log_line(log, LOG_LEVEL_ERROR, "user and capture_user: expected two different users");
		rc = QK_ERR_CONFIG;
	}
	return rc;
}

/* Of an account that does not exist (yet) no process can come. */
uid_t accounts_adapter(const struct config *config, const struct log *log)
{
	const char *name = config->requests.adapter;
	const struct passwd *pw = name != NULL ? getpwnam(name) : NULL;

	if (name != NULL && pw == NULL)
		log_line(log, LOG_LEVEL_WARNING, "requests_adapter %s: there is no such user", name);
	return pw != NULL ? pw->pw_uid : (uid_t)-1;
}

int accounts_group(const struct config *config, const struct log *log, gid_t *gid)
{
	const struct group *group;

	*gid = (gid_t)-1;
	if (config->group == NULL)
		return 0;
	group = getgrnam(config->group);
	if (group == NULL) {
		log_line(log, LOG_LEVEL_ERROR, "group %s does not exist", config->group);
		return QK_ERR_CONFIG;
	}
	*gid = group->gr_gid;
	return 0;
}
