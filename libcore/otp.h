/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-time keys and the lines that travel out of band (protocol.md section 2; protocol-sheet.md section 1). */
#ifndef LIBCORE_OTP_H
#define LIBCORE_OTP_H

#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/name.h"

#define OTP_KEY_SIZE 32
#define OTP_KEY_TEXT_SIZE 44 /* 43 characters of base64url and a NUL */
#define OTP_REPLY_SIZE 161   /* one line of at most 160 characters and a NUL */
#define OTP_PASS_CODE_MAX 64
#define OTP_SHEET_MAX 40 /* lines of a sheet */

struct otp_key {
	uint8_t b[OTP_KEY_SIZE];
};

struct otp {
	struct otp_key key;
	uint64_t issued_at; /* Unix seconds */
	uint64_t r;
	uint8_t line, lines; /* of a sheet: 1 <= line <= lines; both 0: a reply's */
};

/* A fresh key. Errors: CRYPTO. */
int otp_key_draw(struct otp_key *key);
void otp_wipe(struct otp *otp);

/* base64url without padding; parsing wants the canonical 43 characters. Errors: KEY; *key is then zero. */
void otp_key_format(const struct otp_key *key, char text[static OTP_KEY_TEXT_SIZE]);
int otp_key_parse(struct otp_key *key, const char *text, size_t len);

/* The reply "<time stamp> <one-time key> <R>"; a sheet's line has "<line>/<lines> " before it. The caller wipes the
 * text. */
void otp_reply_format(const struct otp *otp, char line[static OTP_REPLY_SIZE]);

/* Fields separated by one or more blanks; leading and trailing blanks and one line end are ignored.
 * Errors: REPLY (shape), LINE (numbers of a sheet's line), TIMESTAMP, KEY, R (not a decimal u64); *otp is then
 * zero. */
int otp_reply_parse(struct otp *otp, const char *line, size_t len);

struct otp_request {
	char user[USER_ID_MAX + 1];
	char pass_code[OTP_PASS_CODE_MAX + 1];
	struct address source;
};

#define OTP_REQUEST_SIZE 160 /* the longest request and a NUL */

/* 0 or PASS_CODE. */
int otp_pass_code_check(const char *pass_code);

/* "Request OTP <user id> <pass-code> <address>". Errors: USER_ID, PASS_CODE. The caller wipes both. */
int otp_request_format(const struct otp_request *request, char text[static OTP_REQUEST_SIZE]);
/* Errors: REQUEST (shape), USER_ID, PASS_CODE, *request is then zero; ADDRESS, only the source is then, so that who
 * may know can be told. The caller wipes it. */
int otp_request_parse(struct otp_request *request, const char *text, size_t len);
void otp_request_wipe(struct otp_request *request);

#endif
