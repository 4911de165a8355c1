/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client profile: what a user imports once per server (protocol.md section 1, the client's column).
 * A few lines of text, "key value" each, '#' starts a comment line:
 *
 *     qknock-profile 1
 *     server-id gw.example
 *     host gw.example.net            (optional: where the knock is sent)
 *     number +441632960123           (optional: where requests for one-time keys are sent by SMS)
 *     user alice
 *     n 18446743979220271189
 *     ports 8800-8899
 *     count 12
 *     validity 120
 *     widths 0 8 64
 *     service ssh tcp 22             (one line each)
 */
#ifndef LIBCORE_PROFILE_H
#define LIBCORE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/chain.h"
#include "libcore/name.h"
#include "libcore/number.h"
#include "libcore/service.h"

#define PROFILE_HOST_MAX 253
#define PROFILE_SERVICES_MAX 32
#define PROFILE_TEXT_SIZE 4096

struct profile {
	char server_id[SERVER_ID_MAX + 1];
	char host[PROFILE_HOST_MAX + 1]; /* empty when the profile has none */
	char number[NUMBER_SIZE];	 /* the same */
	char user[USER_ID_MAX + 1];
	uint64_t n_mod;
	uint32_t validity; /* seconds that a one-time key lives */
	struct knock_shape shape;
	uint16_t widths[CHAIN_WIDTHS_ALL];
	size_t width_count;
	struct service services[PROFILE_SERVICES_MAX];
	size_t service_count;
};

/* What a bad profile is told: the line (1-based, 0 = the whole) and what was expected there. */
struct profile_fault {
	unsigned line;
	const char *expected; /* static text */
};

/* Parses text strictly: unknown keys, repeated keys, missing keys and values out of range are errors.
 * Errors: PROFILE or the error of the value; *fault (may be NULL) says where and *out is then zero. */
int profile_parse(struct profile *out, const char *text, size_t len, struct profile_fault *fault);

/* A host name or a numeric address, perhaps with a scope; never an option of some other command. 0 or PROFILE. */
int profile_check_host(const char *host);

/* The text that profile_parse reads. Errors: SPACE. */
int profile_format(const struct profile *profile, char *text, size_t size);

/* NULL when the profile has no such service. */
const struct service *profile_service(const struct profile *profile, const char *name);

#endif
