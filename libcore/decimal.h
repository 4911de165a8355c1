/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decimal numbers as every text of this project writes them: digits only, no sign, no blanks, no leading zeros. */
#ifndef LIBCORE_DECIMAL_H
#define LIBCORE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_U64_SIZE 21 /* longest text and its NUL */

/* Exactly len bytes of text, a value of at most max; false (and *out is zero) for anything else. */
bool decimal_parse(const char *text, size_t len, uint64_t max, uint64_t *out);

/* A whole string, min to max; false for anything else, and *out is as it was. */
bool decimal_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out);

#endif
