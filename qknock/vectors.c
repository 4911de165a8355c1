/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/vectors.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "libcore/decimal.h"
#include "libcore/error.h"
#include "libcore/sequence.h"

#define PROTOCOL "qknock/1"
#define NAME_MAX_LEN 64
#define VALUE_SIZE ADDRESS_TEXT_SIZE

/* One case as the file has it, and what comes out of it. Strings belong to the JSON document. */
struct vector {
	const char *name;
	const char *server_id;
	const char *user;
	struct address client;
	struct otp otp;
	struct service service;
	struct knock_shape shape;
	uint64_t n_mod;
	uint16_t width;
	struct sequence_packet claimed[KNOCK_COUNT_MAX];
	size_t claimed_count;
	struct sequence_packet computed[KNOCK_COUNT_MAX]; /* shape.count of them */
	bool announced;					  /* the case has an announcement */
	struct sequence_packet claimed_announcement, computed_announcement;
};

/* Where in the file the reader is, for the one message that a malformed file gets. */
struct reader {
	const char *file;
	FILE *err;
	size_t case_index;
	const char *case_name; /* NULL before it is known */
	size_t packet;	       /* NO_PACKET outside of packets */
};

#define NO_PACKET SIZE_MAX
#define NO_CASE SIZE_MAX

struct report {
	FILE *out;
	json_t *list; /* of mismatches; NULL for plain text */
	size_t mismatches;
	size_t packets;
};

static void say_where(const struct reader *r)
{
	fprintf(r->err, "%s: ", r->file);
	if (r->case_name != NULL)
		fprintf(r->err, "case %s: ", r->case_name);
	else if (r->case_index != NO_CASE)
		fprintf(r->err, "case #%zu: ", r->case_index);
	if (r->packet != NO_PACKET)
		fprintf(r->err, "packet %zu: ", r->packet);
}

static bool fault(const struct reader *r, const char *field, const char *expected)
{
	say_where(r);
	fprintf(r->err, "%s: expected %s\n", field, expected);
	return false;
}

/* A parameter outside of the protocol's bounds, or a failure: the error's text names it. */
static bool fault_code(const struct reader *r, int code)
{
	say_where(r);
	fprintf(r->err, "%s\n", error_text(code));
	return false;
}

/* Safe to show on a terminal, and short enough for a message. */
static bool is_printable(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return len > 0 && len <= NAME_MAX_LEN;
}

/* Refuses fields outside of the list: a misspelt optional one would silently mean its default. */
static bool only_fields(const struct reader *r, json_t *object, const char *const *fields, size_t count)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		size_t i = 0;

		while (i < count && strcmp(name, fields[i]) != 0)
			i++;
		if (i == count)
			return fault(r, is_printable(name) ? name : "field", "no field of this name");
	}
	return true;
}

static const char *get_string(const struct reader *r, json_t *object, const char *field, const char *expected)
{
	const char *s = json_string_value(json_object_get(object, field));

	if (s == NULL)
		fault(r, field, expected);
	return s;
}

static bool get_int(const struct reader *r, json_t *object, const char *field, json_int_t max, const char *expected,
		    json_int_t *out)
{
	json_t *value = json_object_get(object, field);

	*out = json_integer_value(value);
	if (!json_is_integer(value) || *out < 0 || *out > max)
		return fault(r, field, expected);
	return true;
}

static bool get_u64(const struct reader *r, json_t *object, const char *field, const char *expected, uint64_t *out)
{
	const char *s = get_string(r, object, field, expected);

	if (s == NULL)
		return false;
	return decimal_parse(s, strlen(s), UINT64_MAX, out) || fault(r, field, expected);
}

static bool get_address(const struct reader *r, json_t *object, const char *field, struct address *out)
{
	static const char expected[] = "a string, a numeric IPv4 or IPv6 address";
	const char *s = get_string(r, object, field, expected);

	if (s == NULL)
		return false;
	return address_parse(out, s) == 0 || fault(r, field, expected);
}

/* Exactly 2*len hexadecimal digits. */
static bool parse_hex(const char *s, uint8_t *out, size_t len)
{
	if (strlen(s) != 2 * len)
		return false;
	for (size_t i = 0; i < 2 * len; i++) {
		static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
		const char *digit = strchr(digits, s[i]);

		if (digit == NULL)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (uint8_t)((digit - digits) / 2));
	}
	return true;
}

static bool get_hex(const struct reader *r, json_t *object, const char *field, const char *expected, uint8_t *out,
		    size_t len)
{
	const char *s = get_string(r, object, field, expected);

	if (s == NULL)
		return false;
	return parse_hex(s, out, len) || fault(r, field, expected);
}

