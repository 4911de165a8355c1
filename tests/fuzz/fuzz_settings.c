/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's settings are either good, or refused with a reason. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/error.h"
#include "qknock/settings.h"

static void count_line(void *arg, enum log_level level, const char *line)
{
	unsigned *lines = arg;

	(void)level;
	FUZZ_ASSERT(strncmp(line, "FUZZ", 4) == 0);
	(*lines)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned lines = 0;
	struct log log = {count_line, &lines, LOG_LEVEL_ERROR};
	struct settings settings;
	int rc = settings_parse("FUZZ", (const char *)data, size, &log, &settings);

	FUZZ_ASSERT((rc == 0) == (lines == 0));
	if (rc == 0) {
		FUZZ_ASSERT(settings.otp_command == NULL || settings.otp_command[0][0] != '\0');
		FUZZ_ASSERT(settings.qr <= SETTINGS_QR_NEVER);
	} else {
		FUZZ_ASSERT(rc == QK_ERR_CONFIG && settings.otp_command == NULL && settings.clipboard_command == NULL);
	}
	settings_free(&settings);
	return 0;
}
