/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock request": the text that asks for a one-time key (protocol.md section 2). */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "qknock/client.h"
#include "qknock/keyline.h"
#include "qknock/peer.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"
#include "qknock/secret.h"

#define PLACE_HOLDER "<pass-code>"

static const char usage[] =
    "Usage: qknock request [OPTIONS]\n\n"
    "Prints the text message that asks for a one-time key. Where the pass-code belongs it says " PLACE_HOLDER ",\n"
    "to be replaced when the message is typed; --pass-code asks for it and prints the whole message.\n\n"
    "  -p, --profile NAME    which server; not needed when there is one profile\n"
    "  -a, --address ADDR    the address that the server will see; by default the local one towards it\n"
    "  -H, --host HOST       the server, if not the profile's host\n"
    "  -c, --pass-code       ask for the pass-code (terminal without echo, or a line of standard input)\n"
    "  -q, --quiet           only the text\n"
    "  -h, --help\n";

struct request_options {
	const char *profile;
	const char *address;
	const char *host;
	bool pass_code;
};

/* CLIENT_OK to go on, else the exit code; -1 after --help. */
static int parse_options(struct request_options *options, int argc, char **argv)
{
	static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
					      {"address", required_argument, NULL, 'a'},
					      {"host", required_argument, NULL, 'H'},
					      {"pass-code", no_argument, NULL, 'c'},
					      {"quiet", no_argument, NULL, 'q'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "p:a:H:cqh", longs, NULL)) != -1) {
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
		case 'c':
			options->pass_code = true;
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
	*source = peer.local;
	if (peer_is_private(&peer.local) && !peer_is_private(&peer.server)) {
		char text[ADDRESS_TEXT_SIZE];

		address_format(&peer.local, text);
		say_warning("%s is a private address and %s is not: behind NAT the server sees another one; "
			    "give that with --address, to request and to knock",
			    text, host);
	}
	return CLIENT_OK;
}

static int read_pass_code(struct otp_request *request)
{
	const struct keyline_source source = {0};
	char *line = secret_alloc(KEYLINE_SIZE);
	int rc = line != NULL ? keyline_read(&source, "Pass-code: ", line) : QK_ERR_NOMEM;

	if (rc == 0)
		rc = otp_pass_code_check(line);
	if (rc == 0)
		strcpy(request->pass_code, line);
	else if (rc == QK_ERR_PASS_CODE || rc == QK_ERR_NOMEM)
		say_error("%s", error_text(rc));
	secret_free(line, KEYLINE_SIZE);
	return rc;
}

static int print_request(const struct request_options *options, struct otp_request *request)
{
	char *text = secret_alloc(OTP_REQUEST_SIZE);
	int rc = text != NULL ? 0 : QK_ERR_NOMEM;

	if (rc == 0)
		rc = otp_request_format(request, text);
	if (rc == 0)
		puts(text);
	else
		say_error("%s", error_text(rc));
	secret_free(text, OTP_REQUEST_SIZE);
	if (rc == 0 && !options->pass_code && say_get_level() > SAY_QUIET)
		fputs("Replace " PLACE_HOLDER " by your pass-code.\n", stderr);
	return rc == 0 ? CLIENT_OK : CLIENT_FAILED;
}

static int run_request(struct client *client, int argc, char **argv)
{
	struct otp_request *request = secret_alloc(sizeof(*request));
	char chosen[PROFILE_NAME_MAX + 1];
	struct request_options options = {0};
	struct profile profile;
	int status = parse_options(&options, argc, argv);

	(void)client;
	if (request == NULL)
		status = CLIENT_FAILED;
	if (status == CLIENT_OK && profile_store_load(options.profile, &profile, chosen) != 0)
		status = CLIENT_PROFILE;
	if (status == CLIENT_OK)
		status = find_address(&options, &profile, &request->source);
	if (status == CLIENT_OK) {
		strcpy(request->user, profile.user);
		strcpy(request->pass_code, PLACE_HOLDER);
		if (options.pass_code && read_pass_code(request) != 0)
			status = CLIENT_KEY;
	}
	if (status == CLIENT_OK)
		status = print_request(&options, request);
	secret_free(request, sizeof(*request));
	return status < 0 ? CLIENT_OK : status;
}

const struct command request_command = {.name = "request",
					.summary = "print the text message that asks for a one-time key",
					.usage = usage,
					.run = run_request};
