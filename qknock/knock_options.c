/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knock_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "libcore/decimal.h"
#include "libcore/profile.h"
#include "qknock/client.h"
#include "qknock/hops.h"
#include "qknock/say.h"

#define OPTIONS_WHERE                                                                                                  \
	"  -p, --profile NAME       which server (a name, or a file's path with a / in it)\n"                          \
	"  -H, --host HOST          where to knock, if elsewhere\n"                                                    \
	"  -a, --address ADDR       the address that the key was issued for; by default the local one\n"
#define OPTIONS_HOW                                                                                                    \
	"      --hop WIDTH          hop over source addresses: 8 (IPv4) or 64 (IPv6); by default where it is safe\n"   \
	"      --no-hop             send from one address\n"                                                           \
	"      --explain            say which address, hop width and carrier were chosen, and why\n"                   \
	"  -c, --carrier syn|udp    syn needs CAP_NET_RAW; by default syn if it can be had, else udp\n"                \
	"  -r, --repeat N           send the whole set N times, 1 to 10 (default 2)\n"                                 \
	"  -g, --gap MS             mean gap between packets, 0 to 10000 (default 4)\n"                                \
	"  -f, --key-file FILE      read the key line from FILE (- is standard input)\n"                               \
	"      --otp-command CMD    run CMD, cut at blanks, without a shell, and read the line that it prints\n"       \
	"      --clipboard          take the key line from the clipboard\n"
#define OPTION_KEY_COMMAND                                                                                             \
	"      --key-command ...    run all that follows, without a shell, and read the line that it prints\n"
#define OPTION_IGNORE_AGE "      --ignore-age         use a key that this computer's clock calls expired\n"
#define OPTIONS_WAIT                                                                                                   \
	"  -t, --timeout SECONDS    how long to wait for the port after the knock, 1 to 3600 (default 10)\n"           \
	"      --always-knock       knock without first trying whether the port answers already\n"
#define OPTIONS_SHOWN                                                                                                  \
	"  -q, --quiet\n"                                                                                              \
	"  -v, --verbose\n"                                                                                            \
	"  -h, --help\n"

const char knock_usage[] =
    "Usage: qknock knock [OPTIONS] SERVICE [--key-command COMMAND [ARGUMENTS]]\n\n"
    "Reads a one-time key line and sends the knock that opens SERVICE for this client's address. The line comes\n"
    "from the terminal without echo, or from standard input when that is no terminal; it never is an "
    "argument.\n\n" OPTIONS_WHERE OPTIONS_HOW OPTION_KEY_COMMAND OPTION_IGNORE_AGE
    "  -n, --dry-run            show the packets, send nothing\n"
    "      --show-words         with --dry-run: the words too, which authorise as long as the key is unused\n"
    "  -j, --json               result as JSON\n" OPTIONS_SHOWN;

const char connect_usage[] =
    "Usage: qknock connect [OPTIONS] HOST PORT [--key-command COMMAND [ARGUMENTS]]\n\n"
    "Connects standard input and output with PORT of HOST, after a knock if the port does not answer without one.\n"
    "For ssh_config(5):  ProxyCommand qknock connect --fdpass -- %h %p   with   ProxyUseFdpass yes\n"
    "Profile and service are found by HOST (the profile's name, host or server id) and PORT. The key line is read\n"
    "from the terminal.\n\n"
    "  -s, --service NAME       which service of the profile, if PORT does not tell\n" OPTIONS_WHERE OPTIONS_WAIT
    "      --fdpass             pass the connection over standard output, a socket, and exit\n" OPTIONS_HOW
	OPTION_KEY_COMMAND OPTION_IGNORE_AGE
    "  -j, --json               result as JSON, on standard error\n" OPTIONS_SHOWN;

const char exec_usage[] =
    "Usage: qknock exec [OPTIONS] SERVICE -- COMMAND [ARGUMENTS]\n\n"
    "Knocks for SERVICE if it does not answer without, waits until it does, and runs COMMAND in its own place.\n"
    "The key line is read from the terminal.\n\n" OPTIONS_WHERE OPTIONS_WAIT
    "      --no-wait            make no connection: knock, and run COMMAND at once (always so for udp "
    "services)\n" OPTIONS_HOW OPTION_IGNORE_AGE
    "  -j, --json               result as JSON, on standard error\n" OPTIONS_SHOWN;

enum long_only {
	OPT_HOP = 256,
	OPT_NO_HOP,
	OPT_EXPLAIN,
	OPT_KEY_COMMAND,
	OPT_OTP_COMMAND,
	OPT_CLIPBOARD,
	OPT_IGNORE_AGE,
	OPT_SHOW_WORDS,
	OPT_ALWAYS_KNOCK,
	OPT_FDPASS,
	OPT_NO_WAIT
};

