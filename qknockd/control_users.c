/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/crypto.h"
#include "libcore/error.h"

static int set_services(struct control_call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "services");
	char word[SERVICE_NAME_MAX + 2];

	if (list == NULL)
		return 0;
	if (strlen(list) >= sizeof(user->services))
		return QK_ERR_SPACE;
	strcpy(user->services, list);
	while (*list != '\0') {
		list = control_call_word(list, word, sizeof(word));
		if (list == NULL || name_check_service(word) != 0)
			return QK_ERR_SERVICE_NAME;
	}
	return 0;
}

static int set_logins(struct control_call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "logins");
	int err = list != NULL ? name_check_logins(list) : 0;

	if (err == 0 && list != NULL)
		snprintf(user->logins, sizeof(user->logins), "%s", list);
	return err;
}

static int set_numbers(struct control_call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "numbers");
	char word[NUMBER_SIZE];
	size_t count = 0;

	if (list == NULL)
		return 0;
	if (strlen(list) >= sizeof(user->numbers))
		return QK_ERR_SPACE;
	strcpy(user->numbers, list);
	while (*list != '\0') {
		list = control_call_word(list, word, sizeof(word));
		if (list == NULL || number_check(word) != 0)
			return QK_ERR_NUMBER;
		if (++count > STORE_NUMBERS_MAX)
			return QK_ERR_SPACE;
	}
	return 0;
}

static bool has_width(const struct store_user *user, unsigned long width)
{
	for (uint32_t i = 0; i < user->width_count; i++)
		if (user->widths[i] == width)
			return true;
	return false;
}

static int set_widths(struct control_call *call, struct store_user *user)
{
	const char *list = control_get(call->request, "widths");
	char word[4];

	if (list == NULL)
		return 0;
	user->width_count = 0;
	do {
		uint16_t width = 0;

		list = control_call_word(list, word, sizeof(word));
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
static int set_primes(struct control_call *call, struct store_user *user)
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
static int set_pass_hash(struct control_call *call, struct store_user *user)
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
static int set_user(struct control_call *call, struct store_user *user)
{
	int err = set_primes(call, user);

	if (err == 0)
		err = set_services(call, user);
	if (err == 0)
		err = set_logins(call, user);
	if (err == 0)
		err = set_numbers(call, user);
	if (err == 0)
		err = set_widths(call, user);
	if (err == 0)
		err = set_pass_hash(call, user);
	return err != 0 ? err : control_call_flag(call, "enabled", &user->enabled);
}

/* EXISTS has two reasons: which one is it? */
static int explain_exists(struct control_call *call, int err, bool id_taken)
{
	if (err == QK_ERR_EXISTS && !id_taken)
		call->text = "another user has these P and Q";
	else if (err == QK_ERR_EXISTS)
		call->text = "user exists already";
	return err;
}

int control_users_add(struct control_call *call)
{
	struct store_user user = {.widths = {0, 8, 64}, .width_count = 3, .enabled = true}, other = {0};
	const char *id;
	int err = control_call_user(call, &id);

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

int control_users_set(struct control_call *call)
{
	struct store_user user = {0};
	const char *id;
	int err = control_call_user(call, &id);

	if (err == 0)
		err = engine_user_get(call->actions->engine, id, &user);
	if (err == 0)
		err = set_user(call, &user);
	if (err == 0)
		err = explain_exists(call, engine_user_update(call->actions->engine, &user), false);
	crypto_wipe(&user, sizeof(user));
	return err;
}

int control_users_delete(struct control_call *call)
{
	const char *id;
	int err = control_call_user(call, &id);

	return err != 0 ? err : engine_user_delete(call->actions->engine, id);
}

/* Forgets wrong pass-codes. */
int control_users_unlock(struct control_call *call)
{
	const char *id;
	int err = control_call_user(call, &id);

	return err != 0 ? err : call->actions->unlock(call->actions->arg, id);
}

/* The pass-code's hash stays here: that there is one is all that anyone needs. */
static int add_user(const struct control_call *call, struct control_message *m, const struct store_user *user)
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
		err = control_add(m, "numbers", user->numbers);
	if (err == 0)
		err = control_add_u64(m, "failures", user->failures);
	if (err == 0)
		err = control_add(m, "locked", user->failures >= call->actions->requests.lock_after ? "yes" : "no");
	if (err == 0)
		err = control_add(m, "widths", widths);
	return err != 0 ? err : control_add_u64(m, "n", user->p * user->q);
}

int control_users_get(struct control_call *call)
{
	struct store_user user = {0};
	const char *id;
	int err = control_call_user(call, &id);

	if (err == 0)
		err = engine_user_get(call->actions->engine, id, &user);
	if (err == 0)
		err = control_init(&call->item, "item");
	if (err == 0)
		err = add_user(call, &call->item, &user);
	if (err == 0)
		err = control_add_u64(&call->item, "p", user.p);
	if (err == 0)
		err = control_add_u64(&call->item, "q", user.q);
	crypto_wipe(&user, sizeof(user));
	return err != 0 ? err : control_call_item(call);
}

static int list_user(void *arg, const struct store_user *user)
{
	struct control_call *call = arg;
	int err = control_init(&call->item, "item");

	if (err == 0)
		err = add_user(call, &call->item, user);
	if (err == 0)
		err = control_call_next(call, user->id);
	return err != 0 ? err : control_call_item(call);
}

int control_users_list(struct control_call *call)
{
	const char *after;
	int err = control_call_page(call, &after);

	return err != 0 ? err : engine_user_each(call->actions->engine, after, call->limit, list_user, call);
}

/* One item a line, because a value holds no newline. */
int control_users_profile(struct control_call *call)
{
	char text[PROFILE_TEXT_SIZE], *line = text;
	struct profile profile;
	const char *id;
	int err = control_call_user(call, &id);

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
			err = control_call_item(call);
		line = end;
	}
	return err;
}
