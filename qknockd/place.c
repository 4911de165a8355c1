/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/place.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/grantdir.h"
#include "qknockd/placed.h"
#include "xt_knock/knockmap.h"

struct place {
	const struct place_operations *operations;
	void *arg;
	const struct log *log;
	char *where;
	char *group;
	int failing; /* the error that was logged last; 0: it works */
	bool is_open;
	struct grantdir *dir;
	struct placed placed; /* its files; outlives its being open */
	size_t files_max;
	int map;
};

struct walk {
	struct place *place;
	int (*each)(void *arg, const struct grant *g, uint64_t used);
	void *arg;
};

/* The directory. */

static int open_directory(struct place *place)
{
	gid_t gid = (gid_t)-1;

	if (place->group != NULL) {
		const struct group *group = getgrnam(place->group);

		if (group == NULL)
			return QK_ERR_NOT_FOUND;
		gid = group->gr_gid;
	}
	return grantdir_open(place->where, gid, &place->dir);
}

static void close_directory(struct place *place)
{
	grantdir_close(place->dir);
	place->dir = NULL;
}

static int put_file(struct place *place, const struct grant *g, uint64_t used)
{
	bool is_new = !placed_has(&place->placed, g);
	int rc;

	if (is_new && place->placed.count >= place->files_max)
		return QK_ERR_FULL;
	rc = placed_add(&place->placed, g);
	if (rc != 0)
		return rc;
	rc = used != 0 ? grantdir_write_used(place->dir, g) : grantdir_write(place->dir, g);
	if (rc != 0 && is_new)
		placed_remove(&place->placed, g);
	return rc;
}

static int remove_file(struct place *place, const struct grant *g)
{
	int rc = grantdir_remove(place->dir, g);

	if (rc == 0)
		placed_remove(&place->placed, g);
	return rc;
}

static int each_file(void *arg, const struct grant *g, bool used)
{
	const struct walk *walk = arg;
	int rc = placed_add(&walk->place->placed, g);

	return rc != 0 ? rc : walk->each(walk->arg, g, used);
}

static int walk_files(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg)
{
	struct walk walk = {place, each, arg};

	return grantdir_walk(place->dir, each_file, &walk);
}

/* grantdir looks its directory up again at each call. */
static bool is_always_current(const struct place *place)
{
	(void)place;
	return true;
}

static const struct place_operations directory_operations = {
    .name = "grants directory",
    .open = open_directory,
    .close = close_directory,
    .is_current = is_always_current,
    .put = put_file,
    .remove = remove_file,
    .walk = walk_files,
};

/* The kernel's table. */

static int open_map(struct place *place)
{
	return knockmap_open(place->where, &place->map);
}

static void close_map(struct place *place)
{
	close(place->map);
}

static bool is_current_map(const struct place *place)
{
	return knockmap_is_current(place->where, place->map);
}

static int put_entry(struct place *place, const struct grant *g, uint64_t used)
{
	return knockmap_put_used(place->map, g, used);
}

static int remove_entry(struct place *place, const struct grant *g)
{
	return knockmap_remove(place->map, g);
}

static int each_entry(void *arg, const struct knock_key *key, const struct knock_value *value)
{
	const struct walk *walk = arg;
	struct grant g = {.id = value->id, .granted_ns = value->granted_ns, .expires_ns = value->expires_ns};

	memcpy(g.service, key->service, sizeof(g.service) - 1);
	memcpy(g.client.b, key->address, sizeof(g.client.b));
	return walk->each(walk->arg, &g, value->used);
}

static int walk_entries(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg)
{
	struct walk walk = {place, each, arg};

	return knockmap_walk(place->map, each_entry, &walk);
}

static const struct place_operations table_operations = {
    .name = "kernel table",
    .open = open_map,
    .close = close_map,
    .is_current = is_current_map,
    .put = put_entry,
    .remove = remove_entry,
    .walk = walk_entries,
};

/* Both. */

