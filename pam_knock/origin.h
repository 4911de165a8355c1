/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the client is, as far as the application told PAM. Never asks a resolver. */
#ifndef PAM_KNOCK_ORIGIN_H
#define PAM_KNOCK_ORIGIN_H

#include <stdint.h>
#include <security/pam_modules.h>

#include "libcore/address.h"

enum origin_result {
	ORIGIN_ADDRESS, /* *out is filled */
	ORIGIN_LOCAL,	/* the application names no remote host at all: a console, su */
	ORIGIN_UNKNOWN, /* there is one, but no address of it: a host name, "UNKNOWN" */
};

struct origin {
	struct address client;
	uint16_t port; /* of the client's end; 0: not known */
};

/* A numeric PAM_RHOST, else the first word of SSH_CONNECTION in PAM's own environment. */
enum origin_result origin_find(pam_handle_t *pamh, struct origin *out);

#endif
