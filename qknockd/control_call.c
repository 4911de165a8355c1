/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_call.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/name.h"

/* Sends call->item. */
int control_call_item(struct control_call *call)
{
	call->lost = call->reply->send(call->reply->arg, &call->item);
	control_wipe(&call->item);
	call->items++;
	return call->lost != 0 ? QK_ERR_IO : 0;
}

/* A field that must be there. */
int control_call_need(struct control_call *call, const char *name, const char **value)
{
	*value = control_get(call->request, name);
	if (*value != NULL)
		return 0;
	call->text = "a field that this verb needs is missing";
	return QK_ERR_CONTROL;
}

int control_call_user(struct control_call *call, const char **user)
{
	int err = control_call_need(call, "user", user);

	return err != 0 ? err : name_check_user(*user);
}

int control_call_address(struct control_call *call, struct address *address)
{
	const char *text;
	int err = control_call_need(call, "address", &text);

	return err != 0 ? err : address_parse(address, text);
}

/* "yes" or "no"; leaves *value alone when the field is not there. */
int control_call_flag(struct control_call *call, const char *name, bool *value)
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
int control_call_page(struct control_call *call, const char **after)
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
int control_call_next(struct control_call *call, const char *cursor)
{
	return call->items + 1 == call->limit ? control_add(&call->ok, "next", cursor) : 0;
}

/* Blank-separated words, one blank between two; each is checked by the caller. */
const char *control_call_word(const char *list, char *word, size_t size)
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
