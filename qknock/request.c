/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock request": the text that asks for a one-time key (protocol.md section 2). */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "libcore/error.h"
#include "libcore/number.h"
#include "libcore/otp.h"
#include "qknock/ask.h"
#include "qknock/client.h"
#include "qknock/interrupt.h"
#include "qknock/keyline.h"
#include "qknock/peer.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/settings.h"
#include "qknock/terminal.h"

static const char usage[] =
    "Usage: qknock request [OPTIONS]\n\n"
    "Prints the text message that asks for a one-time key, and on a terminal a QR code that opens it in a telephone.\n"
    "Where the pass-code belongs it says " ASK_PLACE_HOLDER ", to be replaced when the message is sent.\n\n"
    "  -p, --profile NAME    which server; not needed when there is one profile or a default\n"
    "  -a, --address ADDR    the address that the server will see; by default the local one towards it\n"
    "  -H, --host HOST       the server, if not the profile's host\n"
    "  -t, --number NUMBER   the telephone number to send to, if not the profile's\n"
    "      --qr              the QR code also where standard output is no terminal\n"
    "      --no-qr           no QR code\n"
    "  -c, --pass-code       ask for the pass-code and put it into the QR code; it is never printed\n"
    "  -j, --json            message, number and address as JSON; no QR code\n"
    "  -q, --quiet           only the message and the QR code\n"
    "  -h, --help\n";

struct request_options {
	const char *profile;
	const char *address;
	const char *host;
	const char *number;
	enum settings_qr qr;
	bool qr_given;
	bool pass_code;
	bool json;
};

enum long_only { OPT_QR = 256, OPT_NO_QR };

/* CLIENT_OK to go on, else the exit code; -1 after --help. */
static int parse_options(struct request_options *options, int argc, char **argv)
{
	static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
					      {"address", required_argument, NULL, 'a'},
					      {"host", required_argument, NULL, 'H'},
					      {"number", required_argument, NULL, 't'},
					      {"qr", no_argument, NULL, OPT_QR},
					      {"no-qr", no_argument, NULL, OPT_NO_QR},
					      {"pass-code", no_argument, NULL, 'c'},
					      {"json", no_argument, NULL, 'j'},
					      {"quiet", no_argument, NULL, 'q'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "p:a:H:t:cjqh", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			options->profile = optarg;
			break;
		case 'a':
			options->address = optarg;
			break;
		case 'H':
			options->host = optarg;
			break;
		case 't':
			options->number = optarg;
			break;
		case OPT_QR:
		case OPT_NO_QR:
			options->qr = c == OPT_QR ? SETTINGS_QR_ALWAYS : SETTINGS_QR_NEVER;
			options->qr_given = true;
			break;
		case 'c':
			options->pass_code = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'q':
			say_set_level(SAY_QUIET);
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			return CLIENT_USAGE;
		}
	}
	if (optind != argc) {
		say_error("request takes no arguments; a pass-code never is one");
		return CLIENT_USAGE;
	}
	if (options->number != NULL && number_check(options->number) != 0) {
		say_error("--number %s: expected + and 4 to 15 digits", options->number);
		return CLIENT_USAGE;
	}
	if (options->pass_code && (options->json || options->qr == SETTINGS_QR_NEVER)) {
		say_error("--pass-code is for the QR code alone: not with --json or --no-qr");
		return CLIENT_USAGE;
	}
	return CLIENT_OK;
}

/* What the options leave to the settings. A pass-code has no place but the QR code. */
static int choose_qr(struct request_options *options)
{
	struct settings settings;

	if (options->json) {
		options->qr = SETTINGS_QR_NEVER;
	} else if (!options->qr_given) {
		if (settings_load(&settings) != 0)
			return CLIENT_FAILED;
		options->qr = settings.qr;
		settings_free(&settings);
		if (options->qr == SETTINGS_QR_AUTO)
			options->qr = isatty(STDOUT_FILENO) ? SETTINGS_QR_AUTO : SETTINGS_QR_NEVER;
	}
	if (options->pass_code && options->qr == SETTINGS_QR_NEVER) {
		say_error("--pass-code puts the pass-code into the QR code, which is shown on a terminal or with --qr; "
			  "it is never printed");
		return CLIENT_USAGE;
	}
	return CLIENT_OK;
}

