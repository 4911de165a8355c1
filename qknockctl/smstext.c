/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/smstext.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

#define VALUE_SIZE 64

/* What is left of the headers. */
struct rest {
	const char *p;
	size_t len;
};

/* The next line without its end; false behind the last. */
static bool next_line(struct rest *rest, const char **line, size_t *len)
{
	const char *end = memchr(rest->p, '\n', rest->len);

	if (end == NULL)
		return false;
	*line = rest->p;
	*len = (size_t)(end - rest->p);
	rest->len -= *len + 1;
	rest->p = end + 1;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		(*len)--;
	return true;
}

/* Only the first header of its name counts, be it empty or too long. */
struct header {
	const char *name;
	bool seen;
	char value[VALUE_SIZE];
};

/* The value of "name: value" without the blanks around it, if the line is that. */
static void take(const char *line, size_t len, struct header *header)
{
	size_t name_len = strlen(header->name);

	if (header->seen || len <= name_len || line[name_len] != ':' || strncasecmp(line, header->name, name_len) != 0)
		return;
	header->seen = true;
	line += name_len + 1;
	len -= name_len + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len < VALUE_SIZE && memchr(line, '\0', len) == NULL)
		memcpy(header->value, line, len);
}

static char plain(unsigned c)
{
	if (c == '\t' || c == '\r' || c == '\n')
		return ' ';
	return c >= 0x20 && c <= 0x7e ? (char)c : '?';
}

void smstext_set(struct smstext *out, const char *bytes, size_t len)
{
	size_t n = len < sizeof(out->text) - 1 ? len : sizeof(out->text) - 1;

	for (size_t i = 0; i < n; i++)
		out->text[i] = plain((unsigned char)bytes[i]);
	out->text[n] = '\0';
}

/* UTF-16, the high byte first, as modems deliver it. */
static void set_ucs2(struct smstext *out, const char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < len && n < sizeof(out->text) - 1; i += 2)
		out->text[n++] = plain((unsigned)(unsigned char)bytes[i] << 8 | (unsigned char)bytes[i + 1]);
	out->text[n] = '\0';
}

static int set_number(struct smstext *out, enum smstext_dialect dialect, const char *from, const char *toa)
{
	bool bare = dialect == SMSTEXT_SMSTOOLS;

	if (from[0] == '\0' || (bare && (strncmp(toa, "91", 2) != 0 || strspn(from, "0123456789") != strlen(from))))
		return QK_ERR_NUMBER;
	if ((size_t)snprintf(out->number, sizeof(out->number), "%s%s", bare ? "+" : "", from) < sizeof(out->number))
		return 0;
	return QK_ERR_NUMBER;
}

int smstext_parse(struct smstext *out, enum smstext_dialect dialect, const char *bytes, size_t len)
{
	struct header from = {.name = "From"}, toa = {.name = "From_TOA"}, alphabet = {.name = "Alphabet"};
	struct rest rest = {bytes, len};
	size_t line_len = 0;
	const char *line;
	bool ended = false;
	int rc;

	memset(out, 0, sizeof(*out));
	while (!ended && next_line(&rest, &line, &line_len)) {
		take(line, line_len, &from);
		take(line, line_len, &toa);
		take(line, line_len, &alphabet);
		ended = line_len == 0;
	}
	rc = ended ? set_number(out, dialect, from.value, toa.value) : QK_ERR_REQUEST;
	if (rc == 0 && dialect == SMSTEXT_SMSTOOLS && strncasecmp(alphabet.value, "UCS", 3) == 0)
		set_ucs2(out, rest.p, rest.len);
	else if (rc == 0)
		smstext_set(out, rest.p, rest.len);
	if (rc != 0)
		smstext_wipe(out);
	return rc;
}

void smstext_wipe(struct smstext *message)
{
	crypto_wipe(message, sizeof(*message));
}
