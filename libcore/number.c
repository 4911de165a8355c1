/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/number.h"

#include <string.h>

#include "libcore/error.h"

#define DIGITS_MIN 4
#define DIGITS_MAX (NUMBER_SIZE - 2)
#define DIGITS "0123456789"

int number_check(const char *text)
{
	size_t digits;

	if (text[0] != '+' || text[1] == '0')
		return QK_ERR_NUMBER;
	digits = strspn(text + 1, DIGITS);
	return text[1 + digits] == '\0' && digits >= DIGITS_MIN && digits <= DIGITS_MAX ? 0 : QK_ERR_NUMBER;
}

int number_check_country(const char *text)
{
	size_t digits = strspn(text, DIGITS);

	return digits >= 1 && digits <= NUMBER_COUNTRY_MAX && text[digits] == '\0' && text[0] != '0' ? 0
												     : QK_ERR_NUMBER;
}

/* The digits of text behind what stands for "international", with a "+" in front. */
static int compact(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text != '\0'; text++) {
		if (strchr(" \t-.()/", *text) != NULL)
			continue;
		if (strchr(DIGITS, *text) == NULL && !(*text == '+' && used == 0))
			return QK_ERR_NUMBER;
		if (used + 1 >= size)
			return QK_ERR_NUMBER;
		out[used++] = *text;
	}
	out[used] = '\0';
	return 0;
}

/* Joins "+", two runs of digits, and checks the whole. */
static int join(const char *country, const char *rest, char out[static NUMBER_SIZE])
{
	size_t head = strlen(country), tail = strlen(rest);

	if (head + tail > DIGITS_MAX)
		return QK_ERR_NUMBER;
	out[0] = '+';
	memcpy(out + 1, country, head);
	memcpy(out + 1 + head, rest, tail + 1);
	return number_check(out);
}

int number_normalise(const char *text, const char *country, char out[static NUMBER_SIZE])
{
	char digits[2 + NUMBER_SIZE + 1];
	int rc = compact(text, digits, sizeof(digits));

	if (rc == 0) {
		if (digits[0] == '+')
			rc = join("", digits + 1, out);
		else if (strncmp(digits, "00", 2) == 0)
			rc = join("", digits + 2, out);
		else if (digits[0] == '0' && country != NULL && country[0] != '\0')
			rc = join(country, digits + 1, out);
		else
			rc = QK_ERR_NUMBER;
	}
	if (rc != 0)
		memset(out, 0, NUMBER_SIZE);
	return rc;
}
