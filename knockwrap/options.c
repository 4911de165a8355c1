/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/options.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "knockwrap/environ.h"
#include "knockwrap/launch.h"
#include "knockwrap/program.h"
#include "libcore/decimal.h"
#include "libcore/grant.h"

#define PROGRAM_NAME "knockwrap"
#define HOLD_S_MAX 600
#define HOLD_LIMIT_MAX 1024

static const char help[] =
    "Usage: knockwrap --service NAME [OPTION]... -- PROGRAM [ARGUMENT]...\n"
    "       knockwrap --service NAME [--grants DIR] [--max-age SECONDS] [--peek] --check ADDRESS\n"
    "       LINK [ARGUMENT]...\n"
    "\n"
    "Started by a super-server with a client's connection, becomes PROGRAM if the client has a grant for the\n"
    "service. Called by a link of another name, that is the service, and PROGRAM is what\n"
    "" OPTIONS_SERVERS_DIR "/LINK is or leads to.\n"
    "\n"
    "  --service NAME           the service that the grant must be for\n"
    "  --grants DIR             where qknockd puts grants [" GRANT_DIR_DEFAULT "]\n"
    "  --single-use             take the grant, even if it isn't a single-use one\n"
    "  --max-age SECONDS        refuse a grant that was given longer ago\n"
    "  --user NAME[:GROUP]      become this account\n"
    "  --chroot DIR             with this root directory\n"
    "  --env NAME[=VALUE]       set a variable for PROGRAM, or let it through\n"
    "  --umask MODE             PROGRAM's umask, octal [022]\n"
    "  --reject reset|drop|close   how a stranger's connection ends [reset]\n"
    "  --banner-timeout SECONDS    with drop: how long a stranger may wait for a banner [30]\n"
    "  --drop-limit NUMBER         with drop: how many may wait at once; others are reset [64]\n"
    "  --log all|refused|errors    what is logged about clients [all]\n"
    "  --log-to FACILITY|stderr    where: a facility of syslog [daemon], or the standard error\n"
    "  --check ADDRESS          start nothing; exit 0 if ADDRESS has a grant, 1 if not; a single-use grant is taken\n"
    "  --peek                   with --check: take nothing\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

const char *options_help(void)
{
	return help;
}

static bool set_service(struct options *out, const char *value)
{
	if (name_check_service(value) != 0)
		return false;
	snprintf(out->service, sizeof(out->service), "%s", value);
	return true;
}

static bool set_grants(struct options *out, const char *value)
{
	out->grants = value;
	return value[0] == '/';
}

static bool set_max_age(struct options *out, const char *value)
{
	return decimal_parse_u32(value, 1, UINT32_MAX, &out->max_age_s);
}

static bool set_banner_timeout(struct options *out, const char *value)
{
	return decimal_parse_u32(value, 1, HOLD_S_MAX, &out->refusal.hold_s);
}

static bool set_drop_limit(struct options *out, const char *value)
{
	return decimal_parse_u32(value, 1, HOLD_LIMIT_MAX, &out->refusal.hold_limit);
}

static bool set_single_use(struct options *out, const char *value)
{
	(void)value;
	return out->single_use = true;
}

static bool set_peek(struct options *out, const char *value)
{
	(void)value;
	return out->peek = true;
}

static bool set_user(struct options *out, const char *value)
{
	out->user = value;
	return value[0] != '\0';
}

static bool set_chroot(struct options *out, const char *value)
{
	out->root = value;
	return value[0] == '/';
}

static bool set_env(struct options *out, const char *value)
{
	if (!environ_may_set(value) || out->env_count == OPTIONS_ENV_MAX)
		return false;
	out->env[out->env_count++] = value;
	return true;
}

static bool set_umask(struct options *out, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len > 4 || strspn(value, "01234567") != len || (len == 4 && value[0] != '0'))
		return false;
	out->mask = 0;
	for (; *value != '\0'; value++)
		out->mask = out->mask * 8 + (mode_t)(*value - '0');
	return true;
}

/* The index of value in names, -1 if it is none of them. */
static int choose(const char *value, const char *const names[], int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -1;
}

static bool set_reject(struct options *out, const char *value)
{
	static const char *const names[] = {"reset", "drop", "close"}; /* as in enum reject */
	int choice = choose(value, names, 3);

	out->refusal.reject = choice >= 0 ? (enum reject)choice : REJECT_RESET;
	return choice >= 0;
}

static bool set_log(struct options *out, const char *value)
{
	static const char *const names[] = {"errors", "refused", "all"}; /* as in enum report_level */
	int choice = choose(value, names, 3);

	out->report.level = choice >= 0 ? (enum report_level)choice : REPORT_ALL;
	return choice >= 0;
}

static bool set_log_to(struct options *out, const char *value)
{
	out->report.to_stderr = strcmp(value, "stderr") == 0;
	return out->report.to_stderr || report_facility(value, &out->report.facility);
}

