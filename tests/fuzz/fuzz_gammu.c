/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message in gammu-smsd's environment. Entries end with a NUL; a first byte of 1 to 9 stands for a name. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockctl/smsdaemon.h"

#define ENTRIES_MAX 32

static const char *const names[] = {
    "SMS_MESSAGES=", "DECODED_PARTS=",	"SMS_1_NUMBER=",   "SMS_1_TEXT=",    "SMS_2_TEXT=",
    "SMS_3_TEXT=",   "DECODED_0_TEXT=", "DECODED_1_TEXT=", "DECODED_2_TEXT="};

static char *entry_of(const char *text)
{
	size_t which = (unsigned char)text[0] - 1u;
	const char *name = which < sizeof(names) / sizeof(names[0]) ? names[which] : "";
	char *entry = malloc(strlen(name) + strlen(text) + 1);

	FUZZ_ASSERT(entry != NULL);
	strcpy(entry, name);
	strcat(entry, name[0] != '\0' ? text + 1 : text);
	return entry;
}

static void check(void)
{
	static const struct smstext zero;
	struct smstext message;
	int rc = smsdaemon_from_gammu(&message);

	FUZZ_ASSERT(rc == 0 || rc == QK_ERR_NUMBER || rc == QK_ERR_REQUEST);
	if (rc != 0)
		FUZZ_ASSERT(memcmp(&message, &zero, sizeof(message)) == 0);
	FUZZ_ASSERT(strnlen(message.number, sizeof(message.number)) < sizeof(message.number));
	FUZZ_ASSERT(strnlen(message.text, sizeof(message.text)) < sizeof(message.text));
	for (const char *p = message.text; *p != '\0'; p++)
		FUZZ_ASSERT(*p >= 0x20 && *p <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *entries[ENTRIES_MAX + 1], **before = environ;
	size_t count = 0;

	FUZZ_ASSERT(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *p = text; p < text + size && count < ENTRIES_MAX; p += strlen(p) + 1)
		entries[count++] = entry_of(p);
	entries[count] = NULL;
	environ = entries;
	check();
	environ = before;
	while (count > 0)
		free(entries[--count]);
	free(text);
	return 0;
}
