/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/sheets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/sequence.h"
#include "qknockd/policy.h"
#include "qknockd/table.h"

#define DAY_S UINT64_C(86400)
#define RETRY_NS (CLOCK_NS_PER_S / 5) /* an announcement that could not be dealt with is not, at its packets' rate */

struct sheet;

/* Owner of the session that waits for its announcement. */
struct line {
	struct sheet *sheet;
	struct store_sheet_line key;
	struct session *session; /* NULL outside of the window */
	struct keyring_key *candidates[SHEETS_CANDIDATES];
	uint64_t retry_ns;
};

struct sheet {
	char user[USER_ID_MAX + 1];
	uint64_t id;
	uint64_t issued_at, expires_at;
	uint32_t lines;
	uint32_t first, count; /* line[first] to line[count - 1] are unused */
	UT_hash_handle hh;
	struct line line[];
};

struct sheets {
	const struct config *config;
	struct store *store;
	struct session_table *table;
	struct keyring *ring;
	const struct log *log;
	struct sheet *by_user;
	bool in_order;	   /* by_user is */
	uint64_t next_end; /* Unix seconds; no sheet ends before */
	bool incomplete;   /* an announcement could not be expected */
	/* What the announcements that are expected were made with. */
	char server_id[SERVER_ID_MAX + 1];
	struct knock_shape shape;
};

/* --- announcements --- */

static struct otp otp_of(const struct line *line)
{
	return (struct otp){.key = line->key.key,
			    .issued_at = line->sheet->issued_at,
			    .r = line->key.r,
			    .line = (uint8_t)line->key.line,
			    .lines = (uint8_t)line->sheet->lines};
}

static int expect(struct sheets *s, struct line *line)
{
	struct otp otp = otp_of(line);
	struct sequence_input in = {.server_id = s->server_id,
				    .user = line->sheet->user,
				    .otp = &otp,
				    .shape = s->shape}; /* the client's address is ::, that is any */
	struct sequence_packet announcement;
	int rc = sequence_announce(&in, &announcement);

	if (rc == 0)
		rc = session_add(s->table, &announcement, 1, line, &line->session);
	crypto_wipe(&announcement, sizeof(announcement));
	otp_wipe(&otp);
	return rc;
}

static void expect_window(struct sheets *s, struct sheet *sheet)
{
	for (uint32_t i = sheet->first; i < sheet->count && i < sheet->first + SHEETS_WINDOW; i++) {
		int rc = sheet->line[i].session == NULL ? expect(s, &sheet->line[i]) : 0;

		if (rc == 0)
			continue;
		log_line(s->log, LOG_LEVEL_ERROR, "sheet: line %u is not expected, to be tried again user=%s: %s",
			 sheet->line[i].key.line, sheet->user, error_text(rc));
		s->incomplete = true;
		return;
	}
}

static void forget_session(struct sheets *s, struct line *line)
{
	if (line->session != NULL)
		session_remove(s->table, line->session);
	line->session = NULL;
}

static void forget_candidates(struct sheets *s, struct line *line)
{
	for (size_t i = 0; i < SHEETS_CANDIDATES; i++) {
		if (line->candidates[i] != NULL)
			keyring_remove(s->ring, line->candidates[i]);
		line->candidates[i] = NULL;
	}
}

/* --- sheets in memory --- */

static struct sheet *find(const struct sheets *s, const char *user)
{
	struct sheet *sheet;

	HASH_FIND_STR(s->by_user, user, sheet);
	return sheet;
}

static void sheet_free(struct sheet *sheet)
{
	crypto_wipe(sheet, sizeof(*sheet) + sheet->count * sizeof(sheet->line[0]));
	free(sheet);
}

static struct sheet *sheet_new(const struct store_sheet *row)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet) + row->left * sizeof(sheet->line[0]));

	if (sheet == NULL)
		return NULL;
	memcpy(sheet->user, row->user, sizeof(sheet->user));
	sheet->id = row->id;
	sheet->issued_at = row->issued_at;
	sheet->expires_at = row->expires_at;
	sheet->lines = row->lines;
	sheet->count = row->left;
	for (uint32_t i = 0; i < row->left; i++)
		sheet->line[i] = (struct line){.sheet = sheet, .key = row->line[i]};
	return sheet;
}

