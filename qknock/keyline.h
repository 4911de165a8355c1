/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the one-time key line comes from: a file, a command, the terminal without echo, or standard input; never
 * an argument, which every user of the machine could read. Messages go to standard error, without the line.
 */
#ifndef QKNOCK_KEYLINE_H
#define QKNOCK_KEYLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/otp.h"

#define KEYLINE_SIZE 512 /* a reply has 160 characters; the rest is for blanks around it */

struct keyline_source {
	const char *file;     /* NULL: not from a file */
	char *const *command; /* NULL, or an argument vector that ends with NULL; looked for in PATH, no shell */
	bool stdin_is_taken;  /* standard input carries something else: ask the terminal, or fail */
};

/* The first line, without its end, into line. Neither file nor command: the terminal when standard input is one,
 * else standard input. Errors: IO (also: command failed), REPLY (empty, too long, or with a NUL). line is then zero. */
int keyline_read(const struct keyline_source *source, const char *prompt, char line[static KEYLINE_SIZE]);

/* Protocol.md section 2: a key issued at otp->issued_at lives validity seconds. STALE says until when it was valid
 * and what this clock says; one from the future only warns, because this clock is then slow and the key may live. */
int keyline_check_age(const struct otp *otp, uint32_t validity, uint64_t now);

#endif
