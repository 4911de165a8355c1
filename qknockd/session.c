/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/handles.h"
#include "qknockd/packethash.h"

/* In the table of hashes stands for a packet the number of its session and its index there. */
#define INDEX_BITS 5

_Static_assert(KNOCK_COUNT_MAX <= 1 << INDEX_BITS && HANDLES_MAX <= UINT32_MAX >> INDEX_BITS, "both fit");
_Static_assert(SESSION_BATCH == PACKETHASH_BATCH, "a batch is one of hashes, too");

/* Millions of them may be expected: of the source only what is the packet's own is kept here. */
struct packet {
	uint32_t word;
	uint16_t port;
	uint8_t low[2]; /* the source's last bytes */
};

struct session {
	void *owner;
	TAILQ_ENTRY(session) ready; /* while in_ready */
	TAILQ_ENTRY(session) wait;  /* while in_wait */
	uint64_t delivery;	    /* the last one that had a part for this session */
	struct address source;	    /* of the first packet */
	uint32_t number;
	uint32_t received; /* bit i: packet i came */
	uint32_t told;	   /* bit i: the kernel was told because of packet i: once for all that are equal */
	uint8_t count;
	bool in_ready;
	bool in_wait;
	bool far; /* the sources differ in more than their last bytes: behind the packets stand 64 bits of each */
	struct packet packets[];
};

struct session_table {
	struct packethash *hash;
	struct handles numbers;
	size_t anywhere; /* packets without source */
	size_t sessions;
	uint64_t deliveries;
	session_prepare_function *prepare; /* may be NULL */
	void *prepare_arg;
	struct expected_set *expected; /* NULL: the kernel is not told */
	TAILQ_HEAD(, session) wait;    /* sessions that the set has not, or not wholly */
	TAILQ_HEAD(, session) ready;   /* full sessions of the packet in delivery */
};

static const struct address unspecified;

/* --- a session's packets --- */

#define FAR_OFFSET (sizeof(unspecified.b) - sizeof(uint64_t))
#define LOW_OFFSET (sizeof(unspecified.b) - sizeof(((struct packet *)NULL)->low))

static uint64_t *far_at(const struct session *s, unsigned i)
{
	return (uint64_t *)(void *)&s->packets[s->count] + i;
}

static size_t session_size(unsigned count, bool far)
{
	return sizeof(struct session) + count * (sizeof(struct packet) + (far ? sizeof(uint64_t) : 0));
}

_Static_assert(sizeof(struct session) % sizeof(uint64_t) == 0 && sizeof(struct packet) == sizeof(uint64_t),
	       "what stands behind the packets is aligned");

static struct address source_of(const struct session *s, unsigned i)
{
	struct address source = s->source;

	if (s->far)
		memcpy(source.b + FAR_OFFSET, far_at(s, i), sizeof(uint64_t));
	else
		memcpy(source.b + LOW_OFFSET, s->packets[i].low, sizeof(s->packets[i].low));
	return source;
}

static bool is_from_anywhere(const struct session *s, unsigned i)
{
	struct address source = source_of(s, i);

	return address_equal(&source, &unspecified);
}

static bool is_packet(const struct session *s, unsigned i, const struct address *source, uint16_t port, uint32_t word)
{
	struct address own;

	if (s->packets[i].word != word || s->packets[i].port != port)
		return false;
	own = source_of(s, i);
	return address_equal(&own, source);
}

static uint32_t hash_of(const struct session_table *t, const struct session *s, unsigned i)
{
	struct address source = source_of(s, i);

	return packethash_of(t->hash, &source, s->packets[i].port, s->packets[i].word);
}

static bool sources_differ(const struct sequence_packet *packets, unsigned count, size_t in_bytes)
{
	for (unsigned i = 1; i < count; i++)
		if (memcmp(packets[i].source.b, packets[0].source.b, in_bytes) != 0)
			return true;
	return false;
}

static struct session *session_new(const struct sequence_packet *packets, unsigned count, void *owner)
{
	bool far = sources_differ(packets, count, LOW_OFFSET);
	struct session *s = calloc(1, session_size(count, far));

	assert(!sources_differ(packets, count, FAR_OFFSET));
	if (s == NULL)
		return NULL;
	s->owner = owner;
	s->count = (uint8_t)count;
	s->far = far;
	s->source = packets[0].source;
	for (unsigned i = 0; i < count; i++) {
		s->packets[i] = (struct packet){.word = packets[i].word, .port = packets[i].port};
		memcpy(s->packets[i].low, packets[i].source.b + LOW_OFFSET, sizeof(s->packets[i].low));
		if (far)
			memcpy(far_at(s, i), packets[i].source.b + FAR_OFFSET, sizeof(uint64_t));
	}
	return s;
}