/* Makes the sheet be found; without memory for that it is gone. */
static int enter(struct sheets *s, struct sheet *sheet)
{
	HASH_ADD_STR(s->by_user, user, sheet);
	if (!TABLE_HOLDS(sheet)) {
		sheet_free(sheet);
		return QK_ERR_NOMEM;
	}
	s->in_order = false;
	return 0;
}

/* One that was entered begins to be of use. */
static void take_in(struct sheets *s, struct sheet *sheet)
{
	if (sheet->expires_at < s->next_end)
		s->next_end = sheet->expires_at;
	expect_window(s, sheet);
}

static void take_out(struct sheets *s, struct sheet *sheet)
{
	for (uint32_t i = 0; i < sheet->count; i++) {
		forget_session(s, &sheet->line[i]);
		forget_candidates(s, &sheet->line[i]);
	}
	HASH_DEL(s->by_user, sheet);
	sheet_free(sheet);
}

/* From the store as well; reason is for the log. */
static void drop(struct sheets *s, const char *user, const char *reason)
{
	struct sheet *sheet = find(s, user);
	int rc = store_sheet_remove(s->store, user);

	log_line(s->log, LOG_LEVEL_INFO, "sheet dropped user=%s reason=\"%s\"", user, reason);
	if (rc != 0 && rc != QK_ERR_NOT_FOUND)
		log_line(s->log, LOG_LEVEL_WARNING, "sheet of user=%s stays in the store until the next start: %s",
			 user, error_text(rc));
	if (sheet != NULL)
		take_out(s, sheet);
}

/* --- start, reload, end --- */

/* Why a sheet of the store is void; NULL: it is not. Errors: STORE. */
static int objection(const struct sheets *s, const struct store_sheet *row, const char **reason)
{
	struct store_user user;
	int rc = store_user_get(s->store, row->user, &user);

	*reason = NULL;
	if (rc != 0)
		return rc;
	if (!user.enabled)
		*reason = error_text(QK_ERR_DISABLED);
	else if (row->expires_at <= clock_wall_s())
		*reason = "expired";
	/* A change of P and Q that was cut short before the sheet was removed. */
	for (uint32_t i = 0; *reason == NULL && i < row->left; i++)
		if (chain_check_r(row->line[i].r, user.p * user.q) != 0)
			*reason = error_text(QK_ERR_R);
	crypto_wipe(&user, sizeof(user));
	return 0;
}

static int load_one(void *arg, const struct store_sheet *row)
{
	struct sheets *s = arg;
	struct sheet *sheet;
	const char *reason;
	int rc = objection(s, row, &reason);

	if (rc != 0)
		return rc;
	if (reason != NULL) {
		drop(s, row->user, reason);
		return 0;
	}
	sheet = sheet_new(row);
	rc = sheet != NULL ? enter(s, sheet) : QK_ERR_NOMEM;
	if (rc == 0)
		take_in(s, sheet);
	return rc;
}

static void take_settings(struct sheets *s)
{
	strncpy(s->server_id, s->config->server_id, sizeof(s->server_id) - 1);
	s->shape = s->config->shape;
}

int sheets_new(const struct config *config, struct store *store, struct session_table *table, struct keyring *ring,
	       const struct log *log, struct sheets **out)
{
	struct sheets *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (s == NULL)
		return QK_ERR_NOMEM;
	*s = (struct sheets){
	    .config = config, .store = store, .table = table, .ring = ring, .log = log, .next_end = UINT64_MAX};
	take_settings(s);
	rc = store_sheet_each(store, load_one, s);
	if (rc != 0)
		sheets_free(s);
	else
		*out = s;
	return rc;
}

void sheets_free(struct sheets *s)
{
	if (s == NULL)
		return;
	while (s->by_user != NULL)
		take_out(s, s->by_user);
	free(s);
}

void sheets_reload(struct sheets *s, const struct config *config)
{
	bool same = strcmp(s->server_id, config->server_id) == 0 && s->shape.port_first == config->shape.port_first &&
		    s->shape.port_last == config->shape.port_last;

	s->config = config;
	if (same)
		return;
	take_settings(s);
	for (struct sheet *sheet = s->by_user; sheet != NULL; sheet = sheet->hh.next) {
		for (uint32_t i = sheet->first; i < sheet->count; i++)
			forget_session(s, &sheet->line[i]);
		expect_window(s, sheet);
	}
}

static void compute_next_end(struct sheets *s)
{
	s->next_end = UINT64_MAX;
	for (const struct sheet *sheet = s->by_user; sheet != NULL; sheet = sheet->hh.next)
		if (sheet->expires_at < s->next_end)
			s->next_end = sheet->expires_at;
}

