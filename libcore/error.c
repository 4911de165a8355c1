/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/error.h"

const char *error_text(int code)
{
	static const char *const texts[] = {
#define X(name, text) text,
		ERROR_TABLE(X)
#undef X
	};

	if (code == 0)
		return "success";
	if (code > 0 || code < -ERROR_COUNT)
		return "unknown error";
	return texts[-1 - code];
}
