/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control server needs of engine.h, sheets.h and granter.h, over a few arrays: for a program that does not link
 * the engine itself. */
#ifndef TESTS_UNIT_FAKE_ENGINE_H
#define TESTS_UNIT_FAKE_ENGINE_H

#include "libcore/control.h"
#include "qknockd/control_server.h"
#include "qknockd/engine.h"

#define FAKE_USERS 4
#define FAKE_PENDING 120 /* user000 and so on, always there */
#define FAKE_GRANTS 130

extern struct fake {
	struct store_user users[FAKE_USERS];
	size_t user_count;
	struct store_grant grants[FAKE_GRANTS]; /* in order of service and address */
	size_t grant_count;
	int reload; /* what fake_reload returns */
	unsigned requests;
	char sender[64], text[512]; /* of the last one */
	struct control_later later;
} fake;

void fake_reset(void);

/* For struct control_actions. */
int fake_reload(void *arg);
void fake_status(void *arg, struct control_message *item);
void fake_request(void *arg, const char *sender, const char *text, const struct control_later *later);
int fake_unlock(void *arg, const char *user);

#endif
