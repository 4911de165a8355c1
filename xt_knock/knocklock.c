/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knocklock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "xt_knock/knockmap.h"

#define XTABLES_LOCK "/run/xtables.lock"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int knocklock_shared(const char *table, int *fd)
{
	struct stat st;
	int rc;

	for (;;) {
		rc = knockmap_open_directory(table, KNOCKLOCK_DIRECTORY, true, fd);
		if (rc != 0)
			return rc;
		while ((rc = flock(*fd, LOCK_SH)) < 0 && errno == EINTR)
			;
		if (rc < 0 || fstat(*fd, &st) < 0) {
			close(*fd);
			*fd = -1;
			return QK_ERR_KERNEL;
		}
		if (st.st_nlink > 0)
			return 0;
		close(*fd); /* the table was unloaded while we waited */
	}
}

/* A lock that this process holds already belongs to one of its open files: asking through another would fail. */
static int find_own(const struct stat *lock)
{
	struct dirent *entry;
	struct stat st;
	int found = -1;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	while (dir != NULL && found < 0 && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fstat(fd, &st) == 0 && same_file(&st, lock))
			found = fd;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static int lock_xtables(int *fd)
{
	const char *path = getenv("XTABLES_LOCKFILE");
	struct stat st;
	int own;

	*fd = -1;
	if (path == NULL || path[0] == '\0')
		path = XTABLES_LOCK;
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : QK_ERR_KERNEL; /* no iptables-legacy ran since boot */
	own = find_own(&st);
	if (own >= 0)
		return flock(own, LOCK_EX | LOCK_NB) < 0 ? QK_ERR_BUSY : 0;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return QK_ERR_KERNEL;
	return flock(*fd, LOCK_EX | LOCK_NB) < 0 ? QK_ERR_BUSY : 0;
}

int knocklock_alone(const char *table, struct knocklock *lock)
{
	int rc;

	lock->xtables = -1;
	rc = knockmap_open_directory(table, KNOCKLOCK_DIRECTORY, false, &lock->directory);
	if (rc == 0 && flock(lock->directory, LOCK_EX | LOCK_NB) < 0)
		rc = QK_ERR_BUSY;
	if (rc == 0)
		rc = lock_xtables(&lock->xtables);
	if (rc != 0)
		knocklock_release(lock);
	return rc;
}

void knocklock_release(struct knocklock *lock)
{
	if (lock->xtables >= 0)
		close(lock->xtables);
	if (lock->directory >= 0)
		close(lock->directory);
	lock->xtables = -1;
	lock->directory = -1;
}
