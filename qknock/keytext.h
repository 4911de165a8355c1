/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reply of protocol.md section 2 as it comes from people: pasted with the line breaks of a telephone or a
 * terminal, typed in groups, with a character missing. Blanks and line breaks may stand anywhere; where the fields end
 * is found by the 43 characters that a key has.
 */
#ifndef QKNOCK_KEYTEXT_H
#define QKNOCK_KEYTEXT_H

#include <stddef.h>

#include "libcore/otp.h"

enum keytext_state {
	KEYTEXT_COMPLETE,
	KEYTEXT_PARTIAL, /* nothing is wrong so far, but there has to be more */
	KEYTEXT_WRONG,	 /* more would not mend it */
};

#define KEYTEXT_EXPLANATION_SIZE 200

/* Looks at len bytes of text. COMPLETE: *otp is the key, else it is zero and explanation says what is missing or looks
 * wrong, and where: it holds nothing of the text but perhaps one character that no key can have. */
enum keytext_state keytext_parse(struct otp *otp, const char *text, size_t len,
				 char explanation[static KEYTEXT_EXPLANATION_SIZE]);

#endif
