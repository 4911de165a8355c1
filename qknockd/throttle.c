/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/table.h"

/* Added to the clock, so that a bucket that nobody used is full right after the boot, too. */
#define EPOCH_NS (UINT64_C(1) << 62)

struct entry {
	char name[THROTTLE_NAME_SIZE];
	uint64_t filled_ns; /* the bucket's time: it is as full as the time since then makes it */
	uint64_t wait_ns;   /* nothing before this */
	unsigned failures;
	bool refused;
	UT_hash_handle hh; /* in the order of use: the first was idle longest */
};

struct throttle {
	struct entry *entries;
	uint64_t token_ns;  /* one token's time */
	uint64_t bucket_ns; /* a full bucket's */
	uint32_t wait_max_s;
};

int throttle_new(struct throttle **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : QK_ERR_NOMEM;
}

void throttle_free(struct throttle *throttle)
{
	struct entry *entry, *next;

	if (throttle == NULL)
		return;
	HASH_ITER(hh, throttle->entries, entry, next)
	{
		HASH_DEL(throttle->entries, entry);
		free(entry);
	}
	free(throttle);
}

void throttle_set(struct throttle *throttle, uint32_t count, uint32_t seconds, uint32_t wait_max_s)
{
	throttle->wait_max_s = wait_max_s;
	throttle->bucket_ns = seconds * CLOCK_NS_PER_S;
	throttle->token_ns = throttle->bucket_ns / count;
}

static struct entry *find(struct throttle *throttle, const char *name)
{
	struct entry *entry;

	HASH_FIND_STR(throttle->entries, name, entry);
	return entry;
}

/* Last in the order of use; NULL and the entry is gone if there is no memory for the table. */
static struct entry *append(struct throttle *throttle, struct entry *entry)
{
	HASH_ADD_STR(throttle->entries, name, entry);
	if (TABLE_HOLDS(entry))
		return entry;
	free(entry);
	return NULL;
}

static struct entry *make(struct throttle *throttle, const char *name)
{
	struct entry *entry;

	if (HASH_COUNT(throttle->entries) >= THROTTLE_NAMES_MAX) {
		entry = throttle->entries;
		HASH_DEL(throttle->entries, entry);
		memset(entry, 0, sizeof(*entry));
	} else {
		entry = calloc(1, sizeof(*entry));
	}
	if (entry == NULL)
		return NULL;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	return append(throttle, entry);
}

/* Moves the entry to the end of the order of use. */
static struct entry *touch(struct throttle *throttle, const char *name)
{
	struct entry *entry = find(throttle, name);

	if (entry == NULL)
		return make(throttle, name);
	HASH_DEL(throttle->entries, entry);
	return append(throttle, entry);
}

enum throttle_answer throttle_take(struct throttle *throttle, const char *name, uint64_t now_ns)
{
	struct entry *entry = touch(throttle, name);
	uint64_t now = EPOCH_NS + now_ns;
	bool refused_before;

	if (entry == NULL)
		return THROTTLE_NO;
	if (entry->filled_ns < now - throttle->bucket_ns)
		entry->filled_ns = now - throttle->bucket_ns;
	if (now_ns >= entry->wait_ns && entry->filled_ns + throttle->token_ns <= now) {
		entry->filled_ns += throttle->token_ns;
		entry->refused = false;
		return THROTTLE_YES;
	}
	refused_before = entry->refused;
	entry->refused = true;
	return refused_before ? THROTTLE_AGAIN : THROTTLE_NO;
}

void throttle_give_back(struct throttle *throttle, const char *name)
{
	struct entry *entry = find(throttle, name);

	if (entry != NULL && entry->filled_ns >= throttle->token_ns)
		entry->filled_ns -= throttle->token_ns;
}

void throttle_failed(struct throttle *throttle, const char *name, uint64_t now_ns)
{
	struct entry *entry = touch(throttle, name);
	uint64_t wait_s;

	if (entry == NULL)
		return;
	wait_s = entry->failures < 32 ? UINT64_C(1) << entry->failures : throttle->wait_max_s;
	if (wait_s > throttle->wait_max_s)
		wait_s = throttle->wait_max_s;
	entry->failures++;
	entry->wait_ns = now_ns + wait_s * CLOCK_NS_PER_S;
}

void throttle_succeeded(struct throttle *throttle, const char *name)
{
	struct entry *entry = find(throttle, name);

	if (entry != NULL)
		entry->failures = 0;
}

void throttle_forget(struct throttle *throttle, const char *name)
{
	struct entry *entry = find(throttle, name);

	if (entry == NULL)
		return;
	HASH_DEL(throttle->entries, entry);
	free(entry);
}