void sheets_tick(struct sheets *s)
{
	uint64_t now = clock_wall_s();
	struct sheet *sheet, *next;

	if (s->incomplete) {
		s->incomplete = false;
		for (sheet = s->by_user; sheet != NULL; sheet = sheet->hh.next)
			expect_window(s, sheet);
	}
	if (now < s->next_end)
		return;
	HASH_ITER(hh, s->by_user, sheet, next)
	if (sheet->expires_at <= now)
		drop(s, sheet->user, "expired");
	compute_next_end(s);
}

/* --- printing and voiding --- */

static bool may_use_any(const struct config *config, const struct store_user *user)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (policy_allows_service(user, config->services[i].service.name))
			return true;
	return false;
}

static int draw(const struct sheets *s, const struct store_user *user, uint32_t lines, struct store_sheet *out)
{
	int rc = 0;

	memcpy(out->user, user->id, sizeof(out->user));
	out->issued_at = clock_wall_s();
	out->expires_at = out->issued_at + s->config->sheet_days * DAY_S;
	out->lines = out->left = lines;
	while (rc == 0 && out->id == 0)
		rc = crypto_random(&out->id, sizeof(out->id));
	for (uint32_t i = 0; rc == 0 && i < lines; i++) {
		out->line[i].line = i + 1;
		rc = otp_key_draw(&out->line[i].key);
		if (rc == 0)
			rc = chain_draw_any_r(user->p * user->q, &out->line[i].r);
	}
	return rc;
}

/* Nothing can fail any more once the store has it. */
static int print(struct sheets *s, const struct store_user *user, uint32_t lines, struct store_sheet *out)
{
	struct sheet *old = find(s, user->id), *sheet;
	int rc = may_use_any(s->config, user) ? draw(s, user, lines, out) : QK_ERR_POLICY;

	if (rc != 0)
		return rc;
	sheet = sheet_new(out);
	/* Beside the old one, for nothing may fail once the store has it. */
	rc = sheet != NULL ? enter(s, sheet) : QK_ERR_NOMEM;
	if (rc != 0)
		return rc;
	rc = store_sheet_put(s->store, out);
	if (rc != 0) {
		HASH_DEL(s->by_user, sheet);
		sheet_free(sheet);
		return rc;
	}
	if (old != NULL)
		take_out(s, old);
	take_in(s, sheet);
	return 0;
}

int sheets_issue(struct sheets *s, const char *id, uint32_t lines, struct store_sheet *out)
{
	struct store_user user;
	int rc = store_user_get(s->store, id, &user);

	assert(lines > 0 && lines <= OTP_SHEET_MAX);
	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	rc = user.enabled ? print(s, &user, lines, out) : QK_ERR_DISABLED;
	log_line(s->log, rc == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE, "sheet %s user=%s lines=%u reason=\"%s\"",
		 rc == 0 ? "printed" : "refused", user.id, lines, error_text(rc));
	if (rc != 0)
		crypto_wipe(out, sizeof(*out));
	crypto_wipe(&user, sizeof(user));
	return rc;
}

int sheets_revoke(struct sheets *s, const char *user)
{
	struct sheet *sheet = find(s, user);
	int rc = store_sheet_remove(s->store, user);

	if (rc == 0 && sheet != NULL)
		take_out(s, sheet);
	return rc;
}

void sheets_drop(struct sheets *s, const char *user, const char *reason)
{
	if (find(s, user) != NULL)
		drop(s, user, reason);
}

void sheets_drop_candidates(struct sheets *s, const char *user)
{
	struct sheet *sheet = find(s, user);

	for (uint32_t i = 0; sheet != NULL && i < sheet->count; i++)
		forget_candidates(s, &sheet->line[i]);
}

/* --- use --- */

/* The place for a candidate with this address; NULL if there is one already, or no place. */
static struct keyring_key **free_place(struct line *line, const struct address *client)
{
	struct keyring_key **place = NULL;

	for (size_t i = 0; i < SHEETS_CANDIDATES; i++) {
		if (line->candidates[i] == NULL)
			place = &line->candidates[i];
		else if (address_equal(&keyring_pending(line->candidates[i])->client, client))
			return NULL;
	}
	return place;
}

static int add_candidate(struct sheets *s, const struct line *line, const struct address *client,
			 struct keyring_key **place)
{
	struct store_pending pending = {.id = line->sheet->id, .otp = otp_of(line), .client = *client};
	struct store_user user;
	int rc = store_user_get(s->store, line->sheet->user, &user);

