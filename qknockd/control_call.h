/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the control server's verbs share: one request while it is answered. */
#ifndef QKNOCKD_CONTROL_CALL_H
#define QKNOCKD_CONTROL_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "qknockd/control_verbs.h"

/* One request while it is answered. */
struct control_call {
	const struct control_actions *actions;
	const struct control_message *request;
	const struct control_reply *reply;
	const char *text; /* what is said instead of the error's own text; static */
	struct control_message item;
	struct control_message ok;
	unsigned limit, items; /* of one page */
	int lost;	       /* what send returned when it failed */
	bool later;	       /* the answer is not the verb's to send */
};

/* Sends call->item. Errors: IO when the peer is lost. */
int control_call_item(struct control_call *call);

/* Fields of the request. Each returns 0 or the error that the verb is to return. */
int control_call_need(struct control_call *call, const char *name, const char **value);
int control_call_user(struct control_call *call, const char **user);
int control_call_address(struct control_call *call, struct address *address);
/* "yes" or "no"; leaves *value alone when the field is not there. */
int control_call_flag(struct control_call *call, const char *name, bool *value);
/* after=CURSOR and limit=N of the verbs that list. */
int control_call_page(struct control_call *call, const char **after);

/* To be called before an item of a page is sent: if it fills the page, says where the next one begins. */
int control_call_next(struct control_call *call, const char *cursor);

/* Takes the first of words with one blank between two; returns where the next one begins, at the NUL behind the
 * last. NULL: no word here, or one that does not fit. */
const char *control_call_word(const char *list, char *word, size_t size);

#endif
