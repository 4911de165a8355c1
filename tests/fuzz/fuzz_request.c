/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request that arrives by SMS from anyone. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/name.h"
#include "libcore/otp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct otp_request zero;
	struct otp_request request;
	struct otp_request again;
	char text[OTP_REQUEST_SIZE];

	int rc = otp_request_parse(&request, (const char *)data, size);

	if (rc == QK_ERR_ADDRESS) {
		FUZZ_ASSERT(name_check_user(request.user) == 0 && otp_pass_code_check(request.pass_code) == 0);
		FUZZ_ASSERT(memcmp(&request.source, &zero.source, sizeof(zero.source)) == 0);
		return 0;
	}
	if (rc != 0) {
		FUZZ_ASSERT(memcmp(&request, &zero, sizeof(request)) == 0);
		return 0;
	}
	FUZZ_ASSERT(otp_request_format(&request, text) == 0);
	FUZZ_ASSERT(otp_request_parse(&again, text, strlen(text)) == 0);
	FUZZ_ASSERT(memcmp(&again, &request, sizeof(again)) == 0);
	return 0;
}
