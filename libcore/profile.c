/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/profile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libcore/decimal.h"
#include "libcore/error.h"

#define WORDS_MAX 4 /* "service NAME PROTOCOL PORT" is the longest line */
#define LINE_MAX_LEN 320

struct parser {
	struct profile *profile;
	unsigned line;		     /* 1-based */
	uint32_t seen;		     /* bit i: keys[i] was there */
	char text[LINE_MAX_LEN + 1]; /* the line, cut into words */
	char *words[WORDS_MAX];
	size_t word_count;
	const char *expected; /* set when a line is refused */
};

/* Sets what was expected and returns the code, so that a refusal is one line. */
static int refuse(struct parser *p, int code, const char *expected)
{
	p->expected = expected;
	return code;
}

static bool decimal(const char *text, uint64_t max, uint64_t *out)
{
	return decimal_parse(text, strlen(text), max, out);
}

static int read_version(struct parser *p)
{
	if (strcmp(p->words[1], "1") != 0)
		return refuse(p, QK_ERR_PROFILE, "version 1");
	return 0;
}

static int read_server_id(struct parser *p)
{
	int rc = name_check_server(p->words[1]);

	if (rc != 0)
		return refuse(p, rc, "1 to 64 printable ASCII characters");
	strcpy(p->profile->server_id, p->words[1]);
	return 0;
}

int profile_check_host(const char *host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%";
	size_t len = strlen(host);

	return len > 0 && len <= PROFILE_HOST_MAX && strspn(host, allowed) == len && *host != '-' ? 0 : QK_ERR_PROFILE;
}

static int read_host(struct parser *p)
{
	int rc = profile_check_host(p->words[1]);

	if (rc != 0)
		return refuse(p, rc, "a host name or a numeric address");
	strcpy(p->profile->host, p->words[1]);
	return 0;
}

static int read_number(struct parser *p)
{
	int rc = number_check(p->words[1]);

	if (rc != 0)
		return refuse(p, rc, "a telephone number, + and 4 to 15 digits");
	strcpy(p->profile->number, p->words[1]);
	return 0;
}

static int read_user(struct parser *p)
{
	int rc = name_check_user(p->words[1]);

	if (rc != 0)
		return refuse(p, rc, "1 to 32 of a-z 0-9 . _ -, first a letter");
	strcpy(p->profile->user, p->words[1]);
	return 0;
}

static int read_n(struct parser *p)
{
	if (!decimal(p->words[1], UINT64_MAX, &p->profile->n_mod) || chain_check_modulus(p->profile->n_mod) != 0)
		return refuse(p, QK_ERR_MODULUS, "a decimal number, 77 to 18446744073709551615");
	return 0;
}

static int read_ports(struct parser *p)
{
	int rc = knock_ports_parse(p->words[1], &p->profile->shape);

	return rc == 0 ? 0 : refuse(p, rc, "FIRST-LAST within 1-65535, 64 ports or more");
}

static int read_count(struct parser *p)
{
	uint64_t count;

	if (!decimal(p->words[1], KNOCK_COUNT_MAX, &count) || count < KNOCK_COUNT_MIN)
		return refuse(p, QK_ERR_COUNT, "a decimal number, 12 to 32");
	p->profile->shape.count = (uint8_t)count;
	return 0;
}

static int read_validity(struct parser *p)
{
	uint64_t validity;

	if (!decimal(p->words[1], UINT32_MAX, &validity) || validity == 0)
		return refuse(p, QK_ERR_PROFILE, "seconds, a decimal number from 1 to 4294967295");
	p->profile->validity = (uint32_t)validity;
	return 0;
}

static int read_widths(struct parser *p)
{
	struct profile *profile = p->profile;

	for (size_t i = 1; i < p->word_count; i++) {
		uint64_t width;

		if (!decimal(p->words[i], UINT16_MAX, &width) || chain_check_any_width((uint16_t)width) != 0)
			return refuse(p, QK_ERR_WIDTH, "one or more of 0, 8 and 64");
		for (size_t j = 0; j < profile->width_count; j++)
			if (profile->widths[j] == width)
				return refuse(p, QK_ERR_WIDTH, "each width once");
		profile->widths[profile->width_count++] = (uint16_t)width;
	}
	return 0;
}

static int read_service(struct parser *p)
{
	struct profile *profile = p->profile;
	struct service *service = &profile->services[profile->service_count];
	uint64_t port;
	int rc;

	if (profile->service_count == PROFILE_SERVICES_MAX)
		return refuse(p, QK_ERR_PROFILE, "at most 32 services");
	rc = name_check_service(p->words[1]);
	if (rc != 0)
		return refuse(p, rc, "a service name, 1 to 15 of a-z 0-9 -");
	if (profile_service(profile, p->words[1]) != NULL)
		return refuse(p, QK_ERR_PROFILE, "each service once");
	if (service_protocol_parse(p->words[2], &service->protocol) != 0)
		return refuse(p, QK_ERR_SERVICE_PROTOCOL, "tcp or udp");
	if (!decimal(p->words[3], UINT16_MAX, &port) || port == 0)
		return refuse(p, QK_ERR_SERVICE_PORT, "a port, 1 to 65535");
	strcpy(service->name, p->words[1]);
	service->port = (uint16_t)port;
	profile->service_count++;
	return 0;
}

