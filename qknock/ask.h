/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to send, and where, to get a one-time key (protocol.md section 2): in words, and as a QR code for a telephone.
 */
#ifndef QKNOCK_ASK_H
#define QKNOCK_ASK_H

#include <stdbool.h>

#include "libcore/address.h"
#include "libcore/otp.h"
#include "libcore/profile.h"
#include "libcore/qr.h"

#define ASK_PLACE_HOLDER "<pass-code>"

struct ask {
	const struct profile *profile;
	const struct address *source;
	const char *number; /* NULL: the profile's, if it has one */
};

/* Where to send it; NULL when that is not known. */
const char *ask_number(const struct ask *ask);

/* The text of the message. The pass-code is never in it, the place holder stands for it. */
void ask_message(const struct ask *ask, char text[static OTP_REQUEST_SIZE]);

/* A QR code that opens the composer of a telephone with the message in it. With pass_code NULL the place holder is in
 * it, to be replaced there; else the code is as secret as the pass-code. The caller frees it. Errors: NOMEM, SPACE. */
int ask_qr(const struct ask *ask, const char *pass_code, bool colour, struct qr *out);

#endif
