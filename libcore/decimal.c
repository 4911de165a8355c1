/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/decimal.h"

#include <string.h>

bool decimal_parse(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	*out = 0;
	if (len == 0 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

bool decimal_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t number;

	if (!decimal_parse(text, strlen(text), max, &number) || number < min)
		return false;
	*out = (uint32_t)number;
	return true;
}
