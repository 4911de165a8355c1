/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session table: which packets are expected, and which of them have come (protocol.md section 6).
 * A session is one (one-time key, service, width). A packet that nobody expects costs one look-up: no
 * allocation, no state, no log line. Duplicates, any order and packets of several sessions are harmless.
 * Packets may be expected from anywhere (protocol-sheet.md section 3): while there are such, it is two look-ups.
 */
#ifndef QKNOCKD_SESSION_H
#define QKNOCKD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/sequence.h"
#include "qknockd/expected.h"
#include "qknockd/frame.h"

struct session_table;
struct session;

int session_table_new(struct session_table **out); /* NOMEM, CRYPTO (the hash is seeded) */
void session_table_free(struct session_table *table);

/* From now on the set holds what the table expects and nothing else, and is exact whenever all of it has room there.
 * Once in the life of a table; the set is borrowed. */
void session_table_expect(struct session_table *table, struct expected_set *expected);

/* prepare(arg, session) is called when a session of several packets lacks only one, so that what takes long is done
 * before that comes. It must not change the table. */
typedef void session_prepare_function(void *arg, struct session *session);
void session_table_prepare(struct session_table *table, session_prepare_function *prepare, void *arg);

/* Adds a session with count expected packets, those whose source is :: from anywhere; owner is the caller's. The
 * sources differ in their low 64 bits alone: no hop is wider (protocol.md section 5). Errors: NOMEM. The session lives
 * until session_remove; its words are wiped then. */
int session_add(struct session_table *table, const struct sequence_packet *packets, unsigned count, void *owner,
		struct session **out);
void session_remove(struct session_table *table, struct session *session);

/* Queues each packet at its index in every session that expects it. Returns how many times a session knew one, and adds
 * to *known how many were known to any; for each session that now holds all its packets, complete(arg, session, packet)
 * is called, again at every further packet of it (so that a resent knock tries again after a failure). complete may
 * remove any session. Many packets at once take far less time in a large table than one by one. */
#define SESSION_BATCH 32 /* so many pay */
typedef void session_complete_function(void *arg, struct session *session, const struct frame_knock *packet);
unsigned session_packets(struct session_table *table, const struct frame_knock *packets, size_t count,
			 session_complete_function *complete, void *arg, uint64_t *known);

void *session_owner(const struct session *session);
void session_set_owner(struct session *session, void *owner);
bool session_complete(const struct session *session);
bool session_is_from_anywhere(const struct session *session); /* its first packet is expected so */
/* The words received, zero where none came yet. The caller wipes them. */
void session_words(const struct session *session, uint32_t words[static KNOCK_COUNT_MAX]);

size_t session_count(const struct session_table *table);

#endif
