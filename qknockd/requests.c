/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/name.h"
#include "qknockd/hasher.h"
#include "qknockd/policy.h"
#include "qknockd/throttle.h"

#define HOUR_S 3600
#define MINUTE_S 60

/* A request whose pass-code is being checked. */
struct waiting {
	uint64_t id;
	struct requests_token token;
	char number[NUMBER_SIZE];   /* the sender's */
	char user[USER_ID_MAX + 1]; /* empty: there is none */
	struct address client;
	const char *refusal; /* what to log instead of believing a good pass-code; NULL: none */
	struct waiting *prev, *next;
};

struct requests {
	struct engine *engine;
	const struct config *config;
	requests_done *done;
	void *arg;
	const struct log *log;
	struct hasher *hasher;
	struct throttle *by_number;
	struct throttle *by_user; /* registered ones only: invented numbers push none of them out */
	struct throttle *total;
	struct requests_counters counters;
	struct waiting *waiting;
	uint64_t last_id;
};

static hasher_done on_checked;

void requests_reload(struct requests *r, const struct config *config)
{
	r->config = config;
	throttle_set(r->by_number, config->requests.per_number_hour, HOUR_S, config->requests.back_off_max_s);
	throttle_set(r->by_user, config->requests.per_user_hour, HOUR_S, 0);
	throttle_set(r->total, config->requests.per_minute, MINUTE_S, 0);
}

int requests_new(struct engine *engine, const struct config *config, requests_done *done, void *arg,
		 const struct log *log, struct requests **out)
{
	struct requests *r = calloc(1, sizeof(*r));
	int rc = QK_ERR_NOMEM;

	*out = NULL;
	if (r == NULL)
		return rc;
	*r = (struct requests){.engine = engine, .done = done, .arg = arg, .log = log};
	rc = throttle_new(&r->by_number);
	if (rc == 0)
		rc = throttle_new(&r->by_user);
	if (rc == 0)
		rc = throttle_new(&r->total);
	if (rc == 0)
		rc = hasher_new(on_checked, r, log, &r->hasher);
	if (rc != 0) {
		requests_free(r);
		return rc;
	}
	requests_reload(r, config);
	*out = r;
	return 0;
}

void requests_free(struct requests *r)
{
	struct waiting *w, *next;

	if (r == NULL)
		return;
	DL_FOREACH_SAFE(r->waiting, w, next)
	free(w);
	hasher_free(r->hasher);
	throttle_free(r->by_number);
	throttle_free(r->by_user);
	throttle_free(r->total);
	free(r);
}

int requests_attach(struct requests *r, int fd)
{
	return hasher_attach(r->hasher, fd);
}

int requests_fd(const struct requests *r)
{
	return hasher_fd(r->hasher);
}

void requests_dispatch(struct requests *r)
{
	hasher_dispatch(r->hasher);
}

/* --- answers --- */

static void answer(struct requests *r, const struct requests_token *token, int error, const char *number,
		   const char *text)
{
	struct requests_answer a = {.error = error};

	snprintf(a.number, sizeof(a.number), "%s", number);
	snprintf(a.text, sizeof(a.text), "%s", text);
	r->done(r->arg, token, &a);
	crypto_wipe(&a, sizeof(a));
}

static void stay_silent(struct requests *r, const struct requests_token *token)
{
	r->counters.refused++;
	answer(r, token, 0, "", "");
}

/* Silence, and a line that says why: user only if it is one. */
static void refuse(struct requests *r, const struct requests_token *token, const char *user, const char *reason)
{
	log_line(r->log, LOG_LEVEL_NOTICE, "request refused%s%s reason=\"%s\"", user != NULL ? " user=" : "",
		 user != NULL ? user : "", reason);
	stay_silent(r, token);
}

/* --- before the pass-code is looked at --- */

/* Takes a token of name's bucket. Of refusals in a row only the first is logged. */
static bool allowed(struct requests *r, struct throttle *throttle, const char *name, const char *limit)
{
	enum throttle_answer said = throttle_take(throttle, name, clock_boot_ns());

	if (said == THROTTLE_NO)
		log_line(r->log, LOG_LEVEL_WARNING, "requests refused reason=\"too many\" limit=%s", limit);
	return said == THROTTLE_YES;
}

/* Why this user may have no key now, whatever the pass-code; NULL: there is no reason. */
static const char *objection(const struct requests *r, const struct store_user *user, const char *number)
{
	if (!name_in_list(user->numbers, number))
		return "the number is not the user's";
	if (user->failures >= r->config->requests.lock_after)
		return "locked after wrong pass-codes";
	if (!user->enabled)
		return "disabled";
	return user->pass_hash[0] == '\0' ? "no pass-code" : NULL;
}