/* A link-local address comes with the interface that it was seen on, which doesn't say who it is. */
static bool set_check(struct options *out, const char *value)
{
	char text[ADDRESS_TEXT_SIZE];
	size_t len = strcspn(value, "%");

	out->mode = OPTIONS_CHECK;
	if (len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return address_parse(&out->check, text) == 0 && (value[len] == '\0' || !address_is_v4(&out->check));
}

static bool set_help(struct options *out, const char *value)
{
	(void)value;
	out->mode = OPTIONS_HELP;
	return true;
}

static bool set_version(struct options *out, const char *value)
{
	(void)value;
	out->mode = OPTIONS_VERSION;
	return true;
}

/* expected is NULL for an option without a value. */
struct option {
	const char *name;
	bool (*set)(struct options *out, const char *value);
	const char *expected;
};

static const struct option table[] = {
    {"--service", set_service, "NAME of 1 to 15 of a-z 0-9 -"},
    {"--grants", set_grants, "DIR, an absolute path"},
    {"--single-use", set_single_use, NULL},
    {"--max-age", set_max_age, "SECONDS, 1 to 4294967295"},
    {"--user", set_user, "NAME[:GROUP]"},
    {"--chroot", set_chroot, "DIR, an absolute path"},
    {"--env", set_env, "NAME[=VALUE], at most 32 times, and none that knockwrap sets itself"},
    {"--umask", set_umask, "MODE, octal, at most 0777"},
    {"--reject", set_reject, "reset, drop or close"},
    {"--banner-timeout", set_banner_timeout, "SECONDS, 1 to 600"},
    {"--drop-limit", set_drop_limit, "NUMBER, 1 to 1024"},
    {"--log", set_log, "all, refused or errors"},
    {"--log-to", set_log_to, "stderr, auth, authpriv, daemon, user or local0 to local7"},
    {"--check", set_check, "ADDRESS, numeric"},
    {"--peek", set_peek, NULL},
    {"--help", set_help, NULL},
    {"-h", set_help, NULL},
    {"--version", set_version, NULL},
    {"-V", set_version, NULL},
};

static const struct option *find_option(const char *arg)
{
	size_t len = strcspn(arg, "=");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].name) == len && strncmp(arg, table[i].name, len) == 0)
			return &table[i];
	return NULL;
}

/* One option at argv, with its value in the same argument or in the next. *used says how many were. */
static enum status set_option(struct options *out, char **argv, int *used, struct fault *fault)
{
	const struct option *option = find_option(argv[0]);
	const char *value = strchr(argv[0], '=');

	*used = 1;
	if (option == NULL)
		return fault_set(fault, STATUS_USAGE, "%s: no such option, see knockwrap(8)", argv[0]);
	if (option->expected == NULL && value != NULL)
		return fault_set(fault, STATUS_USAGE, "%s: takes no value", option->name);
	if (option->expected != NULL && value == NULL)
		*used = 2;
	value = value != NULL ? value + 1 : argv[1];
	if (option->expected != NULL && (value == NULL || !option->set(out, value)))
		return fault_set(fault, STATUS_USAGE, "%s: expected %s", option->name, option->expected);
	if (option->expected == NULL)
		option->set(out, NULL);
	return STATUS_OK;
}

static enum status check_whole(const struct options *out, struct fault *fault)
{
	if (out->mode == OPTIONS_HELP || out->mode == OPTIONS_VERSION)
		return STATUS_OK;
	if (out->service[0] == '\0')
		return fault_set(fault, STATUS_USAGE, "--service is missing");
	if (out->peek && out->mode != OPTIONS_CHECK)
		return fault_set(fault, STATUS_USAGE, "--peek goes with --check");
	if (out->mode == OPTIONS_CHECK)
		return out->program == NULL ? STATUS_OK
					    : fault_set(fault, STATUS_USAGE, "--check starts no program, so name none");
	if (out->program == NULL)
		return fault_set(fault, STATUS_USAGE, "no program is named: add -- PROGRAM [ARGUMENT]...");
	if (out->program[0][0] != '/')
		return fault_set(fault, STATUS_USAGE, "%s: the program must be an absolute path", out->program[0]);
	return STATUS_OK;
}

static enum status parse_arguments(struct options *out, int argc, char **argv, struct fault *fault)
{
	enum status status = STATUS_OK;
	int used;

	for (int i = 1; status == STATUS_OK && i < argc; i += used) {
		if (argv[i][0] != '-' || strcmp(argv[i], "--") == 0) {
			i += argv[i][0] == '-';
			out->program = i < argc ? argv + i : NULL;
			break;
		}
		status = set_option(out, argv + i, &used, fault);
	}
	return status == STATUS_OK ? check_whole(out, fault) : status;
}

static enum status parse_link(struct options *out, const char *name, char **argv, const char *servers,
			      struct fault *fault)
{
	enum status status;

	if (!set_service(out, name))
		return fault_set(fault, STATUS_USAGE,
				 "called by a name that is neither " PROGRAM_NAME " nor a service");
	status = program_of_link(servers, out->service, out->linked, sizeof(out->linked), fault);
	if (status == STATUS_OK) {
		argv[0] = out->linked;
		out->program = argv;
	}
	return status;
}

enum status options_parse(struct options *out, int argc, char **argv, const char *servers, struct fault *fault)
{
	const char *name = argc > 0 && argv[0] != NULL ? argv[0] : "";
	const char *slash = strrchr(name, '/');

	memset(out, 0, sizeof(*out));
	out->grants = GRANT_DIR_DEFAULT;
	out->mask = LAUNCH_MASK;
	out->refusal.hold_s = REFUSE_HOLD_S;
	out->refusal.hold_limit = REFUSE_HOLD_LIMIT;
	out->report.level = REPORT_ALL;
	out->report.facility = LOG_DAEMON;
	if (slash != NULL)
		name = slash + 1;
	if (strcmp(name, PROGRAM_NAME) == 0)
		return parse_arguments(out, argc, argv, fault);
	return parse_link(out, name, argv, servers, fault);
}
