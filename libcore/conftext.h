/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the configuration before libconfuse sees it. libconfuse (3.3) counts lines wrongly behind comments,
 * takes no comment inside a list, passes over stray characters, closes a section by itself at the end of the file,
 * and puts environment variables into strings: here comments become blanks and what it would swallow is an error.
 */
#ifndef LIBCORE_CONFTEXT_H
#define LIBCORE_CONFTEXT_H

#include <stddef.h>

struct conftext_fault {
	unsigned line;
	const char *expected; /* static text */
};

/* Changes text in place; line numbers stay. Errors: CONFIG and *fault says what was expected where. */
int conftext_prepare(char *text, size_t len, struct conftext_fault *fault);

#endif
