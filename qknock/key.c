/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknock/ask.h"
#include "qknock/client.h"
#include "qknock/clipboard.h"
#include "qknock/interrupt.h"
#include "qknock/keytext.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/settings.h"
#include "qknock/terminal.h"

#define WORDS_MAX 32 /* of --otp-command */
#define ROWS_BESIDE_QR 5

struct getting {
	const struct key_wanted *wanted;
	struct keyline_source source; /* what it came down to */
	struct settings settings;
	char words[1024]; /* of --otp-command, cut */
	char *argv[WORDS_MAX + 1];
	char *line; /* secret, KEYLINE_SIZE */
};

/* No shell and no quotes: who needs these has the file of settings. */
static int cut_words(struct getting *g, const char *text)
{
	size_t count = 0;
	char *rest = g->words;

	if (strlen(text) >= sizeof(g->words)) {
		say_error("--otp-command: expected %zu characters at most", sizeof(g->words) - 1);
		return CLIENT_USAGE;
	}
	strcpy(g->words, text);
	for (char *word; (word = strsep(&rest, " \t")) != NULL;) {
		if (*word == '\0')
			continue;
		if (count == WORDS_MAX) {
			say_error("--otp-command: expected %d words at most", WORDS_MAX);
			return CLIENT_USAGE;
		}
		g->argv[count++] = word;
	}
	g->source.command = g->argv;
	if (count > 0)
		return CLIENT_OK;
	say_error("--otp-command: expected a program and its arguments, separated by blanks");
	return CLIENT_USAGE;
}

static int use_clipboard(struct getting *g)
{
	g->source.command = g->settings.clipboard_command != NULL ? g->settings.clipboard_command : clipboard_find();
	if (g->source.command != NULL)
		return CLIENT_OK;
	say_error(
	    "no command that prints the clipboard: expected wl-paste, xclip, xsel or pbpaste, or clipboard_command "
	    "in qknock_config(5)");
	return CLIENT_USAGE;
}

static int choose_source(struct getting *g)
{
	g->source = *g->wanted->source;
	if (g->source.file != NULL || g->source.command != NULL)
		return CLIENT_OK;
	if (g->source.otp_command != NULL)
		return cut_words(g, g->source.otp_command);
	if (settings_load(&g->settings) != 0)
		return CLIENT_FAILED;
	if (g->source.clipboard)
		return use_clipboard(g);
	g->source.command = g->settings.otp_command;
	return CLIENT_OK;
}

static int export(const struct key_wanted *w)
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(w->client, address);
	return setenv("QKNOCK_PROFILE", w->profile_name, 1) == 0 &&
		       setenv("QKNOCK_SERVER_ID", w->profile->server_id, 1) == 0 &&
		       setenv("QKNOCK_USER", w->profile->user, 1) == 0 && setenv("QKNOCK_ADDRESS", address, 1) == 0
		   ? 0
		   : QK_ERR_NOMEM;
}

/* On the terminal, where the line will be asked for. */
static void show_qr(const struct getting *g, const struct ask *ask)
{
	unsigned columns, rows;
	struct qr qr;

	if (g->settings.qr == SETTINGS_QR_NEVER || (g->settings.qr == SETTINGS_QR_AUTO && ask_number(ask) == NULL))
		return;
	if (ask_qr(ask, NULL, true, &qr) != 0)
		return;
	terminal_size(&columns, &rows);
	if (qr.columns <= columns && (g->settings.qr == SETTINGS_QR_ALWAYS || qr.rows + ROWS_BESIDE_QR <= rows))
		terminal_show(qr.text);
	qr_free(&qr);
}

static void show_request(const struct getting *g)
{
	const struct ask ask = {.profile = g->wanted->profile, .source = g->wanted->client};
	const char *number = ask_number(&ask);
	char message[OTP_REQUEST_SIZE], text[OTP_REQUEST_SIZE + 128];

	if (say_get_level() == SAY_QUIET || !terminal_exists())
		return;
	ask_message(&ask, message);
	snprintf(text, sizeof(text), "To get a key, send%s%s:\n\n  %s\n\n", number != NULL ? " to " : "",
		 number != NULL ? number : "", message);
	terminal_show(text);
	show_qr(g, &ask);
}

static int read_line(const struct getting *g)
{
	const struct key_wanted *w = g->wanted;
	char prompt[512], client[ADDRESS_TEXT_SIZE];

	address_format(w->client, client);
	snprintf(prompt, sizeof(prompt), "One-time key line for %s at %s, issued for %s: ", w->profile->user,
		 w->profile->server_id, client);
	if (keyline_is_asked_for(&g->source))
		show_request(g);
	return keyline_read(&g->source, prompt, g->line);
}

static int check(const struct key_wanted *w, const char *line, struct otp *otp)
{
	char explanation[KEYTEXT_EXPLANATION_SIZE];

	if (keytext_parse(otp, line, strlen(line), explanation) != KEYTEXT_COMPLETE) {
		say_error("malformed key line: %s", explanation);
		return CLIENT_KEY;
	}
	if (chain_check_r(otp->r, w->profile->n_mod) != 0) {
		say_error("this key line is not for profile %s: it was made for another user or server, or its random "
			  "number is mistyped",
			  w->profile_name);
		return CLIENT_KEY;
	}
	/* The life of a sheet's line was decided where it was printed. */
	if (!w->ignore_age && otp->line == 0 && keyline_check_age(otp, w->profile->validity, clock_wall_s()) != 0)
		return CLIENT_STALE;
	return CLIENT_OK;
}

static void say_time_left(const struct key_wanted *w, const struct otp *otp)
{
	uint64_t now = clock_wall_s(), end = otp->issued_at + w->profile->validity;

	if (isatty(STDERR_FILENO) && say_get_level() > SAY_QUIET && otp->line == 0 && end >= now)
		fprintf(stderr, "This key can be used for %llu s more.\n", (unsigned long long)(end - now));
}

int key_get(const struct key_wanted *wanted, struct otp *otp)
{
	struct getting g = {.wanted = wanted, .line = secret_alloc(KEYLINE_SIZE)};
	int status = CLIENT_FAILED;

	memset(otp, 0, sizeof(*otp));
	if (g.line == NULL || export(wanted) != 0)
		say_error("%s", error_text(QK_ERR_NOMEM));
	else
		status = choose_source(&g);
	if (status == CLIENT_OK && read_line(&g) != 0)
		status = CLIENT_KEY;
	if (status == CLIENT_OK)
		status = check(wanted, g.line, otp);
	if (status == CLIENT_OK)
		say_time_left(wanted, otp);
	else
		otp_wipe(otp);
	settings_free(&g.settings);
	secret_free(g.line, KEYLINE_SIZE);
	return status;
}
