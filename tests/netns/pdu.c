/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/netns/pdu.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TYPE_INTERNATIONAL 0x91
#define TYPE_UNKNOWN 0x81
#define TYPE_NAME 0xd0
#define HAS_HEADER 0x40
#define CODING_UCS2 0x08
#define ESCAPE 0x1b
#define HEADER_LEN 6

struct octets {
	uint8_t b[PDU_OCTETS_MAX + 8];
	size_t len, at; /* written; read */
};

/* --- the alphabet of GSM, as far as ASCII goes --- */

/* Those of ASCII that have another place; behind ESCAPE if escaped. */
static const struct {
	char ascii;
	uint8_t gsm;
	bool escaped;
} moved[] = {{'@', 0x00, false}, {'$', 0x02, false}, {'_', 0x11, false}, {'^', 0x14, true},
	     {'{', 0x28, true},	 {'}', 0x29, true},  {'\\', 0x2f, true}, {'[', 0x3c, true},
	     {'~', 0x3d, true},	 {']', 0x3e, true},  {'|', 0x40, true}};

#define MOVED (sizeof(moved) / sizeof(moved[0]))

/* As one or two septets; how many. */
static size_t to_gsm(unsigned char c, uint8_t septets[static 2])
{
	for (size_t i = 0; i < MOVED; i++) {
		if ((unsigned char)moved[i].ascii != c)
			continue;
		septets[0] = moved[i].escaped ? ESCAPE : moved[i].gsm;
		septets[1] = moved[i].gsm;
		return moved[i].escaped ? 2 : 1;
	}
	septets[0] = c == '\n' || (c >= ' ' && c < 0x7f && c != '`') ? c : '?';
	return 1;
}

static char from_gsm(uint8_t septet, bool escaped)
{
	for (size_t i = 0; i < MOVED; i++)
		if (moved[i].gsm == septet && moved[i].escaped == escaped)
			return moved[i].ascii;
	return !escaped && septet >= ' ' && isprint(septet) && strchr("@$_^{}\\[~]|`", septet) == NULL ? (char)septet
												       : '?';
}

/* --- writing --- */

static void put(struct octets *o, unsigned value)
{
	if (o->len < sizeof(o->b))
		o->b[o->len++] = (uint8_t)value;
}

static void put_septets(struct octets *o, const uint8_t *septets, size_t count, unsigned shift)
{
	unsigned pending = 0, bits = shift;

	for (size_t i = 0; i < count; i++) {
		pending |= (unsigned)septets[i] << bits;
		bits += 7;
		if (bits >= 8) {
			put(o, pending & 0xff);
			pending >>= 8;
			bits -= 8;
		}
	}
	if (bits > 0)
		put(o, pending);
}

static void put_digits(struct octets *o, const char *digits)
{
	size_t len = strlen(digits);

	for (size_t i = 0; i < len; i += 2) {
		unsigned high = i + 1 < len ? (unsigned)(digits[i + 1] - '0') : 0xf;

		put(o, high << 4 | (unsigned)(digits[i] - '0'));
	}
}

static void put_sender(struct octets *o, const char *sender)
{
	bool international = sender[0] == '+';
	const char *digits = sender + international;

	if (digits[strspn(digits, "0123456789")] == '\0') {
		put(o, (unsigned)strlen(digits));
		put(o, international ? TYPE_INTERNATIONAL : TYPE_UNKNOWN);
		put_digits(o, digits);
	} else {
		uint8_t septets[24];
		size_t n = 0;

		for (const char *c = sender; *c != '\0' && n < 11; c++)
			n += to_gsm((unsigned char)*c, septets + n);
		put(o, (unsigned)((7 * n + 3) / 4));
		put(o, TYPE_NAME);
		put_septets(o, septets, n, 0);
	}
}

/* The user data: its length and itself. Returns false if it is too long. */
static bool put_text(struct octets *o, const struct pdu_deliver *m)
{
	bool several = m->parts > 1;
	uint8_t septets[2 * PDU_TEXT_SIZE];
	size_t n = 0, room = pdu_room(m->alphabet, several);

	for (size_t i = 0; m->alphabet == PDU_GSM7 && i < m->len && n < PDU_TEXT_SIZE; i++)
		n += to_gsm(m->text[i], septets + n);
	if (m->alphabet == PDU_UCS2)
		n = m->len;
	if (n > room)
		return false;
	if (m->alphabet == PDU_UCS2)
		put(o, (unsigned)(2 * n + (several ? HEADER_LEN : 0)));
	else
		put(o, (unsigned)(n + (several ? HEADER_LEN + 1 : 0))); /* the header and one bit to fill a septet */
	if (several) {
		const unsigned header[HEADER_LEN] = {HEADER_LEN - 1, 0, 3, m->reference, m->parts, m->part};

		for (size_t i = 0; i < HEADER_LEN; i++)
			put(o, header[i]);
	}
	if (m->alphabet == PDU_GSM7)
		put_septets(o, septets, n, several ? 1 : 0);
	for (size_t i = 0; m->alphabet == PDU_UCS2 && i < m->len; i++) {
		put(o, 0);
		put(o, m->text[i]);
	}
	return true;
}