/* The grammar. Word counts include the key. */
static const struct key {
	const char *name;
	size_t words_min, words_max;
	bool required, repeats;
	int (*read)(struct parser *p);
	const char *form;
	const char *missing;
} keys[] = {
    {"qknock-profile", 2, 2, true, false, read_version, "qknock-profile 1", "qknock-profile 1 first"},
    {"server-id", 2, 2, true, false, read_server_id, "server-id ID", "a server-id line"},
    {"host", 2, 2, false, false, read_host, "host NAME", NULL},
    {"number", 2, 2, false, false, read_number, "number NUMBER", NULL},
    {"user", 2, 2, true, false, read_user, "user ID", "a user line"},
    {"n", 2, 2, true, false, read_n, "n NUMBER", "an n line"},
    {"ports", 2, 2, true, false, read_ports, "ports FIRST-LAST", "a ports line"},
    {"count", 2, 2, true, false, read_count, "count NUMBER", "a count line"},
    {"validity", 2, 2, true, false, read_validity, "validity SECONDS", "a validity line"},
    {"widths", 2, 1 + CHAIN_WIDTHS_ALL, true, false, read_widths, "widths WIDTH...", "a widths line"},
    {"service", 4, 4, true, true, read_service, "service NAME tcp|udp PORT", "a service line"},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* Copies the line and cuts it at blanks. */
static int cut(struct parser *p, const char *line, size_t len)
{
	bool inside = false;

	if (len > LINE_MAX_LEN)
		return refuse(p, QK_ERR_PROFILE, "a line of at most 320 characters");
	p->word_count = 0;
	for (size_t i = 0; i < len; i++) {
		bool blank = line[i] == ' ' || line[i] == '\t';

		if (!blank && (line[i] < 0x21 || line[i] > 0x7e))
			return refuse(p, QK_ERR_PROFILE, "printable ASCII characters");
		if (!blank && !inside) {
			if (p->word_count == WORDS_MAX)
				return refuse(p, QK_ERR_PROFILE, "at most 4 words on a line");
			p->words[p->word_count++] = p->text + i;
		}
		p->text[i] = blank ? '\0' : line[i];
		inside = !blank;
	}
	p->text[len] = '\0';
	return 0;
}

static int read_line(struct parser *p, const char *line, size_t len)
{
	size_t i = 0;
	int rc;

	if (len > 0 && line[0] == '#')
		return 0;
	rc = cut(p, line, len);
	if (rc != 0 || p->word_count == 0)
		return rc;
	while (i < KEY_COUNT && strcmp(p->words[0], keys[i].name) != 0)
		i++;
	if (p->seen == 0 && i != 0)
		return refuse(p, QK_ERR_PROFILE, keys[0].missing);
	if (i == KEY_COUNT)
		return refuse(p, QK_ERR_PROFILE, "a key of qknock-profile 1");
	if ((p->seen & 1u << i) != 0 && !keys[i].repeats)
		return refuse(p, QK_ERR_PROFILE, "each key once");
	if (p->word_count < keys[i].words_min || p->word_count > keys[i].words_max)
		return refuse(p, QK_ERR_PROFILE, keys[i].form);
	p->seen |= 1u << i;
	return keys[i].read(p);
}

static int check_complete(struct parser *p)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].required && (p->seen & 1u << i) == 0)
			return refuse(p, QK_ERR_PROFILE, keys[i].missing);
	return 0;
}

int profile_parse(struct profile *out, const char *text, size_t len, struct profile_fault *fault)
{
	struct parser p = {.profile = out};
	size_t at = 0;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	while (rc == 0 && at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end != NULL ? (size_t)(end - text) - at : len - at;

		p.line++;
		rc = read_line(&p, text + at, line_len);
		at += line_len + 1;
	}
	if (rc == 0) {
		p.line = 0;
		rc = check_complete(&p);
	}
	if (rc != 0)
		memset(out, 0, sizeof(*out));
	if (fault != NULL)
		*fault = (struct profile_fault){p.line, p.expected};
	return rc;
}

/* snprintf behind what is there already; *used > size records that something did not fit. */
static void append(char *text, size_t size, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void append(char *text, size_t size, size_t *used, const char *format, ...)
{
	size_t at = *used < size ? *used : size;
	va_list args;

	va_start(args, format);
	*used += (size_t)vsnprintf(text + at, size - at, format, args);
	va_end(args);
}

int profile_format(const struct profile *profile, char *text, size_t size)
{
	size_t used = 0;

	append(text, size, &used, "qknock-profile 1\nserver-id %s\n", profile->server_id);
	if (profile->host[0] != '\0')
		append(text, size, &used, "host %s\n", profile->host);
	if (profile->number[0] != '\0')
		append(text, size, &used, "number %s\n", profile->number);
	append(text, size, &used, "user %s\nn %" PRIu64 "\nports %u-%u\ncount %u\nvalidity %" PRIu32 "\nwidths",
	       profile->user, profile->n_mod, profile->shape.port_first, profile->shape.port_last, profile->shape.count,
	       profile->validity);
	for (size_t i = 0; i < profile->width_count; i++)
		append(text, size, &used, " %u", profile->widths[i]);
	append(text, size, &used, "\n");
	for (size_t i = 0; i < profile->service_count; i++) {
		const struct service *s = &profile->services[i];

		append(text, size, &used, "service %s %s %u\n", s->name, service_protocol_name(s->protocol), s->port);
	}
	if (used < size)
		return 0;
	if (size > 0)
		text[0] = '\0';
	return QK_ERR_SPACE;
}

const struct service *profile_service(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->service_count; i++)
		if (strcmp(profile->services[i].name, name) == 0)
			return &profile->services[i];
	return NULL;
}
