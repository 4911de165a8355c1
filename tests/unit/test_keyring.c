/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pending keys in both of their orders, and what of their sessions a new configuration leaves. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockd/keyring.h"

#define KEYS 500

static uint64_t random_state = 9;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % below;
}

/* The key whose secrets were to be forgotten last. */
static struct otp_key forgotten;

void __real_sequence_maker_forget(struct sequence_maker *maker, const struct otp_key *key);
void __wrap_sequence_maker_forget(struct sequence_maker *maker, const struct otp_key *key);

void __wrap_sequence_maker_forget(struct sequence_maker *maker, const struct otp_key *key)
{
	forgotten = *key;
	__real_sequence_maker_forget(maker, key);
}

struct fixture {
	char server_id[8];
	struct config_service services[3];
	struct config config;
	struct store_user user;
	struct session_table *table;
	struct keyring *ring;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.server_id = "gw",
			     .services = {{.service = {"ssh", SERVICE_TCP, 22}},
					  {.service = {"http", SERVICE_TCP, 80}},
					  {.service = {"dns", SERVICE_UDP, 53}}},
			     .user = {.widths = {0, 8}, .width_count = 2, .p = 65537, .q = 65539, .enabled = true}};
	f.config = (struct config){.server_id = f.server_id,
				   .shape = KNOCK_SHAPE_DEFAULT,
				   .widths = {0, 8},
				   .width_count = 2,
				   .services = f.services,
				   .service_count = 2};
	*state = &f;
	return session_table_new(&f.table) != 0 || keyring_new(f.table, &f.ring) != 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keyring_free(f->ring);
	assert_int_equal(session_count(f->table), 0);
	session_table_free(f->table);
	return 0;
}

static struct store_pending make_pending(unsigned number, uint64_t expires_ns)
{
	struct store_pending pending = {
	    .id = number + 1, .expires_ns = expires_ns, .otp = {.issued_at = 1000 + number, .r = 7}};

	snprintf(pending.user, sizeof(pending.user), "u%u", number * 7919 % 10000);
	address_from_v4(&pending.client, (const uint8_t[]){10, 0, (uint8_t)(number >> 8), (uint8_t)number});
	return pending;
}

static struct keyring_key *add(struct fixture *f, unsigned number, uint64_t expires_ns)
{
	struct store_pending pending = make_pending(number, expires_ns);

	assert_int_equal(keyring_add(f->ring, &f->config, &f->user, &pending), 0);
	return keyring_find(f->ring, pending.user);
}

/* Both orders have all keys, each once. */
static void check_orders(const struct fixture *f, size_t count)
{
	const char *last_user = "";
	uint64_t last_end = 0;
	size_t users = 0, ends = 0;

	assert_int_equal(keyring_count(f->ring), count);
	for (struct keyring_key *k = keyring_first_after(f->ring, ""); k != NULL; k = keyring_next_by_user(k)) {
		assert_true(strcmp(keyring_pending(k)->user, last_user) > 0);
		assert_ptr_equal(keyring_find(f->ring, keyring_pending(k)->user), k);
		assert_ptr_equal(keyring_first_after(f->ring, last_user), k);
		last_user = keyring_pending(k)->user;
		users++;
	}
	for (struct keyring_key *k = keyring_first_to_expire(f->ring); k != NULL; k = keyring_next_to_expire(k)) {
		assert_true(keyring_pending(k)->expires_ns >= last_end);
		last_end = keyring_pending(k)->expires_ns;
		ends++;
	}
	assert_int_equal(users, count);
	assert_int_equal(ends, count);
	assert_int_equal(session_count(f->table), count * 4);
}

static void test_orders(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;

	check_orders(f, 0);
	for (unsigned i = 0; i < KEYS; i++) {
		add(f, i, 1 + draw(100)); /* many end at once */
		count++;
		if (draw(3) == 0) {
			struct keyring_key *key = keyring_first_to_expire(f->ring);

			for (uint32_t n = draw(10); n > 0 && keyring_next_to_expire(key) != NULL; n--)
				key = keyring_next_to_expire(key);
			keyring_remove(f->ring, key);
			count--;
		}
		if (i % 50 == 0)
			check_orders(f, count);
	}
	check_orders(f, count);
}

static void test_a_user_has_one_key(void **state)
{
	struct fixture *f = *state;
	struct store_pending pending = make_pending(1, 5);

	add(f, 1, 5);
	assert_int_equal(keyring_add(f->ring, &f->config, &f->user, &pending), QK_ERR_EXISTS);
	check_orders(f, 1);
}

/* --- reload --- */

static struct keyring_knock *last_complete;

static void note_complete(void *arg, struct session *session, const struct frame_knock *packet)
{
	(void)arg;
	(void)packet;
	last_complete = session_owner(session);
}

