/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text as a QR code for a terminal, two modules a character: UTF-8 half blocks. The only file that knows libqrencode.
 */
#ifndef LIBCORE_QR_H
#define LIBCORE_QR_H

#include <stdbool.h>
#include <stddef.h>

struct qr {
	char *text; /* lines, each with its newline */
	size_t size;
	unsigned columns, rows;
};

/* With colour, dark modules are black on white whatever the terminal has; without, they are what is not drawn, as is
 * right where letters are lighter than what is behind them. Errors: NOMEM; SPACE (too long for a QR code). */
int qr_draw(const char *text, bool colour, struct qr *out);

/* Wipes it too. */
void qr_free(struct qr *qr);

#endif
