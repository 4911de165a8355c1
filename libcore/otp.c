/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/otp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcore/crypto.h"
#include "libcore/decimal.h"
#include "libcore/error.h"

/* A part of a line, not terminated. */
struct field {
	const char *text;
	size_t len;
};

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int otp_key_draw(struct otp_key *key)
{
	return crypto_random(key->b, sizeof(key->b));
}

void otp_wipe(struct otp *otp)
{
	crypto_wipe(otp, sizeof(*otp));
}

void otp_key_format(const struct otp_key *key, char text[static OTP_KEY_TEXT_SIZE])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	for (size_t i = 0; i < OTP_KEY_SIZE; i++) {
		bits = bits << 8 | key->b[i];
		for (have += 8; have >= 6; have -= 6)
			text[at++] = base64url[bits >> (have - 6) & 63];
	}
	text[at++] = base64url[bits << (6 - have) & 63];
	text[at] = '\0';
	crypto_wipe(&bits, sizeof(bits));
}

int otp_key_parse(struct otp_key *key, const char *text, size_t len)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	memset(key, 0, sizeof(*key));
	if (len != OTP_KEY_TEXT_SIZE - 1)
		return QK_ERR_KEY;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(base64url, text[i], 64);

		if (digit == NULL)
			goto bad;
		bits = bits << 6 | (uint32_t)(digit - base64url);
		have += 6;
		if (have >= 8) {
			have -= 8;
			key->b[at++] = (uint8_t)(bits >> have);
		}
	}
	if ((bits & 3) != 0) /* the last character's unused bits: one key, one text */
		goto bad;
	crypto_wipe(&bits, sizeof(bits));
	return 0;
bad:
	crypto_wipe(&bits, sizeof(bits));
	crypto_wipe(key, sizeof(*key));
	return QK_ERR_KEY;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_text(struct field f, const char *word)
{
	return f.len == strlen(word) && strncasecmp(f.text, word, f.len) == 0;
}

/* Splits the line at blanks into at most max fields. Returns how many there are, max + 1 for more. */
static size_t split(const char *line, size_t len, struct field *fields, size_t max)
{
	size_t count = 0;
	size_t i = 0;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	for (;;) {
		while (i < len && is_blank(line[i]))
			i++;
		if (i == len)
			return count;
		if (count == max)
			return max + 1;
		fields[count].text = line + i;
		while (i < len && !is_blank(line[i]))
			i++;
		fields[count].len = (size_t)(line + i - fields[count].text);
		count++;
	}
}

void otp_reply_format(const struct otp *otp, char line[static OTP_REPLY_SIZE])
{
	char key[OTP_KEY_TEXT_SIZE];

	int used = 0;

	otp_key_format(&otp->key, key);
	if (otp->line != 0)
		used = snprintf(line, OTP_REPLY_SIZE, "%u/%u ", otp->line, otp->lines);
	snprintf(line + used, OTP_REPLY_SIZE - (size_t)used, "%" PRIu64 " %s %" PRIu64, otp->issued_at, key, otp->r);
	crypto_wipe(key, sizeof(key));
}

/* "3/10" */
static bool parse_line_number(struct field f, struct otp *otp)
{
	const char *slash = memchr(f.text, '/', f.len);
	uint64_t line, lines;

	if (slash == NULL || !decimal_parse(f.text, (size_t)(slash - f.text), OTP_SHEET_MAX, &line) ||
	    !decimal_parse(slash + 1, (size_t)(f.text + f.len - slash - 1), OTP_SHEET_MAX, &lines) || line == 0 ||
	    line > lines)
		return false;
	otp->line = (uint8_t)line;
	otp->lines = (uint8_t)lines;
	return true;
}

int otp_reply_parse(struct otp *otp, const char *line, size_t len)
{
	struct field fields[4], *f = fields;
	size_t count = split(line, len, fields, 4);
	bool of_sheet = count == 4 && memchr(fields[0].text, '/', fields[0].len) != NULL;
	int rc;

	memset(otp, 0, sizeof(*otp));
	if (of_sheet)
		f++;
	if ((count != 3 && !of_sheet) || (size_t)(f[2].text + f[2].len - line) > OTP_REPLY_SIZE - 1)
		return QK_ERR_REPLY;
	if (of_sheet && !parse_line_number(fields[0], otp))
		rc = QK_ERR_LINE;
	else if (!decimal_parse(f[0].text, f[0].len, UINT64_MAX, &otp->issued_at))
		rc = QK_ERR_TIMESTAMP;
	else if (otp_key_parse(&otp->key, f[1].text, f[1].len) != 0)
		rc = QK_ERR_KEY;
	else if (!decimal_parse(f[2].text, f[2].len, UINT64_MAX, &otp->r))
		rc = QK_ERR_R;
	else
		return 0;
	otp_wipe(otp);
	return rc;
}

int otp_pass_code_check(const char *pass_code)
{
	size_t len = strlen(pass_code);

	if (len == 0 || len > OTP_PASS_CODE_MAX)
		return QK_ERR_PASS_CODE;
	for (size_t i = 0; i < len; i++)
		if (pass_code[i] < 0x21 || pass_code[i] > 0x7e)
			return QK_ERR_PASS_CODE;
	return 0;
}

int otp_request_format(const struct otp_request *request, char text[static OTP_REQUEST_SIZE])
{
	char source[ADDRESS_TEXT_SIZE];
	int rc;

	text[0] = '\0';
	if ((rc = name_check_user(request->user)) != 0 || (rc = otp_pass_code_check(request->pass_code)) != 0)
		return rc;
	address_format(&request->source, source);
	snprintf(text, OTP_REQUEST_SIZE, "Request OTP %s %s %s", request->user, request->pass_code, source);
	return 0;
}

/* Into a string; false if it does not fit or would end early at a NUL byte. */
static bool copy(char *out, size_t size, struct field f)
{
	if (f.len >= size || memchr(f.text, '\0', f.len) != NULL)
		return false;
	memcpy(out, f.text, f.len);
	out[f.len] = '\0';
	return true;
}

int otp_request_parse(struct otp_request *request, const char *text, size_t len)
{
	char source[ADDRESS_TEXT_SIZE];
	struct field f[5];
	int rc;

	memset(request, 0, sizeof(*request));
	if (split(text, len, f, 5) != 5 || !is_text(f[0], "Request") || !is_text(f[1], "OTP"))
		rc = QK_ERR_REQUEST;
	else if (!copy(request->user, sizeof(request->user), f[2]) || name_check_user(request->user) != 0)
		rc = QK_ERR_USER_ID;
	else if (!copy(request->pass_code, sizeof(request->pass_code), f[3]) ||
		 otp_pass_code_check(request->pass_code) != 0)
		rc = QK_ERR_PASS_CODE;
	else if (!copy(source, sizeof(source), f[4]) || address_parse(&request->source, source) != 0)
		return QK_ERR_ADDRESS;
	else
		return 0;
	otp_request_wipe(request);
	return rc;
}

void otp_request_wipe(struct otp_request *request)
{
	crypto_wipe(request, sizeof(*request));
}
