/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants at the places where integrations look: written when they begin, after a failure, and after a move. */
#include <utlist.h>

#include "qknockd/granter_state.h"

static int put(struct granter *granter, int i, struct entry *entry)
{
	int rc = place_put(granter->places[i], &entry->grant.grant, entry->at[i].used);

	entry->at[i].there = rc == 0;
	if (rc != 0)
		granter->behind[i] = true;
	return rc;
}

/* With one request where that is possible: the port opens with the first half of it, and the file follows at once. */
static int put_new(struct granter *granter, struct entry *entry)
{
	struct place *const both[] = {granter->places[TABLE], granter->places[DIRECTORY]};
	int rc[PLACES];

	place_put_both(both, &entry->grant.grant, rc);
	for (int i = 0; i < PLACES; i++) {
		entry->at[i].there = rc[i] == 0;
		granter->behind[i] |= rc[i] != 0;
	}
	return rc[TABLE] != 0 ? rc[TABLE] : rc[DIRECTORY];
}

/* What a walk hands on. */
struct found {
	struct granter *granter;
	int place;
};

/* Takes note of what is there of live grants, and removes what is of none. */
static int match_found(void *arg, const struct grant *g, uint64_t used)
{
	const struct found *found = arg;
	struct entry *entry = granter_find(found->granter, g);

	if (entry == NULL || entry->grant.grant.id != g->id) {
		place_remove(found->granter->places[found->place], g);
		return 0;
	}
	entry->at[found->place].there = true;
	(void)used; /* asked for when the grant has to go elsewhere */
	return 0;
}

static int note_use(void *arg, const struct grant *g, uint64_t used)
{
	const struct found *found = arg;
	struct entry *entry = granter_find(found->granter, g);

	if (used != 0 && entry != NULL && entry->grant.grant.id == g->id)
		entry->at[found->place].used = used;
	return 0;
}

static int put_missing(struct granter *granter, int i)
{
	struct entry *entry;
	int first = 0;

	granter->behind[i] = false;
	for (entry = granter_first_end(granter); entry != NULL; entry = granter_next_end_after(entry)) {
		int rc = entry->at[i].there ? 0 : put(granter, i, entry);

		if (first == 0)
			first = rc;
	}
	return first;
}

/* Opens the place and brings it in line with the live grants. */
static int bring_in_line(struct granter *granter, int i)
{
	struct found found = {granter, i};
	int rc = place_open(granter->places[i]);

	if (rc != 0)
		return rc;
	rc = place_walk(granter->places[i], match_found, &found);
	if (rc == 0)
		rc = put_missing(granter, i);
	else
		place_close(granter->places[i]); /* not to write over what was used */
	return rc;
}

/* Nothing is known to be there any more; use states are kept. */
static void leave(struct granter *granter, int i)
{
	struct found found = {granter, i};
	struct entry *entry;

	if (place_is_open(granter->places[i]))
		place_walk(granter->places[i], note_use, &found);
	place_close(granter->places[i]);
	for (entry = granter_first_end(granter); entry != NULL; entry = granter_next_end_after(entry))
		entry->at[i].there = false;
	/* An ending grant's file in a place that we come back to has no entry then, and goes. */
	DL_FOREACH(granter->ending, entry)
	entry->at[i].there = false;
}

int granter_maintain(struct granter *granter, int i)
{
	struct place *place = granter->places[i];

	if (place_is_nowhere(place))
		return 0;
	if (place_is_open(place) && !place_is_current(place))
		leave(granter, i);
	if (!place_is_open(place))
		return bring_in_line(granter, i);
	return granter->behind[i] ? put_missing(granter, i) : 0;
}

int granter_begin(struct granter *granter, struct entry *entry)
{
	int first = 0;

	if (place_is_open(granter->places[TABLE]) && place_is_open(granter->places[DIRECTORY]))
		return put_new(granter, entry);
	for (int i = 0; i < PLACES; i++) {
		int rc = place_is_open(granter->places[i]) ? put(granter, i, entry) : granter_maintain(granter, i);

		if (first == 0)
			first = rc;
	}
	return first;
}

int granter_remove_from(struct granter *granter, int i, struct entry *entry)
{
	int rc = 0;

	if (entry->at[i].there && place_is_open(granter->places[i]))
		rc = place_remove(granter->places[i], &entry->grant.grant);
	/* Past its time it does no harm. */
	if (rc == 0 || clock_boot_ns() >= entry->grant.grant.expires_ns)
		entry->at[i].there = false;
	return rc;
}

int granter_move(struct granter *granter, int i, const char *where, const char *group)
{
	struct place *place = granter->places[i];
	struct entry *entry;

	if (place_is_set_to(place, where, group))
		return 0;
	DL_FOREACH(granter->ending, entry)
	granter_remove_from(granter, i, entry);
	if (place_is_open(place)) {
		struct found found = {granter, i};

		place_walk(place, note_use, &found);
		for (entry = granter_first_end(granter); entry != NULL; entry = granter_next_end_after(entry))
			place_remove(place, &entry->grant.grant);
	}
	leave(granter, i);
	return place_set(place, where, group);
}
