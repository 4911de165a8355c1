/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"

/* One request while it is answered. */
struct call {
	const struct control_actions *actions;
	const struct control_message *request;
	const struct control_reply *reply;
	const char *text; /* what is said instead of the error's own text; static */
	struct control_message item;
	struct control_message ok;
	unsigned limit, items; /* of one page */
	int lost;	       /* what send returned when it failed */
};

/* Sends call->item. */
static int send_item(struct call *call)
{
	call->lost = call->reply->send(call->reply->arg, &call->item);
	control_wipe(&call->item);
	call->items++;
	return call->lost != 0 ? QK_ERR_IO : 0;
}

/* --- fields of requests --- */

/* A field that must be there. */
static int need(struct call *call, const char *name, const char **value)
{
	*value = control_get(call->request, name);
	if (*value != NULL)
		return 0;
	call->text = "a field that this verb needs is missing";
	return QK_ERR_CONTROL;
}

static int need_user(struct call *call, const char **user)
{
	int err = need(call, "user", user);

	return err != 0 ? err : name_check_user(*user);
}

static int need_address(struct call *call, struct address *address)
{
	const char *text;
	int err = need(call, "address", &text);

	return err != 0 ? err : address_parse(address, text);
}

/* "yes" or "no"; leaves *value alone when the field is not there. */
static int get_flag(struct call *call, const char *name, bool *value)
{
	const char *text = control_get(call->request, name);

	if (text == NULL)
		return 0;
	*value = strcmp(text, "yes") == 0;
	if (*value || strcmp(text, "no") == 0)
		return 0;
	call->text = "a field is neither yes nor no";
	return QK_ERR_CONTROL;
}

/* after=CURSOR and limit=N of the verbs that list. */
static int get_page(struct call *call, const char **after)
{
	uint64_t limit = CONTROL_PAGE_MAX;
	int err = control_get_u64(call->request, "limit", &limit);

	if (err == QK_ERR_NOT_FOUND || (err == 0 && limit > CONTROL_PAGE_MAX))
		limit = CONTROL_PAGE_MAX;
	else if (err != 0 || limit == 0) {
		call->text = "limit must be a number above 0";
		return QK_ERR_CONTROL;
	}
	call->limit = (unsigned)limit;
	*after = control_get(call->request, "after");
	if (*after == NULL)
		*after = "";
	return 0;
}

/* A full page: says where the next one begins. */
static int set_next(struct call *call, const char *cursor)
{
	return call->items + 1 == call->limit ? control_add(&call->ok, "next", cursor) : 0;
}

/* --- users --- */

/* Blank-separated words, one blank between two; each is checked by the caller. */
static const char *next_word(const char *list, char *word, size_t size)
{
	size_t len = strcspn(list, " ");

	if (len == 0 || len >= size)
		return NULL;
	memcpy(word, list, len);
	word[len] = '\0';
	if (list[len] == '\0')
		return list + len;
	return list[len + 1] != '\0' ? list + len + 1 : NULL;
}

static int set_services(struct call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "services");
	char word[SERVICE_NAME_MAX + 2];

	if (list == NULL)
		return 0;
	if (strlen(list) >= sizeof(user->services))
		return QK_ERR_SPACE;
	strcpy(user->services, list);
	while (*list != '\0') {
		list = next_word(list, word, sizeof(word));
		if (list == NULL || name_check_service(word) != 0)
			return QK_ERR_SERVICE_NAME;
	}
	return 0;
}

static int set_logins(struct call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "logins");
	int err = list != NULL ? name_check_logins(list) : 0;

	if (err == 0 && list != NULL)
		snprintf(user->logins, sizeof(user->logins), "%s", list);
	return err;
}

static bool has_width(const struct store_user *user, unsigned long width)
{
	for (uint32_t i = 0; i < user->width_count; i++)
		if (user->widths[i] == width)
			return true;
	return false;
}

static int set_widths(struct call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "widths");
	char word[4];

	if (list == NULL)
		return 0;
	user->width_count = 0;
	do {
		uint16_t width = 0;

		list = next_word(list, word, sizeof(word));
		if (list == NULL)
			return QK_ERR_WIDTH;
		if (strcmp(word, "8") == 0 || strcmp(word, "64") == 0)
			width = (uint16_t)strtoul(word, NULL, 10);
		else if (strcmp(word, "0") != 0)
			return QK_ERR_WIDTH;
		if (has_width(user, width))
			return QK_ERR_WIDTH;
		user->widths[user->width_count++] = width;
	} while (*list != '\0');
	return 0;
}

