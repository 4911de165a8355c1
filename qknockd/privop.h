/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processes without privileges may ask of the one that has them (doc/isolation.md): one table of operations,
 * each a message of one fixed size, each checked before anything is done. Nothing here names a path or a command.
 */
#ifndef QKNOCKD_PRIVOP_H
#define QKNOCKD_PRIVOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/config.h"
#include "libcore/grant.h"
#include "qknockd/store.h"

/* X(name, who may ask, answered) */
#define PRIVOP_TABLE(X)                                                                                                \
	X(LOG, PRIVOP_ANY, false)                                                                                      \
	X(READY, PRIVOP_ANY, false)                                                                                    \
	X(ALIVE, PRIVOP_VERIFIER | PRIVOP_CAPTURE, false)                                                              \
	X(PLACE_SET, PRIVOP_VERIFIER, true)                                                                            \
	X(PLACE_OPEN, PRIVOP_VERIFIER, true)                                                                           \
	X(PLACE_CLOSE, PRIVOP_VERIFIER, true)                                                                          \
	X(PLACE_CURRENT, PRIVOP_VERIFIER, true)                                                                        \
	X(PLACE_PUT, PRIVOP_VERIFIER, true)                                                                            \
	X(PLACE_PUT_BOTH, PRIVOP_VERIFIER, true)                                                                       \
	X(PLACE_REMOVE, PRIVOP_VERIFIER, true)                                                                         \
	X(PLACE_WALK, PRIVOP_VERIFIER, true)                                                                           \
	X(PLACE_NEXT, PRIVOP_VERIFIER, true)                                                                           \
	X(PLACE_RECOVERED, PRIVOP_VERIFIER, true)                                                                      \
	X(RUN_HOOK, PRIVOP_VERIFIER, true)                                                                             \
	X(RELOAD, PRIVOP_VERIFIER, true)                                                                               \
	X(RELOAD_COMMIT, PRIVOP_VERIFIER, true)                                                                        \
	X(RELOAD_DONE, PRIVOP_VERIFIER, true)

enum privop {
#define X(name, from, answered) PRIVOP_##name,
	PRIVOP_TABLE(X)
#undef X
	    PRIVOP_COUNT
};

/* Who asks. */
enum { PRIVOP_VERIFIER = 1, PRIVOP_CAPTURE = 2, PRIVOP_HASHER = 4, PRIVOP_ANY = 7 };

/* Places by number. */
enum { PRIVOP_DIRECTORY, PRIVOP_TABLE_PLACE, PRIVOP_PLACES };

/* Of READY: what the process could not shut itself off with. */
enum { PRIVOP_NO_LANDLOCK = 1 };

#define PRIVOP_FOUND_MAX 64

/* struct store_grant without anything of which not all bytes are values. */
struct privop_grant {
	uint64_t id, granted_ns, expires_ns, expires_wall_s;
	uint8_t client[16];
	char boot_id[CLOCK_BOOT_ID_SIZE];
	char user[USER_ID_MAX + 1];
	char logins[LOGINS_SIZE];
	char service[SERVICE_NAME_MAX + 1];
	uint8_t single_use;
};

/* Every operation but LOG. */
struct privop_request {
	uint32_t op;
	uint32_t place;		   /* PLACE_*, but for _PUT_BOTH: 0 */
	uint32_t hook;		   /* RUN_HOOK: enum hook_kind */
	uint32_t generation;	   /* RUN_HOOK: of the configuration that names it */
	uint64_t value;		   /* PLACE_PUT: use state. RUN_HOOK: job. READY: PRIVOP_NO_*. RELOAD_DONE: -error */
	struct privop_grant grant; /* PLACE_PUT, _PUT_BOTH, _REMOVE, RUN_HOOK */
};

struct privop_log {
	uint32_t op;
	uint32_t level;
	char text[1024];
};

/* Something that a place holds. */
struct privop_found {
	uint64_t id, granted_ns, expires_ns, used;
	uint8_t client[16];
	char service[SERVICE_NAME_MAX + 1];
};

/* The answer. With RELOAD comes the descriptor of a sealed file that holds the new text. */
struct privop_reply {
	int32_t rc;
	uint32_t count;		    /* PLACE_NEXT: of found. PLACE_CURRENT: 1 yes. RUN_HOOK: 1 it was started already */
	uint32_t generation;	    /* RELOAD: of the new configuration */
	uint32_t adapter;	    /* RELOAD: user id of the requests' adapter */
	int32_t put[PRIVOP_PLACES]; /* PLACE_PUT_BOTH: how it went at each, when rc is 0 */
	struct privop_found found[PRIVOP_FOUND_MAX]; /* sent with PLACE_NEXT alone */
};

/* What the helper tells the verifier unasked. */
enum privop_news {
	PRIVOP_HOOK_STARTED, /* value: job */
	PRIVOP_RELOAD_WANTED,
	PRIVOP_ADDRESSES, /* count of the host's own; value 1: more follow */
	PRIVOP_FEED,	  /* with a descriptor: another capture's packets */
	PRIVOP_CHECKER,	  /* with a descriptor: another process that checks pass-codes */
};

#define PRIVOP_ADDRESSES_MAX 64

struct privop_event {
	uint32_t news;
	uint32_t count;
	uint64_t value;
	uint8_t addresses[PRIVOP_ADDRESSES_MAX][16];
};

/* What a request is judged by. */
struct privop_context {
	const struct config *config;
	const struct config *old; /* while a reload is under way, else NULL */
	uint32_t generation;	  /* of config; old has the one before */
	const char *boot_id;
	uint64_t now_ns;
	uint64_t now_wall_s;
};

union privop_packet {
	uint32_t op;
	struct privop_request request;
	struct privop_log log;
};

/* Whether the first len bytes of packet are a message that from may send, and, for what has to do with grants and
 * hooks, what is asked is within the bounds of the configuration. Errors: CONTROL (no message, or not this
 * process's), DENIED (out of bounds). */
int privop_check(const union privop_packet *packet, size_t len, unsigned from, const struct privop_context *context);

const char *privop_name(uint32_t op);
bool privop_is_answered(uint32_t op);
size_t privop_reply_size(uint32_t op); /* of the answer to it */

/* The configuration of this generation, NULL if it is gone. */
const struct config *privop_config(const struct privop_context *context, uint32_t generation);

void privop_pack(const struct store_grant *grant, struct privop_grant *packed);
/* packed has passed privop_check. */
void privop_unpack(const struct privop_grant *packed, struct store_grant *grant);

/* One message with an optional descriptor (-1: none). flags as of sendmsg; returns 0 or IO (errno). */
int privop_send(int fd, const void *message, size_t size, int passed, int flags);
/* Takes one message. Returns its length, 0 at the end, -1 with errno; a longer one than size, or one with more than one
 * descriptor, is -1 with EMSGSIZE.
 * *passed is -1 or a descriptor of the caller's. */
long privop_receive(int fd, void *message, size_t size, int *passed, int flags);

#endif
