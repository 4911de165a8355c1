/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/grantdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"

#define DIR_MODE 0750
#define FILE_MODE 0640
#define TEMPORARY_PREFIX ".tmp."
#define TEMPORARY_SIZE 22 /* ".tmp.", 16 hexadecimal digits and a NUL */

struct grantdir {
	char *path;
	gid_t group;
};

static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* Sets group and mode of an open file or directory where they differ. */
static int set_owner(const struct grantdir *dir, int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return QK_ERR_IO;
	if (dir->group != (gid_t)-1 && st.st_gid != dir->group && fchown(fd, (uid_t)-1, dir->group) != 0)
		return QK_ERR_IO;
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) != 0)
		return QK_ERR_IO;
	return 0;
}

/* Opens a directory, making it when it is missing; its parent must be there. */
static int open_or_make(const struct grantdir *dir, int at, const char *path, int *fd)
{
	int rc = grant_open_dir(at, path, fd);

	if (rc == QK_ERR_NOT_FOUND) {
		if (mkdirat(at, path, 0700) != 0 && errno != EEXIST)
			return QK_ERR_IO;
		rc = grant_open_dir(at, path, fd);
	}
	if (rc == 0)
		rc = set_owner(dir, *fd, DIR_MODE);
	if (rc != 0 && *fd >= 0) {
		close_keeping_errno(*fd);
		*fd = -1;
	}
	return rc == QK_ERR_NOT_FOUND ? QK_ERR_GRANT_DIR : rc;
}

