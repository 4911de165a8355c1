/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct grant zero;
	char text[GRANT_TEXT_SIZE];
	struct grant g;

	if (grant_parse(&g, (const char *)data, size) == 0) {
		FUZZ_ASSERT(g.id != 0 && g.expires_ns > g.granted_ns);
		FUZZ_ASSERT(grant_format(&g, text, sizeof(text)) == (int)size && memcmp(text, data, size) == 0);
	} else {
		FUZZ_ASSERT(memcmp(&g, &zero, sizeof(g)) == 0);
	}
	return 0;
}
