/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many bytes the character at p has, and which one it is; 0 if there is none (RFC 3629). */
static size_t decode(const unsigned char *p, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 0x06 ? 2 : p[0] >> 4 == 0x0e ? 3 : p[0] >> 3 == 0x1e ? 4 : 0;

	if (len <= 1) {
		*character = p[0];
		return len;
	}
	*character = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 0x02)
			return 0; /* the end of the text is none either */
		*character = *character << 6 | (p[i] & 0x3f);
	}
	return *character < least[len] || *character > 0x10ffff || *character >> 11 == 0x1b ? 0 : len;
}

static bool is_harmless(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c > 0x9f) &&	    /* C0, DEL, C1 */
	       c != 0x061c && c != 0x200e && c != 0x200f && /* marks of direction */
	       (c < 0x2028 || c > 0x202e) &&		    /* ends of lines and paragraphs, embedding */
	       (c < 0x2066 || c > 0x2069);		    /* isolation */
}

void printable(char *text)
{
	char *p = text;

	while (*p != '\0') {
		uint32_t character;
		size_t len = decode((const unsigned char *)p, &character);

		if (len == 0 || !is_harmless(character))
			memset(p, '?', len + (len == 0));
		p += len + (len == 0);
	}
}
