/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from elsewhere, for the eyes of a person: in a log, on a terminal. */
#ifndef LIBCORE_PRINTABLE_H
#define LIBCORE_PRINTABLE_H

/*
 * Makes a '?' of each byte that could be more than a character: control characters, those of C1 (U+0080 to U+009F)
 * too, which are commands to a terminal as escape sequences are; characters that end a line or turn its direction; and
 * whatever is not UTF-8, as a terminal might take it for C1.
 */
void printable(char *text);

#endif
