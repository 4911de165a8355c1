/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/qr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

#define QUIET 4 /* modules of light around it, as the standard wants */
#define BLACK_ON_WHITE "\033[30;47m"
#define AS_BEFORE "\033[0m"
#define MODULE_BYTES 3 /* of a half block in UTF-8 */

static bool is_dark(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[(size_t)y * (size_t)code->width + (size_t)x] & 1) != 0;
}

static char *draw_row(const QRcode *code, int y, bool colour, char *at)
{
	static const char *const glyphs[] = {" ", "▄", "▀", "█"}; /* bit 1: the upper half, bit 0: the lower */

	if (colour)
		at = stpcpy(at, BLACK_ON_WHITE);
	for (int x = 0; x < code->width + 2 * QUIET; x++) {
		unsigned dark = (is_dark(code, x, y) ? 2u : 0u) | (is_dark(code, x, y + 1) ? 1u : 0u);

		at = stpcpy(at, glyphs[colour ? dark : 3 - dark]);
	}
	if (colour)
		at = stpcpy(at, AS_BEFORE);
	return stpcpy(at, "\n");
}

int qr_draw(const char *text, bool colour, struct qr *out)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	char *at;

	memset(out, 0, sizeof(*out));
	if (code == NULL)
		return errno == ENOMEM ? QK_ERR_NOMEM : QK_ERR_SPACE;
	out->columns = (unsigned)code->width + 2 * QUIET;
	out->rows = (out->columns + 1) / 2;
	out->size = (size_t)out->rows * (out->columns * MODULE_BYTES + strlen(BLACK_ON_WHITE AS_BEFORE "\n")) + 1;
	out->text = malloc(out->size);
	if (out->text != NULL) {
		at = out->text;
		*at = '\0';
		for (unsigned row = 0; row < out->rows; row++)
			at = draw_row(code, (int)row * 2, colour, at);
	}
	crypto_wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return out->text != NULL ? 0 : QK_ERR_NOMEM;
}

void qr_free(struct qr *qr)
{
	if (qr->text != NULL)
		crypto_wipe(qr->text, qr->size);
	free(qr->text);
	memset(qr, 0, sizeof(*qr));
}
