/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sheets of one-time keys (protocol-sheet.md): prints them, expects the announcements of the lines that may be used
 * next, and makes of an announcement a candidate in the keyring, whose knock the engine then treats as any other.
 */
#ifndef QKNOCKD_SHEETS_H
#define QKNOCKD_SHEETS_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/log.h"
#include "qknockd/keyring.h"
#include "qknockd/session.h"
#include "qknockd/store.h"

#define SHEETS_WINDOW 4	    /* lines that are expected: the first unused one and the three behind it */
#define SHEETS_CANDIDATES 4 /* addresses that one line is expected from at a time */

struct sheets;

/* Reads the sheets from the store, and drops those that have ended or whose users are disabled. Everything is borrowed;
 * to be freed before ring and table. Errors: NOMEM, STORE. */
int sheets_new(const struct config *config, struct store *store, struct session_table *table, struct keyring *ring,
	       const struct log *log, struct sheets **out);
void sheets_free(struct sheets *sheets);

/* The announcements of another configuration. Candidates are the keyring's matter. */
void sheets_reload(struct sheets *sheets, const struct config *config);

/* Prints a sheet of 1 to OTP_SHEET_MAX lines; an older one of the user is void once this returned 0. Errors:
 * NOT_FOUND, DISABLED, POLICY (the user may use no service), STORE, CRYPTO, NOMEM. The caller wipes *out. */
int sheets_issue(struct sheets *sheets, const char *user, uint32_t lines, struct store_sheet *out);

int sheets_revoke(struct sheets *sheets, const char *user); /* NOT_FOUND, STORE */

/* Voids a sheet, if there is one, because of something that happened to its user; reason is for the log. */
void sheets_drop(struct sheets *sheets, const char *user, const char *reason);

/* Ends the candidates of a user whose policy has changed: the client's next announcement makes new ones. */
void sheets_drop_candidates(struct sheets *sheets, const char *user);

/* The announcement whose session this is came from source. */
void sheets_announced(struct sheets *sheets, const struct session *session, const struct address *source);

/* The candidate's line is consumed, here or by another: the line and all before it are void, their candidates too. */
void sheets_consumed(struct sheets *sheets, struct keyring_key *candidate);

/* Removes a candidate alone from the keyring. */
void sheets_forget(struct sheets *sheets, struct keyring_key *candidate);

void sheets_tick(struct sheets *sheets); /* drops sheets that have ended */

/* Sheets ordered by user, those after the given one. */
struct sheets_item {
	char user[USER_ID_MAX + 1];
	uint64_t issued_at, expires_at; /* Unix seconds */
	uint32_t lines, left;
	uint32_t next; /* the first unused line; 0: none is left */
};
int sheets_each(struct sheets *sheets, const char *after, unsigned limit,
		int (*each)(void *arg, const struct sheets_item *item), void *arg);

size_t sheets_count(const struct sheets *sheets);

#endif
