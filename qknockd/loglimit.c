/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/loglimit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/clock.h"

#define KINDS 128 /* all that there are in the daemon, and room */
#define KIND_SIZE 48

struct bucket {
	uint64_t tokens; /* in units of 1 / CLOCK_NS_PER_S of a line */
	uint64_t last_ns;
};

struct kind {
	char name[KIND_SIZE];
	struct bucket bucket;
	uint64_t left_out;
};

struct loglimit {
	struct bucket all;
	struct kind kinds[KINDS];
};

struct loglimit *loglimit_new(void)
{
	struct loglimit *limit = calloc(1, sizeof(*limit));

	if (limit == NULL)
		return NULL;
	limit->all.tokens = LOGLIMIT_ALL_BURST * CLOCK_NS_PER_S;
	for (size_t i = 0; i < KINDS; i++)
		limit->kinds[i].bucket.tokens = LOGLIMIT_KIND_BURST * CLOCK_NS_PER_S;
	return limit;
}

void loglimit_free(struct loglimit *limit)
{
	free(limit);
}

static void refill(struct bucket *b, uint64_t now, uint64_t burst, uint64_t per_s)
{
	uint64_t passed = b->last_ns == 0 || now < b->last_ns ? 0 : now - b->last_ns;
	uint64_t full = burst * CLOCK_NS_PER_S;

	b->last_ns = now;
	if (passed > full / per_s || b->tokens + passed * per_s > full)
		b->tokens = full;
	else
		b->tokens += passed * per_s;
}

/* The first word after which values come is cut off with them: "grant user". */
static void name_kind(const char *line, char name[static KIND_SIZE])
{
	size_t len = strcspn(line, "=");

	snprintf(name, KIND_SIZE, "%.*s", (int)(len < KIND_SIZE - 1 ? len : KIND_SIZE - 1), line);
}

/* One kind may take another's place: it begins with a full bucket, and the limit of all together holds. */
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

		*kind = (struct kind){.bucket.tokens = LOGLIMIT_KIND_BURST * CLOCK_NS_PER_S, .left_out = left_out};
		memcpy(kind->name, name, sizeof(name));
	}
	return kind;
}

bool loglimit_take(struct loglimit *limit, const char *line, uint64_t now_ns)
{
	struct kind *kind = find_kind(limit, line);

	refill(&limit->all, now_ns, LOGLIMIT_ALL_BURST, LOGLIMIT_ALL_PER_S);
	refill(&kind->bucket, now_ns, LOGLIMIT_KIND_BURST, LOGLIMIT_KIND_PER_S);
	if (limit->all.tokens < CLOCK_NS_PER_S || kind->bucket.tokens < CLOCK_NS_PER_S) {
		kind->left_out++;
		return false;
	}
	limit->all.tokens -= CLOCK_NS_PER_S;
	kind->bucket.tokens -= CLOCK_NS_PER_S;
	return true;
}

bool loglimit_report(struct loglimit *limit, uint64_t now_ns, char *text, size_t size)
{
	refill(&limit->all, now_ns, LOGLIMIT_ALL_BURST, LOGLIMIT_ALL_PER_S);
	for (size_t i = 0; i < KINDS && limit->all.tokens >= CLOCK_NS_PER_S; i++) {
		struct kind *kind = &limit->kinds[i];

		if (kind->left_out == 0)
			continue;
		snprintf(text, size, "log limit left_out=%" PRIu64 " like=\"%s\"", kind->left_out, kind->name);
		kind->left_out = 0;
		limit->all.tokens -= CLOCK_NS_PER_S;
		return true;
	}
	return false;
}
