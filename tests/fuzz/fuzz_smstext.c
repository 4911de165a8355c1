/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message as the SMS daemons hand it over; the first byte chooses the dialect. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/error.h"
#include "libcore/number.h"
#include "qknockctl/smstext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct smstext zero;
	char number[NUMBER_SIZE];
	struct smstext message;
	int rc;

	if (size == 0)
		return 0;
	rc = smstext_parse(&message, data[0] == 's' ? SMSTEXT_SMSTOOLS : SMSTEXT_PLAIN, (const char *)data + 1,
			   size - 1);
	if (rc != 0) {
		FUZZ_ASSERT(rc == QK_ERR_NUMBER || rc == QK_ERR_REQUEST);
		FUZZ_ASSERT(memcmp(&message, &zero, sizeof(message)) == 0);
		return 0;
	}
	FUZZ_ASSERT(strnlen(message.number, sizeof(message.number)) < sizeof(message.number));
	FUZZ_ASSERT(strnlen(message.text, sizeof(message.text)) < sizeof(message.text));
	for (const char *p = message.text; *p != '\0'; p++)
		FUZZ_ASSERT(*p >= 0x20 && *p <= 0x7e);
	if (number_normalise(message.number, "44", number) == 0)
		FUZZ_ASSERT(number_check(number) == 0);
	else
		FUZZ_ASSERT(number[0] == '\0');
	return 0;
}