static void session_free(struct session *s)
{
	crypto_wipe(s, session_size(s->count, s->far));
	free(s);
}

static uint32_t number_of(const struct session *s, unsigned index)
{
	return s->number << INDEX_BITS | index;
}

static struct session *session_at(const struct session_table *t, uint32_t number)
{
	return handles_at(&t->numbers, number >> INDEX_BITS);
}

static unsigned index_at(uint32_t number)
{
	return number & ((1u << INDEX_BITS) - 1);
}

/* --- the table --- */

int session_table_new(struct session_table **out)
{
	struct session_table *t = calloc(1, sizeof(*t));
	int rc;

	*out = NULL;
	if (t == NULL)
		return QK_ERR_NOMEM;
	TAILQ_INIT(&t->ready);
	TAILQ_INIT(&t->wait);
	rc = packethash_new(&t->hash);
	if (rc == 0)
		rc = handles_init(&t->numbers);
	if (rc != 0) {
		session_table_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void session_table_prepare(struct session_table *table, session_prepare_function *prepare, void *arg)
{
	table->prepare = prepare;
	table->prepare_arg = arg;
}

void session_table_free(struct session_table *table)
{
	struct session *s;

	if (table == NULL)
		return;
	for (uint32_t number = 0; (s = handles_next(&table->numbers, &number)) != NULL;)
		session_free(s);
	handles_free(&table->numbers);
	packethash_free(table->hash);
	free(table);
}

/* --- what the kernel is told --- */

/* Whether the set has the packet because of another entry than this. */
static bool told_by_other(const struct session_table *t, const struct session *s, unsigned i)
{
	struct address source = source_of(s, i);
	uint32_t hash = hash_of(t, s, i), number;
	struct packethash_cursor cursor = {0};

	while (packethash_next(t->hash, hash, &cursor, &number)) {
		const struct session *other = session_at(t, number);
		unsigned index = index_at(number);

		if (number != number_of(s, i) && (other->told >> index & 1) != 0 &&
		    is_packet(other, index, &source, s->packets[i].port, s->packets[i].word))
			return true;
	}
	return false;
}

static int session_tell(const struct session_table *t, struct session *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct address source = source_of(s, i);
		int rc;

		if ((s->told >> i & 1) != 0)
			continue;
		rc = told_by_other(t, s, i)
			 ? 0
			 : expected_add(t->expected, &source, s->packets[i].port, s->packets[i].word);
		if (rc != 0)
			return rc;
		s->told |= UINT32_C(1) << i;
	}
	return 0;
}

static void session_untell(const struct session_table *t, struct session *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct address source = source_of(s, i);

		if ((s->told >> i & 1) != 0 && !told_by_other(t, s, i))
			expected_remove(t->expected, &source, s->packets[i].port, s->packets[i].word);
		s->told &= ~(UINT32_C(1) << i);
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
	for (uint32_t number = 0; (s = handles_next(&table->numbers, &number)) != NULL;)
		session_wait(table, s, true);
	table_settle(table);
}

/* --- sessions --- */

/* All hashes first, so that their places come from memory while the others are worked out. */
static void hash_all(const struct session_table *t, const struct session *s, uint32_t hashes[static KNOCK_COUNT_MAX])
{
	for (unsigned i = 0; i < s->count; i++) {
		hashes[i] = hash_of(t, s, i);
		packethash_fetch(t->hash, hashes[i]);
	}
}

/* The first count packets of the session are not expected any more. */
static void forget_packets(struct session_table *t, const struct session *s, const uint32_t *hashes, unsigned count)
{
	while (count-- > 0) {
		packethash_remove(t->hash, hashes[count], number_of(s, count));
		t->anywhere -= is_from_anywhere(s, count);
	}
}

static int expect_packets(struct session_table *t, const struct session *s)
{
	uint32_t hashes[KNOCK_COUNT_MAX];

	hash_all(t, s, hashes);
	for (unsigned i = 0; i < s->count; i++) {
		int rc = packethash_add(t->hash, hashes[i], number_of(s, i));

		if (rc != 0) {
			forget_packets(t, s, hashes, i);
			return rc;
		}
		t->anywhere += is_from_anywhere(s, i);
	}
	return 0;
}

int session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		struct session **out)
{
	struct session *s;
	int rc;

	*out = NULL;
	assert(count > 0 && count <= KNOCK_COUNT_MAX);
	s = session_new(packets, count, owner);
	if (s == NULL)
		return QK_ERR_NOMEM;
	rc = handles_take(&table->numbers, s, &s->number);
	if (rc == 0 && (rc = expect_packets(table, s)) != 0)
		handles_give_back(&table->numbers, s->number);
	if (rc != 0) {
		session_free(s);
		return rc;
	}
	table->sessions++;
	session_announce(table, s);
	*out = s;
	return 0;
}

