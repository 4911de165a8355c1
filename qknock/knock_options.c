/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knock_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "libcore/decimal.h"
#include "qknock/client.h"
#include "qknock/say.h"

const char knock_usage[] =
    "Usage: qknock knock [OPTIONS] SERVICE [--key-command COMMAND [ARGUMENTS]]\n\n"
    "Reads a one-time key line and sends the knock that opens SERVICE for this client's address. The line comes\n"
    "from the terminal without echo, or from standard input when that is no terminal; it never is an argument.\n\n"
    "  -p, --profile NAME       which server (a name, or a file's path with a / in it)\n"
    "  -H, --host HOST          where to knock, if not at the profile's host\n"
    "  -a, --address ADDR       the address that the key was issued for; by default the local one\n"
    "      --hop WIDTH          hop over source addresses: 8 (IPv4) or 64 (IPv6)\n"
    "      --no-hop             send from one address (default)\n"
    "  -c, --carrier syn|udp    syn needs CAP_NET_RAW; by default syn if it can be had, else udp\n"
    "  -r, --repeat N           send the whole set N times, 1 to 10 (default 2)\n"
    "  -g, --gap MS             mean gap between packets, 0 to 10000 (default 4)\n"
    "  -f, --key-file FILE      read the key line from FILE\n"
    "      --key-command ...    run all that follows, without a shell, and read the line that it prints\n"
    "      --ignore-age         use a key that this computer's clock calls expired\n"
    "  -n, --dry-run            show the packets, send nothing\n"
    "      --show-words         with --dry-run: the words too, which authorise as long as the key is unused\n"
    "  -j, --json               result as JSON\n"
    "  -q, --quiet\n"
    "  -v, --verbose\n"
    "  -h, --help\n";

enum long_only { OPT_HOP = 256, OPT_NO_HOP, OPT_KEY_COMMAND, OPT_IGNORE_AGE, OPT_SHOW_WORDS };

static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
				      {"host", required_argument, NULL, 'H'},
				      {"address", required_argument, NULL, 'a'},
				      {"hop", required_argument, NULL, OPT_HOP},
				      {"no-hop", no_argument, NULL, OPT_NO_HOP},
				      {"carrier", required_argument, NULL, 'c'},
				      {"repeat", required_argument, NULL, 'r'},
				      {"gap", required_argument, NULL, 'g'},
				      {"key-file", required_argument, NULL, 'f'},
				      {"key-command", no_argument, NULL, OPT_KEY_COMMAND},
				      {"ignore-age", no_argument, NULL, OPT_IGNORE_AGE},
				      {"dry-run", no_argument, NULL, 'n'},
				      {"show-words", no_argument, NULL, OPT_SHOW_WORDS},
				      {"json", no_argument, NULL, 'j'},
				      {"quiet", no_argument, NULL, 'q'},
				      {"verbose", no_argument, NULL, 'v'},
				      {"help", no_argument, NULL, 'h'},
				      {0}};

static int number(const char *option, const char *text, unsigned min, unsigned max, unsigned *out)
{
	uint64_t value;

	if (!decimal_parse(text, strlen(text), max, &value) || value < min) {
		say_error("%s must be a number from %u to %u", option, min, max);
		return CLIENT_USAGE;
	}
	*out = (unsigned)value;
	return CLIENT_OK;
}

static int width(const char *text, uint16_t *out)
{
	if (strcmp(text, "0") != 0 && strcmp(text, "8") != 0 && strcmp(text, "64") != 0) {
		say_error("--hop must be 0, 8 (IPv4) or 64 (IPv6)");
		return CLIENT_USAGE;
	}
	*out = text[0] == '0' ? 0 : text[0] == '8' ? 8 : 64;
	return CLIENT_OK;
}

