/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a shell may offer for the word that is being typed, read from the very texts that --help prints, so that the
 * two cannot differ. A signature is such a line: "NAME [--p P --q Q] [--services A,B|--all]"; words in lower case stand
 * for themselves, others for a value, "..." means that it may be repeated.
 */
#ifndef LIBCORE_COMPLETE_H
#define LIBCORE_COMPLETE_H

#include <stddef.h>

struct complete_command {
	const char *name;      /* one word, or two with a blank */
	const char *summary;   /* for those who choose among commands */
	const char *signature; /* NULL: the lines of help behind "Usage:" that begin with the name */
	const char *help;      /* NULL, or lines "  -f, --file FILE   what it is for" */
};

struct complete {
	const char *program; /* as the lines behind "Usage:" call it */
	const struct complete_command *commands;
	size_t count;
	const char *common; /* as help: the options that every command takes, also before it */
	/* Offers a word; description may be NULL. */
	void (*offer)(void *arg, const char *word, const char *description);
	/* Has the values of a placeholder offered: that of an option, or of an operand when option is NULL. words are
	 * those before it. */
	void (*offer_values)(void *arg, const char *command, const char *option, const char *placeholder,
			     char *const *words, size_t count);
	void *arg;
};

/* words: all behind the program's name, count >= 1; the last one is being typed and may be empty. What is offered need
 * not begin with it. */
void complete(const struct complete *c, char *const *words, size_t count);

#endif