/* Nothing here may decide sooner than the pass-code does: w->refusal is for later. */
static int look_up(struct requests *r, const struct otp_request *request, struct waiting *w, struct store_user *user)
{
	int rc = engine_user_get(r->engine, request->user, user);

	w->client = request->source;
	if (rc == QK_ERR_NOT_FOUND) {
		w->refusal = "no such user";
		return 0;
	}
	if (rc != 0)
		return rc;
	memcpy(w->user, user->id, sizeof(w->user));
	w->refusal = objection(r, user, w->number);
	if (w->refusal == NULL && !allowed(r, r->by_user, user->id, "user"))
		w->refusal = "too many";
	return 0;
}

/* The limit of all together; strangers have their own, so that they can't use up that of registered people. */
#define ALL_REGISTERED "registered"
#define ALL_STRANGERS "strangers"

/* Nothing was decided: the same request comes again, and shall count once only. */
static void put_off(struct requests *r, const struct waiting *w)
{
	throttle_give_back(r->by_number, w->number);
	if (w->refusal == NULL)
		throttle_give_back(r->by_user, w->user);
	answer(r, &w->token, QK_ERR_AGAIN, "", "");
}

static void check(struct requests *r, const struct otp_request *request, struct waiting *w)
{
	struct store_user user = {0};
	int rc = look_up(r, request, w, &user);

	if (rc == 0 && w->refusal != NULL && !allowed(r, r->total, ALL_STRANGERS, ALL_STRANGERS)) {
		stay_silent(r, &w->token);
		goto out;
	}
	if (rc == 0 && w->refusal == NULL && !allowed(r, r->total, ALL_REGISTERED, ALL_REGISTERED))
		rc = QK_ERR_AGAIN;
	/* Whoever is to be refused anyway costs the same check, with a hash that nothing matches. */
	if (rc == 0)
		rc = hasher_check(r->hasher, w->id, w->refusal == NULL ? user.pass_hash : NULL, request->pass_code);
	if (rc != 0) {
		put_off(r, w);
		goto out;
	}
	DL_APPEND(r->waiting, w);
	w = NULL; /* transferred */
out:
	free(w);
	crypto_wipe(&user, sizeof(user));
}

static struct waiting *make_waiting(struct requests *r, const char *number, const struct requests_token *token)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->token = *token;
	w->id = ++r->last_id;
	memcpy(w->number, number, NUMBER_SIZE);
	return w;
}

/* From whom nothing can be understood is told nothing, and only so many lines are written about it. */
static void refuse_text(struct requests *r, const char *number, const struct requests_token *token)
{
	throttle_failed(r->by_number, number, clock_boot_ns());
	if (allowed(r, r->total, ALL_STRANGERS, ALL_STRANGERS))
		refuse(r, token, NULL, "not a request");
	else
		stay_silent(r, token);
}

void requests_submit(struct requests *r, const char *sender, const char *text, size_t len,
		     const struct requests_token *token)
{
	struct otp_request request;
	char number[NUMBER_SIZE];
	struct waiting *w;
	int rc;

	r->counters.taken++;
	if (number_normalise(sender, r->config->requests.country, number) != 0) {
		refuse(r, token, NULL, "the sender is no telephone number");
		return;
	}
	if (!allowed(r, r->by_number, number, "number")) {
		stay_silent(r, token);
		return;
	}
	rc = len > REQUESTS_TEXT_MAX ? QK_ERR_REQUEST : otp_request_parse(&request, text, len);
	/* Who has the pass-code is told that this is no address: it counts as one that nobody can have. */
	if (rc != 0 && rc != QK_ERR_ADDRESS) {
		refuse_text(r, number, token);
		return;
	}
	w = make_waiting(r, number, token);
	if (w != NULL)
		check(r, &request, w);
	else
		answer(r, token, QK_ERR_AGAIN, "", "");
	otp_request_wipe(&request);
}

/* --- afterwards --- */

static int issue(struct requests *r, const struct waiting *w, struct otp *otp)
{
	if (policy_is_local(&w->client) ||
	    (!r->config->requests.allow_private_addresses && policy_is_private(&w->client)))
		return QK_ERR_ADDRESS;
	return engine_issue(r->engine, w->user, &w->client, NULL, otp);
}

