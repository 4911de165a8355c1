/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/loglimit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/clock.h"

#define KINDS 128 /* all that there are in the daemon, and room */
#define KIND_SIZE 48

struct kind {
	char name[KIND_SIZE];
	struct loglimit_bucket bucket;
	uint64_t left_out;
};

struct loglimit {
	struct loglimit_bucket all;
	struct kind kinds[KINDS];
};

struct loglimit *loglimit_new(void)
{
	return calloc(1, sizeof(struct loglimit));
}

void loglimit_free(struct loglimit *limit)
{
	free(limit);
}

/* What was spent comes back with time. */
static void refill(struct loglimit_bucket *b, uint64_t now, uint64_t per_s)
{
	uint64_t passed = b->last_ns == 0 || now < b->last_ns ? 0 : now - b->last_ns;

	b->last_ns = now;
	b->spent = passed > b->spent / per_s ? 0 : b->spent - passed * per_s;
}

static bool has_room(const struct loglimit_bucket *b, uint64_t burst)
{
	return b->spent + CLOCK_NS_PER_S <= burst * CLOCK_NS_PER_S;
}

bool loglimit_share_take(struct loglimit_share *share, uint64_t now_ns)
{
	refill(&share->bucket, now_ns, share->per_s);
	if (!has_room(&share->bucket, share->burst)) {
		share->left_out++;
		return false;
	}
	share->bucket.spent += CLOCK_NS_PER_S;
	return true;
}

/* The first word after which values come is cut off with them: "grant user". */
static void name_kind(const char *line, char name[static KIND_SIZE])
{
	size_t len = strcspn(line, "=");

	snprintf(name, KIND_SIZE, "%.*s", (int)(len < KIND_SIZE - 1 ? len : KIND_SIZE - 1), line);
}

/* One kind may take another's place: it has spent nothing then, and the limit of all together holds. */
static struct kind *find_kind(struct loglimit *limit, const char *line)
{
	uint32_t hash = 2166136261u;
	char name[KIND_SIZE];
	struct kind *kind;

	name_kind(line, name);
	for (const char *c = name; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	kind = &limit->kinds[hash % KINDS];
	if (strcmp(kind->name, name) != 0) {
		uint64_t left_out = kind->left_out;

		*kind = (struct kind){.left_out = left_out};
		memcpy(kind->name, name, sizeof(name));
	}
	return kind;
}

bool loglimit_take(struct loglimit *limit, const char *line, uint64_t now_ns)
{
	struct kind *kind = find_kind(limit, line);

	refill(&limit->all, now_ns, LOGLIMIT_ALL_PER_S);
	refill(&kind->bucket, now_ns, LOGLIMIT_KIND_PER_S);
	if (!has_room(&limit->all, LOGLIMIT_ALL_BURST) || !has_room(&kind->bucket, LOGLIMIT_KIND_BURST)) {
		kind->left_out++;
		return false;
	}
	limit->all.spent += CLOCK_NS_PER_S;
	kind->bucket.spent += CLOCK_NS_PER_S;
	return true;
}

bool loglimit_report(struct loglimit *limit, uint64_t now_ns, char *text, size_t size)
{
	refill(&limit->all, now_ns, LOGLIMIT_ALL_PER_S);
	for (size_t i = 0; i < KINDS && has_room(&limit->all, LOGLIMIT_ALL_BURST); i++) {
		struct kind *kind = &limit->kinds[i];

		if (kind->left_out == 0)
			continue;
		snprintf(text, size, "log limit left_out=%" PRIu64 " like=\"%s\"", kind->left_out, kind->name);
		kind->left_out = 0;
		limit->all.spent += CLOCK_NS_PER_S;
		return true;
	}
	return false;
}