#define SHORTS "-p:H:a:s:c:r:g:f:t:njqvh"

static const struct option longs[] = {{"profile", required_argument, NULL, 'p'},
				      {"host", required_argument, NULL, 'H'},
				      {"address", required_argument, NULL, 'a'},
				      {"service", required_argument, NULL, 's'},
				      {"hop", required_argument, NULL, OPT_HOP},
				      {"no-hop", no_argument, NULL, OPT_NO_HOP},
				      {"explain", no_argument, NULL, OPT_EXPLAIN},
				      {"carrier", required_argument, NULL, 'c'},
				      {"repeat", required_argument, NULL, 'r'},
				      {"gap", required_argument, NULL, 'g'},
				      {"key-file", required_argument, NULL, 'f'},
				      {"key-command", no_argument, NULL, OPT_KEY_COMMAND},
				      {"otp-command", required_argument, NULL, OPT_OTP_COMMAND},
				      {"clipboard", no_argument, NULL, OPT_CLIPBOARD},
				      {"ignore-age", no_argument, NULL, OPT_IGNORE_AGE},
				      {"timeout", required_argument, NULL, 't'},
				      {"always-knock", no_argument, NULL, OPT_ALWAYS_KNOCK},
				      {"no-wait", no_argument, NULL, OPT_NO_WAIT},
				      {"fdpass", no_argument, NULL, OPT_FDPASS},
				      {"dry-run", no_argument, NULL, 'n'},
				      {"show-words", no_argument, NULL, OPT_SHOW_WORDS},
				      {"json", no_argument, NULL, 'j'},
				      {"quiet", no_argument, NULL, 'q'},
				      {"verbose", no_argument, NULL, 'v'},
				      {"help", no_argument, NULL, 'h'},
				      {0}};

/* Options that not every command takes; the others are everyone's. */
static const struct {
	int c;
	const char *name;
	unsigned verbs;
} special[] = {
    {'n', "--dry-run", 1u << KNOCK_VERB_KNOCK},
    {OPT_SHOW_WORDS, "--show-words", 1u << KNOCK_VERB_KNOCK},
    {'s', "--service", 1u << KNOCK_VERB_CONNECT},
    {OPT_FDPASS, "--fdpass", 1u << KNOCK_VERB_CONNECT},
    {OPT_NO_WAIT, "--no-wait", 1u << KNOCK_VERB_EXEC},
    {'t', "--timeout", 1u << KNOCK_VERB_CONNECT | 1u << KNOCK_VERB_EXEC},
    {OPT_ALWAYS_KNOCK, "--always-knock", 1u << KNOCK_VERB_CONNECT | 1u << KNOCK_VERB_EXEC},
    {OPT_KEY_COMMAND, "--key-command", 1u << KNOCK_VERB_KNOCK | 1u << KNOCK_VERB_CONNECT},
};

static const char *const verb_names[] = {"knock", "connect", "exec"};
static const char *const usages[] = {knock_usage, connect_usage, exec_usage};

static int check_verb(const struct knock_options *out, int c)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (special[i].c == c && (special[i].verbs & 1u << out->verb) == 0) {
			say_error("%s takes no %s", verb_names[out->verb], special[i].name);
			return CLIENT_USAGE;
		}
	}
	return CLIENT_OK;
}

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

static int knock_operand(struct knock_options *out, const char *text)
{
	if (out->service != NULL) {
		say_error("knock takes one service, not '%s' as well; a key line never is an argument", text);
		return CLIENT_USAGE;
	}
	out->service = text;
	return CLIENT_OK;
}

static int connect_operand(struct knock_options *out, const char *text)
{
	unsigned port;
	int rc;

	if (out->target == NULL) {
		if (profile_check_host(text) != 0) {
			say_error("'%s' is neither a host's name nor an address", text);
			return CLIENT_USAGE;
		}
		out->target = text;
		return CLIENT_OK;
	}
	if (out->port != 0) {
		say_error("connect takes HOST and PORT, not '%s' as well; a key line never is an argument", text);
		return CLIENT_USAGE;
	}
	rc = number("PORT", text, 1, UINT16_MAX, &port);
	if (rc == CLIENT_OK)
		out->port = (uint16_t)port;
	return rc;
}

/* The second one begins the command, and all that follows is the command's. */
static int exec_operand(struct knock_options *out, char **argv)
{
	if (out->service == NULL)
		out->service = argv[0];
	else
		out->command = argv;
	return CLIENT_OK;
}