/* Delivers packets of ssh's knock without hopping, under this configuration; returns how many sessions knew them. */
static unsigned deliver(struct fixture *f, struct keyring_key *key, unsigned first, unsigned last)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];
	const struct store_pending *pending = keyring_pending(key);
	const struct sequence_input in = {.server_id = f->config.server_id,
					  .user = pending->user,
					  .otp = &pending->otp,
					  .service = &f->services[0].service,
					  .client = pending->client,
					  .shape = f->config.shape,
					  .n_mod = f->user.p * f->user.q};
	uint64_t counted = 0;
	unsigned known = 0;

	assert_int_equal(sequence_derive(&in, packets), 0);
	last_complete = NULL;
	for (unsigned i = first; i <= last; i++) {
		struct frame_knock packet = {packets[i].source, packets[i].port, packets[i].word, FRAME_SYN};

		known += session_packets(f->table, &packet, 1, note_complete, NULL, &counted);
	}
	return known;
}

static void rebuild(struct fixture *f, struct keyring_key *key, int rc)
{
	assert_int_equal(keyring_rebuild(f->ring, &f->config, &f->user, key), rc);
}

static void test_what_stays_the_same_is_kept(void **state)
{
	struct fixture *f = *state;
	struct keyring_key *key = add(f, 3, 5);

	assert_int_equal(deliver(f, key, 0, 5), 6);
	f->config.service_count = 3;
	rebuild(f, key, 0);
	assert_int_equal(session_count(f->table), 6);
	f->config.service_count = 1;
	f->config.width_count = 1;
	rebuild(f, key, 0);
	assert_int_equal(session_count(f->table), 1);
	assert_int_equal(deliver(f, key, 6, 11), 6);
	/* And it belongs to the key as it is now. */
	assert_non_null(last_complete);
	assert_ptr_equal(last_complete->key, key);
	assert_string_equal(last_complete->service.name, "ssh");
	assert_int_equal(last_complete->width, 0);
	assert_int_equal(keyring_verify(f->ring, last_complete, &f->config), 0);
	keyring_prepare(f->ring, last_complete, &f->config);
	assert_int_equal(keyring_verify(f->ring, last_complete, &f->config), 0);
	last_complete->service.port++;
	assert_int_equal(keyring_verify(f->ring, last_complete, &f->config), QK_ERR_MISMATCH);
}

static void test_a_key_that_goes_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct store_pending pending = make_pending(3, 5);
	struct otp_key gone = {{1, 2, 3}};

	pending.otp.key = gone;
	assert_int_equal(keyring_add(f->ring, &f->config, &f->user, &pending), 0);
	memset(&forgotten, 0xff, sizeof(forgotten));
	keyring_remove(f->ring, keyring_find(f->ring, pending.user));
	assert_memory_equal(&forgotten, &gone, sizeof(gone));
}

/* Whatever is changed, the first half of the knock is void, and the new packets are known. */
static void check_renewed(struct fixture *f, struct keyring_key *key)
{
	size_t sessions = session_count(f->table);

	rebuild(f, key, 0);
	assert_int_equal(session_count(f->table), sessions);
	assert_int_equal(deliver(f, key, 6, f->config.shape.count - 1u), f->config.shape.count - 6u);
	assert_null(last_complete);
	assert_int_equal(deliver(f, key, 0, 5), 6);
	assert_non_null(last_complete);
}

static void test_what_changes_is_renewed(void **state)
{
	struct fixture *f = *state;

	for (int change = 0; change < 6; change++) {
		struct keyring_key *key = add(f, (unsigned)change, 5);

		assert_int_equal(deliver(f, key, 0, 5), 6);
		switch (change) {
		case 0:
			strcpy(f->server_id, "other");
			break;
		case 1:
			f->services[0].service.port++;
			break;
		case 2:
			f->services[0].service.protocol = SERVICE_UDP;
			break;
		case 3:
			f->config.shape.port_first++;
			break;
		case 4:
			f->config.shape.port_last--;
			break;
		default:
			f->config.shape.count++;
		}
		check_renewed(f, key);
		keyring_remove(f->ring, key);
	}
}

static void test_nothing_left_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct keyring_key *key = add(f, 3, 5);

	assert_int_equal(deliver(f, key, 0, 10), 11);
	strcpy(f->user.services, "none");
	rebuild(f, key, QK_ERR_POLICY);
	assert_int_equal(session_count(f->table), 4);
	deliver(f, key, 11, 11);
	assert_non_null(last_complete);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ring_test(test_orders),
	    ring_test(test_a_user_has_one_key),
	    ring_test(test_what_stays_the_same_is_kept),
	    ring_test(test_a_key_that_goes_is_forgotten),
	    ring_test(test_what_changes_is_renewed),
	    ring_test(test_nothing_left_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