void session_remove(struct session_table *table, struct session *session)
{
	uint32_t hashes[KNOCK_COUNT_MAX];

	hash_all(table, session, hashes);
	if (session->in_ready)
		TAILQ_REMOVE(&table->ready, session, ready);
	session_withdraw(table, session);
	forget_packets(table, session, hashes, session->count);
	handles_give_back(&table->numbers, session->number);
	table->sessions--;
	session_free(session);
}

/* --- packets that come --- */

/* Notes the packet in its session; a full one is put on the ready list. Whether this is the session's first part in
 * this delivery: two packets of one session may be equal. */
static bool session_deliver(struct session_table *t, struct session *s, unsigned index)
{
	bool first = s->delivery != t->deliveries;
	uint32_t before = s->received;

	s->received |= UINT32_C(1) << index;
	s->delivery = t->deliveries;
	if (s->received != before && __builtin_popcount(s->received) == s->count - 1 && t->prepare != NULL)
		t->prepare(t->prepare_arg, s);
	if (session_complete(s) && !s->in_ready) {
		TAILQ_INSERT_TAIL(&t->ready, s, ready);
		s->in_ready = true;
	}
	return first;
}

static unsigned table_deliver(struct session_table *t, const struct address *source, const struct frame_knock *knock,
			      uint32_t hash)
{
	struct packethash_cursor cursor = {0};
	unsigned known = 0;
	uint32_t number;

	t->deliveries++;
	while (packethash_next(t->hash, hash, &cursor, &number)) {
		struct session *s = session_at(t, number);

		if (is_packet(s, index_at(number), source, knock->port, knock->word))
			known += session_deliver(t, s, index_at(number));
	}
	return known;
}

/* What is known of a batch before any of its packets is delivered. */
struct batch {
	const struct frame_knock *knocks;
	size_t count;
	bool anywhere; /* there are packets without source, too */
	uint32_t whole[SESSION_BATCH], sourceless[SESSION_BATCH];
	uint32_t may_be_whole, may_be_sourceless; /* by bits: worth a look */
};

static void ask(const struct session_table *t, struct batch *b)
{
	b->anywhere = t->anywhere > 0;
	packethash_of_many(t->hash, b->knocks, b->count, false, b->whole);
	if (b->anywhere)
		packethash_of_many(t->hash, b->knocks, b->count, true, b->sourceless);
	b->may_be_whole = packethash_may_have(t->hash, b->whole, b->count);
	b->may_be_sourceless = b->anywhere ? packethash_may_have(t->hash, b->sourceless, b->count) : 0;
}

/* Whether the caller was told of a full session, and may have changed the table. */
static bool complete_ready(struct session_table *t, const struct frame_knock *knock,
			   session_complete_function *complete, void *arg)
{
	struct session *s;
	bool any = false;

	while ((s = TAILQ_FIRST(&t->ready)) != NULL) {
		TAILQ_REMOVE(&t->ready, s, ready);
		s->in_ready = false;
		complete(arg, s, knock);
		any = true;
	}
	return any;
}

static unsigned deliver(struct session_table *t, const struct batch *b, size_t i)
{
	unsigned known = 0;

	if ((b->may_be_whole >> i & 1) != 0)
		known = table_deliver(t, &b->knocks[i].source, &b->knocks[i], b->whole[i]);
	if ((b->may_be_sourceless >> i & 1) != 0)
		known += table_deliver(t, &unspecified, &b->knocks[i], b->sourceless[i]);
	return known;
}

/* Of strangers' packets there is nothing left to do here, but for those that pass by chance. */
static unsigned deliver_batch(struct session_table *t, const struct frame_knock *knocks, size_t count,
			      session_complete_function *complete, void *arg, uint64_t *known)
{
	struct batch b = {.knocks = knocks, .count = count};
	unsigned sum = 0;
	uint32_t left;

	ask(t, &b);
	for (left = b.may_be_whole | b.may_be_sourceless; left != 0;) {
		unsigned i = (unsigned)__builtin_ctz(left), sessions = deliver(t, &b, i);

		*known += sessions > 0;
		sum += sessions;
		if (complete_ready(t, &knocks[i], complete, arg))
			ask(t, &b); /* those behind this may be expected by now */
		left = (b.may_be_whole | b.may_be_sourceless) & (UINT32_MAX - 1) << i;
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
	return is_from_anywhere(session, 0);
}

void session_words(const struct session *session, uint32_t words[static KNOCK_COUNT_MAX])
{
	for (unsigned i = 0; i < KNOCK_COUNT_MAX; i++)
		words[i] = (session->received >> i & 1) != 0 ? session->packets[i].word : 0;
}

size_t session_count(const struct session_table *table)
{
	return table->sessions;
}