static int operand(struct knock_options *out, char **argv)
{
	switch (out->verb) {
	case KNOCK_VERB_CONNECT:
		return connect_operand(out, argv[0]);
	case KNOCK_VERB_EXEC:
		return exec_operand(out, argv);
	default:
		return knock_operand(out, argv[0]);
	}
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
	case OPT_OTP_COMMAND:
		out->key.otp_command = value;
		return CLIENT_OK;
	case OPT_HOP:
		return width(value, &out->width);
	case 'c':
		return carrier(value, &out->carrier);
	case 'r':
		return number("--repeat", value, 1, KNOCK_REPEAT_MAX, &out->repeat);
	case 'g':
		return number("--gap", value, 0, KNOCK_GAP_MAX, &out->gap_ms);
	case 's':
		out->service = value;
		return CLIENT_OK;
	case 't':
		return number("--timeout", value, 1, KNOCK_TIMEOUT_MAX, &out->timeout_s);
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
	case OPT_ALWAYS_KNOCK:
		out->always_knock = true;
		return CLIENT_OK;
	case OPT_FDPASS:
		out->fdpass = true;
		return CLIENT_OK;
	case OPT_NO_WAIT:
		out->no_wait = true;
		return CLIENT_OK;
	case OPT_EXPLAIN:
		out->explain = true;
		return CLIENT_OK;
	case OPT_CLIPBOARD:
		out->key.clipboard = true;
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
		fputs(usages[out->verb], stdout);
		return -1;
	default:
		return CLIENT_USAGE;
	}
}

static const char *missing(const struct knock_options *o)
{
	if (o->verb == KNOCK_VERB_CONNECT)
		return o->port == 0 ? "connect needs HOST and PORT" : NULL;
	if (o->service == NULL)
		return o->verb == KNOCK_VERB_KNOCK ? "knock needs the name of a service"
						   : "exec needs the name of a service";
	return o->verb == KNOCK_VERB_EXEC && o->command == NULL ? "exec needs a command after the service" : NULL;
}

/* Where the key line comes from is said once. */
static const char *check_key(const struct keyline_source *key)
{
	if ((key->file != NULL) + (key->command != NULL) + (key->otp_command != NULL) + key->clipboard > 1)
		return "--key-file, --key-command, --otp-command and --clipboard exclude each other";
	if (key->command != NULL && key->command[0] == NULL)
		return "--key-command needs a command after it";
	if (key->file != NULL && strcmp(key->file, "-") == 0 && key->stdin_is_taken)
		return "--key-file cannot be standard input, which carries something else";
	return NULL;
}

/* What only shows when all options are known. */
static int check(const struct knock_options *o)
{
	const char *fault = missing(o);

	if (fault == NULL)
		fault = check_key(&o->key);
	if (fault == NULL && o->show_words && !o->dry_run)
		fault = "--show-words needs --dry-run";
	if (fault == NULL)
		return CLIENT_OK;
	say_error("%s; see qknock %s --help", fault, verb_names[o->verb]);
	return CLIENT_USAGE;
}

static void set_defaults(struct knock_options *out, enum knock_verb verb)
{
	memset(out, 0, sizeof(*out));
	out->verb = verb;
	out->width = HOPS_AUTO;
	out->repeat = KNOCK_REPEAT_DEFAULT;
	out->gap_ms = KNOCK_GAP_DEFAULT;
	out->timeout_s = KNOCK_TIMEOUT_DEFAULT;
	/* ssh's, or the command's */
	out->key.stdin_is_taken = verb != KNOCK_VERB_KNOCK;
}

int knock_options_parse(struct knock_options *out, enum knock_verb verb, int argc, char **argv)
{
	int c, rc = CLIENT_OK;

	set_defaults(out, verb);
	optind = 0; /* also makes getopt_long(3) forget an earlier vector */
	/* '-': arguments are met in order, so that what follows --key-command, or is exec's command, stays as it is. */
	while (rc == CLIENT_OK && out->command == NULL && (c = getopt_long(argc, argv, SHORTS, longs, NULL)) != -1) {
		rc = check_verb(out, c);
		if (rc != CLIENT_OK)
			return rc;
		if (c == OPT_KEY_COMMAND) {
			out->key.command = argv + optind;
			return check(out);
		}
		if (c == 1) /* an argument that is no option */
			rc = operand(out, argv + optind - 1);
		else
			rc = optarg != NULL ? string_option(out, c, optarg) : flag(out, c);
	}
	for (; rc == CLIENT_OK && out->command == NULL && optind < argc; optind++) /* after "--" */
		rc = operand(out, argv + optind);
	return rc == CLIENT_OK ? check(out) : rc;
}
