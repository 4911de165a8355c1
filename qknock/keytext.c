/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/keytext.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcore/crypto.h"
#include "libcore/decimal.h"
#include "libcore/error.h"

#define WORDS_MAX 96
#define TEXT_MAX 156 /* characters that are not blank; the longest reply has 83 */
#define KEY_LEN (OTP_KEY_TEXT_SIZE - 1)
#define TIME_LEN 10 /* of a time stamp until 2286 */

/* The text without its blanks, and where each word of it ends. */
struct squeezed {
	char text[TEXT_MAX + 1];
	size_t end[WORDS_MAX]; /* of word i, in text */
	size_t words;
	size_t len;
	size_t begin; /* of the time stamp: behind the number of a sheet's line, or 0 */
};

static const char digits[] = "0123456789";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool only(const char *text, size_t len, const char *alphabet)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' || strchr(alphabet, text[i]) == NULL)
			return false;
	return true;
}

static bool squeeze(struct squeezed *s, const char *text, size_t len)
{
	bool inside = false;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < len; i++) {
		bool blank = text[i] != '\0' && strchr(" \t\r\n", text[i]) != NULL;

		if (!blank) {
			if (text[i] == '\0' || s->len == TEXT_MAX || (!inside && s->words == WORDS_MAX))
				return false;
			s->text[s->len++] = text[i];
			s->words += !inside;
			s->end[s->words - 1] = s->len;
		}
		inside = !blank;
	}
	if (s->words > 0 && memchr(s->text, '/', s->end[0]) != NULL && only(s->text, s->end[0], "0123456789/"))
		s->begin = s->end[0];
	return true;
}

static bool ends_a_word(const struct squeezed *s, size_t at)
{
	for (size_t i = 0; i < s->words; i++)
		if (s->end[i] == at)
			return true;
	return false;
}

/* The line as it was meant, if its time stamp ends there: a blank after each field, and none within. */
static bool parse_at(const struct squeezed *s, size_t time_end, struct otp *otp)
{
	size_t key_end = time_end + KEY_LEN;
	char line[TEXT_MAX + 4];
	int len;

	if (!ends_a_word(s, key_end) || key_end == s->len)
		return false;
	len = snprintf(line, sizeof(line), "%.*s%s%.*s %.*s %s", (int)s->begin, s->text, s->begin != 0 ? " " : "",
		       (int)(time_end - s->begin), s->text + s->begin, KEY_LEN, s->text + time_end, s->text + key_end);
	len = otp_reply_parse(otp, line, (size_t)len);
	crypto_wipe(line, sizeof(line));
	return len == 0;
}

/* How many ways there are to read it, up to 2. A time stamp may be broken itself, and a key may begin with digits: of
 * several ways the one with a time stamp of our time is meant. */
static unsigned find(const struct squeezed *s, struct otp *otp)
{
	unsigned found = 0;
	struct otp one;

	for (size_t i = 0; i < s->words; i++) {
		if (s->end[i] <= s->begin || !parse_at(s, s->end[i], &one))
			continue;
		found++;
		if (found == 1 || s->end[i] - s->begin == TIME_LEN)
			*otp = one;
		if (s->end[i] - s->begin == TIME_LEN) {
			found = 1;
			break;
		}
	}
	otp_wipe(&one);
	return found;
}

/* Could more of it make it whole? */
static bool is_beginning(const struct squeezed *s)
{
	const char *text = s->text + s->begin;
	size_t len = s->len - s->begin;

	if (only(text, len, digits))
		return true;
	for (size_t i = 0; i < s->words; i++) {
		size_t time_len = s->end[i] - s->begin;

		if (s->end[i] > s->begin && only(text, time_len, digits) && len - time_len <= KEY_LEN &&
		    only(text + time_len, len - time_len, base64url))
			return true;
	}
	return false;
}

static void explain(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void explain(char *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out, KEYTEXT_EXPLANATION_SIZE, format, args);
	va_end(args);
}