size_t pdu_room(enum pdu_alphabet alphabet, bool several)
{
	if (alphabet == PDU_UCS2)
		return several ? 67 : 70;
	return several ? 153 : 160;
}

bool pdu_write_deliver(const struct pdu_deliver *m, char hex[static PDU_HEX_SIZE])
{
	static const uint8_t stamp[] = {0x62, 0x11, 0x32, 0x21, 0x00, 0x00, 0x00}; /* 2026-11-23 12:00:00 */
	struct octets o = {.len = 0};

	hex[0] = '\0';
	put(&o, 0);				    /* the service centre's number: none */
	put(&o, m->parts > 1 ? 4 | HAS_HEADER : 4); /* DELIVER, and no more wait */
	put_sender(&o, m->sender);
	put(&o, 0); /* protocol */
	put(&o, m->alphabet == PDU_UCS2 ? CODING_UCS2 : 0);
	for (size_t i = 0; i < sizeof(stamp); i++)
		put(&o, stamp[i]);
	if (!put_text(&o, m) || o.len > PDU_OCTETS_MAX)
		return false;
	for (size_t i = 0; i < o.len; i++)
		sprintf(hex + 2 * i, "%02X", o.b[i]);
	return true;
}

/* --- reading --- */

static bool from_hex(const char *hex, struct octets *o)
{
	unsigned value;

	*o = (struct octets){.len = 0};
	for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]); hex += 2) {
		if (o->len == sizeof(o->b) || sscanf(hex, "%2x", &value) != 1)
			return false;
		o->b[o->len++] = (uint8_t)value;
	}
	return hex[0] == '\0';
}

/* Zero behind the end: what is too short decodes to something wrong, never to something outside. */
static unsigned get(struct octets *o)
{
	return o->at < o->len ? o->b[o->at++] : 0;
}

static bool get_number(struct octets *o, char *number)
{
	unsigned digits = get(o), type = get(o), octet = 0;

	if (digits == 0 || digits > PDU_NUMBER_SIZE - 2)
		return false;
	if (type == TYPE_INTERNATIONAL)
		*number++ = '+';
	for (unsigned i = 0; i < digits; i++) {
		octet = i % 2 == 0 ? get(o) : octet >> 4;
		*number++ = (char)('0' + (octet & 0xf));
	}
	*number = '\0';
	return true;
}

static void get_septets(const struct octets *o, size_t from_bit, size_t count, char *text)
{
	bool escaped = false;

	for (size_t i = 0; i < count; i++) {
		size_t bit = from_bit + 7 * i, octet = o->at + bit / 8;
		unsigned low = octet < o->len ? o->b[octet] : 0, high = octet + 1 < o->len ? o->b[octet + 1] : 0;
		uint8_t septet = (high << 8 | low) >> bit % 8 & 0x7f;

		if (septet == ESCAPE && !escaped) {
			escaped = true;
			continue;
		}
		*text++ = from_gsm(septet, escaped);
		escaped = false;
	}
	*text = '\0';
}

static void get_ucs2(struct octets *o, size_t count, char *text)
{
	for (size_t i = 0; i < count; i++) {
		unsigned c = get(o) << 8;

		c |= get(o);
		*text++ = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	*text = '\0';
}

bool pdu_read_submit(const char *hex, struct pdu_submit *out)
{
	struct octets o;
	unsigned first, coding, len, header;

	memset(out, 0, sizeof(*out));
	if (!from_hex(hex, &o))
		return false;
	o.at += get(&o); /* the service centre's number */
	first = get(&o);
	get(&o); /* reference */
	if ((first & 3) != 1 || !get_number(&o, out->number))
		return false;
	get(&o); /* protocol */
	coding = get(&o);
	if ((first & 0x18) != 0) /* validity: one octet, or seven */
		o.at += (first & 0x18) == 0x10 ? 1 : 7;
	len = get(&o);
	header = first & HAS_HEADER && o.at < o.len ? o.b[o.at] + 1u : 0;
	if (o.at >= o.len || len > PDU_TEXT_SIZE - 1 || (8 * header + 6) / 7 > len)
		return false;
	if ((coding & 0x0c) == CODING_UCS2) {
		o.at += header;
		get_ucs2(&o, (len - header) / 2, out->text);
	} else {
		size_t skipped = (8 * header + 6) / 7;

		get_septets(&o, 7 * skipped, len - skipped, out->text);
	}
	return true;
}
