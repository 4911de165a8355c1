/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockpin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knocklock.h"
#include "xt_knock/knockmap.h"

#define AGE "_age"
#define ONCE "_once"
#define NOT "_not"

void knockpin_name(const struct knockoptions *options, char name[static KNOCKPIN_NAME_SIZE])
{
	char age[sizeof(AGE) + 10] = "";

	if (options->max_age_s != 0)
		snprintf(age, sizeof(age), AGE "%u", options->max_age_s);
	snprintf(name, KNOCKPIN_NAME_SIZE, "%s%s%s%s", options->service, age,
		 (options->flags & KNOCKOPTIONS_SINGLE_USE) != 0 ? ONCE : "",
		 (options->flags & KNOCKOPTIONS_INVERT) != 0 ? NOT : "");
}

void knockpin_path(const struct knockoptions *options, char path[static KNOCKPIN_PATH_SIZE])
{
	char name[KNOCKPIN_NAME_SIZE];

	knockpin_name(options, name);
	snprintf(path, KNOCKPIN_PATH_SIZE, KNOCKMAP_ROOT "/%s/" KNOCKLOCK_DIRECTORY "/%s", options->table, name);
}

/* Copies what is before the delimiter and steps behind it; false if that does not fit. */
static bool take(char *out, size_t size, const char **in, char delimiter)
{
	size_t len = (size_t)(strchrnul(*in, delimiter) - *in);

	if (len >= size)
		return false;
	memcpy(out, *in, len);
	out[len] = '\0';
	*in += len;
	return true;
}

static bool skip(const char **in, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*in, word, len) != 0)
		return false;
	*in += len;
	return true;
}

int knockpin_parse_name(const char *table, const char *name, struct knockoptions *options)
{
	char again[KNOCKPIN_NAME_SIZE];
	const char *p = name;

	memset(options, 0, sizeof(*options));
	if (!take(options->service, sizeof(options->service), &p, '_') ||
	    !take(options->table, sizeof(options->table), &table, '\0') || knockoptions_check(options) != 0)
		return QK_ERR_NOT_FOUND;
	if (skip(&p, AGE))
		options->max_age_s = (uint32_t)strtoul(p, (char **)&p, 10);
	if (skip(&p, ONCE))
		options->flags |= KNOCKOPTIONS_SINGLE_USE;
	if (skip(&p, NOT))
		options->flags |= KNOCKOPTIONS_INVERT;
	knockpin_name(options, again);
	return strcmp(name, again) == 0 ? 0 : QK_ERR_NOT_FOUND;
}

int knockpin_parse_path(const char *path, struct knockoptions *options)
{
	char table[sizeof(options->table)];

	if (!skip(&path, KNOCKMAP_ROOT "/") || !take(table, sizeof(table), &path, '/') ||
	    !skip(&path, "/" KNOCKLOCK_DIRECTORY "/"))
		return QK_ERR_NOT_FOUND;
	return knockpin_parse_name(table, path, options);
}

/* EXISTS if the path is taken already. */
static int pin_program(const struct knockoptions *options, int map_fd, bool kept, const char *at)
{
	char path[KNOCKPIN_PATH_SIZE];
	int fd, rc;

	knockpin_path(options, path);
	rc = knockprog_load(options, map_fd, knockprog_identity(path), kept, &fd);
	if (rc != 0)
		return rc;
	if (bpfsys_pin(fd, at) < 0)
		rc = errno == EEXIST ? QK_ERR_EXISTS : QK_ERR_KERNEL;
	close(fd);
	return rc;
}

int knockpin_replace(const struct knockoptions *options, int map_fd, bool kept)
{
	char path[KNOCKPIN_PATH_SIZE], fresh[KNOCKPIN_PATH_SIZE + 16];
	int rc;

	knockpin_path(options, path);
	snprintf(fresh, sizeof(fresh), "%s_tmp%u", path, (unsigned)getpid());
	unlink(fresh); /* of an earlier process of this number */
	rc = pin_program(options, map_fd, kept, fresh);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = QK_ERR_KERNEL;
	if (rc != 0)
		unlink(fresh);
	return rc == QK_ERR_EXISTS ? QK_ERR_KERNEL : rc;
}

