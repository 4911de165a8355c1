/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockkernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcore/error.h"
#include "xt_knock/bpfsys.h"
#include "xt_knock/knockcollect.h"
#include "xt_knock/knocklock.h"
#include "xt_knock/knockmap.h"
#include "xt_knock/knockpin.h"

#define LOCK_STEP_NS 20000000
#define LOCK_STEPS 100

int knockkernel_load(const char *table, const char *const *names, size_t count)
{
	struct knockoptions options;
	int fd, lock, rc;
	size_t i;

	if (name_check_table(table) != 0)
		return QK_ERR_TABLE_NAME;
	for (i = 0; i < count; i++)
		if (knockpin_parse_name(table, names[i], &options) != 0)
			return QK_ERR_SERVICE_NAME;
	rc = knockmap_open(table, &fd);
	if (rc == 0)
		close(fd);
	for (i = 0; rc == 0 && i < count; i++) {
		knockpin_parse_name(table, names[i], &options);
		rc = knockpin_ensure(&options, true, &lock);
		if (rc == 0)
			close(lock);
	}
	return rc;
}

/* Not by waiting for the locks: who holds xtables' lock may be waiting for ours. */
static int lock_patiently(const char *table, struct knocklock *lock)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_NS};
	int rc;

	for (unsigned i = 0; i < LOCK_STEPS; i++) {
		rc = knocklock_alone(table, lock);
		if (rc != QK_ERR_BUSY)
			return rc;
		nanosleep(&step, NULL);
	}
	return QK_ERR_BUSY;
}

static bool looks_at(void *arg, const struct knockprog_info *info)
{
	const uint32_t *map_id = arg;

	return info->map_id == *map_id;
}

/* Whether programs look at the map that are in rules, whose pins may be gone. */
static int check_unused(int map_fd, const struct knockcollect_pin *pins, size_t count)
{
	struct bpf_map_info map;
	unsigned programs;
	int rc;

	for (size_t i = 0; i < count; i++)
		if (pins[i].is_used)
			return QK_ERR_BUSY;
	if (bpfsys_map_info(map_fd, &map) < 0)
		return QK_ERR_KERNEL;
	rc = knockprog_count(looks_at, &map.id, &programs);
	return rc == 0 && programs > count ? QK_ERR_BUSY : rc;
}

static int remove_all(const char *table, int directory)
{
	struct knockoptions *list;
	char path[KNOCKPIN_PATH_SIZE];
	size_t count;
	int rc;

	rc = knockpin_list(directory, table, true, &list, &count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		knockpin_path(&list[i], path);
		if (unlink(path) < 0)
			rc = QK_ERR_KERNEL;
	}
	free(list);
	if (rc != 0)
		return rc;
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s/grants", table);
	unlink(path);
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s/" KNOCKLOCK_DIRECTORY, table);
	rmdir(path);
	snprintf(path, sizeof(path), KNOCKMAP_ROOT "/%s", table);
	return rmdir(path) < 0 ? QK_ERR_KERNEL : 0;
}

/* A table that no rule ever named has no directory for pins yet, which is where the lock is. */
static int make_lock(const char *table)
{
	int fd, rc;

	rc = knockmap_open_directory(table, KNOCKLOCK_DIRECTORY, true, &fd);
	if (rc == 0)
		close(fd);
	return rc;
}

int knockkernel_unload(const char *table, bool force)
{
	struct knockcollect_pin *pins = NULL;
	struct knocklock lock;
	size_t count = 0;
	int map_fd, rc;

	rc = knockmap_open_existing(table, &map_fd);
	if (rc != 0)
		return rc;
	rc = make_lock(table);
	if (rc == 0)
		rc = lock_patiently(table, &lock);
	if (rc != 0)
		goto out;
	if (!force) {
		rc = knockcollect_examine(table, &lock, &pins, &count);
		if (rc == 0)
			rc = check_unused(map_fd, pins, count);
	}
	if (rc == 0)
		rc = remove_all(table, lock.directory);
	knocklock_release(&lock);
	free(pins);
out:
	close(map_fd);
	return rc;
}

static int count_entry(void *arg, const struct knock_key *key, const struct knock_value *value)
{
	uint32_t *entries = arg;

	(void)key;
	(void)value;
	(*entries)++;
	return 0;
}

static int show_map(const char *table, struct knockkernel_map *map)
{
	struct bpf_map_info info;
	int fd, rc;

	rc = knockmap_open_existing(table, &fd);
	if (rc != 0)
		return rc;
	if (bpfsys_map_info(fd, &info) < 0)
		rc = QK_ERR_KERNEL;
	map->id = info.id;
	map->max_entries = info.max_entries;
	if (rc == 0)
		rc = knockmap_walk(fd, count_entry, &map->entries);
	close(fd);
	return rc;
}

static bool is_of(void *arg, const struct knockprog_info *info)
{
	const uint32_t *identity = arg;

	return info->identity == *identity;
}

static int show_pin(const struct knockoptions *options, int (*each)(void *arg, const struct knockkernel_pin *pin),
		    void *arg)
{
	struct knockkernel_pin pin = {.options = *options};
	struct knockprog_info info;
	char path[KNOCKPIN_PATH_SIZE];
	int rc;

	rc = knockpin_describe(options, &info);
	if (rc != 0)
		return rc == QK_ERR_NOT_FOUND ? 0 : rc; /* collected meanwhile */
	knockpin_path(options, path);
	pin.path = path;
	pin.program_id = info.id;
	pin.is_kept = info.is_kept;
	rc = knockprog_count(is_of, &info.identity, &pin.programs);
	return rc != 0 ? rc : each(arg, &pin);
}

int knockkernel_show(const char *table, struct knockkernel_map *map,
		     int (*each)(void *arg, const struct knockkernel_pin *pin), void *arg)
{
	struct knockoptions *list = NULL;
	size_t count = 0;
	int directory, rc;

	memset(map, 0, sizeof(*map));
	rc = show_map(table, map);
	if (rc != 0)
		return rc;
	rc = knockmap_open_directory(table, KNOCKLOCK_DIRECTORY, false, &directory);
	if (rc == QK_ERR_NOT_FOUND)
		return 0;
	if (rc == 0) {
		rc = knockpin_list(directory, table, false, &list, &count);
		close(directory);
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = show_pin(&list[i], each, arg);
	free(list);
	return rc;
}
