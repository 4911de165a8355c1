/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/profile_uri.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcore/error.h"

#define SCHEME "qknock:"
#define REVISION "1?"

static const struct field {
	char letter;
	const char *key;    /* of the line */
	const char *preset; /* what stands for a missing one; NULL: nothing */
} fields[] = {
    {'i', "server-id", NULL},	 {'u', "user", NULL},	{'n', "n", NULL},
    {'h', "host", NULL},	 {'t', "number", NULL}, {'s', "service", NULL},
    {'p', "ports", "8800-8899"}, {'c', "count", "12"},	{'v', "validity", "120"},
    {'w', "widths", "0 8 64"},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* A text that grows; what does not fit is remembered. */
struct text {
	char *at;
	size_t size, len;
	bool overflow;
};

static void put(struct text *t, const char *bytes, size_t len)
{
	if (len >= t->size - t->len) {
		t->overflow = true;
		return;
	}
	memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = '\0';
}

static void put_string(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~:", c) != NULL);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends a value, decoded, with blanks for commas. NULL, or what was expected. */
static const char *decode(const char *value, size_t len, struct text *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = value[i];

		if (c == ',') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < len ? hex_digit(value[i + 1]) : -1;
			int low = i + 2 < len ? hex_digit(value[i + 2]) : -1;

			if (high < 0 || low < 0)
				return "two hexadecimal digits behind %";
			c = (char)(high << 4 | low);
			if (c <= ' ' || c > '~')
				return "printable ASCII characters behind %";
			i += 2;
		} else if (!is_plain(c)) {
			return "%XX for other characters than A-Z a-z 0-9 - . _ ~ : ,";
		}
		put(out, &c, 1);
	}
	return NULL;
}

/* One "x=value" becomes a line. NULL, or what was expected. */
static const char *add_line(const char *part, size_t len, struct text *out, unsigned *seen)
{
	const char *fault;
	size_t i = 0;

	while (i < FIELDS && (len < 2 || part[0] != fields[i].letter || part[1] != '='))
		i++;
	if (i == FIELDS)
		return "a field i, h, t, u, n, p, c, v, w or s, and = behind it";
	*seen |= 1u << i;
	put_string(out, fields[i].key);
	put_string(out, " ");
	fault = decode(part + 2, len - 2, out);
	put_string(out, "\n");
	return fault;
}

bool profile_uri_begins(const char *text, size_t len)
{
	return len >= strlen(SCHEME) && strncasecmp(text, SCHEME, strlen(SCHEME)) == 0;
}

/* The URI as the lines of a profile. field is where a fault is. */
static const char *translate(const char *uri, size_t len, struct text *out, unsigned *field)
{
	const char *fault = NULL;
	unsigned seen = 0;
	size_t at = 0;

	put_string(out, "qknock-profile 1\n");
	for (*field = 1; fault == NULL && at <= len; ++*field) {
		const char *end = memchr(uri + at, '&', len - at);
		size_t part = end != NULL ? (size_t)(end - uri) - at : len - at;

		fault = add_line(uri + at, part, out, &seen);
		at += part + 1;
	}
	--*field;
	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i].preset == NULL || (seen & 1u << i) != 0)
			continue;
		put_string(out, fields[i].key);
		put_string(out, " ");
		put_string(out, fields[i].preset);
		put_string(out, "\n");
	}
	return fault;
}

int profile_uri_parse(struct profile *out, const char *uri, size_t len, struct profile_fault *fault)
{
	const size_t head = strlen(SCHEME REVISION);
	struct profile_fault found = {0};
	char lines[PROFILE_TEXT_SIZE];
	struct text text = {.at = lines, .size = sizeof(lines)};
	int rc = QK_ERR_PROFILE;

	memset(out, 0, sizeof(*out));
	if (!profile_uri_begins(uri, len) || len < head ||
	    memcmp(uri + strlen(SCHEME), REVISION, strlen(REVISION)) != 0)
		found.expected = SCHEME REVISION " at the beginning";
	else
		found.expected = translate(uri + head, len - head, &text, &found.line);
	if (found.expected == NULL && text.overflow)
		found = (struct profile_fault){0, "a shorter text"};
	if (found.expected == NULL) {
		rc = profile_parse(out, lines, text.len, &found);
		if (found.line > 0)
			found.line--; /* the version's line is no field */
	}
	if (fault != NULL)
		*fault = found;
	return rc;
}

static void put_value(struct text *out, const char *value)
{
	char escaped[4];

	for (; *value != '\0'; value++) {
		if (is_plain(*value)) {
			put(out, value, 1);
		} else {
			snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)*value);
			put_string(out, escaped);
		}
	}
}

/* One line of a profile as a field; the version's is none. */
static void put_field(struct text *out, char *line)
{
	char *value = strchr(line, ' '), *word;
	size_t i = 0;

	if (value == NULL)
		return;
	*value++ = '\0';
	while (i < FIELDS && strcmp(line, fields[i].key) != 0)
		i++;
	if (i == FIELDS || (fields[i].preset != NULL && strcmp(value, fields[i].preset) == 0))
		return;
	if (out->at[out->len - 1] != '?')
		put_string(out, "&");
	put(out, &fields[i].letter, 1);
	put_string(out, "=");
	for (bool first = true; (word = strsep(&value, " ")) != NULL; first = false) {
		if (!first)
			put_string(out, ",");
		put_value(out, word);
	}
}

int profile_uri_format(const struct profile *profile, char *uri, size_t size)
{
	struct text out = {.at = uri, .size = size};
	char lines[PROFILE_TEXT_SIZE], *rest = lines, *line;
	int rc = profile_format(profile, lines, sizeof(lines));

	if (size > 0)
		uri[0] = '\0';
	if (rc != 0 || size < sizeof(SCHEME REVISION))
		return QK_ERR_SPACE;
	put_string(&out, SCHEME REVISION);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			put_field(&out, line);
	if (!out.overflow)
		return 0;
	uri[0] = '\0';
	return QK_ERR_SPACE;
}
