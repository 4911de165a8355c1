/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl profile, issue, pending */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/profile.h"
#include "libcore/profile_uri.h"
#include "libcore/qr.h"
#include "qknockctl/ctl.h"
#include "qknockctl/listing.h"
#include "qknockctl/sheet.h"

/* What the daemon sends line by line. */
struct text {
	char text[PROFILE_TEXT_SIZE];
	size_t used;
};

static int take_line(void *arg, const struct control_message *item)
{
	struct text *t = arg;
	const char *line = control_get(item, "line");
	int n = snprintf(t->text + t->used, sizeof(t->text) - t->used, "%s\n", line != NULL ? line : "");

	if (n < 0 || (size_t)n >= sizeof(t->text) - t->used) {
		ctl_error("the daemon sent a profile that is too long");
		return CTL_REFUSED;
	}
	t->used += (size_t)n;
	return CTL_OK;
}

/* The profile in one line, from its text. */
static int make_uri(const struct text *t, char uri[static PROFILE_URI_SIZE])
{
	struct profile profile;
	int err = profile_parse(&profile, t->text, t->used, NULL);

	if (err == 0)
		err = profile_uri_format(&profile, uri, PROFILE_URI_SIZE);
	if (err == 0)
		return CTL_OK;
	ctl_error("profile: %s", error_text(err));
	return CTL_REFUSED;
}

static int print_qr(const char *uri)
{
	struct qr qr;
	int err = qr_draw(uri, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, &qr);

	if (err != 0) {
		ctl_error("profile: QR code: %s", error_text(err));
		return CTL_REFUSED;
	}
	fputs(qr.text, stdout);
	qr_free(&qr);
	return CTL_OK;
}

/* As the options say: the text, the URI, a QR code of the URI; both of the former in JSON. */
static int print_profile(struct ctl *ctl, const struct text *t)
{
	char uri[PROFILE_URI_SIZE];
	int code = make_uri(t, uri);

	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return output_pair("profile", t->text, "uri", uri) ? CTL_OK : CTL_REFUSED;
	if (ctl->options[CTL_QR] != NULL)
		return print_qr(uri);
	if (ctl->options[CTL_URI] != NULL)
		puts(uri);
	else
		fputs(t->text, stdout);
	return CTL_OK;
}

int key_profile(struct ctl *ctl, int argc, char **argv)
{
	struct text t = {.used = 0};
	struct control_message m;
	int code = link_user(&m, "profile", argv[0]);

	(void)argc;
	if (code == CTL_OK)
		code = link_call(ctl, &m, take_line, &t);
	return code == CTL_OK ? print_profile(ctl, &t) : code;
}

static int take_reply(void *arg, const struct control_message *item)
{
	const struct ctl *ctl = arg;
	const char *reply = control_get(item, "reply");

	if (reply == NULL)
		return CTL_REFUSED;
	if (ctl->json)
		return output_object("reply", reply) ? CTL_OK : CTL_REFUSED;
	puts(reply);
	return CTL_OK;
}

static int say_issue_usage(void)
{
	ctl_error("issue takes a user and an address, or a user and --count N");
	return CTL_USAGE;
}

int key_issue(struct ctl *ctl, int argc, char **argv)
{
	bool sheet = ctl->options[CTL_COUNT] != NULL;
	struct control_message m;
	int code;

	if (argc != (sheet ? 1 : 2) || (sheet && ctl->options[CTL_R] != NULL))
		return say_issue_usage();
	if (sheet)
		return sheet_issue(ctl, argv[0]);
	code = link_user(&m, "issue", argv[0]);
	if (code == CTL_OK)
		code = link_add(&m, "address", argv[1]);
	if (code == CTL_OK && ctl->options[CTL_R] != NULL)
		code = link_add(&m, "r", ctl->options[CTL_R]);
	return code == CTL_OK ? link_call(ctl, &m, take_reply, ctl) : code;
}

int key_pending(struct ctl *ctl, int argc, char **argv)
{
	static const struct output_column columns[] = {
	    {"user", "USER", OUTPUT_TEXT},	   {"address", "ADDRESS", OUTPUT_TEXT},
	    {"issued-at", "ISSUED", OUTPUT_TIME},  {"seconds-left", "LEFT", OUTPUT_DURATION},
	    {"replies", "REPLIES", OUTPUT_NUMBER},
	};

	(void)argc;
	(void)argv;
	return listing_all(ctl, "pending", columns, sizeof(columns) / sizeof(columns[0]), "no pending keys");
}
