/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of test vectors: whatever it holds, a malformed one gets one line and no result. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "qknock/vectors.h"

static enum vectors_result check(const uint8_t *data, size_t size, bool json, char **out, char **err)
{
	size_t out_size, err_size;
	FILE *in = fmemopen((void *)data, size, "r");
	FILE *out_file = open_memstream(out, &out_size);
	FILE *err_file = open_memstream(err, &err_size);
	enum vectors_result result;

	FUZZ_ASSERT(in != NULL && out_file != NULL && err_file != NULL);
	result = vectors_check("FILE", in, json, out_file, err_file);
	fclose(in);
	fclose(out_file);
	fclose(err_file);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum vectors_result results[2];

	if (size == 0) /* fmemopen has no empty files */
		return 0;
	for (int json = 0; json < 2; json++) {
		char *out = NULL;
		char *err = NULL;

		results[json] = check(data, size, json == 1, &out, &err);
		FUZZ_ASSERT((results[json] == VECTORS_MALFORMED) == (out[0] == '\0'));
		FUZZ_ASSERT((results[json] == VECTORS_MALFORMED) == (err[0] != '\0'));
		free(out);
		free(err);
	}
	FUZZ_ASSERT(results[0] == results[1]);
	return 0;
}
