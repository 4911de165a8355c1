/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile that a user imports: what is accepted fits PROFILE_TEXT_SIZE and survives being written and read. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct profile zero;
	struct profile_fault fault;
	struct profile profile;
	struct profile again;
	char text[PROFILE_TEXT_SIZE];

	if (profile_parse(&profile, (const char *)data, size, &fault) != 0) {
		FUZZ_ASSERT(memcmp(&profile, &zero, sizeof(profile)) == 0);
		FUZZ_ASSERT(fault.expected != NULL && fault.line <= size + 1);
		return 0;
	}
	FUZZ_ASSERT(profile_format(&profile, text, sizeof(text)) == 0);
	FUZZ_ASSERT(profile_parse(&again, text, strlen(text), NULL) == 0);
	FUZZ_ASSERT(memcmp(&again, &profile, sizeof(again)) == 0);
	return 0;
}