int knockpin_describe(const struct knockoptions *options, struct knockprog_info *info)
{
	char path[KNOCKPIN_PATH_SIZE];
	int fd, rc;

	memset(info, 0, sizeof(*info));
	knockpin_path(options, path);
	fd = bpfsys_get(path);
	if (fd < 0)
		return errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_KERNEL;
	rc = knockprog_describe(fd, info);
	close(fd);
	return rc == 0 && info->identity != knockprog_identity(path) ? QK_ERR_NOT_FOUND : rc;
}

static bool is_fit(const struct knockoptions *options, uint32_t map_id, bool kept, bool *was_kept)
{
	struct knockprog_info info;

	if (knockpin_describe(options, &info) != 0)
		return false;
	*was_kept = info.is_kept;
	return info.is_current && info.map_id == map_id && (info.is_kept || !kept);
}

/* With the lock held. What is pinned but unfit is replaced: made by another build, or for a map that is no more. */
static int ensure_locked(const struct knockoptions *options, bool kept)
{
	char path[KNOCKPIN_PATH_SIZE];
	struct bpf_map_info map;
	bool was_kept = false;
	int map_fd, rc;

	knockpin_path(options, path);
	rc = knockmap_open(options->table, &map_fd);
	if (rc != 0)
		return rc;
	if (bpfsys_map_info(map_fd, &map) < 0)
		rc = QK_ERR_KERNEL;
	else if (!is_fit(options, map.id, kept, &was_kept))
		rc = pin_program(options, map_fd, kept, path);
	if (rc == QK_ERR_EXISTS) /* unfit, or another process was as quick as we */
		rc = is_fit(options, map.id, kept, &was_kept) ? 0 : knockpin_replace(options, map_fd, kept || was_kept);
	close(map_fd);
	return rc;
}

int knockpin_ensure(const struct knockoptions *options, bool kept, int *lock)
{
	int map_fd, rc;

	*lock = -1;
	rc = knockoptions_check(options);
	/* The map before the directory, as in knockmap_open: who may not make maps leaves nothing behind. */
	if (rc == 0)
		rc = knockmap_open(options->table, &map_fd);
	if (rc != 0)
		return rc;
	close(map_fd);
	rc = knocklock_shared(options->table, lock);
	if (rc != 0)
		return rc;
	rc = ensure_locked(options, kept);
	if (rc != 0) {
		close(*lock);
		*lock = -1;
	}
	return rc;
}

static int by_name(const void *a, const void *b)
{
	char x[KNOCKPIN_NAME_SIZE], y[KNOCKPIN_NAME_SIZE];

	knockpin_name(a, x);
	knockpin_name(b, y);
	return strcmp(x, y);
}

/* Room for one more, in steps. */
static struct knockoptions *next_entry(struct knockoptions **list, size_t count)
{
	struct knockoptions *grown;

	if (count % 16 == 0) {
		grown = realloc(*list, (count + 16) * sizeof(**list));
		if (grown == NULL)
			return NULL;
		*list = grown;
	}
	return *list + count;
}

int knockpin_list(int directory, const char *table, bool strays, struct knockoptions **list, size_t *count)
{
	struct knockoptions *entry;
	struct dirent *d;
	int rc = 0;
	DIR *dir;
	int fd;

	*list = NULL;
	*count = 0;
	fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return QK_ERR_KERNEL;
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		entry = next_entry(list, *count);
		if (entry == NULL)
			rc = QK_ERR_NOMEM;
		else if (knockpin_parse_name(table, d->d_name, entry) == 0)
			(*count)++;
		else if (strays)
			unlinkat(directory, d->d_name, 0);
	}
	closedir(dir);
	if (rc == 0 && *count > 0)
		qsort(*list, *count, sizeof(**list), by_name);
	if (rc != 0) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	return rc;
}