	memcpy(pending.user, line->sheet->user, sizeof(pending.user));
	pending.expires_ns = clock_boot_ns() + s->config->validity_s * CLOCK_NS_PER_S;
	if (rc == 0)
		rc = user.enabled ? keyring_add_candidate(s->ring, s->config, &user, &pending, place) : QK_ERR_DISABLED;
	crypto_wipe(&user, sizeof(user));
	crypto_wipe(&pending, sizeof(pending));
	return rc;
}

/* Whoever may not have a key by SMS for an address may not use a line there either. */
static bool may_be_client(const struct sheets *s, const struct address *source)
{
	return policy_check_client(source) == 0 && !policy_is_local(source) &&
	       (s->config->requests.allow_private_addresses || !policy_is_private(source));
}

void sheets_announced(struct sheets *s, const struct session *session, const struct address *source)
{
	struct line *line = session_owner(session);
	const struct sheet *sheet = line->sheet;
	struct keyring_key **place = free_place(line, source);
	uint64_t now = clock_boot_ns();
	char address[ADDRESS_TEXT_SIZE];
	int rc;

	if (place == NULL || !may_be_client(s, source) || sheet->expires_at <= clock_wall_s() || now < line->retry_ns)
		return;
	rc = add_candidate(s, line, source, place);
	if (rc != 0)
		line->retry_ns = now + RETRY_NS;
	address_format(source, address);
	log_line(s->log, rc == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE,
		 "sheet line %s user=%s line=%u/%u address=%s reason=\"%s\"", rc == 0 ? "announced" : "refused",
		 sheet->user, line->key.line, sheet->lines, address, error_text(rc));
}

/* Its line and its place there. */
static struct line *line_of(const struct sheets *s, struct keyring_key *candidate, struct keyring_key ***place)
{
	const struct store_pending *pending = keyring_pending(candidate);
	struct sheet *sheet = find(s, pending->user);

	assert(sheet != NULL && sheet->id == pending->id);
	for (uint32_t i = 0; i < sheet->count; i++)
		for (size_t k = 0; k < SHEETS_CANDIDATES; k++)
			if (sheet->line[i].candidates[k] == candidate) {
				*place = &sheet->line[i].candidates[k];
				return &sheet->line[i];
			}
	assert(false);
	return NULL;
}

void sheets_forget(struct sheets *s, struct keyring_key *candidate)
{
	struct keyring_key **place;

	line_of(s, candidate, &place);
	keyring_remove(s->ring, candidate);
	*place = NULL;
}

void sheets_consumed(struct sheets *s, struct keyring_key *candidate)
{
	struct keyring_key **place;
	const struct line *used = line_of(s, candidate, &place);
	struct sheet *sheet = used->sheet;
	struct line *line;

	do {
		line = &sheet->line[sheet->first++];
		forget_session(s, line);
		forget_candidates(s, line);
		crypto_wipe(&line->key.key, sizeof(line->key.key));
	} while (line != used);
	log_line(s->log, LOG_LEVEL_INFO, "sheet line used user=%s line=%u/%u left=%u", sheet->user, used->key.line,
		 sheet->lines, sheet->count - sheet->first);
	expect_window(s, sheet);
}

/* --- what is shown --- */

static int by_user(const struct sheet *a, const struct sheet *b)
{
	return strcmp(a->user, b->user);
}

int sheets_each(struct sheets *s, const char *after, unsigned limit,
		int (*each)(void *arg, const struct sheets_item *item), void *arg)
{
	int rc = 0;

	if (!s->in_order)
		HASH_SORT(s->by_user, by_user);
	s->in_order = true;
	for (const struct sheet *sheet = s->by_user; sheet != NULL && limit > 0 && rc == 0; sheet = sheet->hh.next) {
		struct sheets_item item = {.issued_at = sheet->issued_at,
					   .expires_at = sheet->expires_at,
					   .lines = sheet->lines,
					   .left = sheet->count - sheet->first};

		if (strcmp(sheet->user, after) <= 0)
			continue;
		memcpy(item.user, sheet->user, sizeof(item.user));
		item.next = item.left > 0 ? sheet->line[sheet->first].key.line : 0;
		rc = each(arg, &item);
		limit--;
	}
	return rc;
}

size_t sheets_count(const struct sheets *s)
{
	return HASH_COUNT(s->by_user);
}
