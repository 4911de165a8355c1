/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control messages: what is accepted is written the same again, and every verb answers it with items and one end. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/control.h"
#include "qknockd/control_verbs.h"
#include "tests/unit/fake_engine.h"

#define GRANTS 3

struct answer {
	unsigned items, ends;
};

static int take(void *arg, const struct control_message *m)
{
	struct answer *answer = arg;
	char packet[CONTROL_MESSAGE_MAX];
	struct control_message again;

	FUZZ_ASSERT(answer->ends == 0);
	FUZZ_ASSERT(control_parse(&again, packet, control_encode(m, packet)) == 0);
	if (strcmp(m->verb, "item") == 0) {
		answer->items++;
	} else {
		FUZZ_ASSERT(strcmp(m->verb, "ok") == 0 || strcmp(m->verb, "error") == 0);
		answer->ends++;
	}
	return 0;
}

static bool defer(void *arg)
{
	(void)arg;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct control_actions actions = {
	    .reload = fake_reload, .status = fake_status, .request = fake_request, .unlock = fake_unlock};
	struct answer answer = {0}, denied = {0};
	struct control_reply reply = {.send = take, .defer = defer, .arg = &answer};
	char packet[CONTROL_MESSAGE_MAX];
	struct control_message m;

	if (control_parse(&m, (const char *)data, size) != 0) {
		FUZZ_ASSERT(m.field_count == 0 && m.used == 0);
		return 0;
	}
	FUZZ_ASSERT(control_encode(&m, packet) == size);
	FUZZ_ASSERT(memcmp(packet, data, size) == 0);
	fake_reset();
	fake.users[fake.user_count++] = (struct store_user){.id = "alice", .p = 11, .q = 17, .width_count = 1};
	for (fake.grant_count = 0; fake.grant_count < GRANTS; fake.grant_count++)
		fake.grants[fake.grant_count] = (struct store_grant){
		    .grant = {.id = 1 + fake.grant_count, .user = "alice", .service = "ssh", .single_use = true}};
	control_verbs_answer(&actions, NULL, CONTROL_PEER_ADMIN, &m, &reply);
	/* A request is answered later, all else at once. */
	FUZZ_ASSERT(answer.ends + fake.requests == 1 && answer.items <= CONTROL_PAGE_MAX);
	reply.arg = &denied;
	control_verbs_answer(&actions, NULL, 0, &m, &reply);
	FUZZ_ASSERT(denied.ends == 1 && denied.items == 0);
	return 0;
}
