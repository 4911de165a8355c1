/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reply as people paste it: what is taken comes back the same from its normal form, however that is broken; what is
 * not taken gets an explanation in printable characters, and leaves nothing behind.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libcore/crypto.h"
#include "libcore/otp.h"
#include "qknock/keytext.h"

static bool same(const struct otp *a, const struct otp *b)
{
	return a->issued_at == b->issued_at && a->r == b->r && a->line == b->line && a->lines == b->lines &&
	       crypto_equal(&a->key, &b->key, sizeof(a->key));
}

/* Broken where the input says: between the fields, and once within the key. */
static void break_again(const struct otp *otp, size_t where)
{
	char explanation[KEYTEXT_EXPLANATION_SIZE], line[OTP_REPLY_SIZE], broken[OTP_REPLY_SIZE + 2];
	struct otp again;
	size_t key;

	otp_reply_format(otp, line);
	FUZZ_ASSERT(keytext_parse(&again, line, strlen(line), explanation) == KEYTEXT_COMPLETE);
	FUZZ_ASSERT(same(&again, otp));
	if (otp->issued_at < 1000000000 || otp->issued_at > 9999999999)
		return; /* only a time stamp of our time wins against other readings */
	key = strlen(line) - strlen(strrchr(line, ' ')) - (OTP_KEY_TEXT_SIZE - 1) + where % (OTP_KEY_TEXT_SIZE - 1);
	memcpy(broken, line, key);
	broken[key] = '\n';
	strcpy(broken + key + 1, line + key);
	FUZZ_ASSERT(keytext_parse(&again, broken, strlen(broken), explanation) == KEYTEXT_COMPLETE);
	FUZZ_ASSERT(same(&again, otp));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char explanation[KEYTEXT_EXPLANATION_SIZE];
	static const struct otp zero;
	struct otp otp, strict;
	enum keytext_state state = keytext_parse(&otp, (const char *)data, size, explanation);

	FUZZ_ASSERT((state == KEYTEXT_COMPLETE) == (explanation[0] == '\0'));
	for (const char *c = explanation; *c != '\0'; c++)
		FUZZ_ASSERT(*c >= ' ' && *c < 0x7f);
	if (state == KEYTEXT_COMPLETE)
		break_again(&otp, size);
	else
		FUZZ_ASSERT(memcmp(&otp, &zero, sizeof(otp)) == 0);
	/* Whatever is strictly a reply is one here too. */
	if (size < OTP_REPLY_SIZE && otp_reply_parse(&strict, (const char *)data, size) == 0)
		FUZZ_ASSERT(state == KEYTEXT_COMPLETE && same(&otp, &strict));
	return 0;
}
