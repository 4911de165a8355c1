/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a stranger's connection. No byte is sent on it. */
#ifndef KNOCKWRAP_REFUSE_H
#define KNOCKWRAP_REFUSE_H

#include <stdint.h>

enum reject {
	REJECT_RESET, /* at once, even while other processes hold the connection */
	REJECT_DROP,  /* silence, then as above */
	REJECT_CLOSE, /* an orderly end */
};

struct refusal {
	enum reject reject;
	uint32_t hold_s;     /* REJECT_DROP: the longest silence, in seconds */
	uint32_t hold_limit; /* REJECT_DROP: connections of one service held at once; those beyond are reset */
};

#define REFUSE_HOLD_S 30
#define REFUSE_HOLD_LIMIT 64

/* Ends the connection fd now. */
void refuse_reset(int fd);

/*
 * Ends it in the way chosen; REJECT_DROP returns when the client has gone or the time is over, and leaves no other
 * descriptor open. Connections held are counted by locks in DIR/.drop.<service>, which the kernel lets go whatever
 * becomes of their holders; if none can be had, it is a reset.
 */
void refuse_peer(int fd, const struct refusal *refusal, const char *dir, const char *service);

#endif
