/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl issue --count, sheet list, sheet revoke */
#include "qknockctl/sheet.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "qknockctl/listing.h"

#define TIME_SIZE 32
#define GROUP 4 /* characters of a key between two blanks */

/* What the daemon sent, as it came. */
struct sheet {
	struct control_message head; /* without fields: not there yet */
	char replies[OTP_SHEET_MAX][OTP_REPLY_SIZE];
	size_t count;
};

static int take_head(struct sheet *sheet, const struct control_message *item)
{
	int err = control_init(&sheet->head, "item");

	for (size_t i = 0; err == 0 && i < item->field_count; i++)
		err = control_add(&sheet->head, item->fields[i].name, item->fields[i].value);
	return err == 0 ? CTL_OK : CTL_REFUSED;
}

static int take_item(void *arg, const struct control_message *item)
{
	struct sheet *sheet = arg;
	const char *reply = control_get(item, "reply");

	if (sheet->head.field_count == 0)
		return take_head(sheet, item);
	if (reply == NULL || strlen(reply) >= OTP_REPLY_SIZE || sheet->count == OTP_SHEET_MAX) {
		ctl_error("the daemon sent what is no line of a sheet: is it of another version?");
		return CTL_REFUSED;
	}
	strcpy(sheet->replies[sheet->count++], reply);
	return CTL_OK;
}

/* --- for paper --- */

static const char *head(const struct sheet *sheet, const char *field)
{
	const char *value = control_get(&sheet->head, field);

	return value != NULL ? value : "";
}

static void format_minute(const struct sheet *sheet, const char *field, char text[static TIME_SIZE])
{
	uint64_t seconds = 0;
	time_t when;
	struct tm tm;

	control_get_u64(&sheet->head, field, &seconds);
	when = (time_t)seconds;
	if (localtime_r(&when, &tm) == NULL || strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(text, TIME_SIZE, "%" PRIu64, seconds);
}

static void print_head(const struct sheet *sheet)
{
	const char *host = head(sheet, "host");
	char issued[TIME_SIZE], expires[TIME_SIZE];

	format_minute(sheet, "issued-at", issued);
	format_minute(sheet, "expires-at", expires);
	printf("One-time keys of %s for %s%s%s%s\n", head(sheet, "user"), head(sheet, "server-id"),
	       host[0] != '\0' ? " (" : "", host, host[0] != '\0' ? ")" : "");
	printf("Printed %s, valid until %s. As secret as a password.\n\n", issued, expires);
}

/* The fields of a line with room between them, the key in groups: whoever reads it takes blanks as they come. */
static bool print_line(const char *reply)
{
	char key[OTP_KEY_TEXT_SIZE];
	struct otp otp;

	if (otp_reply_parse(&otp, reply, strlen(reply)) != 0)
		return false;
	otp_key_format(&otp.key, key);
	printf("%2u/%u  %" PRIu64 "  ", otp.line, otp.lines, otp.issued_at);
	for (size_t i = 0; i < OTP_KEY_TEXT_SIZE - 1; i += GROUP)
		printf("%.*s ", GROUP, key + i);
	printf(" %" PRIu64 "\n", otp.r);
	crypto_wipe(key, sizeof(key));
	otp_wipe(&otp);
	return true;
}

static const char how_to_use[] =
    "\nUse the lines in order, each once, and cross it out. \"qknock knock SERVICE\" asks for the key: give it the "
    "whole\n"
    "line, as it stands here. Using a line ends all before it; of the next ones the first four work. Behind NAT say\n"
    "with --address which address the server sees. If a line opens nothing take the next. If the sheet is lost, or\n"
    "a line that you have not used does not work, have it revoked at once: qknockctl sheet revoke ";

static int print_sheet(const struct sheet *sheet)
{
	print_head(sheet);
	for (size_t i = 0; i < sheet->count; i++) {
		if (!print_line(sheet->replies[i])) {
			ctl_error("the daemon sent a line that is none: is it of another version?");
			return CTL_REFUSED;
		}
	}
	printf("%s%s\n", how_to_use, head(sheet, "user"));
	return CTL_OK;
}

/* --- for scripts --- */

static json_t *number(const struct sheet *sheet, const char *field)
{
	uint64_t value = 0;

	control_get_u64(&sheet->head, field, &value);
	return json_integer((json_int_t)value);
}

static int print_json(const struct sheet *sheet)
{
	json_t *lines = json_array(), *object;
	int code = CTL_REFUSED;

	for (size_t i = 0; i < sheet->count; i++)
		json_array_append_new(lines, json_string(sheet->replies[i]));
	object = json_pack("{s:s, s:s, s:s*, s:o, s:o, s:o}", "user", head(sheet, "user"), "server_id",
			   head(sheet, "server-id"), "host", control_get(&sheet->head, "host"), "issued_at",
			   number(sheet, "issued-at"), "expires_at", number(sheet, "expires-at"), "replies", lines);
	if (object != NULL && json_dumpf(object, stdout, JSON_INDENT(2)) == 0) {
		putchar('\n');
		code = CTL_OK;
	} else {
		ctl_error("%s", error_text(QK_ERR_NOMEM));
	}
	json_decref(object);
	return code;
}

int sheet_issue(struct ctl *ctl, const char *user)
{
	struct sheet sheet = {.count = 0};
	struct control_message m;
	int code = link_user(&m, "sheet-issue", user);

	if (code == CTL_OK)
		code = link_add(&m, "lines", ctl->options[CTL_COUNT]);
	if (code == CTL_OK)
		code = link_call(ctl, &m, take_item, &sheet);
	if (code == CTL_OK)
		code = ctl->json ? print_json(&sheet) : print_sheet(&sheet);
	crypto_wipe(&sheet, sizeof(sheet));
	return code;
}

int sheet_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct output_column columns[] = {
	    {"user", "USER", OUTPUT_TEXT},	   {"lines", "LINES", OUTPUT_NUMBER},
	    {"left", "LEFT", OUTPUT_NUMBER},	   {"next-line", "NEXT", OUTPUT_NUMBER},
	    {"issued-at", "PRINTED", OUTPUT_TIME}, {"expires-at", "VALID UNTIL", OUTPUT_TIME},
	};

	(void)argc;
	(void)argv;
	return listing_all(ctl, "sheet-list", columns, sizeof(columns) / sizeof(columns[0]), "no sheets");
}

int sheet_revoke(struct ctl *ctl, int argc, char **argv)
{
	struct control_message m;
	int code = link_user(&m, "sheet-revoke", argv[0]);

	(void)argc;
	if (code == CTL_OK)
		code = link_call(ctl, &m, NULL, NULL);
	if (code == CTL_OK && ctl->json)
		puts("{}");
	return code;
}