/* Makes the missing directories above path. Those that exist are the administrator's and stay as they are. */
static int make_parents(const struct grantdir *dir)
{
	char path[PATH_MAX];
	size_t len = strlen(dir->path);

	memcpy(path, dir->path, len + 1);
	for (char *p = path + 1; *p != '\0'; p++) {
		struct stat st;
		int fd;
		int rc = 0;

		if (*p != '/')
			continue;
		*p = '\0';
		if (stat(path, &st) != 0) {
			rc = open_or_make(dir, AT_FDCWD, path, &fd);
			if (rc == 0)
				close(fd);
		}
		*p = '/';
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* The caller closes *fd. */
static int open_base(const struct grantdir *dir, int *fd)
{
	int rc = open_or_make(dir, AT_FDCWD, dir->path, fd);

	if (rc != QK_ERR_IO || errno != ENOENT)
		return rc;
	rc = make_parents(dir);
	return rc == 0 ? open_or_make(dir, AT_FDCWD, dir->path, fd) : rc;
}

int grantdir_open(const char *path, gid_t group, struct grantdir **out)
{
	struct grantdir *dir;
	size_t len = strlen(path);
	int fd;
	int rc;

	*out = NULL;
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (path[0] != '/' || len >= PATH_MAX)
		return QK_ERR_GRANT_DIR;
	dir = calloc(1, sizeof(*dir));
	if (dir == NULL)
		return QK_ERR_NOMEM;
	dir->group = group;
	dir->path = strndup(path, len);
	rc = dir->path != NULL ? open_base(dir, &fd) : QK_ERR_NOMEM;
	if (rc != 0) {
		grantdir_close(dir);
		return rc;
	}
	close(fd);
	*out = dir;
	return 0;
}

void grantdir_close(struct grantdir *dir)
{
	if (dir == NULL)
		return;
	free(dir->path);
	free(dir);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return QK_ERR_IO;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A whole file under a temporary name, then the name that readers know. */
static int write_file(const struct grantdir *dir, int service_fd, uint64_t id, const char *name, const char *text,
		      size_t len)
{
	char temporary[TEMPORARY_SIZE];
	int rc;
	int fd;

	snprintf(temporary, sizeof(temporary), TEMPORARY_PREFIX "%016" PRIx64, id);
	unlinkat(service_fd, temporary, 0);
	fd = openat(service_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return QK_ERR_IO;
	rc = write_all(fd, text, len);
	if (rc == 0)
		rc = set_owner(dir, fd, FILE_MODE);
	if (close(fd) != 0 && rc == 0)
		rc = QK_ERR_IO;
	if (rc == 0 && renameat(service_fd, temporary, service_fd, name) != 0)
		rc = QK_ERR_IO;
	if (rc != 0) {
		int saved = errno;

		unlinkat(service_fd, temporary, 0);
		errno = saved;
	}
	return rc;
}

static int write_as(struct grantdir *dir, const struct grant *g, const char *name)
{
	char text[GRANT_TEXT_SIZE];
	int len = grant_format(g, text, sizeof(text));
	int service_fd;
	int base;
	int rc;

	if (len < 0)
		return len;
	rc = open_base(dir, &base);
	if (rc != 0)
		return rc;
	rc = open_or_make(dir, base, g->service, &service_fd);
	close_keeping_errno(base);
	if (rc != 0)
		return rc;
	rc = write_file(dir, service_fd, g->id, name, text, (size_t)len);
	close_keeping_errno(service_fd);
	return rc;
}

int grantdir_write(struct grantdir *dir, const struct grant *g)
{
	char name[ADDRESS_TEXT_SIZE];

	address_format(&g->client, name);
	return write_as(dir, g, name);
}

int grantdir_write_used(struct grantdir *dir, const struct grant *g)
{
	char name[GRANT_MARKER_SIZE];

	grant_marker_name(g->id, name);
	return write_as(dir, g, name);
}

/* Unlinks the file if it holds that grant. */
static int remove_if_own(int service_fd, const char *name, const struct grant *g)
{
	struct grant there;
	int rc = grant_read(service_fd, name, &there);

	if (rc == QK_ERR_IO)
		return rc;
	if (rc != 0 || there.id != g->id)
		return 0;
	return unlinkat(service_fd, name, 0) == 0 || errno == ENOENT ? 0 : QK_ERR_IO;
}

static void remove_own_claim(int service_fd, const struct grant *g)
{
	char name[GRANT_CLAIM_SIZE];
	struct grant_claim claim;

	grant_claim_name(&g->client, name);
	if (grant_claim_read(service_fd, name, &claim) == 0 && claim.id == g->id)
		unlinkat(service_fd, name, 0);
}

int grantdir_remove(struct grantdir *dir, const struct grant *g)
{
	char name[ADDRESS_TEXT_SIZE];
	char marker[GRANT_MARKER_SIZE];
	int service_fd = -1;
	int base;
	int rc = grant_open_dir(AT_FDCWD, dir->path, &base);

	if (rc == 0) {
		rc = grant_open_dir(base, g->service, &service_fd);
		close_keeping_errno(base);
	}
	if (rc != 0)
		return rc == QK_ERR_NOT_FOUND ? 0 : rc;
	address_format(&g->client, name);
	grant_marker_name(g->id, marker);
	/* In this order: a reader moves from the first name to the second. */
	rc = remove_if_own(service_fd, name, g);
	if (rc == 0)
		rc = remove_if_own(service_fd, marker, g);
	if (rc == 0)
		remove_own_claim(service_fd, g);
	close_keeping_errno(service_fd);
	return rc;
}

struct walk {
	int (*each)(void *arg, const struct grant *g, bool used);
	void *arg;
};

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The claimer of a grant died between its two renames: finish the second. */
static int settle_marker(int service_fd, const char *name, const struct grant *g)
{
	char own[GRANT_MARKER_SIZE];

	grant_marker_name(g->id, own);
	if (strcmp(own, name) == 0 || renameat2(service_fd, name, service_fd, own, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOENT)
		return QK_ERR_IO;
	unlinkat(service_fd, name, 0);
	return 0;
}

/* The note of who took a grant goes with the grant's marker. */
static int walk_claim(int service_fd, const char *name)
{
	char marker[GRANT_MARKER_SIZE];
	struct grant_claim claim;
	int rc = grant_claim_read(service_fd, name, &claim);

	grant_marker_name(claim.id, marker);
	if (rc != 0 || (faccessat(service_fd, marker, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT))
		unlinkat(service_fd, name, 0);
	return 0;
}

static int walk_file(const struct walk *walk, int service_fd, const char *service, const char *name)
{
	bool used = has_prefix(name, GRANT_MARKER_PREFIX);
	char own[ADDRESS_TEXT_SIZE];
	struct grant g;
	int rc;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (has_prefix(name, GRANT_CLAIM_PREFIX))
		return walk_claim(service_fd, name);
	rc = grant_read(service_fd, name, &g);
	if (rc == QK_ERR_GRANT_NONE)
		return 0;
	if (rc == QK_ERR_IO)
		return rc;
	address_format(&g.client, own);
	if (rc != 0 || strcmp(g.service, service) != 0 || (!used && strcmp(own, name) != 0)) {
		unlinkat(service_fd, name, 0);
		return 0;
	}
	if (used) {
		rc = settle_marker(service_fd, name, &g);
		if (rc != 0)
			return rc;
	}
	return walk->each(walk->arg, &g, used);
}

/* Calls visit for every name in the directory fd, which is closed. */
static int each_name(int fd, int (*visit)(const struct walk *walk, int fd, const char *service, const char *name),
		     const struct walk *walk, const char *service)
{
	DIR *stream = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (stream == NULL) {
		close_keeping_errno(fd);
		return QK_ERR_IO;
	}
	while (rc == 0) {
		errno = 0;
		entry = readdir(stream);
		if (entry == NULL) {
			rc = errno != 0 ? QK_ERR_IO : 0;
			break;
		}
		rc = visit(walk, fd, service, entry->d_name);
	}
	closedir(stream);
	return rc;
}

/* A directory that no reader would trust is passed over. */
static int walk_service(const struct walk *walk, int base, const char *none, const char *name)
{
	int fd;
	int rc;

	(void)none;
	if (name_check_service(name) != 0)
		return 0;
	rc = grant_open_dir(base, name, &fd);
	if (rc == QK_ERR_NOT_FOUND || rc == QK_ERR_GRANT_DIR)
		return 0;
	return rc == 0 ? each_name(fd, walk_file, walk, name) : rc;
}

int grantdir_walk(struct grantdir *dir, int (*each)(void *arg, const struct grant *g, bool used), void *arg)
{
	struct walk walk = {each, arg};
	int base;
	int rc = grant_open_dir(AT_FDCWD, dir->path, &base);

	if (rc != 0)
		return rc == QK_ERR_NOT_FOUND ? 0 : rc;
	return each_name(base, walk_service, &walk, NULL);
}
