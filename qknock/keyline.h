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
	const char *file;	 /* NULL: not from a file; "-": standard input */
	char *const *command;	 /* NULL, or an argument vector that ends with NULL; looked for in PATH, no shell */
	const char *otp_command; /* NULL, or a command and its arguments, separated by blanks */
	bool clipboard;		 /* from the clipboard */
	bool stdin_is_taken;	 /* standard input carries something else: ask the terminal, or fail; not command's */
};

/* The first line, without its end, into line; where that is only the beginning of a key line, the next ones too, as
 * qknock/keytext.h takes them. Neither file nor command: the terminal when standard input is one, else standard input.
 * Errors: IO (also: command failed), REPLY (empty, too long, or with a NUL). line is then zero. */
int keyline_read(const struct keyline_source *source, const char *prompt, char line[static KEYLINE_SIZE]);

/* Whether it will be the terminal that keyline_read asks. */
bool keyline_is_asked_for(const struct keyline_source *source);

/* A pass-code, from the terminal without echo when standard input is one, else a line of that. Errors: IO, PASS_CODE,
 * REPLY, as above. */
int keyline_read_pass_code(char line[static KEYLINE_SIZE]);

/* Protocol.md section 2: a key issued at otp->issued_at lives validity seconds. STALE says until when it was valid
 * and what this clock says; one from the future only warns, because this clock is then slow and the key may live. */
int keyline_check_age(const struct otp *otp, uint32_t validity, uint64_t now);

#endif
