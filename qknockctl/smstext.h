/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the channel as text: header lines "Name: value", an empty line, the text. Hostile bytes: only what
 * a request can consist of is kept.
 */
#ifndef QKNOCKCTL_SMSTEXT_H
#define QKNOCKCTL_SMSTEXT_H

#include <stddef.h>

#define SMSTEXT_NUMBER_SIZE 32
#define SMSTEXT_TEXT_SIZE 514 /* one more than qknockd takes: what is cut off here is refused there */

struct smstext {
	char number[SMSTEXT_NUMBER_SIZE]; /* as the channel gave it */
	char text[SMSTEXT_TEXT_SIZE];	  /* printable ASCII; anything else has become '?' */
};

/* Where the header names of a channel differ. */
enum smstext_dialect {
	SMSTEXT_PLAIN,	  /* "From: +44..." */
	SMSTEXT_SMSTOOLS, /* "From: 44..." with "From_TOA: 91 ...", "Alphabet: UCS2" */
};

/* Reads a whole message. Only the first of each header counts, so that no text can add one. Errors: NUMBER (no
 * sender, or one of smstools' that is not international), REQUEST (no empty line behind the headers). */
int smstext_parse(struct smstext *out, enum smstext_dialect dialect, const char *bytes, size_t len);

/* Puts UTF-8 or Latin text into out->text, as smstext_parse does. */
void smstext_set(struct smstext *out, const char *bytes, size_t len);

void smstext_wipe(struct smstext *message);

#endif
