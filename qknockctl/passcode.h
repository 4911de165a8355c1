/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pass-codes: read without being seen, and hashed before they leave this process (protocol.md section 2). */
#ifndef QKNOCKCTL_PASSCODE_H
#define QKNOCKCTL_PASSCODE_H

#include <stddef.h>

#include "libcore/otp.h"

/* From the terminal, twice and without echo, or one line of standard input when that is no terminal. What is wrong
 * is said. Returns 0 or PASS_CODE, IO, MISMATCH (the two differ). The caller wipes. */
int passcode_read(char pass_code[static OTP_PASS_CODE_MAX + 1]);

/* crypt(3) with yescrypt at its default cost. Errors: SPACE, CRYPTO (also a library that returns a failure token);
 * hash is then empty. */
int passcode_hash(const char *pass_code, char *hash, size_t size);

#endif
