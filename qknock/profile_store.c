/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/profile_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/profile_uri.h"
#include "qknock/configdir.h"
#include "qknock/say.h"

#define DEFAULT_LINK ".default" /* no profile's name begins with a dot */

bool profile_name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(name);

	return len >= 1 && len <= PROFILE_NAME_MAX && name[0] != '.' && strspn(name, allowed) == len;
}

int profile_store_path(char path[static PATH_MAX])
{
	return configdir_path("profiles", path);
}

static int read_text(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < size) {
		n = read(fd, text + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return QK_ERR_IO;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static int take_uri(const char *text, size_t len, const char *label, struct profile *out)
{
	struct profile_fault fault = {0};
	int rc;

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	rc = profile_uri_parse(out, text, len, &fault);
	if (rc != 0 && fault.line != 0)
		say_error("%s: field %u of the URI: %s; expected %s", label, fault.line, error_text(rc),
			  fault.expected);
	else if (rc != 0)
		say_error("%s: the URI: %s; expected %s", label, error_text(rc), fault.expected);
	return rc;
}

int profile_take(const char *text, size_t len, const char *label, struct profile *out)
{
	struct profile_fault fault = {0};
	int rc;

	if (profile_uri_begins(text, len))
		return take_uri(text, len, label, out);
	rc = profile_parse(out, text, len, &fault);
	if (rc != 0 && fault.line != 0)
		say_error("%s:%u: %s; expected %s", label, fault.line, error_text(rc), fault.expected);
	else if (rc != 0)
		say_error("%s: %s%s%s", label, error_text(rc), fault.expected != NULL ? "; expected " : "",
			  fault.expected != NULL ? fault.expected : "");
	return rc;
}

int profile_read(int fd, const char *label, struct profile *out)
{
	char text[PROFILE_TEXT_SIZE];
	size_t len;
	int rc = read_text(fd, text, sizeof(text), &len);

	memset(out, 0, sizeof(*out));
	if (rc != 0) {
		say_error("%s: %s", label, strerror(errno));
		return rc;
	}
	if (len == sizeof(text)) {
		say_error("%s: too long for a profile", label);
		return QK_ERR_PROFILE;
	}
	return profile_take(text, len, label, out);
}

/* Makes path and what is missing above it. */
static int make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = path + 1; slash != NULL;) {
		slash = strchr(slash, '/');
		snprintf(part, sizeof(part), "%.*s", slash != NULL ? (int)(slash++ - path) : PATH_MAX - 1, path);
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return QK_ERR_IO;
	}
	return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return QK_ERR_IO;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : QK_ERR_IO;
}

/* A name in the directory for text that is complete, or nothing. */
static int write_file(int dir, const char *name, const char *text, bool replace)
{
	char temporary[PROFILE_NAME_MAX + 32];
	int fd, rc;

	snprintf(temporary, sizeof(temporary), ".%s.%ld", name, (long)getpid());
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return QK_ERR_IO;
	rc = write_all(fd, text, strlen(text));
	if (close(fd) != 0)
		rc = QK_ERR_IO;
	if (rc == 0 && replace)
		rc = renameat(dir, temporary, dir, name) == 0 ? 0 : QK_ERR_IO;
	else if (rc == 0 && linkat(dir, temporary, dir, name, 0) != 0) /* unlike rename, never replaces */
		rc = errno == EEXIST ? QK_ERR_EXISTS : QK_ERR_IO;
	int saved = errno;
	unlinkat(dir, temporary, 0);
	errno = saved;
	return rc;
}

int profile_store_save(const char *name, const struct profile *profile, bool replace)
{
	char path[PATH_MAX], text[PROFILE_TEXT_SIZE];
	int dir, rc = profile_store_path(path);

	if (rc != 0)
		return rc;
	rc = profile_format(profile, text, sizeof(text));
	if (rc < 0) {
		say_error("profile %s: %s", name, error_text(rc));
		return rc;
	}
	rc = make_directories(path);
	dir = rc == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0) {
		say_error("%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	rc = write_file(dir, name, text, replace);
	if (rc == QK_ERR_EXISTS)
		say_error("there is a profile %s already; --replace replaces it, --name gives another name", name);
	else if (rc != 0)
		say_error("%s/%s: %s", path, name, strerror(errno));
	close(dir);
	return rc;
}

static int load_file(const char *path, struct profile *out)
{
	struct stat st;
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		say_error("profile %s: %s", path, strerror(errno));
		return errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_IO;
	}
	/* Who can write a profile decides where knocks go. */
	if (fstat(fd, &st) != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0)) {
		say_error("profile %s: others may write it; it must be yours: chmod go-w", path);
		rc = QK_ERR_DENIED;
	} else {
		rc = profile_read(fd, path, out);
	}
	close(fd);
	return rc;
}

/* Opens the directory of profiles; says why not. */
static int open_store(char path[static PATH_MAX], int *dir)
{
	int rc = profile_store_path(path);

	if (rc != 0)
		return rc;
	*dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir >= 0)
		return 0;
	say_error("%s: %s", path, strerror(errno));
	return errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_IO;
}

