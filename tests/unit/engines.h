/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine with the real store, granter and session table, one user, and the knocks that reach it. */
#ifndef TESTS_UNIT_ENGINES_H
#define TESTS_UNIT_ENGINES_H

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/chain.h"
#include "libcore/error.h"
#include "libcore/sequence.h"
#include "qknockd/engine.h"
#include "qknockd/hooks.h"

struct bench {
	char dir[64];
	char server_id[16];
	char store_path[96];
	char grants_dir[96];
	struct config config;
	struct config_service services[2];
	struct log log;
	char lines[8192]; /* what was logged, one after the other */
	struct store *store;
	struct hooks *hooks;
	struct granter *granter;
	struct engine *engine;
	struct store_user alice;
};

static inline void keep_line(void *arg, enum log_level level, const char *line)
{
	struct bench *b = arg;
	size_t used = strlen(b->lines);

	(void)level;
	snprintf(b->lines + used, sizeof(b->lines) - used, "%s\n", line);
}

static inline void start(struct bench *b)
{
	assert_int_equal(store_open(b->store_path, &b->log, &b->store), 0);
	assert_int_equal(hooks_new(&b->log, &b->hooks), 0);
	assert_int_equal(granter_new(b->store, b->hooks, &b->log, &b->granter), 0);
	assert_int_equal(granter_start(b->granter, &b->config), 0);
	assert_int_equal(engine_new(&b->config, b->store, b->granter, &b->log, &b->engine), 0);
}

static inline void stop(struct bench *b)
{
	engine_free(b->engine);
	granter_free(b->granter);
	hooks_free(b->hooks);
	store_close(b->store);
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/qknock-engine-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->store_path, sizeof(b->store_path), "%s/store.db", b->dir);
	snprintf(b->grants_dir, sizeof(b->grants_dir), "%s/grants", b->dir);
	strcpy(b->server_id, "gw.example");
	b->log = (struct log){.write = keep_line, .arg = b, .level = LOG_LEVEL_INFO};
	b->services[0] = (struct config_service){.service = {"ssh", SERVICE_TCP, 22}, .grant_s = 30};
	b->services[1] =
	    (struct config_service){.service = {"http", SERVICE_TCP, 80}, .grant_s = 30, .single_use = true};
	b->config = (struct config){.server_id = b->server_id,
				    .shape = KNOCK_SHAPE_DEFAULT,
				    .widths = {0, 8, 64},
				    .width_count = 3,
				    .validity_s = 120,
				    .hook_timeout_s = 10,
				    .services = b->services,
				    .service_count = 2,
				    .grants_dir = b->grants_dir};
	start(b);
	b->alice = (struct store_user){.id = "alice", .widths = {0, 8, 64}, .width_count = 3, .enabled = true};
	assert_int_equal(chain_draw_primes(&b->alice.p, &b->alice.q), 0);
	assert_int_equal(engine_user_add(b->engine, &b->alice), 0);
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;
	char command[128];

	stop(b);
	snprintf(command, sizeof(command), "rm -rf %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static inline struct address at(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(&a, text), 0);
	return a;
}

static inline int issue(struct bench *b, const char *address, struct otp *otp)
{
	struct address client = at(address);

	return engine_issue(b->engine, "alice", &client, NULL, otp);
}

/* The packets of alice's knock. */
static inline void derive_knock(struct bench *b, const struct otp *otp, const char *address, const char *service,
				uint16_t width, struct sequence_packet packets[static KNOCK_COUNT_MAX])
{
	struct sequence_input in = {.server_id = b->config.server_id,
				    .user = "alice",
				    .otp = otp,
				    .service = &config_service(&b->config, service)->service,
				    .client = at(address),
				    .shape = b->config.shape,
				    .n_mod = b->alice.p * b->alice.q,
				    .width = width};

	assert_int_equal(sequence_derive(&in, packets), 0);
}

static inline void deliver(struct bench *b, const struct sequence_packet *packet)
{
	struct frame_knock knock = {packet->source, packet->port, packet->word, FRAME_SYN};

	engine_packets(b->engine, &knock, 1);
}

/* Sends packets first..last of them, as the network would deliver them. */
static inline void send_part(struct bench *b, const struct otp *otp, const char *address, const char *service,
			     uint16_t width, unsigned first, unsigned last)
{
	struct sequence_packet packets[KNOCK_COUNT_MAX];

	derive_knock(b, otp, address, service, width, packets);
	for (unsigned i = last + 1; i-- > first;)
		deliver(b, &packets[i]);
}

static inline void send_knock(struct bench *b, const struct otp *otp, const char *address, const char *service,
			      uint16_t width)
{
	send_part(b, otp, address, service, width, 0, b->config.shape.count - 1u);
}

static inline int granted(struct bench *b, const char *address, const char *service)
{
	struct address client = at(address);
	struct grant g;

	return grant_find(b->grants_dir, service, &client, 0, &g);
}

static inline struct engine_counters counters(struct bench *b)
{
	struct engine_counters c;

	engine_counters(b->engine, &c);
	return c;
}

#endif