static bool read_name(struct reader *r, json_t *object, struct vector *v)
{
	static const char expected[] = "a string of 1 to 64 printable ASCII characters";
	const char *s = get_string(r, object, "name", expected);

	if (s == NULL)
		return false;
	if (!is_printable(s))
		return fault(r, "name", expected);
	v->name = r->case_name = s;
	return true;
}

/* A time is a JSON integer; a decimal string reaches what such an integer does not. */
static bool read_issued_at(const struct reader *r, json_t *object, struct vector *v)
{
	static const char expected[] = "Unix seconds, an integer or a decimal string";
	json_int_t value;

	if (json_is_string(json_object_get(object, "issued_at")))
		return get_u64(r, object, "issued_at", expected, &v->otp.issued_at);
	if (!get_int(r, object, "issued_at", INT64_MAX, expected, &value))
		return false;
	v->otp.issued_at = (uint64_t)value;
	return true;
}

static bool read_service(const struct reader *r, json_t *object, struct vector *v)
{
	const char *name = get_string(r, object, "service", "a string");
	json_int_t protocol;
	json_int_t port;

	if (name == NULL)
		return false;
	if (name_check_service(name) != 0)
		return fault(r, "service", "1 to 15 of a-z 0-9 -");
	strcpy(v->service.name, name);
	if (!get_int(r, object, "proto", UINT8_MAX, "6 or 17", &protocol) ||
	    !get_int(r, object, "port", UINT16_MAX, "an integer, 1 to 65535", &port))
		return false;
	v->service.protocol = (uint8_t)protocol;
	v->service.port = (uint16_t)port;
	return true;
}

/* The two fields that a case may leave out. */
static bool read_shape(const struct reader *r, json_t *object, struct vector *v)
{
	static const char expected[] = "an array of two integers, first and last port";
	json_t *ports = json_object_get(object, "ports");
	json_int_t count;

	v->shape = (struct knock_shape)KNOCK_SHAPE_DEFAULT;
	if (json_object_get(object, "count") != NULL) {
		if (!get_int(r, object, "count", KNOCK_COUNT_MAX, "an integer, 12 to 32", &count))
			return false;
		v->shape.count = (uint8_t)count;
	}
	if (ports == NULL)
		return true;
	if (!json_is_array(ports) || json_array_size(ports) != 2)
		return fault(r, "ports", expected);
	for (size_t i = 0; i < 2; i++) {
		json_t *port = json_array_get(ports, i);
		json_int_t value = json_integer_value(port);

		if (!json_is_integer(port) || value < 1 || value > UINT16_MAX)
			return fault(r, "ports", expected);
		*(i == 0 ? &v->shape.port_first : &v->shape.port_last) = (uint16_t)value;
	}
	return true;
}

