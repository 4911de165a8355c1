/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_sheets.h"

#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"

/* The first item: what stands above the lines. */
static int send_head(struct control_call *call, const struct profile *profile, const struct store_sheet *sheet)
{
	struct control_message *m = &call->item;
	int err = control_init(m, "item");

	if (err == 0)
		err = control_add(m, "user", sheet->user);
	if (err == 0)
		err = control_add(m, "server-id", profile->server_id);
	if (err == 0 && profile->host[0] != '\0')
		err = control_add(m, "host", profile->host);
	if (err == 0)
		err = control_add_u64(m, "issued-at", sheet->issued_at);
	if (err == 0)
		err = control_add_u64(m, "expires-at", sheet->expires_at);
	if (err == 0)
		err = control_add_u64(m, "lines", sheet->lines);
	return err != 0 ? err : control_call_item(call);
}

static int send_line(struct control_call *call, const struct store_sheet *sheet, const struct store_sheet_line *line)
{
	struct otp otp = {.key = line->key,
			  .issued_at = sheet->issued_at,
			  .r = line->r,
			  .line = (uint8_t)line->line,
			  .lines = (uint8_t)sheet->lines};
	char text[OTP_REPLY_SIZE];
	int err = control_init(&call->item, "item");

	otp_reply_format(&otp, text);
	otp_wipe(&otp);
	if (err == 0)
		err = control_add(&call->item, "reply", text);
	crypto_wipe(text, sizeof(text));
	return err != 0 ? err : control_call_item(call);
}

static int send_sheet(struct control_call *call, const struct profile *profile, const struct store_sheet *sheet)
{
	int err = send_head(call, profile, sheet);

	for (uint32_t i = 0; err == 0 && i < sheet->left; i++)
		err = send_line(call, sheet, &sheet->line[i]);
	return err;
}

int control_sheets_issue(struct control_call *call)
{
	struct engine *engine = call->actions->engine;
	struct store_sheet sheet = {0};
	struct profile profile;
	const char *id;
	uint64_t lines;
	int err = control_call_user(call, &id);

	if (err == 0 && (control_get_u64(call->request, "lines", &lines) != 0 || lines == 0 || lines > OTP_SHEET_MAX)) {
		call->text = "a sheet has 1 to 40 lines";
		err = QK_ERR_CONTROL;
	}
	if (err == 0)
		err = engine_profile(engine, id, &profile);
	if (err == 0)
		err = sheets_issue(engine_sheets(engine), id, (uint32_t)lines, &sheet);
	if (err == 0)
		err = send_sheet(call, &profile, &sheet);
	crypto_wipe(&sheet, sizeof(sheet));
	return err;
}

static int list_sheet(void *arg, const struct sheets_item *sheet)
{
	struct control_call *call = arg;
	struct control_message *m = &call->item;
	int err = control_init(m, "item");

	if (err == 0)
		err = control_add(m, "user", sheet->user);
	if (err == 0)
		err = control_add_u64(m, "lines", sheet->lines);
	if (err == 0)
		err = control_add_u64(m, "left", sheet->left);
	if (err == 0 && sheet->next != 0)
		err = control_add_u64(m, "next-line", sheet->next);
	if (err == 0)
		err = control_add_u64(m, "issued-at", sheet->issued_at);
	if (err == 0)
		err = control_add_u64(m, "expires-at", sheet->expires_at);
	if (err == 0)
		err = control_call_next(call, sheet->user);
	return err != 0 ? err : control_call_item(call);
}

int control_sheets_list(struct control_call *call)
{
	const char *after;
	int err = control_call_page(call, &after);

	if (err != 0)
		return err;
	return sheets_each(engine_sheets(call->actions->engine), after, call->limit, list_sheet, call);
}

int control_sheets_revoke(struct control_call *call)
{
	const char *id;
	int err = control_call_user(call, &id);

	return err != 0 ? err : sheets_revoke(engine_sheets(call->actions->engine), id);
}