/* Both or neither. */
static int set_primes(struct call *call, struct store_user *user)
{
	bool has_p = control_get(call->request, "p") != NULL;
	bool has_q = control_get(call->request, "q") != NULL;
	uint64_t n_mod;

	if (!has_p && !has_q)
		return 0;
	if (control_get_u64(call->request, "p", &user->p) != 0 || control_get_u64(call->request, "q", &user->q) != 0)
		return QK_ERR_PRIME;
	return chain_modulus(user->p, user->q, &n_mod);
}

/* The output of crypt(3), or nothing at all; never one of its failure tokens. */
static int set_pass_hash(struct call *call, struct store_user *user)
{
	const char *hash = control_get(call->request, "pass-hash");
	size_t len = hash != NULL ? strlen(hash) : 0;

	if (hash == NULL)
		return 0;
	call->text = "pass-hash must be empty or begin with $ and hold no blank";
	if (len >= sizeof(user->pass_hash) || (len > 0 && hash[0] != '$'))
		return QK_ERR_CONTROL;
	for (size_t i = 0; i < len; i++)
		if (hash[i] <= 0x20 || hash[i] >= 0x7f || strchr(":;*!\\", hash[i]) != NULL)
			return QK_ERR_CONTROL;
	call->text = NULL;
	memset(user->pass_hash, 0, sizeof(user->pass_hash));
	memcpy(user->pass_hash, hash, len);
	return 0;
}

/* Everything of the request that is there goes into *user. */
static int set_user(struct call *call, struct store_user *user)
{
	int err = set_primes(call, user);

	if (err == 0)
		err = set_services(call, user);
	if (err == 0)
		err = set_logins(call, user);
	if (err == 0)
		err = set_widths(call, user);
	if (err == 0)
		err = set_pass_hash(call, user);
	return err != 0 ? err : get_flag(call, "enabled", &user->enabled);
}

/* EXISTS has two reasons: which one is it? */
static int explain_exists(struct call *call, int err, bool id_taken)
{
	if (err == QK_ERR_EXISTS && !id_taken)
		call->text = "another user has these P and Q";
	else if (err == QK_ERR_EXISTS)
		call->text = "user exists already";
	return err;
}

static int verb_user_add(struct call *call)
{
	struct store_user user = {.widths = {0, 8, 64}, .width_count = 3, .enabled = true}, other = {0};
	const char *id;
	int err = need_user(call, &id);

	if (err == 0) {
		strcpy(user.id, id);
		err = set_user(call, &user);
	}
	if (err == 0 && user.p == 0)
		err = chain_draw_primes(&user.p, &user.q);
	if (err == 0) {
		err = engine_user_add(call->actions->engine, &user);
		if (err == QK_ERR_EXISTS)
			explain_exists(call, err, engine_user_get(call->actions->engine, id, &other) == 0);
	}
	crypto_wipe(&user, sizeof(user));
	crypto_wipe(&other, sizeof(other));
	return err;
}

static int verb_user_set(struct call *call)
{
	struct store_user user = {0};
	const char *id;
	int err = need_user(call, &id);

	if (err == 0)
		err = engine_user_get(call->actions->engine, id, &user);
	if (err == 0)
		err = set_user(call, &user);
	if (err == 0)
		err = explain_exists(call, engine_user_update(call->actions->engine, &user), false);
	crypto_wipe(&user, sizeof(user));
	return err;
}

static int verb_user_delete(struct call *call)
{
	const char *id;
	int err = need_user(call, &id);

	return err != 0 ? err : engine_user_delete(call->actions->engine, id);
}

