/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one list of error codes. Functions return 0 on success or one of these (all negative).
 * Each code names what was wrong, so that a message can be made from it without further context.
 */
#ifndef LIBCORE_ERROR_H
#define LIBCORE_ERROR_H

/* X(name, text): the text completes "qknock: <context>: ..." */
#define ERROR_TABLE(X) \
	X(NOMEM, "out of memory") \
	X(IO, "input or output failed") \
	X(SPACE, "result does not fit the space given") \
	X(CRYPTO, "cryptographic library failed") \
	X(ADDRESS, "not a numeric IPv4 or IPv6 address") \
	X(SERVER_ID, "server id must be 1 to 64 printable ASCII characters without blanks") \
	X(USER_ID, "user id must be 1 to 32 of a-z 0-9 . _ - and start with a letter") \
	X(LOGIN_NAME, "logins must be account names of 1 to 64 characters, separated by one blank") \
	X(SERVICE_NAME, "service name must be 1 to 15 of a-z 0-9 -") \
	X(TABLE_NAME, "table name must be 1 to 15 of a-z 0-9 -") \
	X(SERVICE_PROTOCOL, "service protocol must be 6 (tcp) or 17 (udp)") \
	X(SERVICE_PORT, "service port must be 1 to 65535") \
	X(KNOCK_PORTS, "knock ports must be one range FIRST-LAST within 1-65535 that spans 64 or more") \
	X(COUNT, "count of packets must be 12 to 32") \
	X(WIDTH, "hop width must be 0 or 8 for IPv4, 0 or 64 for IPv6") \
	X(PRIME, "P and Q must be two different primes") \
	X(MODULUS, "N = P*Q must be 77 to 18446744073709551615") \
	X(R, "random number R must be 2 <= R < N and share no factor with N") \
	X(TIMESTAMP, "time stamp must be decimal Unix seconds") \
	X(KEY, "one-time key must be 43 characters of base64url") \
	X(REPLY, "key line must be <time stamp> <one-time key> <random number>") \
	X(LINE, "a sheet's line must begin with its number and their count, as 3/10, of 1 to 40") \
	X(REQUEST, "request must be: Request OTP <user id> <pass-code> <address>") \
	X(PASS_CODE, "pass-code must be 1 to 64 printable ASCII characters without blanks") \
	X(NUMBER, "telephone number must be + and 4 to 15 digits, or national with a country code configured") \
	X(AGAIN, "too much to do now, try again") \
	X(STALE, "one-time key has expired") \
	X(SEAL, "sealed message is not authentic") \
	X(MISMATCH, "sealed message differs from what was expected") \
	X(PROFILE, "malformed profile") \
	X(CONFIG, "bad configuration") \
	X(CONTROL, "malformed control message") \
	X(DENIED, "permission denied") \
	X(NOT_FOUND, "no such entry") \
	X(EXISTS, "entry exists already") \
	X(DISABLED, "user is disabled") \
	X(KEY_PENDING, "a one-time key for another address is pending") \
	X(REPLY_LIMIT, "the pending one-time key was given out as often as allowed") \
	X(POLICY, "not allowed by the user's policy") \
	X(STORE, "store failed") \
	X(STORE_VERSION, "store was written by another version") \
	X(GRANT_NONE, "no grant") \
	X(GRANT_EXPIRED, "grant has expired") \
	X(GRANT_AGE, "grant is older than allowed") \
	X(GRANT_USED, "grant was used already") \
	X(GRANT_USER, "grant is another user's") \
	X(GRANT_FORMAT, "malformed grant file") \
	X(GRANT_DIR, "grants directory is missing or unsafe") \
	X(KERNEL, "kernel refused the operation") \
	X(BPFFS, "bpf file system is not mounted on /sys/fs/bpf") \
	X(TABLE_DIR, "/sys/fs/bpf/qknock or what is below it belongs to, or can be written by, another user: remove it") \
	X(BUSY, "in use") \
	X(FULL, "no room for more grants")

enum error_index {
#define X(name, text) ERROR_INDEX_##name,
	ERROR_TABLE(X)
#undef X
	ERROR_COUNT
};

enum error {
	QK_OK = 0,
#define X(name, text) QK_ERR_##name = -1 - ERROR_INDEX_##name,
	ERROR_TABLE(X)
#undef X
};

/* Text for any code, never NULL; 0 is "success", a number outside the list "unknown error". Static storage. */
const char *error_text(int code);

#endif