static void explain_key(const char *key, size_t len, char *out)
{
	size_t good = 0;

	while (good < len && strchr(base64url, key[good]) != NULL)
		good++;

	if (good < len && strchr("+/=", key[good]) != NULL)
		explain(
		    out,
		    "character %zu of the one-time key is '%c': it has - and _ instead of + and /, and no = at its end",
		    good + 1, key[good]);
	else if (good < len && key[good] > ' ' && key[good] < 0x7f)
		explain(out, "character %zu of the one-time key is '%c', which no key has", good + 1, key[good]);
	else if (good < len)
		explain(out, "character %zu of the one-time key is none that a key has", good + 1);
	else if (len < KEY_LEN)
		explain(out, "the one-time key has %zu of its 43 characters: %zu missing", len, KEY_LEN - len);
	else if (len > KEY_LEN)
		explain(out, "the one-time key has %zu characters, %zu more than its 43 characters", len,
			len - KEY_LEN);
	else
		explain(out,
			"character 43 of the one-time key cannot be its last one: it is mistyped, or one is missing "
			"and another doubled");
}

/* Where the fields end, most likely: the first word is taken for the time stamp, unless that is broken, and the last
 * one for the random number. */
static void guess_fields(const struct squeezed *s, size_t *time_end, size_t *key_end)
{
	size_t first = s->begin != 0 ? 1 : 0;

	*time_end = s->end[first];
	for (size_t i = first + 1;
	     i < s->words && *time_end - s->begin < TIME_LEN && only(s->text + s->begin, s->end[i] - s->begin, digits);
	     i++)
		*time_end = s->end[i];
	*key_end = s->words > first + 2 ? s->end[s->words - 2] : s->len;
	if (*key_end <= *time_end)
		*key_end = s->len;
}

static bool is_number(const char *text, size_t len)
{
	uint64_t ignored;

	return decimal_parse(text, len, UINT64_MAX, &ignored);
}

static void diagnose(const struct squeezed *s, char *out)
{
	size_t time_end, key_end;
	struct otp_key key = {0};

	guess_fields(s, &time_end, &key_end);
	if (strncasecmp(s->text, "requestotp", strlen("requestotp")) == 0)
		explain(out, "this is the request; what is needed is the answer to it");
	else if (!is_number(s->text + s->begin, time_end - s->begin))
		explain(out, "it must begin with the time stamp, digits only: "
			     "<time stamp> <one-time key> <random number>");
	else if (time_end == s->len)
		explain(out, "the one-time key and the random number are missing");
	else if (otp_key_parse(&key, s->text + time_end, key_end - time_end) != 0)
		explain_key(s->text + time_end, key_end - time_end, out);
	else if (key_end == s->len)
		explain(out, "the random number at its end is missing");
	else if (!is_number(s->text + key_end, s->len - key_end))
		explain(out, "the random number at its end must be digits only, and below 18446744073709551616");
	else if (s->begin != 0)
		explain(out, "its number, as 3/10, must be that of a line and how many the sheet has");
	else
		explain(out, "it can be read in more than one way: leave out the blanks within the fields");
	crypto_wipe(&key, sizeof(key));
}

enum keytext_state keytext_parse(struct otp *otp, const char *text, size_t len,
				 char explanation[static KEYTEXT_EXPLANATION_SIZE])
{
	enum keytext_state state = KEYTEXT_WRONG;
	struct squeezed s;

	memset(otp, 0, sizeof(*otp));
	explanation[0] = '\0';
	if (!squeeze(&s, text, len)) {
		explain(explanation, "it is too long, or holds a NUL: <time stamp> <one-time key> <random number>");
	} else if (s.len == s.begin) {
		state = KEYTEXT_PARTIAL;
		explain(explanation, s.len == 0 ? "it is empty" : "only the number of a sheet's line is there");
	} else if (find(&s, otp) == 1) {
		state = KEYTEXT_COMPLETE;
	} else {
		otp_wipe(otp);
		state = is_beginning(&s) ? KEYTEXT_PARTIAL : KEYTEXT_WRONG;
		diagnose(&s, explanation);
	}
	crypto_wipe(&s, sizeof(s));
	return state;
}
