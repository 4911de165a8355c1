/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a link says about who took a single-use grant: accepted in one form alone. */
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/grant.h"

static const uint8_t *target;
static size_t target_size;

/* In place of libc's: the link is the input. */
ssize_t readlinkat(int fd, const char *path, char *out, size_t size)
{
	size_t len = target_size < size ? target_size : size;

	(void)fd;
	(void)path;
	memcpy(out, target, len);
	return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grant_claim claim;
	char again[64];
	int rc;

	target = data;
	target_size = size;
	rc = grant_claim_read(-1, "claim", &claim);
	FUZZ_ASSERT(rc == 0 || rc == QK_ERR_GRANT_FORMAT);
	FUZZ_ASSERT((rc == 0) == (claim.id != 0) && (rc == 0) == (claim.connection != 0));
	if (rc == 0) {
		snprintf(again, sizeof(again), "%016" PRIx64 ".%016" PRIx64, claim.id, claim.connection);
		FUZZ_ASSERT(strlen(again) <= size && memcmp(again, data, strlen(again)) == 0);
		FUZZ_ASSERT(size == strlen(again) || data[strlen(again)] == '\0');
	}
	return 0;
}