/* The address that the server will see, as far as it can be known here. */
static int find_address(const struct request_options *options, const struct profile *profile, struct address *source)
{
	const char *host = options->host != NULL ? options->host : profile->host;
	struct peer peer;
	int rc;

	if (options->address != NULL) {
		rc = address_parse(source, options->address);
		if (rc != 0)
			say_error("--address %s: %s", options->address, error_text(rc));
		return rc != 0 ? CLIENT_USAGE : CLIENT_OK;
	}
	if (host[0] == '\0') {
		say_error("the profile names no host, so that the address is not known: give --address or --host");
		return CLIENT_USAGE;
	}
	if (peer_find(host, AF_UNSPEC, NULL, &peer) != 0)
		return CLIENT_SEND;
	if (peer_settle_client(host, &peer) != 0)
		return CLIENT_USAGE;
	*source = peer.client;
	return CLIENT_OK;
}

static int print_json(const struct ask *ask, const char *message)
{
	char address[ADDRESS_TEXT_SIZE];
	json_t *object;
	int rc = -1;

	address_format(ask->source, address);
	object = json_pack("{s:s, s:s?, s:s, s:s}", "message", message, "number", ask_number(ask), "address", address,
			   "user", ask->profile->user);
	if (object != NULL)
		rc = json_dumpf(object, stdout, JSON_INDENT(2));
	json_decref(object);
	if (rc != 0)
		return CLIENT_FAILED;
	putchar('\n');
	return CLIENT_OK;
}

/* pass_code: NULL, or what goes into the QR code. */
static int print_qr(const struct request_options *options, const struct ask *ask, const char *pass_code)
{
	bool colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	unsigned columns = 80, rows;
	struct qr qr;
	int rc = ask_qr(ask, pass_code, colour, &qr);

	if (rc != 0) {
		say_error("QR code: %s", error_text(rc));
		return CLIENT_FAILED;
	}
	if (isatty(STDOUT_FILENO))
		terminal_size(&columns, &rows);
	if (qr.columns <= columns || options->qr == SETTINGS_QR_ALWAYS)
		fputs(qr.text, stdout);
	else
		say_warning("the terminal has %u columns and the QR code needs %u: not shown", columns, qr.columns);
	qr_free(&qr);
	if (pass_code != NULL && say_get_level() > SAY_QUIET)
		fputs("The QR code holds your pass-code: let nobody else see it, and clear the screen.\n", stderr);
	return CLIENT_OK;
}

static int print_request(const struct request_options *options, const struct ask *ask, const char *pass_code)
{
	char message[OTP_REQUEST_SIZE];
	const char *number = ask_number(ask);

	ask_message(ask, message);
	if (options->json)
		return print_json(ask, message);
	if (say_get_level() > SAY_QUIET && number != NULL)
		fprintf(stderr, "Send to %s:\n", number);
	puts(message);
	fflush(stdout);
	if (say_get_level() > SAY_QUIET)
		fputs("Replace " ASK_PLACE_HOLDER " by your pass-code.\n", stderr);
	return options->qr != SETTINGS_QR_NEVER ? print_qr(options, ask, pass_code) : CLIENT_OK;
}

/* Asks for the pass-code if it is wanted, and prints. */
static int ask_and_print(const struct request_options *options, const struct ask *ask)
{
	char *pass_code = NULL;
	int status = CLIENT_OK;

	interrupt_begin();
	if (options->pass_code) {
		pass_code = secret_alloc(KEYLINE_SIZE);
		if (pass_code == NULL)
			status = CLIENT_FAILED;
		else if (keyline_read_pass_code(pass_code) != 0)
			status = CLIENT_KEY;
	}
	if (status == CLIENT_OK)
		status = print_request(options, ask, pass_code);
	secret_free(pass_code, KEYLINE_SIZE);
	interrupt_end();
	return status;
}

static int run_request(struct client *client, int argc, char **argv)
{
	char chosen[PROFILE_NAME_MAX + 1];
	struct request_options options = {0};
	struct profile profile;
	struct address source;
	int status = parse_options(&options, argc, argv);
	const struct ask ask = {.profile = &profile, .source = &source, .number = options.number};

	(void)client;
	if (status == CLIENT_OK)
		status = choose_qr(&options);
	if (status == CLIENT_OK && profile_store_load(options.profile, &profile, chosen) != 0)
		status = CLIENT_PROFILE;
	if (status == CLIENT_OK)
		status = find_address(&options, &profile, &source);
	if (status == CLIENT_OK)
		status = ask_and_print(&options, &ask);
	return status < 0 ? CLIENT_OK : status;
}

const struct command request_command = {.name = "request",
					.summary = "print the text message that asks for a one-time key",
					.usage = usage,
					.run = run_request};
