/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pam_knock/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libcore/decimal.h"
#include "libcore/grant.h"

#define DELAY_MAX 60000000 /* a minute: sshd's LoginGraceTime is two */

/* Applications whose name is not that of what they serve. Any other serves what its name says. */
static const struct {
	const char *pam, *service;
} services[] = {
    {"sshd", "ssh"},	  {"login", "telnet"}, {"remote", "telnet"},   {"vsftpd", "ftp"}, {"proftpd", "ftp"},
    {"pure-ftpd", "ftp"}, {"dovecot", "imap"}, {"xrdp-sesman", "rdp"}, {"samba", "smb"},
};

static const char *service_of(const char *pam)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(pam, services[i].pam) == 0)
			return services[i].service;
	return pam;
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

static bool set_delay(struct options *out, const char *value)
{
	return decimal_parse_u32(value, 0, DELAY_MAX, &out->delay_us);
}

static bool set_norhost(struct options *out, const char *value)
{
	out->ignore_no_host = strcmp(value, "ignore") == 0;
	return out->ignore_no_host || strcmp(value, "fail") == 0;
}

static bool set_match_user(struct options *out, const char *value)
{
	(void)value;
	return out->match_user = true;
}

static bool set_single_use(struct options *out, const char *value)
{
	(void)value;
	return out->single_use = true;
}

static bool set_debug(struct options *out, const char *value)
{
	(void)value;
	return out->debug = true;
}

static bool set_quiet(struct options *out, const char *value)
{
	(void)value;
	return out->quiet = true;
}

/* A name that ends in '=' takes a value. */
static const struct {
	const char *name;
	bool (*set)(struct options *out, const char *value);
	const char *expected;
} arguments[] = {
    {"service=", set_service, "service=NAME of 1 to 15 of a-z 0-9 -"},
    {"grants=", set_grants, "grants=DIR, an absolute path"},
    {"max_age=", set_max_age, "max_age=SECONDS, 1 to 4294967295"},
    {"delay=", set_delay, "delay=MICROSECONDS, 0 to 60000000"},
    {"norhost=", set_norhost, "norhost=fail or norhost=ignore"},
    {"match_user", set_match_user, NULL},
    {"single_use", set_single_use, NULL},
    {"debug", set_debug, NULL},
    {"quiet", set_quiet, NULL},
};

/* NULL, or what was expected. */
static const char *set_argument(struct options *out, const char *arg)
{
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		size_t len = strlen(arguments[i].name);
		bool has_value = arguments[i].name[len - 1] == '=';

		if (has_value ? strncmp(arg, arguments[i].name, len) == 0 : strcmp(arg, arguments[i].name) == 0)
			return arguments[i].set(out, arg + len) ? NULL : arguments[i].expected;
	}
	return "no such argument, see pam_knock(8)";
}

const char *options_parse(struct options *out, const char *pam_service, int argc, const char **argv, const char **why)
{
	const char *fault = NULL;

	memset(out, 0, sizeof(*out));
	out->delay_us = OPTIONS_DELAY_DEFAULT;
	out->grants = GRANT_DIR_DEFAULT;
	for (int i = 0; i < argc; i++) {
		const char *expected = set_argument(out, argv[i]);

		if (expected != NULL && fault == NULL) {
			fault = argv[i];
			*why = expected;
		}
	}
	if (fault == NULL && out->service[0] == '\0' && !set_service(out, service_of(pam_service))) {
		fault = pam_service;
		*why = "no service has this name: give service=NAME";
	}
	return fault;
}
