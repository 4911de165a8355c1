/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From wanting a one-time key to having one: shows what to send where, takes the reply from wherever it comes, and says
 * what is wrong with one that will not do.
 */
#ifndef QKNOCK_KEY_H
#define QKNOCK_KEY_H

#include <stdbool.h>

#include "libcore/address.h"
#include "libcore/otp.h"
#include "libcore/profile.h"
#include "qknock/keyline.h"

struct key_wanted {
	const struct keyline_source *source;
	const char *profile_name;
	const struct profile *profile;
	const struct address *client; /* that the key must be issued for */
	bool ignore_age;
};

/* What source says, else the otp_command of the settings, else the terminal or standard input. Commands find the names
 * of profile, server and user and the address in QKNOCK_PROFILE, QKNOCK_SERVER_ID, QKNOCK_USER and QKNOCK_ADDRESS.
 * otp is to be in guarded memory. Returns CLIENT_OK, or after saying why KEY (none, mistyped, another user's or
 * server's), STALE, USAGE (a command that is none, no clipboard), FAILED (settings); otp is then zero. */
int key_get(const struct key_wanted *wanted, struct otp *otp);

#endif
