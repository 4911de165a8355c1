/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/granter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "qknockd/granter_state.h"

#define STORE_RETRY_NS (10 * CLOCK_NS_PER_S) /* the store logs each failure: not every second */

static int compare_keys(const struct entry *a, const struct entry *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* Two entries are never equal. */
static int compare_ends(const struct entry *a, const struct entry *b)
{
	uint64_t end_a = a->grant.grant.expires_ns, end_b = b->grant.grant.expires_ns;

	if (end_a != end_b)
		return end_a < end_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Not RB_GENERATE_STATIC: it needs a name that the headers of Linux have in use. */
RB_GENERATE_INTERNAL(key_tree, entry, in_keys, compare_keys, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(end_tree, entry, in_ends, compare_ends, __attribute__((unused)) static)

static int run_here(void *arg, enum hook_kind kind, char *const *argv, const struct store_grant *grant,
		    void (*started)(void *arg), void *started_arg)
{
	(void)kind;
	return hooks_run(arg, argv, grant, started, started_arg);
}

int granter_new(struct store *store, struct hooks *hooks, const struct log *log, struct granter **out)
{
	struct granter_outside outside = {.run_hook = run_here, .arg = hooks};
	int rc = place_new_directory(PLACE_FILES_MAX, log, &outside.directory);

	*out = NULL;
	if (rc == 0)
		rc = place_new_table(log, &outside.table);
	if (rc == 0)
		return granter_new_outside(store, &outside, log, out);
	place_free(outside.directory);
	return rc;
}

int granter_new_outside(struct store *store, const struct granter_outside *outside, const struct log *log,
			struct granter **out)
{
	struct granter *granter = calloc(1, sizeof(*granter));

	*out = granter;
	if (granter == NULL) {
		place_free(outside->directory);
		place_free(outside->table);
		return QK_ERR_NOMEM;
	}
	granter->store = store;
	granter->outside = *outside;
	granter->log = log;
	granter->places[DIRECTORY] = outside->directory;
	granter->places[TABLE] = outside->table;
	return 0;
}

static void take_out(struct granter *granter, struct entry *entry)
{
	RB_REMOVE(key_tree, &granter->live, entry);
	RB_REMOVE(end_tree, &granter->ends, entry);
	granter->live_count--;
}

void granter_free(struct granter *granter)
{
	struct entry *entry, *tmp;

	if (granter == NULL)
		return;
	while ((entry = RB_ROOT(&granter->live)) != NULL) {
		take_out(granter, entry);
		free(entry);
	}
	DL_FOREACH_SAFE(granter->ending, entry, tmp)
	free(entry);
	for (int i = 0; i < PLACES; i++)
		place_free(granter->places[i]);
	free(granter);
}

/* Entries. */

static void make_key(struct key *key, const struct grant *g)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->service, g->service, strnlen(g->service, SERVICE_NAME_MAX));
	key->client = g->client;
}

struct entry *granter_find(const struct granter *granter, const struct grant *g)
{
	struct entry like;

	make_key(&like.key, g);
	return RB_FIND(key_tree, (struct key_tree *)&granter->live, &like);
}

struct entry *granter_first_end(const struct granter *granter)
{
	return RB_MIN(end_tree, (struct end_tree *)&granter->ends);
}

struct entry *granter_next_end_after(struct entry *entry)
{
	return RB_NEXT(end_tree, NULL, entry);
}

static struct entry *new_entry(const struct store_grant *grant)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->grant = *grant;
	make_key(&entry->key, &grant->grant);
	return entry;
}

static void insert(struct granter *granter, struct entry *entry)
{
	RB_INSERT(key_tree, &granter->live, entry);
	RB_INSERT(end_tree, &granter->ends, entry);
	granter->live_count++;
}

static const struct config_service *service_of(const struct granter *granter, const struct entry *entry)
{
	return config_service(granter->config, entry->grant.grant.service);
}

static void log_grant(const struct granter *granter, const char *event, const struct store_grant *grant,
		      const char *more)
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(&grant->grant.client, address);
	log_line(granter->log, LOG_LEVEL_NOTICE, "%s user=%s service=%s address=%s id=%016" PRIx64 " %s", event,
		 grant->grant.user, grant->grant.service, address, grant->grant.id, more);
}

/* Ends. */

static void note_hook_start(void *arg)
{
	struct entry *entry = arg;

	entry->hook_started = true;
}

static void queue_close_hook(struct granter *granter, struct entry *entry)
{
	const struct config_service *service = service_of(granter, entry);
	char *const *argv = service != NULL ? service->close_hook : NULL;

	if (!entry->hook_queued)
		entry->hook_queued = granter->outside.run_hook(granter->outside.arg, HOOK_CLOSE, argv, &entry->grant,
							       note_hook_start, entry) == 0;
}

/* True when nothing is owed any more: the entry is gone. The store's record goes last, so that a hook that was
 * not started is made up for after a restart. */
