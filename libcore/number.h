/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telephone numbers in their one form, E.164: "+" and 4 to 15 digits. */
#ifndef LIBCORE_NUMBER_H
#define LIBCORE_NUMBER_H

#define NUMBER_SIZE 17 /* "+", 15 digits and a NUL */
#define NUMBER_COUNTRY_MAX 3

/* Normalises what people and modems write: blanks and the signs - . ( ) / are dropped, a leading "00" is "+".
 * With a country code (digits; NULL or empty: none) a number with one leading 0 is of that country.
 * Errors: NUMBER for anything else; out is then empty. */
int number_normalise(const char *text, const char *country, char out[static NUMBER_SIZE]);

/* 0 if text is in normal form already, else NUMBER. */
int number_check(const char *text);

/* 0 if text is a country code: 1 to 3 digits, the first not 0. */
int number_check_country(const char *text);

#endif
