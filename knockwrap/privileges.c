/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcore/decimal.h"

#define NAME_MAX_LEN 64
#define ID_MAX (UINT32_MAX - 1) /* the last one means "leave as it is" to setresuid(2) */
#define GROUPS_MAX 65536

static bool is_number(const char *text, uint32_t *number)
{
	uint64_t value;

	if (!decimal_parse(text, strlen(text), ID_MAX, &value))
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool set_group(struct account *account, const char *name)
{
	const struct group *entry = getgrnam(name);
	uint32_t number;

	if (entry != NULL)
		account->gid = entry->gr_gid;
	else if (is_number(name, &number))
		account->gid = number;
	else
		return false;
	return true;
}

/* The groups that the account would have after a login. */
static bool set_own_groups(struct account *account)
{
	int count = 32;

	for (;;) {
		gid_t *bigger = realloc(account->groups, (size_t)count * sizeof(*bigger));
		int room = count;

		if (bigger == NULL)
			return false;
		account->groups = bigger;
		if (getgrouplist(account->name, account->gid, account->groups, &count) >= 0)
			break;
		if (count <= room || count > GROUPS_MAX)
			return false;
	}
	account->group_count = (size_t)count;
	return true;
}

static bool set_only_group(struct account *account)
{
	account->groups = malloc(sizeof(*account->groups));
	if (account->groups == NULL)
		return false;
	account->groups[0] = account->gid;
	account->group_count = 1;
	return true;
}

static bool set_user(struct account *account, const char *name)
{
	const struct passwd *entry = getpwnam(name);
	uint32_t number;

	if (entry == NULL && is_number(name, &number)) {
		account->uid = number;
		entry = getpwuid(number);
		if (entry == NULL)
			return true;
	}
	if (entry == NULL)
		return false;
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	account->name = strdup(entry->pw_name);
	account->home = strdup(entry->pw_dir);
	account->shell = strdup(entry->pw_shell);
	return account->name != NULL && account->home != NULL && account->shell != NULL;
}

enum status privileges_find(const char *text, struct account *out, struct fault *fault)
{
	char name[NAME_MAX_LEN + 1];
	size_t len = strcspn(text, ":");
	const char *group = text[len] == ':' ? text + len + 1 : NULL;
	bool found = len > 0 && len <= NAME_MAX_LEN;

	memset(out, 0, sizeof(*out));
	if (found) {
		memcpy(name, text, len);
		name[len] = '\0';
		found = set_user(out, name);
	}
	if (!found)
		return fault_set(fault, STATUS_SYSTEM, "--user %s: no such user", text);
	if (group != NULL && !set_group(out, group))
		return fault_set(fault, STATUS_SYSTEM, "--user %s: no such group", text);
	if (group == NULL && out->name == NULL)
		return fault_set(fault, STATUS_SYSTEM, "--user %s: nobody's number needs a group, NUMBER:GROUP", text);
	if (group != NULL ? !set_only_group(out) : !set_own_groups(out))
		return fault_set(fault, STATUS_SYSTEM, "--user %s: can't tell its groups", text);
	return STATUS_OK;
}

void privileges_free(struct account *account)
{
	free(account->name);
	free(account->home);
	free(account->shell);
	free(account->groups);
	memset(account, 0, sizeof(*account));
}

/* The inheritable ones stay otherwise, and all of them under some secure bits. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return false;
	return syscall(SYS_capset, &header, data) == 0;
}

/* No id, effective, saved or real, is left to go back to. */
static bool is_for_good(const struct account *account)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != account->uid || gid[i] != account->gid)
			return false;
	return account->uid == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) != 0;
}

enum status privileges_drop(const struct account *account, struct fault *fault)
{
	if (setgroups(account->group_count, account->groups) != 0)
		return fault_set(fault, STATUS_SYSTEM, "can't set the groups: %s", strerror(errno));
	if (setresgid(account->gid, account->gid, account->gid) != 0)
		return fault_set(fault, STATUS_SYSTEM, "can't become group %u: %s", account->gid, strerror(errno));
	if (setresuid(account->uid, account->uid, account->uid) != 0)
		return fault_set(fault, STATUS_SYSTEM, "can't become user %u: %s", account->uid, strerror(errno));
	if (account->uid != 0 && !drop_capabilities())
		return fault_set(fault, STATUS_SYSTEM, "can't drop capabilities: %s", strerror(errno));
	if (!is_for_good(account))
		return fault_set(fault, STATUS_SYSTEM, "privileges are still there after they were dropped");
	return STATUS_OK;
}
