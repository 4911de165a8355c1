/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table is a linear hash (Litwin 1980): it grows and shrinks by one bucket at a time, so that no insertion ever
 * waits for a table to be moved, and a look-up always goes to exactly one bucket. In front of the buckets stands one
 * word of filter for each, a Bloom filter of its few entries: 10,000 pending keys have 480,000 packets but 0.9 MB of
 * filter, which stays in the cache, where the buckets do not; a stranger's packet reads one word of it and is done,
 * but for one in 150 that meets set bits by chance. Since the bucket knows its entries, a removal makes its
 * word anew: the filter never wears out. uthash would cost a pointer to follow, into cold memory, per item of a chain,
 * and a pause to redistribute all at each doubling.
 */
#include "qknockd/packethash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/vmarray.h"

#define CACHE_LINE 64
#define SLOTS 7	    /* fill a cache line */
#define LOAD_GROW 4 /* mean entries of a bucket; those that are not split yet have up to twice as many */
#define LOAD_SHRINK 1
/* Address space is all that this costs: 1.1 GB where there is plenty. Enough for 600,000 pending keys of 48 packets;
 * with more, chains get longer. */
#define BUCKETS_MAX (sizeof(void *) > 4 ? (size_t)1 << 23 : (size_t)1 << 18)

struct bucket {
	uint32_t hash[SLOTS]; /* whole, so that splitting a bucket looks up nothing */
	uint32_t used;
	uint32_t number[SLOTS];
	uint32_t next; /* a spare one, when this one is full; 0: none */
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(sizeof(struct bucket) == CACHE_LINE, "one look at a bucket is one cache line");

struct sip {
	uint64_t a, b, c, d;
};

struct packethash {
	struct sip start;	/* the state that the secret seed makes */
	struct sip sourceless;	/* that, after the two halves of :: */
	struct vmarray filters; /* a word for each bucket */
	struct vmarray buckets;
	struct vmarray spares; /* in chains behind buckets, or free; number 0 is none */
	uint32_t count;	       /* of buckets */
	uint32_t mask;	       /* 2^k - 1: all buckets up to it are there, and some of the next 2^k */
	uint32_t spare_count;
	uint32_t free_spare;
	size_t entries;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline struct sip sip_round(struct sip v)
{
	v.a += v.b;
	v.b = rotate(v.b, 13) ^ v.a;
	v.a = rotate(v.a, 32);
	v.c += v.d;
	v.d = rotate(v.d, 16) ^ v.c;
	v.a += v.d;
	v.d = rotate(v.d, 21) ^ v.a;
	v.c += v.b;
	v.b = rotate(v.b, 17) ^ v.c;
	v.c = rotate(v.c, 32);
	return v;
}

static inline struct sip sip_absorb(struct sip v, uint64_t m)
{
	v.d ^= m;
	v = sip_round(v);
	v.a ^= m;
	return v;
}

static inline struct sip sip_source(struct sip v, const struct address *source)
{
	uint64_t half[2];

	memcpy(half, source->b, sizeof(half));
	return sip_absorb(sip_absorb(v, half[0]), half[1]);
}

static inline uint32_t sip_finish(struct sip v, uint16_t port, uint32_t word)
{
	v = sip_absorb(v, (uint64_t)word << 16 | port);
	v.c ^= 0xff;
	v = sip_round(sip_round(sip_round(v)));
	return (uint32_t)(v.a ^ v.b ^ v.c ^ v.d);
}

/* SipHash-1-3 over three words. Strangers choose every bit of source, port and word; under a secret seed they cannot
 * choose where these lead. OpenSSL's costs ten times the whole look-up in set-up alone. */
uint32_t packethash_of(const struct packethash *t, const struct address *source, uint16_t port, uint32_t word)
{
	return sip_finish(sip_source(t->start, source), port, word);
}

static int draw_seed(struct packethash *t)
{
	static const struct address unspecified;
	uint64_t seed[2];
	int rc = crypto_random(seed, sizeof(seed));

	if (rc != 0)
		return rc;
	t->start = (struct sip){seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
				seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
	t->sourceless = sip_source(t->start, &unspecified);
	crypto_wipe(seed, sizeof(seed));
	return 0;
}

/* A hash chooses its bucket by its lowest bits; the product spreads the others, which differ within a bucket, over
 * the five bits of filter that it sets. */
static inline uint64_t filter_bits(uint32_t hash)
{
	uint64_t product = hash * UINT64_C(0x9e3779b97f4a7c15);

	return UINT64_C(1) << (product >> 58) | UINT64_C(1) << (product >> 52 & 63) |
	       UINT64_C(1) << (product >> 46 & 63) | UINT64_C(1) << (product >> 40 & 63) |
	       UINT64_C(1) << (product >> 34 & 63);
}

static inline uint32_t bucket_number(const struct packethash *t, uint32_t hash)
{
	uint32_t i = hash & (2 * t->mask + 1);

	return i < t->count ? i : hash & t->mask;
}

static inline struct bucket *bucket_at(const struct packethash *t, uint32_t number)
{
	return (struct bucket *)(void *)t->buckets.base + number;
}

static inline uint64_t *filter_at(const struct packethash *t, uint32_t number)
{
	return (uint64_t *)(void *)t->filters.base + number;
}

static struct bucket *spare_at(const struct packethash *t, uint32_t number)
{
	return (struct bucket *)(void *)t->spares.base + number;
}

/* NULL at the end of the chain. */
static struct bucket *bucket_next(const struct packethash *t, const struct bucket *b)
{
	return b->next != 0 ? spare_at(t, b->next) : NULL;
}

/* --- spare buckets --- */

static void spare_push(struct packethash *t, uint32_t number)
{
	*spare_at(t, number) = (struct bucket){.next = t->free_spare};
	t->free_spare = number;
}

static uint32_t spare_pop(struct packethash *t)
{
	uint32_t number = t->free_spare;

	assert(number != 0);
	t->free_spare = spare_at(t, number)->next;
	spare_at(t, number)->next = 0;
	return number;
}

/* Makes sure of count free ones. */
static int spare_reserve(struct packethash *t, size_t count)
{
	for (uint32_t i = t->free_spare; i != 0 && count > 0; i = spare_at(t, i)->next)
		count--;
	for (; count > 0; count--) {
		int rc = vmarray_grow(&t->spares, (t->spare_count + (size_t)2) * sizeof(struct bucket));

		if (rc != 0)
			return rc;
		spare_push(t, ++t->spare_count);
	}
	return 0;
}

/* --- buckets --- */

/* Puts an entry where it belongs now. When bucket and chain are full it takes a spare one: it must be there. */
static void bucket_put(struct packethash *t, uint32_t hash, uint32_t number)
{
	uint32_t place = bucket_number(t, hash);
	struct bucket *b = bucket_at(t, place);

	*filter_at(t, place) |= filter_bits(hash);
	while (b->used == SLOTS) {
		if (b->next == 0)
			b->next = spare_pop(t);
		b = spare_at(t, b->next);
	}
	b->hash[b->used] = hash;
	b->number[b->used] = number;
	b->used++;
}

static uint64_t bucket_filter(const struct packethash *t, const struct bucket *b)
{
	uint64_t filter = 0;

	for (; b != NULL; b = bucket_next(t, b))
		for (uint32_t i = 0; i < b->used; i++)
			filter |= filter_bits(b->hash[i]);
	return filter;
}

/* The last entry of the chain takes the place of the removed one: there are no tombstones. */
static void bucket_remove(struct packethash *t, uint32_t place, uint32_t number)
{
	struct bucket *b = bucket_at(t, place), *last = b, *before = NULL;
	uint32_t i = 0;

	while (i == b->used || b->number[i] != number) {
		if (i < b->used && ++i < b->used)
			continue;
		i = 0;
		b = bucket_next(t, b);
		assert(b != NULL);
	}
	for (; last->next != 0; last = spare_at(t, last->next))
		before = last;
	last->used--;
	b->hash[i] = last->hash[last->used];
	b->number[i] = last->number[last->used];
	last->hash[last->used] = last->number[last->used] = 0;
	if (last->used == 0 && before != NULL) {
		spare_push(t, before->next);
		before->next = 0;
	}
	*filter_at(t, place) = bucket_filter(t, bucket_at(t, place));
}

/* Puts all of one bucket where it belongs after the table's size changed. Each spare one is free again before its
 * entries are put anywhere, so that a split needs no other, and a merger one at most. */
static void bucket_redistribute(struct packethash *t, uint32_t place)
{
	struct bucket b = *bucket_at(t, place);

	memset(bucket_at(t, place), 0, sizeof(b));
	*filter_at(t, place) = 0;
	for (;;) {
		uint32_t next = b.next;

		for (uint32_t i = 0; i < b.used; i++)
			bucket_put(t, b.hash[i], b.number[i]);
		if (next == 0)
			return;
		b = *spare_at(t, next);
		spare_push(t, next);
	}
}

/* --- the table --- */

/* Memory for so many buckets. */
static int table_reserve(struct packethash *t, size_t count)
{
	int rc = vmarray_grow(&t->filters, count * sizeof(uint64_t));

	return rc != 0 ? rc : vmarray_grow(&t->buckets, count * sizeof(struct bucket));
}

/* One more bucket, filled from the one that had its entries till now. Without memory for it the table goes on as it
 * is, with longer chains. */
static void table_grow(struct packethash *t)
{
	if (table_reserve(t, (size_t)t->count + 1) != 0)
		return;
	if (t->count == 2 * (t->mask + 1))
		t->mask = 2 * t->mask + 1;
	t->count++;
	bucket_redistribute(t, (t->count - 1) & t->mask);
}

/* The reverse. The bucket that goes is left empty, as it will be found when it is needed again. */
static void table_shrink(struct packethash *t)
{
	uint32_t last = t->count - 1;

	if (spare_reserve(t, 1) != 0)
		return;
	if (t->count == t->mask + 1)
		t->mask /= 2;
	t->count = last;
	bucket_redistribute(t, last);
	vmarray_shrink(&t->filters, t->count * sizeof(uint64_t));
	vmarray_shrink(&t->buckets, t->count * sizeof(struct bucket));
}

int packethash_new(struct packethash **out)
{
	struct packethash *t = calloc(1, sizeof(*t));
	int rc = QK_ERR_NOMEM;

	*out = NULL;
	if (t == NULL)
		return rc;
	rc = draw_seed(t);
	if (rc == 0)
		rc = vmarray_reserve(&t->filters, BUCKETS_MAX * sizeof(uint64_t));
	if (rc == 0)
		rc = vmarray_reserve(&t->buckets, BUCKETS_MAX * sizeof(struct bucket));
	if (rc == 0)
		rc = vmarray_reserve(&t->spares, BUCKETS_MAX * sizeof(struct bucket));
	if (rc == 0)
		rc = table_reserve(t, 1);
	if (rc != 0) {
		packethash_free(t);
		return rc;
	}
	t->count = 1;
	*out = t;
	return 0;
}

void packethash_free(struct packethash *table)
{
	if (table == NULL)
		return;
	vmarray_free(&table->filters);
	vmarray_free(&table->buckets);
	vmarray_free(&table->spares);
	crypto_wipe(table, sizeof(*table));
	free(table);
}

void packethash_fetch(const struct packethash *table, uint32_t hash)
{
	uint32_t place = bucket_number(table, hash);

	__builtin_prefetch(filter_at(table, place), 1);
	__builtin_prefetch(bucket_at(table, place), 1);
}

int packethash_add(struct packethash *table, uint32_t hash, uint32_t number)
{
	int rc = spare_reserve(table, 1);

	if (rc != 0)
		return rc;
	bucket_put(table, hash, number);
	table->entries++;
	if (table->entries > (size_t)table->count * LOAD_GROW)
		table_grow(table);
	return 0;
}

void packethash_remove(struct packethash *table, uint32_t hash, uint32_t number)
{
	bucket_remove(table, bucket_number(table, hash), number);
	table->entries--;
	if (table->count > 1 && table->entries < (size_t)table->count * LOAD_SHRINK)
		table_shrink(table);
}

/* --- looking up --- */

bool packethash_next(const struct packethash *table, uint32_t hash, struct packethash_cursor *cursor, uint32_t *number)
{
	const struct bucket *b = cursor->bucket;
	uint32_t i = cursor->slot;

	if (b == NULL)
		b = bucket_at(table, bucket_number(table, hash));
	for (; b != NULL; b = bucket_next(table, b), i = 0)
		for (; i < b->used; i++)
			if (b->hash[i] == hash) {
				*number = b->number[i];
				*cursor = (struct packethash_cursor){b, i + 1};
				return true;
			}
	return false;
}

/* One after the other each place is asked for as soon as it is known: all of them come from memory while the next
 * packets are hashed. A filter that is larger than the cache is thus hardly waited for. */
void packethash_of_many(const struct packethash *table, const struct frame_knock *packets, size_t count,
			bool sourceless, uint32_t hashes[static PACKETHASH_BATCH])
{
	for (size_t i = 0; i < count; i++) {
		struct sip v = sourceless ? table->sourceless : sip_source(table->start, &packets[i].source);

		hashes[i] = sip_finish(v, packets[i].port, packets[i].word);
		__builtin_prefetch(filter_at(table, bucket_number(table, hashes[i])));
	}
}

/* Without a branch for each. The buckets behind those that pass are on their way, too. */
uint32_t packethash_may_have(const struct packethash *table, const uint32_t hashes[static PACKETHASH_BATCH],
			     size_t count)
{
	uint32_t passing = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t bits = filter_bits(hashes[i]);

		passing |= (uint32_t)((*filter_at(table, bucket_number(table, hashes[i])) & bits) == bits) << i;
	}
	for (uint32_t left = passing; left != 0; left &= left - 1)
		__builtin_prefetch(bucket_at(table, bucket_number(table, hashes[__builtin_ctz(left)])));
	return passing;
}