static bool read_port_and_word(const struct reader *r, json_t *object, struct sequence_packet *packet)
{
	uint8_t word[4];
	json_int_t port;

	if (!get_int(r, object, "port", UINT16_MAX, "an integer, 0 to 65535", &port) ||
	    !get_hex(r, object, "word", "a string of 8 hexadecimal digits", word, sizeof(word)))
		return false;
	packet->port = (uint16_t)port;
	packet->word = (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
	return true;
}

static bool read_packet(const struct reader *r, json_t *object, struct sequence_packet *packet)
{
	static const char *const fields[] = {"source", "port", "word"};

	if (!json_is_object(object))
		return fault(r, "packet", "an object");
	return only_fields(r, object, fields, 3) && get_address(r, object, "source", &packet->source) &&
	       read_port_and_word(r, object, packet);
}

/* Only cases of a sheet's key have one. Its source is the client. */
static bool read_announcement(const struct reader *r, json_t *object, struct vector *v)
{
	static const char *const fields[] = {"port", "word"};
	json_t *announcement = json_object_get(object, "announcement");

	v->announced = announcement != NULL;
	if (!v->announced)
		return true;
	if (!json_is_object(announcement))
		return fault(r, "announcement", "an object");
	v->claimed_announcement.source = v->client;
	return only_fields(r, announcement, fields, 2) && read_port_and_word(r, announcement, &v->claimed_announcement);
}

static bool read_packets(struct reader *r, json_t *object, struct vector *v)
{
	json_t *packets = json_object_get(object, "packets");

	v->claimed_count = json_array_size(packets);
	if (!json_is_array(packets) || v->claimed_count > KNOCK_COUNT_MAX)
		return fault(r, "packets", "an array of at most 32 packets");
	for (r->packet = 0; r->packet < v->claimed_count; r->packet++)
		if (!read_packet(r, json_array_get(packets, r->packet), &v->claimed[r->packet]))
			return false;
	r->packet = NO_PACKET;
	return true;
}

static bool compute(const struct reader *r, struct vector *v)
{
	const struct sequence_input in = {
	    .server_id = v->server_id,
	    .user = v->user,
	    .otp = &v->otp,
	    .service = &v->service,
	    .client = v->client,
	    .shape = v->shape,
	    .n_mod = v->n_mod,
	    .width = v->width,
	};
	int rc = sequence_derive(&in, v->computed);

	if (rc == 0)
		rc = sequence_announce(&in, &v->computed_announcement);
	return rc == 0 || fault_code(r, rc);
}

static bool read_case(struct reader *r, json_t *object, struct vector *v)
{
	static const char *const fields[] = {"name",  "server_id", "user",	   "client", "issued_at", "key",
					     "r",     "n_mod",	   "service",	   "proto",  "port",	  "width",
					     "count", "ports",	   "announcement", "packets"};
	static const char decimal[] = "a decimal string";
	json_int_t width;

	if (!json_is_object(object))
		return fault(r, "case", "an object");
	if (!read_name(r, object, v) || !only_fields(r, object, fields, sizeof(fields) / sizeof(fields[0])) ||
	    (v->server_id = get_string(r, object, "server_id", "a string")) == NULL ||
	    (v->user = get_string(r, object, "user", "a string")) == NULL ||
	    !get_address(r, object, "client", &v->client) || !read_issued_at(r, object, v) ||
	    !get_hex(r, object, "key", "a string of 64 hexadecimal digits", v->otp.key.b, OTP_KEY_SIZE) ||
	    !get_u64(r, object, "r", decimal, &v->otp.r) || !get_u64(r, object, "n_mod", decimal, &v->n_mod) ||
	    !read_service(r, object, v) || !get_int(r, object, "width", UINT16_MAX, "an integer: 0, 8 or 64", &width) ||
	    !read_shape(r, object, v))
		return false;
	v->width = (uint16_t)width;
	return read_announcement(r, object, v) && read_packets(r, object, v) && compute(r, v);
}

static bool check_document(const struct reader *r, json_t *root)
{
	static const char *const fields[] = {"protocol", "cases"};
	const char *protocol = json_string_value(json_object_get(root, "protocol"));

	if (protocol == NULL || strcmp(protocol, PROTOCOL) != 0)
		return fault(r, "protocol", "\"" PROTOCOL "\"");
	if (!only_fields(r, root, fields, 2))
		return false;
	if (json_array_size(json_object_get(root, "cases")) == 0)
		return fault(r, "cases", "an array of at least one case");
	return true;
}

/* All cases of the file, each within the protocol's bounds; NULL after a message. The caller frees. */
static struct vector *read_cases(struct reader *r, json_t *root, size_t *count)
{
	json_t *cases = json_object_get(root, "cases");
	struct vector *vectors;

	if (!check_document(r, root))
		return NULL;
	*count = json_array_size(cases);
	vectors = calloc(*count, sizeof(*vectors));
	if (vectors == NULL) {
		fault_code(r, QK_ERR_NOMEM);
		return NULL;
	}
	for (r->case_index = 0; r->case_index < *count; r->case_index++) {
		r->case_name = NULL;
		if (!read_case(r, json_array_get(cases, r->case_index), &vectors[r->case_index])) {
			free(vectors);
			return NULL;
		}
	}
	return vectors;
}

static void mismatch(struct report *report, const struct vector *v, size_t packet, const char *field,
		     const char *expected, const char *computed)
{
	report->mismatches++;
	if (report->list != NULL) {
		json_array_append_new(report->list,
				      json_pack("{s:s, s:o, s:s, s:s, s:s}", "case", v->name, "packet",
						packet == NO_PACKET ? json_null() : json_integer((json_int_t)packet),
						"field", field, "expected", expected, "computed", computed));
		return;
	}
	fprintf(report->out, "%s: ", v->name);
	if (packet != NO_PACKET)
		fprintf(report->out, "packet %zu: ", packet);
	fprintf(report->out, "%s: expected %s, computed %s\n", field, expected, computed);
}

/* i: NO_PACKET for the announcement. */
static void compare_packet(struct report *report, const struct vector *v, size_t i)
{
	const struct sequence_packet *theirs = i == NO_PACKET ? &v->claimed_announcement : &v->claimed[i];
	const struct sequence_packet *mine = i == NO_PACKET ? &v->computed_announcement : &v->computed[i];
	char expected[VALUE_SIZE];
	char computed[VALUE_SIZE];

	report->packets++;
	if (!address_equal(&theirs->source, &mine->source)) {
		address_format(&theirs->source, expected);
		address_format(&mine->source, computed);
		mismatch(report, v, i, "source", expected, computed);
	}
	if (theirs->port != mine->port) {
		snprintf(expected, sizeof(expected), "%u", theirs->port);
		snprintf(computed, sizeof(computed), "%u", mine->port);
		mismatch(report, v, i, i == NO_PACKET ? "announcement port" : "port", expected, computed);
	}
	if (theirs->word != mine->word) {
		snprintf(expected, sizeof(expected), "%08x", theirs->word);
		snprintf(computed, sizeof(computed), "%08x", mine->word);
		mismatch(report, v, i, i == NO_PACKET ? "announcement word" : "word", expected, computed);
	}
}

static void compare(struct report *report, const struct vector *v)
{
	char expected[VALUE_SIZE];
	char computed[VALUE_SIZE];

	if (v->claimed_count != v->shape.count) {
		snprintf(expected, sizeof(expected), "%zu", v->claimed_count);
		snprintf(computed, sizeof(computed), "%u", v->shape.count);
		mismatch(report, v, NO_PACKET, "number of packets", expected, computed);
	}
	if (v->announced)
		compare_packet(report, v, NO_PACKET);
	for (size_t i = 0; i < v->claimed_count && i < v->shape.count; i++)
		compare_packet(report, v, i);
}

/* False when the JSON text could not be made. */
static bool summarize(const struct report *report, const char *name, size_t cases)
{
	json_t *file;
	json_t *summary;
	bool written;

	if (report->list == NULL) {
		fprintf(report->out, "%s: %zu cases, %zu packets, %zu mismatches\n", name, cases, report->packets,
			report->mismatches);
		return true;
	}
	file = json_string(name); /* NULL for a name that is not UTF-8 */
	summary = json_pack("{s:o, s:I, s:I, s:O}", "file", file != NULL ? file : json_null(), "cases",
			    (json_int_t)cases, "packets", (json_int_t)report->packets, "mismatches", report->list);
	written = json_dumpf(summary, report->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0;
	fputc('\n', report->out);
	json_decref(summary);
	return written;
}

static enum vectors_result report_all(const struct reader *r, const struct vector *vectors, size_t count, bool json,
				      FILE *out)
{
	struct report report = {.out = out};
	enum vectors_result result = VECTORS_MALFORMED;

	if (json && (report.list = json_array()) == NULL) {
		fault_code(r, QK_ERR_NOMEM);
		return result;
	}
	for (size_t i = 0; i < count; i++)
		compare(&report, &vectors[i]);
	if (summarize(&report, r->file, count))
		result = report.mismatches == 0 ? VECTORS_MATCH : VECTORS_MISMATCH;
	else
		fault_code(r, QK_ERR_IO);
	json_decref(report.list);
	return result;
}

enum vectors_result vectors_check(const char *name, FILE *in, bool json, FILE *out, FILE *err)
{
	struct reader reader = {.file = name, .err = err, .case_index = NO_CASE, .packet = NO_PACKET};
	enum vectors_result result = VECTORS_MALFORMED;
	struct vector *vectors;
	json_error_t error;
	json_t *root;
	size_t count;

	root = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		if (ferror(in))
			fprintf(err, "%s: %s\n", name, strerror(errno));
		else
			fprintf(err, "%s: line %d: %s\n", name, error.line, error.text);
		return VECTORS_MALFORMED;
	}
	vectors = read_cases(&reader, root, &count);
	if (vectors != NULL) {
		reader.case_index = NO_CASE;
		reader.case_name = NULL;
		result = report_all(&reader, vectors, count, json, out);
	}
	free(vectors);
	json_decref(root);
	return result;
}

static int usage(void)
{
	fputs("usage: qknock vectors [--json] FILE\n", stderr);
	return VECTORS_MALFORMED;
}

int vectors_command(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	bool json = false;
	int result;
	int c;
	FILE *in;

	optind = 0; /* the caller may have used getopt for its own options */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return usage();
		json = true;
	}
	if (argc - optind != 1)
		return usage();
	in = strcmp(argv[optind], "-") == 0 ? stdin : fopen(argv[optind], "re");
	if (in == NULL) {
		fprintf(stderr, "%s: %s\n", argv[optind], strerror(errno));
		return VECTORS_MALFORMED;
	}
	result = (int)vectors_check(argv[optind], in, json, stdout, stderr);
	if (in != stdin)
		fclose(in);
	return result;
}
