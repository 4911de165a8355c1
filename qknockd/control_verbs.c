/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_verbs.h"

#include <stdio.h>
#include <string.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/control_call.h"
#include "qknockd/control_sheets.h"
#include "qknockd/control_users.h"

/* --- keys and grants --- */

static int verb_issue(struct control_call *call)
{
	char line[OTP_REPLY_SIZE];
	struct address address;
	struct otp otp = {0};
	uint64_t r = 0;
	const char *id;
	int r_err = control_get_u64(call->request, "r", &r);
	int err = control_call_user(call, &id);

	if (err == 0)
		err = control_call_address(call, &address);
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
			err = control_call_item(call);
	}
	otp_wipe(&otp);
	return err;
}

/* Checking the pass-code takes its time, so the answer comes later. */
static int verb_request(struct control_call *call)
{
	const char *number, *text;
	int err = control_call_need(call, "number", &number);

	if (err == 0)
		err = control_call_need(call, "text", &text);
	if (err != 0)
		return err;
	if (!call->reply->defer(call->reply->arg))
		return QK_ERR_AGAIN;
	call->later = true;
	call->actions->request(call->actions->arg, number, text, &call->reply->later);
	return 0;
}

static int add_address(struct control_message *m, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	return control_add(m, "address", text);
}

static int list_pending(void *arg, const struct engine_pending *pending)
{
	struct control_call *call = arg;
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
		err = control_call_next(call, pending->user);
	return err != 0 ? err : control_call_item(call);
}

static int verb_pending(struct control_call *call)
{
	const char *after;
	int err = control_call_page(call, &after);

	return err != 0 ? err : engine_pending_each(call->actions->engine, after, call->limit, list_pending, call);
}

struct grant_page {
	struct control_call *call;
	uint64_t now_ns;
};

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
	struct control_call *call = page->call;
	int err;

	err = add_grant(&call->item, grant, page->now_ns);
	if (err != 0)
		return err;
	address_format(&grant->grant.client, address);
	snprintf(cursor, sizeof(cursor), "%s %s", grant->grant.service, address);
	err = control_call_next(call, cursor);
	if (err == 0)
		err = control_call_item(call);
	/* A positive number ends the walk without an error. */
	return err == 0 && call->items == call->limit ? 1 : err;
}

static int verb_grants(struct control_call *call)
{
	struct grant_page page = {.call = call, .now_ns = clock_boot_ns()};
	struct grant begin = {.id = 0};
	const char *after;
	int err = control_call_page(call, &after);

	if (err != 0)
		return err;
	if (*after != '\0') {
		const char *address = control_call_word(after, begin.service, sizeof(begin.service));

		if (address == NULL || *address == '\0' || address_parse(&begin.client, address) != 0) {
			call->text = "after must be a service and an address";
			return QK_ERR_CONTROL;
		}
	}
	err = granter_each(engine_granter(call->actions->engine), *after != '\0' ? &begin : NULL, list_grant, &page);
	return err == 1 ? 0 : err;
}

static int verb_revoke(struct control_call *call)
{
	const char *service = control_get(call->request, "service");
	const char *text = control_get(call->request, "address");
	struct address address;
	bool all = false;
	unsigned count;
	int err = control_call_flag(call, "all", &all);

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
	return err != 0 ? err : control_call_item(call);
}

/* --- the daemon --- */

static int verb_status(struct control_call *call)
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
	    {"packets-known", c.known},	    {"sessions", c.sessions},	 {"keys-pending", c.pending},
	    {"keys-issued", c.issued},	    {"keys-expired", c.expired}, {"sheets", c.sheets},
	    {"grants-live", c.live_grants}, {"grants-given", c.grants},	 {"failures", c.failures},
	};
	for (size_t i = 0; err == 0 && i < sizeof(fields) / sizeof(fields[0]); i++)
		err = control_add_u64(m, fields[i].name, fields[i].value);
	return err != 0 ? err : control_call_item(call);
}

static int verb_reload(struct control_call *call)
{
	int err = call->actions->reload(call->actions->arg);

	if (err != 0)
		call->text = "the configuration was not taken over: the daemon's log says why";
	return err;
}

/* --- the table --- */

#define USER_FIELDS "user p q services logins numbers widths pass-hash enabled"
#define PAGE_FIELDS "after limit"

static const struct verb {
	const char *name;
	unsigned peers;	    /* CONTROL_PEER_*: whom it serves */
	const char *fields; /* those it knows: any other is an error */
	int (*run)(struct control_call *call);
	bool changes; /* worth a line in the log */
} verbs[] = {
    {"user-add", CONTROL_PEER_ADMIN, USER_FIELDS, control_users_add, true},
    {"user-set", CONTROL_PEER_ADMIN, USER_FIELDS, control_users_set, true},
    {"user-get", CONTROL_PEER_ADMIN, "user", control_users_get, false},
    {"user-delete", CONTROL_PEER_ADMIN, "user", control_users_delete, true},
    {"user-unlock", CONTROL_PEER_ADMIN, "user", control_users_unlock, true},
    {"user-list", CONTROL_PEER_ADMIN, PAGE_FIELDS, control_users_list, false},
    {"profile", CONTROL_PEER_ADMIN, "user", control_users_profile, false},
    {"issue", CONTROL_PEER_ADMIN, "user address r", verb_issue, false},		    /* the engine logs each key */
    {"sheet-issue", CONTROL_PEER_ADMIN, "user lines", control_sheets_issue, false}, /* it logs each sheet */
    {"sheet-list", CONTROL_PEER_ADMIN, PAGE_FIELDS, control_sheets_list, false},
    {"sheet-revoke", CONTROL_PEER_ADMIN, "user", control_sheets_revoke, true},
    {"request", CONTROL_PEER_ADMIN | CONTROL_PEER_ADAPTER, "number text", verb_request, false},
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
		list = control_call_word(list, word, sizeof(word));
		if (strcmp(word, name) == 0)
			return true;
	}
	return false;
}

static int check_fields(struct control_call *call, const struct verb *verb)
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
static void log_change(const struct log *log, const struct control_call *call, const struct verb *verb, int err)
{
	const char *user = err == 0 ? control_get(call->request, "user") : NULL;

	if (verb->changes)
		log_line(log, LOG_LEVEL_NOTICE, "control %s%s%s result=\"%s\"", verb->name,
			 user != NULL ? " user=" : "", user != NULL ? user : "", error_text(err));
}

static int run_verb(struct control_call *call, unsigned peer, const struct log *log)
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
	struct control_call call = {.actions = actions, .request = request, .reply = reply};
	int err = control_init(&call.ok, "ok");
	int lost;

	if (err == 0)
		err = run_verb(&call, peer, log);
	if (err != 0)
		control_init_error(&call.item, err, call.text);
	lost = call.lost;
	if (lost == 0 && !(err == 0 && call.later))
		lost = reply->send(reply->arg, err != 0 ? &call.item : &call.ok);
	crypto_wipe(&call, sizeof(call));
	return lost;
}