int profile_store_default(char name[static PROFILE_NAME_MAX + 1])
{
	char path[PATH_MAX];
	ssize_t n;
	int rc = configdir_path("profiles/" DEFAULT_LINK, path);

	name[0] = '\0';
	if (rc != 0)
		return rc;
	n = readlink(path, name, PROFILE_NAME_MAX + 1);
	name[n > 0 && n <= PROFILE_NAME_MAX ? n : 0] = '\0';
	if (profile_name_valid(name))
		return 0;
	name[0] = '\0';
	return QK_ERR_NOT_FOUND;
}

int profile_store_set_default(const char *name)
{
	char path[PATH_MAX], temporary[64];
	int dir, rc = open_store(path, &dir);

	if (rc != 0)
		return rc;
	if (name == NULL) {
		rc = unlinkat(dir, DEFAULT_LINK, 0) == 0 || errno == ENOENT ? 0 : QK_ERR_IO;
	} else if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
		rc = QK_ERR_IO;
	} else {
		snprintf(temporary, sizeof(temporary), DEFAULT_LINK ".%ld", (long)getpid());
		rc = symlinkat(name, dir, temporary) == 0 && renameat(dir, temporary, dir, DEFAULT_LINK) == 0
			 ? 0
			 : QK_ERR_IO;
	}
	if (rc != 0)
		say_error("default profile %s: %s", name != NULL ? name : "", strerror(errno));
	close(dir);
	return rc;
}

/* The default goes where its profile goes; to NULL: away. */
static int move_default(const char *from, const char *to)
{
	char name[PROFILE_NAME_MAX + 1];

	return profile_store_default(name) == 0 && strcmp(name, from) == 0 ? profile_store_set_default(to) : 0;
}

int profile_store_remove(const char *name)
{
	char path[PATH_MAX];
	int dir, rc = open_store(path, &dir);

	if (rc != 0)
		return rc;
	if (unlinkat(dir, name, 0) != 0) {
		say_error("profile %s: %s", name, strerror(errno));
		rc = errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_IO;
	}
	close(dir);
	return rc == 0 ? move_default(name, NULL) : rc;
}

int profile_store_rename(const char *from, const char *to)
{
	char path[PATH_MAX];
	int dir, rc = open_store(path, &dir);

	if (rc != 0)
		return rc;
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) != 0) {
		rc = errno == EEXIST ? QK_ERR_EXISTS : errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_IO;
		say_error("profile %s to %s: %s", from, to, strerror(errno));
	}
	close(dir);
	return rc == 0 ? move_default(from, to) : rc;
}

/* The name when none was given: the default, or the only one there is. */
static int only_name(char chosen[static PROFILE_NAME_MAX + 1])
{
	struct profile_names names;
	int rc = profile_store_list(&names);

	if (rc != 0)
		return rc;
	if (names.count == 1) {
		memcpy(chosen, names.name[0], PROFILE_NAME_MAX + 1);
	} else if (names.count == 0) {
		say_error("there is no profile yet: import the one that the server's administrator made for you "
			  "with 'qknock enroll FILE'");
		rc = QK_ERR_NOT_FOUND;
	} else if (profile_store_default(chosen) != 0) {
		say_error("there are several profiles; choose one with --profile ('qknock profiles' lists them), or a "
			  "default with 'qknock profiles default NAME'");
		rc = QK_ERR_NOT_FOUND;
	}
	free(names.name);
	return rc;
}

int profile_store_load(const char *name, struct profile *out, char chosen[static PROFILE_NAME_MAX + 1])
{
	char directory[PATH_MAX], path[PATH_MAX + PROFILE_NAME_MAX + 2];
	int rc = 0;

	memset(out, 0, sizeof(*out));
	chosen[0] = '\0';
	if (name == NULL)
		rc = only_name(chosen);
	else
		snprintf(chosen, PROFILE_NAME_MAX + 1, "%s", name);
	if (rc != 0)
		return rc;
	if (name != NULL && strchr(name, '/') != NULL)
		return load_file(name, out);
	if (name != NULL && !profile_name_valid(name)) {
		say_error("there is no profile %s ('qknock profiles' lists them)", name);
		return QK_ERR_NOT_FOUND;
	}
	rc = profile_store_path(directory);
	if (rc != 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%s", directory, chosen);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		say_error("there is no profile %s ('qknock profiles' lists them)", chosen);
		return QK_ERR_NOT_FOUND;
	}
	return load_file(path, out);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int append_name(struct profile_names *names, const char *name)
{
	void *grown = reallocarray(names->name, names->count + 1, sizeof(names->name[0]));

	if (grown == NULL)
		return QK_ERR_NOMEM;
	names->name = grown;
	snprintf(names->name[names->count++], sizeof(names->name[0]), "%s", name);
	return 0;
}

int profile_store_list(struct profile_names *names)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc = profile_store_path(path);

	memset(names, 0, sizeof(*names));
	if (rc != 0)
		return rc;
	dir = opendir(path);
	if (dir == NULL && errno == ENOENT)
		return 0;
	if (dir == NULL) {
		say_error("%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (profile_name_valid(entry->d_name))
			rc = append_name(names, entry->d_name);
	closedir(dir);
	if (rc != 0) {
		say_error("%s", error_text(rc));
		free(names->name);
		memset(names, 0, sizeof(*names));
	} else if (names->count > 1) {
		qsort(names->name, names->count, sizeof(names->name[0]), compare_names);
	}
	return rc;
}
