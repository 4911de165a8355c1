/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process that was taken over might send to the helper or, as a capture, to the verifier: what is accepted stays
 * within the bounds that the rest relies on. First byte: who sends, and whether it goes to the verifier.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/name.h"
#include "qknockd/feed.h"
#include "qknockd/hooks.h"
#include "qknockd/policy.h"
#include "qknockd/privop.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static struct config *parse(const char *text)
{
	struct config *config;

	FUZZ_ASSERT(config_parse("FUZZ", text, strlen(text), NULL, &config) == 0);
	return config;
}

static void check_grant(const struct privop_request *r, const struct config *config)
{
	struct store_grant grant;
	char text[GRANT_TEXT_SIZE];

	privop_unpack(&r->grant, &grant);
	FUZZ_ASSERT(grant.grant.id != 0 && policy_check_client(&grant.grant.client) == 0);
	FUZZ_ASSERT(config_service(config, grant.grant.service) != NULL);
	/* It can be written as a file, which takes well-formed names alone. */
	if (r->op == PRIVOP_PLACE_PUT || r->op == PRIVOP_PLACE_PUT_BOTH)
		FUZZ_ASSERT(grant_format(&grant.grant, text, sizeof(text)) > 0);
}

static void check_request(const union privop_packet *packet, const struct privop_context *context)
{
	const struct privop_request *r = &packet->request;

	if (r->op == PRIVOP_LOG)
		FUZZ_ASSERT(strlen(packet->log.text) < sizeof(packet->log.text));
	else if (r->op == PRIVOP_RUN_HOOK || r->op == PRIVOP_PLACE_PUT || r->op == PRIVOP_PLACE_PUT_BOTH)
		check_grant(r, r->op == PRIVOP_RUN_HOOK ? privop_config(context, r->generation) : context->config);
	if (r->op >= PRIVOP_PLACE_SET && r->op <= PRIVOP_PLACE_RECOVERED)
		FUZZ_ASSERT(r->place < PRIVOP_PLACES);
}

static void to_helper(unsigned from, const uint8_t *data, size_t size)
{
	static struct config *config, *old;
	struct privop_context context = {.generation = 1, .boot_id = BOOT, .now_ns = UINT64_C(1) << 40};
	union privop_packet packet;

	if (config == NULL) {
		config = parse("server_id = gw\nservice ssh { port = 22\n open = {/bin/true} }\n");
		old = parse("server_id = gw\nservice web { port = 80\n close = {/bin/true} }\n");
	}
	context.config = config;
	context.old = old;
	memset(&packet, 0, sizeof(packet));
	memcpy(&packet, data, size < sizeof(packet) ? size : sizeof(packet));
	if (privop_check(&packet, size, from, &context) != 0)
		return;
	FUZZ_ASSERT(from == PRIVOP_VERIFIER || packet.op == PRIVOP_LOG || packet.op == PRIVOP_READY ||
		    (packet.op == PRIVOP_ALIVE && from == PRIVOP_CAPTURE));
	check_request(&packet, &context);
}

static void to_verifier(const uint8_t *data, size_t size)
{
	struct feed_message message;

	memset(&message, 0, sizeof(message));
	memcpy(&message, data, size < sizeof(message) ? size : sizeof(message));
	if (feed_check(&message, size) == 0)
		FUZZ_ASSERT(size <= sizeof(message) && message.count <= FEED_BATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned from[] = {PRIVOP_VERIFIER, PRIVOP_CAPTURE, PRIVOP_HASHER};

	if (size == 0)
		return 0;
	if (data[0] == 3)
		to_verifier(data + 1, size - 1);
	else
		to_helper(from[data[0] % 3], data + 1, size - 1);
	return 0;
}
