/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes in tests, written as hexadecimal text. */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <string.h>

#include "tests/unit/unit.h"

#define HEX_MAX 512

/* Returns the number of bytes. */
static inline size_t hex(uint8_t out[static HEX_MAX], const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(text) / 2;

	assert_true(len <= HEX_MAX);
	for (size_t i = 0; i < len; i++)
		out[i] =
		    (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
	return len;
}

#endif
