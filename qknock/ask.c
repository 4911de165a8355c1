/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/ask.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/secret.h"

#define URI_SIZE (OTP_REQUEST_SIZE * 3 + NUMBER_SIZE + 16) /* each byte may become %XX */

const char *ask_number(const struct ask *ask)
{
	if (ask->number != NULL)
		return ask->number;
	return ask->profile->number[0] != '\0' ? ask->profile->number : NULL;
}

static int compose(const struct ask *ask, const char *pass_code, char text[static OTP_REQUEST_SIZE])
{
	struct otp_request request = {.source = *ask->source};
	int rc;

	assert(strlen(pass_code) <= OTP_PASS_CODE_MAX);
	strcpy(request.user, ask->profile->user);
	strcpy(request.pass_code, pass_code);
	rc = otp_request_format(&request, text);
	otp_request_wipe(&request);
	return rc;
}

void ask_message(const struct ask *ask, char text[static OTP_REQUEST_SIZE])
{
	int rc = compose(ask, ASK_PLACE_HOLDER, text);

	assert(rc == 0); /* a profile holds no bad user, and the place holder is good */
	(void)rc;
}

/* RFC 5724 wants a number; without one the composer lets its user choose. */
static void append_escaped(char *at, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c) != NULL) {
			*at++ = (char)c;
		} else {
			*at++ = '%';
			*at++ = hex[c >> 4];
			*at++ = hex[c & 15];
		}
	}
	*at = '\0';
}

/* What telephones' cameras take for a message to be sent: "SMSTO:NUMBER:TEXT". */
static void format_uri(const struct ask *ask, const char *message, char uri[static URI_SIZE])
{
	const char *number = ask_number(ask);
	int len;

	if (number != NULL) {
		snprintf(uri, URI_SIZE, "SMSTO:%s:%s", number, message);
	} else {
		len = snprintf(uri, URI_SIZE, "sms:?body=");
		append_escaped(uri + len, message);
	}
}

int ask_qr(const struct ask *ask, const char *pass_code, bool colour, struct qr *out)
{
	struct secrets {
		char message[OTP_REQUEST_SIZE];
		char uri[URI_SIZE];
	} *s = secret_alloc(sizeof(*s));
	int rc;

	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return QK_ERR_NOMEM;
	rc = compose(ask, pass_code != NULL ? pass_code : ASK_PLACE_HOLDER, s->message);
	if (rc == 0) {
		format_uri(ask, s->message, s->uri);
		rc = qr_draw(s->uri, colour, out);
	}
	secret_free(s, sizeof(*s));
	return rc;
}