static bool settle(struct granter *granter, struct entry *entry, int failed[PLACES])
{
	uint64_t now = clock_boot_ns();
	int stored;

	for (int i = 0; i < PLACES; i++) {
		int rc = granter_remove_from(granter, i, entry);

		if (rc != 0)
			failed[i] = rc;
	}
	queue_close_hook(granter, entry);
	if (entry->at[DIRECTORY].there || entry->at[TABLE].there || !entry->hook_started ||
	    now < granter->store_retry_ns)
		return false;
	stored = store_grant_remove(granter->store, entry->grant.grant.id);
	if (stored != 0 && stored != QK_ERR_NOT_FOUND) { /* a newer grant replaced the record */
		granter->store_retry_ns = now + STORE_RETRY_NS;
		return false;
	}
	granter->store_retry_ns = 0;
	DL_DELETE(granter->ending, entry);
	free(entry);
	return true;
}

/* The entry is in no list. */
static void end(struct granter *granter, struct entry *entry, const char *reason, int failed[PLACES])
{
	log_grant(granter, "grant ended", &entry->grant, reason);
	DL_APPEND(granter->ending, entry);
	settle(granter, entry, failed);
}

static void end_due(struct granter *granter, int failed[PLACES])
{
	uint64_t now = clock_boot_ns();

	struct entry *entry;

	while ((entry = granter_first_end(granter)) != NULL && entry->grant.grant.expires_ns <= now) {
		take_out(granter, entry);
		end(granter, entry, "reason=expired", failed);
	}
}

uint64_t granter_next_end(const struct granter *granter)
{
	const struct entry *first = granter_first_end(granter);

	return first != NULL ? first->grant.grant.expires_ns : 0;
}

static bool is_of(const struct entry *entry, const char *service, const struct address *client)
{
	return (service == NULL || strcmp(entry->key.service, service) == 0) &&
	       (client == NULL || address_equal(&entry->key.client, client));
}

unsigned granter_revoke(struct granter *granter, const char *service, const struct address *client)
{
	struct entry *entry = RB_MIN(key_tree, &granter->live), *next;
	int failed[PLACES] = {0};
	unsigned count = 0;

	if (service != NULL && client != NULL) {
		struct grant like = {.client = *client};

		strncpy(like.service, service, sizeof(like.service) - 1);
		entry = granter_find(granter, &like);
	}
	for (; entry != NULL && (count == 0 || service == NULL || client == NULL); entry = next) {
		next = RB_NEXT(key_tree, &granter->live, entry);
		if (!is_of(entry, service, client))
			continue;
		/* First of all, as the close hook may have to wait and the daemon may be killed meanwhile. A store that
		 * fails logs it and keeps no grant open here and now. */
		store_grant_end(granter->store, entry->grant.grant.id);
		take_out(granter, entry);
		end(granter, entry, "reason=revoked", failed);
		count++;
	}
	return count;
}

/* Beginnings. */

/* The older grant of the same service and address: the new one has taken its place everywhere but in its marker. */
static void forget_superseded(struct granter *granter, struct entry *old)
{
	if (old == NULL)
		return;
	log_grant(granter, "grant ended", &old->grant, "reason=superseded");
	for (int i = 0; i < PLACES; i++)
		if (old->at[i].there && place_is_open(granter->places[i]))
			place_remove(granter->places[i], &old->grant.grant);
	free(old);
}

static void log_begin(const struct granter *granter, const struct store_grant *grant)
{
	uint64_t left_ns = grant->grant.expires_ns - grant->grant.granted_ns;
	char more[64];

	snprintf(more, sizeof(more), "expires_in=%" PRIu64 "s", left_ns / CLOCK_NS_PER_S);
	log_grant(granter, "grant", grant, more);
}

int granter_add(struct granter *granter, const struct store_grant *grant)
{
	struct entry *old = granter_find(granter, &grant->grant);
	struct entry *entry = new_entry(grant);
	const struct config_service *service;
	int first, rc;

	if (entry == NULL) {
		log_grant(granter, "grant delayed", grant, "reason=\"out of memory\"");
		granter->missed = true;
		return QK_ERR_NOMEM;
	}
	if (old != NULL)
		take_out(granter, old);
	insert(granter, entry);
	first = granter_begin(granter, entry);
	forget_superseded(granter, old);
	service = service_of(granter, entry);
	rc = granter->outside.run_hook(granter->outside.arg, HOOK_OPEN, service != NULL ? service->open_hook : NULL,
				       grant, NULL, NULL);
	log_begin(granter, grant);
	return first != 0 ? first : rc;
}

static int add_missed(void *arg, const struct store_grant *grant)
{
	struct granter *granter = arg;
	struct entry *entry = granter_find(granter, &grant->grant);

	if (entry != NULL && entry->grant.grant.id == grant->grant.id)
		return 0;
	DL_SEARCH_SCALAR(granter->ending, entry, grant.grant.id, grant->grant.id);
	if (entry == NULL)
		granter_add(granter, grant);
	return 0;
}