/* What a registered person is told, who has shown the pass-code. */
static const char *explain(int error)
{
	switch (error) {
	case QK_ERR_ADDRESS:
		return "qknock: no key: this is no address that a client can have. Send the public one.";
	case QK_ERR_KEY_PENDING:
		return "qknock: no key: one for another address is pending. Use it, or wait until it expires.";
	case QK_ERR_REPLY_LIMIT:
		return "qknock: no key: the pending one was sent as often as allowed. Wait until it expires.";
	case QK_ERR_POLICY:
		return "qknock: no key: nothing may be opened from this address.";
	default:
		return "";
	}
}

static void on_good_pass_code(struct requests *r, const struct waiting *w)
{
	char text[REQUESTS_REPLY_SIZE];
	struct otp otp;
	int rc = engine_user_set_failures(r->engine, w->user, 0);

	throttle_succeeded(r->by_number, w->number);
	if (rc == 0)
		rc = issue(r, w, &otp);
	if (rc == 0) {
		r->counters.answered++;
		otp_reply_format(&otp, text);
		otp_wipe(&otp);
		answer(r, &w->token, 0, w->number, text);
		crypto_wipe(text, sizeof(text));
	} else if (rc == QK_ERR_STORE || rc == QK_ERR_NOMEM || rc == QK_ERR_CRYPTO) {
		answer(r, &w->token, QK_ERR_AGAIN, "", "");
	} else {
		r->counters.refused++;
		log_line(r->log, LOG_LEVEL_NOTICE, "request refused user=%s reason=\"%s\"", w->user, error_text(rc));
		answer(r, &w->token, 0, w->number, explain(rc));
	}
}

static void on_bad_pass_code(struct requests *r, const struct waiting *w, struct store_user *user)
{
	throttle_failed(r->by_number, w->number, clock_boot_ns());
	if (w->refusal == NULL) {
		/* A count that can't be kept is retried by the next wrong pass-code; the throttle holds meanwhile. */
		engine_user_set_failures(r->engine, w->user, user->failures + 1);
		if (user->failures + 1 == r->config->requests.lock_after)
			log_line(r->log, LOG_LEVEL_WARNING, "user locked user=%s failures=%u", w->user,
				 user->failures + 1);
	}
	refuse(r, &w->token, w->user[0] != '\0' ? w->user : NULL, w->refusal != NULL ? w->refusal : "wrong pass-code");
}

static void finish(struct requests *r, struct waiting *w, bool ok)
{
	struct store_user user = {0};
	int rc = 0;

	if (w->refusal == NULL)
		rc = engine_user_get(r->engine, w->user, &user);
	/* Much may have happened since it was asked: wrong pass-codes that were in the queue before, above all. */
	if (w->refusal == NULL && rc == 0)
		w->refusal = objection(r, &user, w->number);
	if (rc == QK_ERR_NOT_FOUND)
		w->refusal = "no such user any more";
	if (rc != 0 && rc != QK_ERR_NOT_FOUND)
		answer(r, &w->token, QK_ERR_AGAIN, "", "");
	else if (ok && w->refusal == NULL)
		on_good_pass_code(r, w);
	else
		on_bad_pass_code(r, w, &user);
	crypto_wipe(&user, sizeof(user));
}

static void on_checked(void *arg, uint64_t id, enum hasher_answer said)
{
	struct requests *r = arg;
	struct waiting *w;

	DL_SEARCH_SCALAR(r->waiting, w, id, id);
	if (w == NULL)
		return;
	DL_DELETE(r->waiting, w);
	/* A process that was killed is nobody's wrong pass-code. */
	if (said == HASHER_UNDONE)
		put_off(r, w);
	else
		finish(r, w, said == HASHER_YES);
	crypto_wipe(w, sizeof(*w));
	free(w);
}

/* --- for the administrator --- */

int requests_unlock(struct requests *r, const char *id)
{
	char numbers[STORE_NUMBERS_SIZE], *rest = numbers, *number;
	struct store_user user;
	int rc = engine_user_get(r->engine, id, &user);

	if (rc == 0)
		rc = engine_user_set_failures(r->engine, id, 0);
	if (rc == 0) {
		memcpy(numbers, user.numbers, sizeof(numbers));
		throttle_forget(r->by_user, id);
		while ((number = strsep(&rest, " ")) != NULL)
			throttle_forget(r->by_number, number);
	}
	crypto_wipe(&user, sizeof(user));
	return rc;
}

void requests_counters(const struct requests *r, struct requests_counters *out)
{
	*out = r->counters;
}
