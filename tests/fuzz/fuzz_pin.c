/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The path of a pinned program in anybody's rule: what is taken for one of ours is the path of the options read. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/error.h"
#include "xt_knock/knockpin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char again[KNOCKPIN_PATH_SIZE];
	struct knockoptions options;
	char *path = malloc(size + 1);
	int rc;

	FUZZ_ASSERT(path != NULL);
	memcpy(path, data, size);
	path[size] = '\0';
	rc = knockpin_parse_path(path, &options);
	FUZZ_ASSERT(rc == 0 || rc == QK_ERR_NOT_FOUND);
	if (rc == 0) {
		FUZZ_ASSERT(knockoptions_check(&options) == 0);
		knockpin_path(&options, again);
		FUZZ_ASSERT(strcmp(again, path) == 0);
	}
	free(path);
	return 0;
}
