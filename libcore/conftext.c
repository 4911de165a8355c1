/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/conftext.h"

#include <stdbool.h>
#include <string.h>

#include "libcore/error.h"

struct scan {
	char *p;
	char *end;
	unsigned line;
	int depth;	      /* of braces */
	unsigned opened;      /* line of the outermost brace that is open */
	const char *expected; /* not NULL: a fault at line */
};

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* To the end of the line, which stays. */
static void blank_comment(struct scan *scan)
{
	while (scan->p < scan->end && *scan->p != '\n')
		*scan->p++ = ' ';
}

/* p is behind the opening quote and will be behind the closing one. */
static void skip_string(struct scan *scan, char quote)
{
	const char *escapes = quote == '"' ? "\"\\$nt" : "'\\";

	for (; scan->p < scan->end && *scan->p != quote; scan->p++) {
		if (is_control(*scan->p) && *scan->p != '\t')
			break;
		if (*scan->p == '\\') {
			scan->p++;
			if (scan->p == scan->end || *scan->p == '\0' || strchr(escapes, *scan->p) == NULL) {
				scan->expected = quote == '"' ? "one of \" \\ $ n t behind a backslash"
							      : "' or \\ behind a backslash";
				return;
			}
		} else if (quote == '"' && *scan->p == '$' && scan->end - scan->p > 1 && scan->p[1] == '{') {
			scan->expected = "no ${...}: variables are not replaced; write \\${ for the characters";
			return;
		}
	}
	if (scan->p == scan->end || *scan->p != quote)
		scan->expected = "a closing quote on the same line, and no control characters before it";
	else
		scan->p++;
}

static void skip_bare(struct scan *scan)
{
	char c = *scan->p;

	if (c == '\n')
		scan->line++;
	else if (c == '{')
		scan->opened = scan->depth++ == 0 ? scan->line : scan->opened;
	else if (c == '}')
		scan->depth--; /* one too many is for libconfuse to tell */
	else if (c == '/' && scan->end - scan->p > 1 && scan->p[1] == '/')
		scan->expected = "no // outside of quotes: comments begin with #";
	else if (c == '\0' || (strchr(" \t=,_-./:@%", c) == NULL && !(c >= '0' && c <= '9') &&
			       !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')))
		scan->expected = "quotes around values with characters other than letters, digits and _ - . / : @ %";
	if (scan->expected == NULL)
		scan->p++;
}

int conftext_prepare(char *text, size_t len, struct conftext_fault *fault)
{
	struct scan scan = {.p = text, .end = text + len, .line = 1};

	while (scan.p < scan.end && scan.expected == NULL) {
		char c = *scan.p;

		if (c == '#') {
			blank_comment(&scan);
		} else if (c == '"' || c == '\'') {
			scan.p++;
			skip_string(&scan, c);
		} else {
			skip_bare(&scan);
		}
	}
	if (scan.expected == NULL && scan.depth > 0) {
		scan.line = scan.opened;
		scan.expected = "a closing } for the { here";
	}
	fault->line = scan.expected != NULL ? scan.line : 0;
	fault->expected = scan.expected;
	return scan.expected != NULL ? QK_ERR_CONFIG : 0;
}