int place_new(const struct place_operations *operations, void *arg, const struct log *log, struct place **out)
{
	struct place *place = calloc(1, sizeof(*place));

	*out = place;
	if (place == NULL)
		return QK_ERR_NOMEM;
	place->operations = operations;
	place->arg = arg;
	place->log = log;
	place->map = -1;
	return 0;
}

int place_new_directory(size_t files_max, const struct log *log, struct place **out)
{
	int rc = place_new(&directory_operations, NULL, log, out);

	if (rc == 0)
		(*out)->files_max = files_max;
	return rc;
}

int place_new_table(const struct log *log, struct place **out)
{
	return place_new(&table_operations, NULL, log, out);
}

void *place_arg(const struct place *place)
{
	return place->arg;
}

void place_free(struct place *place)
{
	if (place == NULL)
		return;
	place_close(place);
	placed_clear(&place->placed);
	free(place->where);
	free(place->group);
	free(place);
}

/* Hands rc through; logs it when the place did not fail in this way before. */
static int report(struct place *place, int rc)
{
	const char *why = "", *detail = "";

	if (rc == 0 || rc == place->failing)
		return rc;
	if (rc == QK_ERR_IO || rc == QK_ERR_KERNEL) {
		why = ": ";
		detail = strerror(errno);
	} else if (rc == QK_ERR_NOT_FOUND && place->group != NULL) {
		why = ": group ";
		detail = place->group;
	}
	log_line(place->log, LOG_LEVEL_ERROR, "%s %s: %s%s%s; trying again every second", place->operations->name,
		 place->where, error_text(rc), why, detail);
	place->failing = rc;
	return rc;
}

void place_recovered(struct place *place)
{
	if (place->failing == 0)
		return;
	log_line(place->log, LOG_LEVEL_NOTICE, "%s %s: works again, all grants are written", place->operations->name,
		 place->where);
	if (place->operations->recovered != NULL)
		place->operations->recovered(place);
	place->failing = 0;
}

static bool is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int place_set(struct place *place, const char *where, const char *group)
{
	char *new_where = where != NULL ? strdup(where) : NULL;
	char *new_group = group != NULL ? strdup(group) : NULL;

	if ((where != NULL && new_where == NULL) || (group != NULL && new_group == NULL)) {
		free(new_where);
		free(new_group);
		return QK_ERR_NOMEM;
	}
	place_close(place);
	/* What was left in a directory that is given up does not count for the next one. */
	if (!is_same(where, place->where))
		placed_clear(&place->placed);
	free(place->where);
	free(place->group);
	place->where = new_where;
	place->group = new_group;
	place->failing = 0;
	return place->operations->set != NULL ? place->operations->set(place) : 0;
}

bool place_is_set_to(const struct place *place, const char *where, const char *group)
{
	return is_same(place->where, where) && is_same(place->group, group);
}

bool place_is_nowhere(const struct place *place)
{
	return place->where == NULL;
}

int place_open(struct place *place)
{
	int rc = place->operations->open(place);

	place->is_open = rc == 0;
	return report(place, rc);
}

void place_close(struct place *place)
{
	if (place->is_open)
		place->operations->close(place);
	place->is_open = false;
}

bool place_is_open(const struct place *place)
{
	return place->is_open;
}

bool place_is_current(const struct place *place)
{
	return place->operations->is_current(place);
}

int place_put(struct place *place, const struct grant *g, uint64_t used)
{
	return report(place, place->operations->put(place, g, used));
}

void place_put_both(struct place *const both[2], const struct grant *g, int rc[2])
{
	if (both[0]->operations == both[1]->operations && both[0]->operations->put_both != NULL) {
		both[0]->operations->put_both(both, g, rc);
		for (int i = 0; i < 2; i++)
			report(both[i], rc[i]);
		return;
	}
	for (int i = 0; i < 2; i++)
		rc[i] = place_put(both[i], g, 0);
}

int place_remove(struct place *place, const struct grant *g)
{
	return report(place, place->operations->remove(place, g));
}

int place_walk(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg)
{
	return report(place, place->operations->walk(place, each, arg));
}
