/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reply line that a user pastes: whatever is accepted must come back the same when written and read again. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/crypto.h"
#include "libcore/otp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct otp zero;
	struct otp otp;
	struct otp again;
	char line[OTP_REPLY_SIZE];

	if (otp_reply_parse(&otp, (const char *)data, size) != 0) {
		FUZZ_ASSERT(memcmp(&otp, &zero, sizeof(otp)) == 0);
		return 0;
	}
	otp_reply_format(&otp, line);
	FUZZ_ASSERT(otp_reply_parse(&again, line, strlen(line)) == 0);
	FUZZ_ASSERT(again.issued_at == otp.issued_at && again.r == otp.r);
	FUZZ_ASSERT(again.line == otp.line && again.lines == otp.lines && otp.line <= otp.lines);
	FUZZ_ASSERT(crypto_equal(&again.key, &otp.key, sizeof(otp.key)));
	return 0;
}
