/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcore/error.h"
#include "xt_knock/bpfsys.h"

#define BATCH 256u

static void close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* Anyone may make directories in the root of a bpf file system (mode 1777): what is not root's is not ours. */
static int check_directory(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return QK_ERR_KERNEL;
	return (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & 022) == 0 ? 0 : QK_ERR_TABLE_DIR;
}

/* *fd from the parent directory to the one called name in it. */
static int descend(int *fd, const char *name, bool make)
{
	int parent = *fd;
	int rc;

	if (make && mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return QK_ERR_KERNEL;
	*fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rc = *fd < 0 ? (errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_KERNEL) : check_directory(*fd);
	close_keeping_errno(parent);
	return rc;
}

int knockmap_open_directory(const char *table, const char *sub, bool make, int *fd)
{
	struct statfs fs;
	int rc = 0;

	*fd = open(KNOCKMAP_BPFFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 || fstatfs(*fd, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		rc = QK_ERR_BPFFS;
	if (rc == 0)
		rc = descend(fd, "qknock", make);
	if (rc == 0)
		rc = descend(fd, table, make);
	if (rc == 0 && sub != NULL)
		rc = descend(fd, sub, make);
	if (rc != 0) {
		close_keeping_errno(*fd);
		*fd = -1;
	}
	return rc;
}

/* Without this the pin of something else would be read as grants. */
static int check_map(int fd)
{
	struct bpf_map_info info;

	if (bpfsys_map_info(fd, &info) < 0)
		return QK_ERR_KERNEL;
	if (info.type != BPF_MAP_TYPE_HASH || info.key_size != sizeof(struct knock_key) ||
	    info.value_size != sizeof(struct knock_value)) {
		errno = EINVAL;
		return QK_ERR_KERNEL;
	}
	return 0;
}

static int map_path(const char *table, char path[static KNOCKMAP_PATH_SIZE])
{
	if (name_check_table(table) != 0)
		return QK_ERR_TABLE_NAME;
	snprintf(path, KNOCKMAP_PATH_SIZE, KNOCKMAP_ROOT "/%s/grants", table);
	return 0;
}

static int get_map(const char *path, int *fd)
{
	int rc;

	*fd = bpfsys_get(path);
	if (*fd < 0)
		return errno == ENOENT ? QK_ERR_NOT_FOUND : QK_ERR_KERNEL;
	rc = check_map(*fd);
	if (rc != 0) {
		close_keeping_errno(*fd);
		*fd = -1;
	}
	return rc;
}

int knockmap_open_existing(const char *table, int *fd)
{
	char path[KNOCKMAP_PATH_SIZE];
	int dir = -1;
	int rc;

	*fd = -1;
	rc = map_path(table, path);
	if (rc == 0)
		rc = knockmap_open_directory(table, NULL, false, &dir);
	if (rc == 0)
		rc = get_map(path, fd);
	close_keeping_errno(dir);
	return rc;
}

/* The map comes before the directory: who may not make maps must not leave directories either. */
static int make_map(const char *table, const char *path, int *fd)
{
	int map, rc;
	int dir = -1;

	map = bpfsys_map_create("knock_grants", sizeof(struct knock_key), sizeof(struct knock_value),
				KNOCK_TABLE_ENTRIES);
	if (map < 0)
		return QK_ERR_KERNEL;
	rc = knockmap_open_directory(table, NULL, true, &dir);
	if (rc == 0 && bpfsys_pin(map, path) < 0)
		rc = errno == EEXIST ? QK_ERR_EXISTS : QK_ERR_KERNEL;
	close_keeping_errno(dir);
	if (rc == 0)
		*fd = map;
	else
		close_keeping_errno(map);
	return rc;
}

int knockmap_open(const char *table, int *fd)
{
	char path[KNOCKMAP_PATH_SIZE];
	int rc = map_path(table, path);

	*fd = -1;
	if (rc != 0)
		return rc;
	do {
		rc = knockmap_open_existing(table, fd);
		if (rc == QK_ERR_NOT_FOUND)
			rc = make_map(table, path, fd);
	} while (rc == QK_ERR_EXISTS || rc == QK_ERR_NOT_FOUND);
	return rc;
}

bool knockmap_is_current(const char *table, int fd)
{
	struct bpf_map_info pinned, ours;
	bool same = false;
	int pin;

	if (knockmap_open_existing(table, &pin) != 0)
		return false;
	if (bpfsys_map_info(pin, &pinned) == 0 && bpfsys_map_info(fd, &ours) == 0)
		same = pinned.id == ours.id;
	close(pin);
	return same;
}

static void make_key(const struct grant *g, struct knock_key *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->service, g->service, strnlen(g->service, KNOCK_SERVICE_SIZE - 1));
	memcpy(key->address, g->client.b, sizeof(key->address));
}

/* 1: the entry is of this grant, 0: there is none or it is of another. */
static int entry_is_of(int fd, const struct knock_key *key, uint64_t id)
{
	struct knock_value value;

	if (bpfsys_map_lookup(fd, key, &value) < 0)
		return errno == ENOENT ? 0 : QK_ERR_KERNEL;
	return value.id == id;
}

int knockmap_put(int fd, const struct grant *g)
{
	return knockmap_put_used(fd, g, 0);
}

int knockmap_put_used(int fd, const struct grant *g, uint64_t used)
{
	struct knock_key key;
	struct knock_value value;
	int rc;

	make_key(g, &key);
	rc = entry_is_of(fd, &key, g->id);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	memset(&value, 0, sizeof(value));
	value.id = g->id;
	value.granted_ns = g->granted_ns;
	value.expires_ns = g->expires_ns;
	value.used = used;
	value.flags = g->single_use ? KNOCK_GRANT_SINGLE_USE : 0;
	return bpfsys_map_update(fd, &key, &value) < 0 ? QK_ERR_KERNEL : 0;
}

int knockmap_remove(int fd, const struct grant *g)
{
	struct knock_key key;
	int rc;

	make_key(g, &key);
	rc = entry_is_of(fd, &key, g->id);
	if (rc != 1)
		return rc;
	if (bpfsys_map_delete(fd, &key) < 0 && errno != ENOENT)
		return QK_ERR_KERNEL;
	return 0;
}

/* In batches of whole hash buckets, because a walk from key to key starts again when its key was removed. */
int knockmap_walk(int fd, int (*each)(void *arg, const struct knock_key *key, const struct knock_value *value),
		  void *arg)
{
	struct knock_key keys[BATCH];
	struct knock_value values[BATCH];
	uint32_t token = 0, count, i;
	const uint32_t *after = NULL;
	bool more = true;
	int rc;

	/* Not every checker of memory knows that the kernel fills them. */
	memset(keys, 0, sizeof(keys));
	memset(values, 0, sizeof(values));
	while (more) {
		count = BATCH;
		if (bpfsys_map_batch(fd, after, &token, keys, values, &count) < 0) {
			if (errno != ENOENT)
				return QK_ERR_KERNEL;
			more = false;
		}
		for (i = 0; i < count; i++) {
			rc = each(arg, &keys[i], &values[i]);
			if (rc != 0)
				return rc;
		}
		after = &token;
	}
	return 0;
}