/* The pass-code's hash stays here: that there is one is all that anyone needs. */
static int add_user(struct control_message *m, const struct store_user *user)
{
	char widths[32] = "";
	size_t used = 0;
	int err = control_add(m, "user", user->id);

	for (uint32_t i = 0; i < user->width_count; i++)
		used += (size_t)snprintf(widths + used, sizeof(widths) - used, i > 0 ? " %u" : "%u", user->widths[i]);
	if (err == 0)
		err = control_add(m, "enabled", user->enabled ? "yes" : "no");
	if (err == 0)
		err = control_add(m, "pass-code", user->pass_hash[0] != '\0' ? "yes" : "no");
	if (err == 0)
		err = control_add(m, "services", user->services);
	if (err == 0)
		err = control_add(m, "logins", user->logins);
	if (err == 0)
		err = control_add(m, "widths", widths);
	return err != 0 ? err : control_add_u64(m, "n", user->p * user->q);
}

static int verb_user_get(struct call *call)
{
	struct store_user user = {0};
	const char *id;
	int err = need_user(call, &id);

	if (err == 0)
		err = engine_user_get(call->actions->engine, id, &user);
	if (err == 0)
		err = control_init(&call->item, "item");
	if (err == 0)
		err = add_user(&call->item, &user);
	if (err == 0)
		err = control_add_u64(&call->item, "p", user.p);
	if (err == 0)
		err = control_add_u64(&call->item, "q", user.q);
	crypto_wipe(&user, sizeof(user));
	return err != 0 ? err : send_item(call);
}

static int list_user(void *arg, const struct store_user *user)
{
	struct call *call = arg;
	int err = control_init(&call->item, "item");

	if (err == 0)
		err = add_user(&call->item, user);
	if (err == 0)
		err = set_next(call, user->id);
	return err != 0 ? err : send_item(call);
}

static int verb_user_list(struct call *call)
{
	const char *after;
	int err = get_page(call, &after);

	return err != 0 ? err : engine_user_each(call->actions->engine, after, call->limit, list_user, call);
}

/* One item a line, because a value holds no newline. */
static int verb_profile(struct call *call)
{
	char text[PROFILE_TEXT_SIZE], *line = text;
	struct profile profile;
	const char *id;
	int err = need_user(call, &id);

	if (err == 0)
		err = engine_profile(call->actions->engine, id, &profile);
	if (err == 0)
		err = profile_format(&profile, text, sizeof(text));
	while (err >= 0 && *line != '\0') {
		char *end = line + strcspn(line, "\n");

		if (*end != '\0')
			*end++ = '\0';
		err = control_init(&call->item, "item");
		if (err == 0)
			err = control_add(&call->item, "line", line);
		if (err == 0)
			err = send_item(call);
		line = end;
	}
	return err;
}

/* --- keys and grants --- */

static int verb_issue(struct call *call)
{
	char line[OTP_REPLY_SIZE];
	struct address address;
	struct otp otp = {0};
	uint64_t r = 0;
	const char *id;
	int r_err = control_get_u64(call->request, "r", &r);
	int err = need_user(call, &id);

	if (err == 0)
		err = need_address(call, &address);
	if (err == 0 && r_err == QK_ERR_CONTROL)
		err = QK_ERR_R;
	if (err == 0)
		err = engine_issue(call->actions->engine, id, &address, r_err == 0 ? &r : NULL, &otp);
	if (err == 0) {
		otp_reply_format(&otp, line);
		err = control_init(&call->item, "item");
		if (err == 0)
			err = control_add(&call->item, "reply", line);
		crypto_wipe(line, sizeof(line));
		if (err == 0)
			err = send_item(call);
	}
	otp_wipe(&otp);
	return err;
}

static int add_address(struct control_message *m, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	return control_add(m, "address", text);
}

static int list_pending(void *arg, const struct engine_pending *pending)
{
	struct call *call = arg;
	int err = control_init(&call->item, "item");

	if (err == 0)
		err = control_add(&call->item, "user", pending->user);
	if (err == 0)
		err = add_address(&call->item, &pending->client);
	if (err == 0)
		err = control_add_u64(&call->item, "issued-at", pending->issued_at);
	if (err == 0)
		err = control_add_u64(&call->item, "seconds-left", pending->seconds_left);
	if (err == 0)
		err = control_add_u64(&call->item, "replies", pending->replies);
	if (err == 0)
		err = set_next(call, pending->user);
	return err != 0 ? err : send_item(call);
}

static int verb_pending(struct call *call)
{
	const char *after;
	int err = get_page(call, &after);

	return err != 0 ? err : engine_pending_each(call->actions->engine, after, call->limit, list_pending, call);
}