static int carrier(const char *text, enum knock_carrier *out)
{
	if (strcmp(text, "syn") == 0)
		*out = KNOCK_CARRIER_SYN;
	else if (strcmp(text, "udp") == 0)
		*out = KNOCK_CARRIER_UDP;
	else {
		say_error("--carrier must be syn or udp");
		return CLIENT_USAGE;
	}
	return CLIENT_OK;
}

static int service(struct knock_options *out, const char *text)
{
	if (out->service != NULL) {
		say_error("knock takes one service, not '%s' as well; a key line never is an argument", text);
		return CLIENT_USAGE;
	}
	out->service = text;
	return CLIENT_OK;
}

static int string_option(struct knock_options *out, int c, const char *value)
{
	switch (c) {
	case 'p':
		out->profile = value;
		return CLIENT_OK;
	case 'H':
		out->host = value;
		return CLIENT_OK;
	case 'a':
		out->address = value;
		return CLIENT_OK;
	case 'f':
		out->key.file = value;
		return CLIENT_OK;
	case OPT_HOP:
		return width(value, &out->width);
	case 'c':
		return carrier(value, &out->carrier);
	case 'r':
		return number("--repeat", value, 1, KNOCK_REPEAT_MAX, &out->repeat);
	case 'g':
		return number("--gap", value, 0, KNOCK_GAP_MAX, &out->gap_ms);
	case 1: /* an argument that is no option */
		return service(out, value);
	default:
		return CLIENT_USAGE; /* getopt_long(3) has said why */
	}
}

static int flag(struct knock_options *out, int c)
{
	switch (c) {
	case OPT_NO_HOP:
		out->width = 0;
		return CLIENT_OK;
	case OPT_IGNORE_AGE:
		out->ignore_age = true;
		return CLIENT_OK;
	case 'n':
		out->dry_run = true;
		return CLIENT_OK;
	case OPT_SHOW_WORDS:
		out->show_words = true;
		return CLIENT_OK;
	case 'j':
		out->json = true;
		return CLIENT_OK;
	case 'q':
		say_set_level(SAY_QUIET);
		return CLIENT_OK;
	case 'v':
		say_set_level(SAY_VERBOSE);
		return CLIENT_OK;
	case 'h':
		fputs(knock_usage, stdout);
		return -1;
	default:
		return CLIENT_USAGE;
	}
}

/* What only shows when all options are known. */
static int check(const struct knock_options *o)
{
	const char *fault = NULL;

	if (o->service == NULL)
		fault = "knock needs the name of a service";
	else if (o->key.file != NULL && o->key.command != NULL)
		fault = "--key-file and --key-command exclude each other";
	else if (o->key.command != NULL && o->key.command[0] == NULL)
		fault = "--key-command needs a command after it";
	else if (o->show_words && !o->dry_run)
		fault = "--show-words needs --dry-run";
	if (fault == NULL)
		return CLIENT_OK;
	say_error("%s; see qknock knock --help", fault);
	return CLIENT_USAGE;
}

int knock_options_parse(struct knock_options *out, int argc, char **argv)
{
	int c, rc = CLIENT_OK;

	memset(out, 0, sizeof(*out));
	out->repeat = KNOCK_REPEAT_DEFAULT;
	out->gap_ms = KNOCK_GAP_DEFAULT;
	optind = 0; /* also makes getopt_long(3) forget an earlier vector */
	/* '-': arguments are met in order, so that what follows --key-command stays as it is. */
	while (rc == CLIENT_OK && (c = getopt_long(argc, argv, "-p:H:a:c:r:g:f:njqvh", longs, NULL)) != -1) {
		if (c == OPT_KEY_COMMAND) {
			out->key.command = argv + optind;
			return check(out);
		}
		rc = c == 1 || optarg != NULL ? string_option(out, c, optarg) : flag(out, c);
	}
	for (; rc == CLIENT_OK && optind < argc; optind++) /* after "--" */
		rc = service(out, argv[optind]);
	return rc == CLIENT_OK ? check(out) : rc;
}
