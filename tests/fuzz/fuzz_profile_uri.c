/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile as a URI: what is accepted survives being written and read, or is too long for that. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/profile_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct profile zero;
	struct profile_fault fault;
	struct profile profile;
	struct profile again;
	char uri[PROFILE_URI_SIZE];
	int rc;

	if (profile_uri_parse(&profile, (const char *)data, size, &fault) != 0) {
		FUZZ_ASSERT(memcmp(&profile, &zero, sizeof(profile)) == 0);
		FUZZ_ASSERT(fault.expected != NULL && fault.line <= size + 1);
		return 0;
	}
	rc = profile_uri_format(&profile, uri, sizeof(uri));
	FUZZ_ASSERT(rc == 0 || rc == QK_ERR_SPACE);
	if (rc != 0)
		return 0;
	FUZZ_ASSERT(profile_uri_parse(&again, uri, strlen(uri), NULL) == 0);
	FUZZ_ASSERT(memcmp(&again, &profile, sizeof(again)) == 0);
	return 0;
}
