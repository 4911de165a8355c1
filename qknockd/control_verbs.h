/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked on the control socket: the table of verbs (doc/control.md). Knows no sockets. */
#ifndef QKNOCKD_CONTROL_VERBS_H
#define QKNOCKD_CONTROL_VERBS_H

#include <stdbool.h>

#include "libcore/control.h"
#include "libcore/log.h"
#include "qknockd/control_server.h"

#define CONTROL_PAGE_MAX 50 /* items in one answer: these fit a socket's buffer, so that no answer ever waits */

/* Who a peer is; each verb says whom it serves. */
#define CONTROL_PEER_ADMIN 1u
#define CONTROL_PEER_ADAPTER 2u /* hands in requests, and nothing else */

/* Takes one message of an answer; anything but 0 says that the peer is lost, and ends the answer. */
struct control_reply {
	int (*send)(void *arg, const struct control_message *m);
	bool (*defer)(void *arg); /* reserves the place of an answer that comes later; false: no room */
	void *arg;
	struct control_later later; /* for verbs whose answer control_server_answer sends */
};

/* Does what request asks, and sends the whole answer, errors included, unless that comes later. Returns 0 or what send
 * returned. */
int control_verbs_answer(const struct control_actions *actions, const struct log *log, unsigned peer,
			 const struct control_message *request, const struct control_reply *reply);

#endif
