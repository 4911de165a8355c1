/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/storedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"

#define NAME_SIZE 256

/* What SQLite adds to a file's name. */
static bool is_of_store(const char *name, const char *store)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	size_t len = strlen(store);

	if (strncmp(name, store, len) != 0)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(name + len, suffixes[i]) == 0)
			return true;
	return false;
}

/* A file system of its own has this in its root. */
static bool is_harmless(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0;
}

static int give_file(int dir, const char *name, const struct sandbox_ids *ids)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int rc = QK_ERR_STORE;

	if (fd < 0)
		return QK_ERR_STORE;
	errno = EPERM;
	/* A second name would stay behind, elsewhere. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == 0 &&
	    fchown(fd, ids->uid, ids->gid) == 0)
		rc = 0;
	close(fd);
	return rc;
}

/* give: hands the store's files over; otherwise only looks whether there is anything else. */
static int each_file(int dir, const char *store, const struct sandbox_ids *ids, bool give,
		     char foreign[static NAME_SIZE])
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int rc = 0;

	if (listing == NULL) {
		if (fd >= 0)
			close(fd);
		return QK_ERR_STORE;
	}
	while (rc == 0 && (entry = readdir(listing)) != NULL) {
		if (is_harmless(entry->d_name))
			continue;
		if (!is_of_store(entry->d_name, store)) {
			snprintf(foreign, NAME_SIZE, "%s", entry->d_name);
			rc = QK_ERR_STORE;
		} else if (give) {
			rc = give_file(dir, entry->d_name, ids);
		}
	}
	closedir(listing);
	return rc;
}

/* The directory goes last: while it is root's, nobody else can put anything in its files' places. */
static int give_all(int dir, const char *store, const struct sandbox_ids *ids, char foreign[static NAME_SIZE])
{
	int rc = each_file(dir, store, ids, false, foreign);

	if (rc != 0)
		return rc;
	if (fchmod(dir, 0700) != 0)
		return QK_ERR_STORE;
	rc = each_file(dir, store, ids, true, foreign);
	return rc == 0 && fchown(dir, ids->uid, ids->gid) != 0 ? QK_ERR_STORE : rc;
}

static int check(int dir, const char *path, const char *store, const struct sandbox_ids *ids, const struct log *log)
{
	char foreign[NAME_SIZE] = "";
	struct stat st;

	if (fstat(dir, &st) != 0)
		return QK_ERR_STORE;
	if (st.st_uid == ids->uid && (st.st_mode & 077) == 0)
		return 0;
	if (st.st_uid != 0 && st.st_uid != ids->uid) {
		log_line(log, LOG_LEVEL_ERROR,
			 "the store's directory is another user's: path=%s uid=%lu, expected root's or that of the "
			 "keyword user (chown -R)",
			 path, (unsigned long)st.st_uid);
		return QK_ERR_STORE;
	}
	if (st.st_uid == ids->uid)
		return fchmod(dir, 0700) == 0 ? 0 : QK_ERR_STORE;
	errno = 0;
	if (give_all(dir, store, ids, foreign) == 0)
		return 0;
	if (foreign[0] != '\0')
		log_line(log, LOG_LEVEL_ERROR,
			 "the store's directory must hold nothing else, to become the verifier's own: path=%s holds=%s",
			 path, foreign);
	else
		log_line(log, LOG_LEVEL_ERROR, "the store cannot become the verifier's own: %s path=%s",
			 strerror(errno), path);
	return QK_ERR_STORE;
}

/* A symbolic link that somebody else made could lead to any directory of root's. */
static bool is_our_link(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return false;
	errno = EPERM;
	return !S_ISLNK(st.st_mode) || st.st_uid == 0;
}

/* Two verifiers would each know only the keys that they issued themselves. */
static int lock_directory(int dir, const char *path, const struct log *log)
{
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		return 0;
	log_line(log, LOG_LEVEL_ERROR, "the store's directory is in use by another daemon: %s path=%s", strerror(errno),
		 path);
	return QK_ERR_STORE;
}

int storedir_hand_over(const char *store, const struct sandbox_ids *ids, const struct log *log, int *lock)
{
	char *for_directory = strdup(store), *for_name = strdup(store);
	const char *directory, *name;
	int fd = -1, rc = QK_ERR_NOMEM;

	*lock = -1;
	if (for_directory == NULL || for_name == NULL)
		goto out;
	directory = dirname(for_directory);
	name = basename(for_name);
	rc = QK_ERR_STORE;
	if ((mkdir(directory, 0700) == 0 || errno == EEXIST) && is_our_link(directory))
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		log_line(log, LOG_LEVEL_ERROR, "the store's directory cannot be used: %s path=%s", strerror(errno),
			 directory);
	else if ((rc = lock_directory(fd, directory, log)) == 0)
		rc = check(fd, directory, name, ids, log);
out:
	if (rc == 0)
		*lock = fd;
	else if (fd >= 0)
		close(fd);
	free(for_directory);
	free(for_name);
	return rc;
}