/* Where a page of grants begins: behind this service and address. */
struct grant_page {
	struct call *call;
	char service[SERVICE_NAME_MAX + 1]; /* empty: at the first */
	struct address client;
	uint64_t now_ns;
};

static bool grant_is_after(const struct grant *g, const struct grant_page *page)
{
	int order = strcmp(g->service, page->service);

	return order > 0 || (order == 0 && memcmp(g->client.b, page->client.b, sizeof(g->client.b)) > 0);
}

static int add_grant(struct control_message *m, const struct store_grant *grant, uint64_t now_ns)
{
	const struct grant *g = &grant->grant;
	uint64_t left = g->expires_ns > now_ns ? g->expires_ns - now_ns : 0;
	char id[17];
	int err = control_init(m, "item");

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)g->id);
	if (err == 0)
		err = control_add(m, "id", id);
	if (err == 0)
		err = control_add(m, "user", g->user);
	if (err == 0)
		err = control_add(m, "service", g->service);
	if (err == 0)
		err = add_address(m, &g->client);
	if (err == 0)
		err = control_add_u64(m, "expires-at", grant->expires_wall_s);
	if (err == 0)
		err = control_add_u64(m, "seconds-left", (left + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
	return err != 0 ? err : control_add(m, "single-use", g->single_use ? "yes" : "no");
}

static int list_grant(void *arg, const struct store_grant *grant)
{
	char cursor[SERVICE_NAME_MAX + 1 + ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
	struct grant_page *page = arg;
	struct call *call = page->call;
	int err;

	if (page->service[0] != '\0' && !grant_is_after(&grant->grant, page))
		return 0;
	err = add_grant(&call->item, grant, page->now_ns);
	if (err != 0)
		return err;
	address_format(&grant->grant.client, address);
	snprintf(cursor, sizeof(cursor), "%s %s", grant->grant.service, address);
	err = set_next(call, cursor);
	if (err == 0)
		err = send_item(call);
	/* A positive number ends the walk without an error. */
	return err == 0 && call->items == call->limit ? 1 : err;
}

static int verb_grants(struct call *call)
{
	struct grant_page page = {.call = call, .now_ns = clock_boot_ns()};
	const char *after;
	int err = get_page(call, &after);

	if (err != 0)
		return err;
	if (*after != '\0') {
		const char *address = next_word(after, page.service, sizeof(page.service));

		if (address == NULL || *address == '\0' || address_parse(&page.client, address) != 0) {
			call->text = "after must be a service and an address";
			return QK_ERR_CONTROL;
		}
	}
	err = granter_each(engine_granter(call->actions->engine), list_grant, &page);
	return err == 1 ? 0 : err;
}

static int verb_revoke(struct call *call)
{
	const char *service = control_get(call->request, "service");
	const char *text = control_get(call->request, "address");
	struct address address;
	bool all = false;
	unsigned count;
	int err = get_flag(call, "all", &all);

	if (err == 0 && all != (service == NULL && text == NULL)) {
		call->text = "revoke needs a service, an address or both, or else all=yes";
		err = QK_ERR_CONTROL;
	}
	if (err == 0 && service != NULL)
		err = name_check_service(service);
	if (err == 0 && text != NULL)
		err = address_parse(&address, text);
	if (err != 0)
		return err;
	count = granter_revoke(engine_granter(call->actions->engine), service, text != NULL ? &address : NULL);
	if (count == 0 && !all) {
		call->text = error_text(QK_ERR_GRANT_NONE);
		return QK_ERR_NOT_FOUND;
	}
	err = control_init(&call->item, "item");
	if (err == 0)
		err = control_add_u64(&call->item, "revoked", count);
	return err != 0 ? err : send_item(call);
}

/* --- the daemon --- */

static int verb_status(struct call *call)
{
	struct engine_counters c;
	struct control_message *m = &call->item;
	int err = control_init(m, "item");

	engine_counters(call->actions->engine, &c);
	if (err == 0)
		call->actions->status(call->actions->arg, m);
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
	    {"packets-known", c.known}, {"sessions", c.sessions},    {"keys-pending", c.pending},
	    {"keys-issued", c.issued},	{"keys-expired", c.expired}, {"grants-live", c.live_grants},
	    {"grants-given", c.grants}, {"failures", c.failures},
	};
	for (size_t i = 0; err == 0 && i < sizeof(fields) / sizeof(fields[0]); i++)
		err = control_add_u64(m, fields[i].name, fields[i].value);
	return err != 0 ? err : send_item(call);
}

static int verb_reload(struct call *call)
{
	int err = call->actions->reload(call->actions->arg);

	if (err != 0)
		call->text = "the configuration was not taken over: the daemon's log says why";
	return err;
}

/* --- the table --- */

#define USER_FIELDS "user p q services logins widths pass-hash enabled"
#define PAGE_FIELDS "after limit"

static const struct verb {
	const char *name;
	unsigned peers;	    /* CONTROL_PEER_*: whom it serves */
	const char *fields; /* those it knows: any other is an error */
	int (*run)(struct call *call);
	bool changes; /* worth a line in the log */
} verbs[] = {
    {"user-add", CONTROL_PEER_ADMIN, USER_FIELDS, verb_user_add, true},
    {"user-set", CONTROL_PEER_ADMIN, USER_FIELDS, verb_user_set, true},
    {"user-get", CONTROL_PEER_ADMIN, "user", verb_user_get, false},
    {"user-delete", CONTROL_PEER_ADMIN, "user", verb_user_delete, true},
    {"user-list", CONTROL_PEER_ADMIN, PAGE_FIELDS, verb_user_list, false},
    {"profile", CONTROL_PEER_ADMIN, "user", verb_profile, false},
    {"issue", CONTROL_PEER_ADMIN, "user address r", verb_issue, false}, /* the engine logs each key */
    {"pending", CONTROL_PEER_ADMIN, PAGE_FIELDS, verb_pending, false},
    {"grants", CONTROL_PEER_ADMIN, PAGE_FIELDS, verb_grants, false},
    {"revoke", CONTROL_PEER_ADMIN, "service address all", verb_revoke, true},
    {"status", CONTROL_PEER_ADMIN, "", verb_status, false},
    {"reload", CONTROL_PEER_ADMIN, "", verb_reload, true},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static bool knows_field(const struct verb *verb, const char *name)
{
	const char *list = verb->fields;
	char word[CONTROL_NAME_MAX + 1];

	while (*list != '\0') {
		list = next_word(list, word, sizeof(word));
		if (strcmp(word, name) == 0)
			return true;
	}
	return false;
}

static int check_fields(struct call *call, const struct verb *verb)
{
	for (size_t i = 0; i < call->request->field_count; i++) {
		if (!knows_field(verb, call->request->fields[i].name)) {
			call->text = "a field is none of this verb's";
			return QK_ERR_CONTROL;
		}
	}
	return 0;
}

/* The name of a user appears only once it is known to be one. */
static void log_change(const struct log *log, const struct call *call, const struct verb *verb, int err)
{
	const char *user = err == 0 ? control_get(call->request, "user") : NULL;

	if (verb->changes)
		log_line(log, LOG_LEVEL_NOTICE, "control %s%s%s result=\"%s\"", verb->name,
			 user != NULL ? " user=" : "", user != NULL ? user : "", error_text(err));
}

static int run_verb(struct call *call, unsigned peer, const struct log *log)
{
	const struct verb *verb = find_verb(call->request->verb);
	int err;

	/* One who may do nothing learns nothing about what there is. */
	if (verb != NULL ? (verb->peers & peer) == 0 : peer == 0)
		return QK_ERR_DENIED;
	if (verb == NULL) {
		call->text = "unknown verb";
		return QK_ERR_CONTROL;
	}
	err = check_fields(call, verb);
	if (err == 0)
		err = verb->run(call);
	log_change(log, call, verb, err);
	return err;
}

int control_verbs_answer(const struct control_actions *actions, const struct log *log, unsigned peer,
			 const struct control_message *request, const struct control_reply *reply)
{
	struct call call = {.actions = actions, .request = request, .reply = reply};
	int err = control_init(&call.ok, "ok");
	int lost;

	if (err == 0)
		err = run_verb(&call, peer, log);
	if (err != 0)
		control_init_error(&call.item, err, call.text);
	lost = call.lost;
	if (lost == 0)
		lost = reply->send(reply->arg, err != 0 ? &call.item : &call.ok);
	crypto_wipe(&call, sizeof(call));
	return lost;
}
