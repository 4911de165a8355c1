/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files by a table of keywords: libconfuse reads "KEYWORD = VALUE" and sections 'NAME "TITLE" {...}',
 * the table says what each value must be and where it goes. Every fault is one "FILE:LINE: value, what was expected"
 * line to the log.
 */
#ifndef LIBCORE_KEYWORD_H
#define LIBCORE_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/log.h"

#define KEYWORD_LIST_MAX 64   /* elements of a list */
#define KEYWORD_TABLE_MAX 128 /* keywords of a table */

struct keyword_value {
	unsigned line; /* 0: a default */
	char text[];
};

struct keyword_values {
	struct keyword_value *items[KEYWORD_LIST_MAX];
	size_t count; /* never 0 */
};

struct keyword;
/* Checks the values and stores them into target, the structure that the table is about. Returns 0; NOMEM; any other
 * code is a fault, and the reader says what was expected. */
typedef int keyword_set_fn(const struct keyword *keyword, const struct keyword_values *values, void *target);

struct keyword {
	const char *name;
	bool list;
	const char *preset; /* what stands for a missing keyword, list elements separated by blanks; NULL: nothing */
	bool required;
	keyword_set_fn *set;
	size_t offset; /* of the member set */
	uint32_t min, max;
	int (*check)(const char *text); /* 0 if the text will do */
	const char *expected;
};

/* Sections of one name, each with a title of its own. */
struct keyword_section {
	const char *name;
	const struct keyword *keywords;
	size_t count;
	size_t max;	      /* so many sections, and at least one */
	const char *expected; /* completes "NAME TITLE: expected " */
	/* Makes room in target for count of them, count + 1 if 0; returns the first, or NULL without memory. */
	void *(*make)(void *target, size_t count);
	size_t size;					 /* of one */
	int (*set_title)(const char *title, void *item); /* 0 if the title will do */
};

struct keyword_grammar {
	const struct keyword *keywords;
	size_t count;
	const struct keyword_section *section; /* NULL: the file has none */
};

/* Reads len bytes of text; name stands for the file in messages. What was stored into target before a fault stays
 * there, for the caller to free. Errors: CONFIG, NOMEM. */
int keyword_parse(const struct keyword_grammar *grammar, const char *name, const char *text, size_t len,
		  const struct log *log, void *target);

/* As above from a file, which not everyone may be able to write. Errors: CONFIG, IO, NOMEM. */
int keyword_load(const struct keyword_grammar *grammar, const char *path, const struct log *log, void *target);

/* The text alone of such a file; the caller frees *text. Errors, logged: CONFIG, IO; NOMEM. */
int keyword_read(const char *path, const struct log *log, char **text, size_t *len);

/* Where the keyword's value goes. */
void *keyword_member(const struct keyword *keyword, void *target);

/* What members are mostly set by: a char * that the caller frees, for a value that passes check; a uint32_t from min
 * to max; a bool; a char ** that ends with NULL, freed by keyword_free_vector, which takes NULL. */
keyword_set_fn keyword_set_text;
keyword_set_fn keyword_set_u32;
keyword_set_fn keyword_set_bool;
keyword_set_fn keyword_set_vector;
void keyword_free_vector(char **vector);

#endif