/* What no entry could be made for, when it was new. */
static void make_up(struct granter *granter)
{
	granter->missed = false;
	if (store_grant_each(granter->store, add_missed, granter) != 0)
		granter->missed = true;
}

void granter_tick(struct granter *granter)
{
	int failed[PLACES] = {0};
	struct entry *entry, *tmp;

	if (granter->missed)
		make_up(granter);
	DL_FOREACH_SAFE(granter->ending, entry, tmp)
	settle(granter, entry, failed);
	end_due(granter, failed);
	for (int i = 0; i < PLACES; i++)
		if (granter_maintain(granter, i) == 0 && failed[i] == 0)
			place_recovered(granter->places[i]);
}

/* Start and reload. */

static int load_one(void *arg, const struct store_grant *grant)
{
	struct granter *granter = arg;
	struct entry *entry = new_entry(grant);

	if (entry == NULL)
		return QK_ERR_NOMEM;
	DL_APPEND(granter->ending, entry);
	return 0;
}

static const char *reason_to_end(const struct granter *granter, const struct entry *entry)
{
	const struct grant *g = &entry->grant.grant;

	if (strcmp(g->boot_id, granter->boot_id) != 0)
		return "reason=reboot";
	if (grant_check(g, clock_boot_ns(), granter->boot_id, 0) != 0)
		return "reason=expired";
	return service_of(granter, entry) == NULL ? "reason=unconfigured" : NULL;
}

/* All grants of the store are in ending: puts the live ones into their lists. */
static void sort_out(struct granter *granter, struct entry **ended)
{
	struct entry *entry, *tmp;

	DL_FOREACH_SAFE(granter->ending, entry, tmp)
	{
		DL_DELETE(granter->ending, entry);
		if (reason_to_end(granter, entry) != NULL) {
			DL_APPEND(*ended, entry);
		} else {
			insert(granter, entry);
		}
	}
}

int granter_start(struct granter *granter, const struct config *config)
{
	struct entry *ended = NULL, *entry, *tmp;
	int failed[PLACES] = {0};
	int rc = clock_boot_id(granter->boot_id);

	granter->config = config;
	if (rc == 0)
		rc = place_set(granter->places[DIRECTORY], config->grants_dir, config->group);
	if (rc == 0)
		rc = place_set(granter->places[TABLE], config->table, NULL);
	if (rc == 0)
		rc = store_grant_each(granter->store, load_one, granter);
	if (rc != 0)
		return rc;
	sort_out(granter, &ended);
	/* Removes what is left of the ended ones, too. */
	for (int i = 0; i < PLACES; i++)
		granter_maintain(granter, i);
	DL_FOREACH_SAFE(ended, entry, tmp)
	{
		const char *reason = reason_to_end(granter, entry);

		DL_DELETE(ended, entry);
		end(granter, entry, reason, failed);
	}
	return 0;
}

/* With the old configuration's hooks, as the new one has none for them. */
static void end_unconfigured(struct granter *granter, const struct config *config)
{
	int failed[PLACES] = {0};
	struct entry *entry, *tmp;

	RB_FOREACH_SAFE(entry, end_tree, &granter->ends, tmp)
	{
		if (config_service(config, entry->key.service) != NULL)
			continue;
		take_out(granter, entry);
		end(granter, entry, "reason=unconfigured", failed);
	}
}

int granter_reload(struct granter *granter, const struct config *config)
{
	int rc, first = 0;

	end_unconfigured(granter, config);
	granter->config = config;
	rc = granter_move(granter, DIRECTORY, config->grants_dir, config->group);
	if (rc == 0)
		rc = granter_move(granter, TABLE, config->table, NULL);
	for (int i = 0; rc == 0 && i < PLACES; i++) {
		int failed = granter_maintain(granter, i);

		if (first == 0)
			first = failed;
	}
	return rc != 0 ? rc : first;
}

/* Lists. */

size_t granter_count(const struct granter *granter)
{
	return granter->live_count;
}

/* The first one behind that service and address. */
static struct entry *first_after(const struct granter *granter, const struct grant *after)
{
	struct key_tree *live = (struct key_tree *)&granter->live;
	struct entry like, *entry;

	if (after == NULL)
		return RB_MIN(key_tree, live);
	make_key(&like.key, after);
	entry = RB_NFIND(key_tree, live, &like);
	return entry != NULL && compare_keys(entry, &like) == 0 ? RB_NEXT(key_tree, live, entry) : entry;
}

int granter_each(const struct granter *granter, const struct grant *after,
		 int (*each)(void *arg, const struct store_grant *grant), void *arg)
{
	struct entry *next;
	int rc = 0;

	for (struct entry *entry = first_after(granter, after); entry != NULL && rc == 0; entry = next) {
		next = RB_NEXT(key_tree, NULL, entry);
		rc = each(arg, &entry->grant);
	}
	return rc;
}
