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
#include "qknockd/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

#define CACHE_LINE 64
#define SLOTS 14    /* whose hashes fill one cache line, with the pointer to the next bucket */
#define LOAD_GROW 4 /* mean entries of a bucket; those that are not split yet have up to twice as many */
#define LOAD_SHRINK 1
#define ARRAY_STEP ((size_t)2 << 20) /* a huge page */
/* Address space is all that this costs: 1.7 GB where there is plenty. Enough for 600,000 pending keys of 48 packets;
 * with more, chains get longer. */
#define BUCKETS_MAX (sizeof(void *) > 4 ? (size_t)1 << 23 : (size_t)1 << 18)

/* One packet that is expected; index is its place in its session. */
struct expected {
	struct address source;
	uint32_t word;
	uint16_t port;
	uint8_t index;
	bool told; /* to the kernel, as far as this entry knows: the set has it once for all that are equal */
};

struct session {
	void *owner;
	LIST_ENTRY(session) all;
	TAILQ_ENTRY(session) ready; /* while in_ready */
	TAILQ_ENTRY(session) wait;  /* while in_wait */
	bool in_ready;
	bool in_wait;
	uint8_t count;
	uint32_t received; /* bit i: packet i came */
	uint64_t delivery; /* the last one that had a part for this session */
	uint32_t words[KNOCK_COUNT_MAX];
	struct expected packets[];
};

