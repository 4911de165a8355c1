/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/placed.h"

#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"

/* All of it: a file is removed only by who names id, service and client as they are in it. */
struct key {
	uint64_t id;
	uint8_t client[16];
	char service[SERVICE_NAME_MAX + 1];
};

struct placed_file {
	struct key key;
	RB_ENTRY(placed_file) in_files;
};

static int compare(const struct placed_file *a, const struct placed_file *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* Not RB_GENERATE_STATIC: it needs a name that the headers of Linux have in use. */
RB_GENERATE_INTERNAL(placed_tree, placed_file, in_files, compare, __attribute__((unused)) static)

static void make_key(struct key *key, const struct grant *g)
{
	memset(key, 0, sizeof(*key));
	key->id = g->id;
	memcpy(key->client, g->client.b, sizeof(key->client));
	memcpy(key->service, g->service, strnlen(g->service, SERVICE_NAME_MAX));
}

static struct placed_file *find(const struct placed *placed, const struct grant *g)
{
	struct placed_file like;

	make_key(&like.key, g);
	return RB_FIND(placed_tree, (struct placed_tree *)&placed->files, &like);
}

int placed_add(struct placed *placed, const struct grant *g)
{
	struct placed_file *file;

	if (placed_has(placed, g))
		return 0;
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return QK_ERR_NOMEM;
	make_key(&file->key, g);
	RB_INSERT(placed_tree, &placed->files, file);
	placed->count++;
	return 0;
}

bool placed_has(const struct placed *placed, const struct grant *g)
{
	return find(placed, g) != NULL;
}

static void drop(struct placed *placed, struct placed_file *file)
{
	RB_REMOVE(placed_tree, &placed->files, file);
	placed->count--;
	free(file);
}

void placed_remove(struct placed *placed, const struct grant *g)
{
	struct placed_file *file = find(placed, g);

	if (file != NULL)
		drop(placed, file);
}

void placed_clear(struct placed *placed)
{
	struct placed_file *file;

	while ((file = RB_ROOT(&placed->files)) != NULL)
		drop(placed, file);
}