struct bucket {
	struct bucket *next;  /* a spare one, when this one is full */
	uint32_t hash[SLOTS]; /* whole, so that splitting a bucket touches no session */
	struct expected *entry[SLOTS];
	uint32_t used;
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(offsetof(struct bucket, entry) <= CACHE_LINE, "one look at a bucket is one cache line");

/* Of the size that every 64-bit processor has registers for. */
typedef uint32_t hash_vector __attribute__((vector_size(16)));

/* An array whose address space is reserved at its full size and whose memory comes as it grows: it never moves, so
 * that growth copies nothing. */
struct array {
	char *base;
	size_t reserved; /* bytes */
	size_t ready;	 /* bytes that are memory */
};

struct session_table {
	uint64_t seed[2];
	struct array filters; /* a word for each bucket */
	struct array buckets;
	uint32_t count; /* of buckets */
	uint32_t mask;	/* 2^k - 1: all buckets up to it are there, and some of the next 2^k */
	size_t entries;
	size_t anywhere; /* of those: without source */
	size_t sessions;
	struct bucket *spare; /* so that a split once begun cannot fail */
	uint64_t deliveries;
	struct expected_set *expected; /* NULL: the kernel is not told */
	TAILQ_HEAD(, session) wait;    /* sessions that the set has not, or not wholly */
	LIST_HEAD(, session) all;
	TAILQ_HEAD(, session) ready; /* full sessions of the packet in delivery */
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

struct sip {
	uint64_t a, b, c, d;
};

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

/* SipHash-1-3 over three words. Strangers choose every bit of source, port and word; under a secret seed they cannot
 * choose where these lead. OpenSSL's costs ten times the whole look-up in set-up alone. */
static uint32_t hash_packet(const struct session_table *t, const struct address *source, uint16_t port, uint32_t word)
{
	struct sip v = {t->seed[0] ^ UINT64_C(0x736f6d6570736575), t->seed[1] ^ UINT64_C(0x646f72616e646f6d),
			t->seed[0] ^ UINT64_C(0x6c7967656e657261), t->seed[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t half[2];

	memcpy(half, source->b, sizeof(half));
	v = sip_absorb(v, half[0]);
	v = sip_absorb(v, half[1]);
	v = sip_absorb(v, (uint64_t)word << 16 | port);
	v.c ^= 0xff;
	v = sip_round(sip_round(sip_round(v)));
	return (uint32_t)(v.a ^ v.b ^ v.c ^ v.d);
}

static uint32_t hash_expected(const struct session_table *t, const struct expected *e)
{
	return hash_packet(t, &e->source, e->port, e->word);
}

/* A hash chooses its bucket by its lowest bits; the product spreads the others, which differ within a bucket, over
 * the five bits of filter that it sets. */
static uint64_t filter_bits(uint32_t hash)
{
	uint64_t product = hash * UINT64_C(0x9e3779b97f4a7c15);

	return UINT64_C(1) << (product >> 58) | UINT64_C(1) << (product >> 52 & 63) |
	       UINT64_C(1) << (product >> 46 & 63) | UINT64_C(1) << (product >> 40 & 63) |
	       UINT64_C(1) << (product >> 34 & 63);
}

static uint32_t bucket_number(const struct session_table *t, uint32_t hash)
{
	uint32_t i = hash & (2 * t->mask + 1);

	return i < t->count ? i : hash & t->mask;
}

static struct bucket *bucket_at(const struct session_table *t, uint32_t number)
{
	return (struct bucket *)(void *)t->buckets.base + number;
}

static uint64_t *filter_at(const struct session_table *t, uint32_t number)
{
	return (uint64_t *)(void *)t->filters.base + number;
}

static int array_reserve(struct array *a, size_t size)
{
	void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return QK_ERR_NOMEM;
	a->base = base;
	a->reserved = size;
	return 0;
}

/* Makes the first size bytes memory, zero where they were not before. The processor finds its way in an array of many
 * pages by huge ones; a small table shall not have to take one. */
static int array_grow(struct array *a, size_t size)
{
	size_t ready = (size + ARRAY_STEP - 1) / ARRAY_STEP * ARRAY_STEP;

	if (ready <= a->ready)
		return 0;
	if (ready > a->reserved || mprotect(a->base, ready, PROT_READ | PROT_WRITE) != 0)
		return QK_ERR_NOMEM;
	if (ready > ARRAY_STEP)
		madvise(a->base, ready, MADV_HUGEPAGE);
	a->ready = ready;
	return 0;
}

/* Gives memory behind size back, but for a step, so that none is taken and given back by turns. */
static void array_shrink(struct array *a, size_t size)
{
	size_t ready = (size + ARRAY_STEP - 1) / ARRAY_STEP * ARRAY_STEP + ARRAY_STEP;

	if (ready < a->ready && mmap(a->base + ready, a->ready - ready, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
		a->ready = ready;
}

static void array_free(struct array *a)
{
	if (a->base != NULL)
		munmap(a->base, a->reserved);
}

static void spare_push(struct session_table *t, struct bucket *b)
{
	b->next = t->spare;
	t->spare = b;
}

/* Makes sure of count spare buckets. */
static int spare_reserve(struct session_table *t, size_t count)
{
	struct bucket *b;

	for (b = t->spare; b != NULL && count > 0; b = b->next)
		count--;
	for (; count > 0; count--) {
		b = aligned_alloc(CACHE_LINE, sizeof(*b));
		if (b == NULL)
			return QK_ERR_NOMEM;
		spare_push(t, b);
	}
	return 0;
}

/* Puts an entry where it belongs now. When bucket and chain are full it takes a spare one: it must be there. */
static void bucket_put(struct session_table *t, uint32_t hash, struct expected *entry)
{
	uint32_t number = bucket_number(t, hash);
	struct bucket *b = bucket_at(t, number);

	*filter_at(t, number) |= filter_bits(hash);
	while (b->used == SLOTS) {
		if (b->next == NULL) {
			struct bucket *spare = t->spare;

			assert(spare != NULL);
			t->spare = spare->next;
			memset(spare, 0, sizeof(*spare));
			b->next = spare;
		}
		b = b->next;
	}
	b->hash[b->used] = hash;
	b->entry[b->used] = entry;
	b->used++;
}

static uint64_t bucket_filter(const struct bucket *b)
{
	uint64_t filter = 0;

	for (; b != NULL; b = b->next)
		for (uint32_t i = 0; i < b->used; i++)
			filter |= filter_bits(b->hash[i]);
	return filter;
}

/* The last entry of the chain takes the place of the removed one: there are no tombstones. */
static void bucket_remove(struct session_table *t, uint32_t number, const struct expected *entry)
{
	struct bucket *b = bucket_at(t, number), *last = b, *before = NULL;
	uint32_t i = 0;

	while (b->entry[i] != entry) {
		if (++i < b->used)
			continue;
		i = 0;
		b = b->next;
		assert(b != NULL);
	}
	for (; last->next != NULL; last = last->next)
		before = last;
	last->used--;
	b->hash[i] = last->hash[last->used];
	b->entry[i] = last->entry[last->used];
	last->hash[last->used] = 0;
	last->entry[last->used] = NULL;
	if (last->used == 0 && before != NULL) {
		before->next = NULL;
		spare_push(t, last);
	}
	*filter_at(t, number) = bucket_filter(bucket_at(t, number));
}

static size_t chain_length(const struct bucket *b)
{
	size_t length = 0;

	while ((b = b->next) != NULL)
		length++;
	return length;
}

/* Puts all of one bucket where it belongs after the table's size changed. */
static void bucket_redistribute(struct session_table *t, uint32_t number)
{
	struct bucket first = *bucket_at(t, number);
	struct bucket *next;

	memset(bucket_at(t, number), 0, sizeof(first));
	*filter_at(t, number) = 0;
	for (struct bucket *b = &first; b != NULL; b = next) {
		for (uint32_t i = 0; i < b->used; i++)
			bucket_put(t, b->hash[i], b->entry[i]);
		next = b->next;
		if (b != &first)
			spare_push(t, b);
	}
}

/* Memory for so many buckets. */
static int table_reserve(struct session_table *t, size_t count)
{
	int rc = array_grow(&t->filters, count * sizeof(uint64_t));

	return rc != 0 ? rc : array_grow(&t->buckets, count * sizeof(struct bucket));
}

/* One more bucket, filled from the one that had its entries till now. Without memory for it the table goes on as it
 * is, with longer chains. */
static void table_grow(struct session_table *t)
{
	uint32_t partner;

	if (table_reserve(t, (size_t)t->count + 1) != 0)
		return;
	if (t->count == 2 * (t->mask + 1))
		t->mask = 2 * t->mask + 1;
	partner = t->count & t->mask;
	if (spare_reserve(t, chain_length(bucket_at(t, partner))) != 0)
		return;
	t->count++;
	bucket_redistribute(t, partner);
}

/* The reverse. The bucket that goes is left empty, as it will be found when it is needed again. */
static void table_shrink(struct session_table *t)
{
	uint32_t last = t->count - 1;

	if (spare_reserve(t, chain_length(bucket_at(t, last)) + 1) != 0)
		return;
	if (t->count == t->mask + 1)
		t->mask /= 2;
	t->count = last;
	bucket_redistribute(t, last);
	array_shrink(&t->filters, t->count * sizeof(uint64_t));
	array_shrink(&t->buckets, t->count * sizeof(struct bucket));
}

static const struct address unspecified;

static bool is_from_anywhere(const struct expected *e)
{
	return address_equal(&e->source, &unspecified);
}

static int table_insert(struct session_table *t, struct expected *e)
{
	int rc = spare_reserve(t, 1);

	if (rc != 0)
		return rc;
	bucket_put(t, hash_expected(t, e), e);
	t->entries++;
	t->anywhere += is_from_anywhere(e);
	if (t->entries > (size_t)t->count * LOAD_GROW)
		table_grow(t);
	return 0;
}

static void table_delete(struct session_table *t, const struct expected *e)
{
	bucket_remove(t, bucket_number(t, hash_expected(t, e)), e);
	t->entries--;
	t->anywhere -= is_from_anywhere(e);
	if (t->count > 1 && t->entries < (size_t)t->count * LOAD_SHRINK)
		table_shrink(t);
}

int session_table_new(struct session_table **out)
{
	struct session_table *t = calloc(1, sizeof(*t));
	int rc = QK_ERR_NOMEM;

	*out = NULL;
	if (t == NULL)
		return rc;
	TAILQ_INIT(&t->ready);
	TAILQ_INIT(&t->wait);
	LIST_INIT(&t->all);
	rc = crypto_random(t->seed, sizeof(t->seed));
	if (rc == 0)
		rc = array_reserve(&t->filters, BUCKETS_MAX * sizeof(uint64_t));
	if (rc == 0)
		rc = array_reserve(&t->buckets, BUCKETS_MAX * sizeof(struct bucket));
	if (rc == 0)
		rc = table_reserve(t, 1);
	if (rc != 0) {
		session_table_free(t);
		return rc;
	}
	t->count = 1;
	*out = t;
	return 0;
}

static void session_free(struct session *s)
{
	crypto_wipe(s, sizeof(*s) + s->count * sizeof(s->packets[0]));
	free(s);
}

void session_table_free(struct session_table *table)
{
	struct session *s;

	if (table == NULL)
		return;
	table->expected = NULL; /* it goes too, or is cleared by the next table */
	while ((s = LIST_FIRST(&table->all)) != NULL)
		session_remove(table, s);
	array_free(&table->filters);
	array_free(&table->buckets);
	while (table->spare != NULL) {
		struct bucket *b = table->spare;

		table->spare = b->next;
		free(b);
	}
	crypto_wipe(table, sizeof(*table));
	free(table);
}

/* --- what the kernel is told --- */

static bool same_packet(const struct expected *a, const struct expected *b)
{
	return a->word == b->word && a->port == b->port && address_equal(&a->source, &b->source);
}

/* Whether the set has the packet because of another entry than this. */
static bool told_by_other(const struct session_table *t, const struct expected *e)
{
	uint32_t hash = hash_expected(t, e);

	for (const struct bucket *b = bucket_at(t, bucket_number(t, hash)); b != NULL; b = b->next)
		for (uint32_t i = 0; i < b->used; i++)
			if (b->hash[i] == hash && b->entry[i] != e && b->entry[i]->told && same_packet(b->entry[i], e))
				return true;
	return false;
}

static int session_tell(const struct session_table *t, struct session *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct expected *e = &s->packets[i];
		int rc;

		if (e->told)
			continue;
		rc = told_by_other(t, e) ? 0 : expected_add(t->expected, &e->source, e->port, e->word);
		if (rc != 0)
			return rc;
		e->told = true;
	}
	return 0;
}

static void session_untell(const struct session_table *t, struct session *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct expected *e = &s->packets[i];

		if (e->told && !told_by_other(t, e))
			expected_remove(t->expected, &e->source, e->port, e->word);
		e->told = false;
	}
}

static void session_wait(struct session_table *t, struct session *s, bool wait)
{
	if (s->in_wait == wait)
		return;
	s->in_wait = wait;
	if (wait)
		TAILQ_INSERT_TAIL(&t->wait, s, wait);
	else
		TAILQ_REMOVE(&t->wait, s, wait);
}

/* Tells what waits, as far as it can be told now. */
static void table_settle(struct session_table *t)
{
	struct session *s;

	if (expected_is_exact(t->expected) || !expected_has_room(t->expected))
		return;
	while ((s = TAILQ_FIRST(&t->wait)) != NULL && session_tell(t, s) == 0)
		session_wait(t, s, false);
	if (s == NULL)
		expected_set_exact(t->expected, true);
}

/* A new session must not wait behind an exact filter. */
static void session_announce(struct session_table *t, struct session *s)
{
	if (t->expected == NULL)
		return;
	if (session_tell(t, s) != 0) {
		expected_set_exact(t->expected, false);
		session_wait(t, s, true);
	} else {
		table_settle(t);
	}
}

static void session_withdraw(struct session_table *t, struct session *s)
{
	if (t->expected == NULL)
		return;
	session_wait(t, s, false);
	session_untell(t, s);
	table_settle(t);
}

void session_table_expect(struct session_table *table, struct expected_set *expected)
{
	struct session *s;

	assert(table->expected == NULL);
	table->expected = expected;
	expected_clear(expected);
	LIST_FOREACH(s, &table->all, all)
	session_wait(table, s, true);
	table_settle(table);
}

/* --- sessions --- */

int session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		struct session **out)
{
	struct session *s;

	*out = NULL;
	assert(count > 0 && count <= KNOCK_COUNT_MAX);
	s = calloc(1, sizeof(*s) + count * sizeof(s->packets[0]));
	if (s == NULL)
		return QK_ERR_NOMEM;
	s->owner = owner;
	s->count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		int rc;

		s->packets[i] =
		    (struct expected){packets[i].source, packets[i].word, packets[i].port, (uint8_t)i, false};
		rc = table_insert(table, &s->packets[i]);
		if (rc != 0) {
			while (i-- > 0)
				table_delete(table, &s->packets[i]);
			session_free(s);
			return rc;
		}
	}
	LIST_INSERT_HEAD(&table->all, s, all);
	table->sessions++;
	session_announce(table, s);
	*out = s;
	return 0;
}

void session_remove(struct session_table *table, struct session *session)
{
	if (session->in_ready)
		TAILQ_REMOVE(&table->ready, session, ready);
	session_withdraw(table, session);
	for (unsigned i = 0; i < session->count; i++)
		table_delete(table, &session->packets[i]);
	LIST_REMOVE(session, all);
	table->sessions--;
	session_free(session);
}

static struct session *session_of(struct expected *e)
{
	return (struct session *)((char *)(e - e->index) - offsetof(struct session, packets));
}

/* Notes the packet in its session; a full one is put on the ready list. Whether this is the session's first part in
 * this delivery: two packets of one session may be equal. */
static bool session_deliver(struct session_table *t, struct expected *e)
{
	struct session *s = session_of(e);
	bool first = s->delivery != t->deliveries;

	s->words[e->index] = e->word;
	s->received |= UINT32_C(1) << e->index;
	s->delivery = t->deliveries;
	if (session_complete(s) && !s->in_ready) {
		TAILQ_INSERT_TAIL(&t->ready, s, ready);
		s->in_ready = true;
	}
	return first;
}

/* In all slots at once and without a branch for each, so that the processor need not wait for a bucket that the filter
 * has let through by chance: it may take the answer for no. May be wrong with yes. */
static bool bucket_may_have(const struct bucket *b, uint32_t hash)
{
	hash_vector v[CACHE_LINE / sizeof(hash_vector)], any;
	uint64_t half[2];

	memcpy(v, b, sizeof(v));
	any = (hash_vector)((v[0] == hash) | (v[1] == hash) | (v[2] == hash) | (v[3] == hash));
	memcpy(half, &any, sizeof(half));
	return (half[0] | half[1]) != 0;
}

static unsigned bucket_deliver(struct session_table *t, const struct bucket *b, uint32_t hash,
			       const struct frame_knock *knock)
{
	unsigned known = 0;

	for (uint32_t i = 0; i < b->used; i++) {
		struct expected *e = b->entry[i];

		if (b->hash[i] == hash && e->word == knock->word && e->port == knock->port &&
		    address_equal(&e->source, &knock->source))
			known += session_deliver(t, e);
	}
	return known;
}

static unsigned table_deliver(struct session_table *t, const struct frame_knock *knock, uint32_t hash)
{
	uint64_t bits = filter_bits(hash);
	uint32_t number = bucket_number(t, hash);
	unsigned known = 0;

	if ((*filter_at(t, number) & bits) != bits)
		return 0;
	t->deliveries++;
	for (const struct bucket *b = bucket_at(t, number); b != NULL; b = b->next)
		if (bucket_may_have(b, hash))
			known += bucket_deliver(t, b, hash, knock);
	return known;
}

/* The second hash is that of the packet without its source. */
struct hashes {
	uint32_t whole, sourceless;
};

static struct hashes hash_knock(const struct session_table *t, const struct frame_knock *knock)
{
	return (struct hashes){
	    .whole = hash_packet(t, &knock->source, knock->port, knock->word),
	    .sourceless = t->anywhere > 0 ? hash_packet(t, &unspecified, knock->port, knock->word) : 0,
	};
}

static unsigned deliver(struct session_table *t, const struct frame_knock *knock, const struct hashes *hashes,
			session_complete_function *complete, void *arg)
{
	unsigned known = table_deliver(t, knock, hashes->whole);
	struct session *s;

	if (t->anywhere > 0) {
		struct frame_knock sourceless = *knock;

		sourceless.source = unspecified;
		known += table_deliver(t, &sourceless, hashes->sourceless);
	}
	/* Only now, because complete may change the table. */
	while (known > 0 && (s = TAILQ_FIRST(&t->ready)) != NULL) {
		TAILQ_REMOVE(&t->ready, s, ready);
		s->in_ready = false;
		complete(arg, s, knock);
	}
	return known;
}

/* By real loads, so close together that the processor waits for all at once: a prefetch may be dropped when its page
 * is not in the processor's table of pages, and that is what takes longest. */
static void touch(const struct session_table *t, const struct hashes *hashes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)*(const volatile uint64_t *)filter_at(t, bucket_number(t, hashes[i].whole));
	for (size_t i = 0; i < count && t->anywhere > 0; i++)
		(void)*(const volatile uint64_t *)filter_at(t, bucket_number(t, hashes[i].sourceless));
}

/* First all places are worked out and asked for, then looked at: a filter that is larger than the cache is waited for
 * once for all and not for each. The hashes stay what they are, whatever complete does to the table; only whether there
 * are entries without source may change, and then the one hash was not made. */
static unsigned deliver_batch(struct session_table *t, const struct frame_knock *knocks, size_t count,
			      session_complete_function *complete, void *arg, uint64_t *known)
{
	struct hashes hashes[SESSION_BATCH];
	bool anywhere = t->anywhere > 0;
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		hashes[i] = hash_knock(t, &knocks[i]);
	touch(t, hashes, count);
	for (size_t i = 0; i < count; i++) {
		unsigned sessions;

		if (!anywhere && t->anywhere > 0)
			hashes[i] = hash_knock(t, &knocks[i]);
		sessions = deliver(t, &knocks[i], &hashes[i], complete, arg);
		*known += sessions > 0;
		sum += sessions;
	}
	return sum;
}

unsigned session_packets(struct session_table *table, const struct frame_knock *packets, size_t count,
			 session_complete_function *complete, void *arg, uint64_t *known)
{
	unsigned sum = 0;

	for (; count > SESSION_BATCH; count -= SESSION_BATCH, packets += SESSION_BATCH)
		sum += deliver_batch(table, packets, SESSION_BATCH, complete, arg, known);
	return sum + deliver_batch(table, packets, count, complete, arg, known);
}

void *session_owner(const struct session *session)
{
	return session->owner;
}

void session_set_owner(struct session *session, void *owner)
{
	session->owner = owner;
}

bool session_complete(const struct session *session)
{
	return session->received == (UINT64_C(1) << session->count) - 1;
}

bool session_is_from_anywhere(const struct session *session)
{
	return is_from_anywhere(&session->packets[0]);
}

const uint32_t *session_words(const struct session *session)
{
	return session->words;
}

size_t session_count(const struct session_table *table)
{
	return table->sessions;
}
