/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/config.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "libcore/chain.h"
#include "libcore/control.h"
#include "libcore/decimal.h"
#include "libcore/error.h"
#include "libcore/grant.h"
#include "libcore/keyword.h"
#include "libcore/number.h"
#include "libcore/profile.h"

#define DAY_S 86400

static bool only_of(const char *text, size_t max, const char *more)
{
	size_t len = strlen(text);

	if (len == 0 || len > max)
		return false;
	for (; *text != '\0'; text++)
		if (!(*text >= '0' && *text <= '9') && !(*text >= 'a' && *text <= 'z') &&
		    !(*text >= 'A' && *text <= 'Z') && strchr(more, *text) == NULL)
			return false;
	return true;
}

static int check_group(const char *text)
{
	return only_of(text, 32, "._-") && *text != '-' ? 0 : QK_ERR_CONFIG;
}

static int check_path(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len < 2 || len > 1023 || strstr(text, "/../") != NULL || strstr(text, "/./") != NULL ||
	    text[len - 1] == '/')
		return QK_ERR_CONFIG;
	text = strrchr(text, '/');
	return strcmp(text, "/.") != 0 && strcmp(text, "/..") != 0 ? 0 : QK_ERR_CONFIG;
}

static int check_socket_path(const char *text)
{
	return strlen(text) < sizeof(((struct sockaddr_un *)0)->sun_path) ? check_path(text) : QK_ERR_CONFIG;
}

static int check_log(const char *text)
{
	return strcmp(text, "syslog") == 0 || strcmp(text, "stderr") == 0 ? 0 : check_path(text);
}

static int set_table(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return strcmp(values->items[0]->text, "none") == 0 ? 0 : keyword_set_text(keyword, values, target);
}

static int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	return decimal_parse_u32(text, min, max, out) ? 0 : QK_ERR_CONFIG;
}

static int set_port(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	uint16_t *out = keyword_member(keyword, target);
	uint32_t n = 0;
	int rc = parse_number(values->items[0]->text, keyword->min, keyword->max, &n);

	*out = (uint16_t)n;
	return rc;
}

static int set_count(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	uint8_t *out = keyword_member(keyword, target);
	uint32_t n = 0;
	int rc = parse_number(values->items[0]->text, keyword->min, keyword->max, &n);

	*out = (uint8_t)n;
	return rc;
}

static int set_knock_ports(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return knock_ports_parse(values->items[0]->text, keyword_member(keyword, target));
}

static int set_widths(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	struct config *config = target;

	(void)keyword;
	for (size_t i = 0; i < values->count; i++) {
		uint32_t width;

		if (parse_number(values->items[i]->text, 0, UINT16_MAX, &width) != 0 ||
		    chain_check_any_width((uint16_t)width) != 0 || config->width_count == CHAIN_WIDTHS_ALL)
			return QK_ERR_CONFIG;
		for (size_t k = 0; k < config->width_count; k++)
			if (config->widths[k] == width)
				return QK_ERR_CONFIG;
		config->widths[config->width_count++] = (uint16_t)width;
	}
	return 0;
}

static int set_protocol(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return service_protocol_parse(values->items[0]->text, keyword_member(keyword, target));
}

static int set_log_level(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return log_level_parse(values->items[0]->text, keyword_member(keyword, target));
}

static int set_interfaces(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	for (size_t i = 0; i < values->count; i++) {
		const char *text = values->items[i]->text;

		if (!only_of(text, IFNAMSIZ - 1, "._-:@") || (strcmp(text, "any") == 0 && values->count > 1))
			return QK_ERR_CONFIG;
		for (size_t k = 0; k < i; k++)
			if (strcmp(values->items[k]->text, text) == 0)
				return QK_ERR_CONFIG;
	}
	return keyword_set_vector(keyword, values, target);
}

static int set_hook(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return check_path(values->items[0]->text) == 0 ? keyword_set_vector(keyword, values, target) : QK_ERR_CONFIG;
}

/* The grammar. */

#define IN_CONFIG(m) offsetof(struct config, m)
#define IN_SERVICE(m) offsetof(struct config_service, m)
#define HOOK_EXPECTED "a program's absolute path and its arguments, {\"/path\", \"argument\"}"
#define PATH_EXPECTED "an absolute path without . and .. in it or a slash at its end"

/* clang-format off */
static const struct keyword root_keywords[] = {
	{.name = "server_id", .required = true, .set = keyword_set_text, .offset = IN_CONFIG(server_id),
	 .check = name_check_server, .expected = "1 to 64 printable ASCII characters without blanks"},
	{.name = "host", .set = keyword_set_text, .offset = IN_CONFIG(host), .check = profile_check_host,
	 .expected = "a host name or numeric address of up to 253 characters"},
	{.name = "interfaces", .list = true, .preset = "any", .set = set_interfaces, .offset = IN_CONFIG(interfaces),
	 .expected = "different names of interfaces, or any alone"},
	{.name = "kernel_filter", .preset = "true", .set = keyword_set_bool, .offset = IN_CONFIG(kernel_filter),
	 .expected = "true, false, yes or no"},
	{.name = "knock_ports", .preset = "8800-8899", .set = set_knock_ports, .offset = IN_CONFIG(shape),
	 .expected = "FIRST-LAST within 1-65535, 64 ports or more"},
	{.name = "count", .preset = "12", .set = set_count, .offset = IN_CONFIG(shape.count), .min = KNOCK_COUNT_MIN,
	 .max = KNOCK_COUNT_MAX, .expected = "12 to 32 packets"},
	{.name = "widths", .list = true, .preset = "0 8 64", .set = set_widths,
	 .expected = "different hop widths out of 0, 8 and 64"},
	{.name = "validity", .preset = "120", .set = keyword_set_u32, .offset = IN_CONFIG(validity_s), .min = 1, .max = DAY_S,
	 .expected = "1 to 86400 seconds"},
	{.name = "sheet_days", .preset = "90", .set = keyword_set_u32, .offset = IN_CONFIG(sheet_days), .min = 1,
	 .max = 3650, .expected = "1 to 3650 days"},
	{.name = "hook_timeout", .preset = "30", .set = keyword_set_u32, .offset = IN_CONFIG(hook_timeout_s), .min = 1,
	 .max = 3600, .expected = "1 to 3600 seconds"},
	{.name = "store", .preset = LOCALSTATEDIR "/lib/qknock/qknock.db", .set = keyword_set_text, .offset = IN_CONFIG(store),
	 .check = check_path, .expected = PATH_EXPECTED},
	{.name = "control", .preset = CONTROL_SOCKET_DEFAULT, .set = keyword_set_text, .offset = IN_CONFIG(control),
	 .check = check_socket_path, .expected = PATH_EXPECTED ", 107 characters at most"},
	{.name = "grants_dir", .preset = GRANT_DIR_DEFAULT, .set = keyword_set_text, .offset = IN_CONFIG(grants_dir),
	 .check = check_path, .expected = PATH_EXPECTED},
	{.name = "user", .preset = "qknock", .set = keyword_set_text, .offset = IN_CONFIG(user), .check = check_group,
	 .expected = "the name of a user"},
	{.name = "capture_user", .preset = "qknock-capture", .set = keyword_set_text, .offset = IN_CONFIG(capture_user),
	 .check = check_group, .expected = "the name of a user"},
	{.name = "group", .set = keyword_set_text, .offset = IN_CONFIG(group), .check = check_group,
	 .expected = "the name of a group"},
	{.name = "table", .preset = "default", .set = set_table, .offset = IN_CONFIG(table), .check = name_check_table,
	 .expected = "none, or 1 to 15 of a-z 0-9 -"},
	{.name = "sms_number", .set = keyword_set_text, .offset = IN_CONFIG(sms_number), .check = number_check,
	 .expected = "a telephone number, + and 4 to 15 digits"},
	{.name = "requests_adapter", .set = keyword_set_text, .offset = IN_CONFIG(requests.adapter), .check = check_group,
	 .expected = "the name of a user"},
	{.name = "requests_country", .set = keyword_set_text, .offset = IN_CONFIG(requests.country),
	 .check = number_check_country, .expected = "a country code of 1 to 3 digits, as 44"},
	{.name = "requests_per_hour", .preset = "12", .set = keyword_set_u32, .offset = IN_CONFIG(requests.per_number_hour),
	 .min = 1, .max = 3600, .expected = "1 to 3600 requests of one number"},
	{.name = "requests_user_per_hour", .preset = "12", .set = keyword_set_u32,
	 .offset = IN_CONFIG(requests.per_user_hour), .min = 1, .max = 3600, .expected = "1 to 3600 requests for one user"},
	{.name = "requests_back_off", .preset = "3600", .set = keyword_set_u32, .offset = IN_CONFIG(requests.back_off_max_s),
	 .min = 1, .max = DAY_S, .expected = "1 to 86400 seconds"},
	{.name = "requests_per_minute", .preset = "60", .set = keyword_set_u32, .offset = IN_CONFIG(requests.per_minute),
	 .min = 1, .max = 600, .expected = "1 to 600 requests of all together"},
	{.name = "requests_lock_after", .preset = "10", .set = keyword_set_u32, .offset = IN_CONFIG(requests.lock_after),
	 .min = 1, .max = 1000, .expected = "1 to 1000 wrong pass-codes"},
	{.name = "requests_private_addresses", .preset = "true", .set = keyword_set_bool,
	 .offset = IN_CONFIG(requests.allow_private_addresses), .expected = "true, false, yes or no"},
	{.name = "log", .preset = "syslog", .set = keyword_set_text, .offset = IN_CONFIG(log_target), .check = check_log,
	 .expected = "syslog, stderr or " PATH_EXPECTED},
	{.name = "log_level", .preset = "info", .set = set_log_level, .offset = IN_CONFIG(log_level),
	 .expected = "error, warning, notice, info or debug"},
};

static const struct keyword service_keywords[] = {
	{.name = "protocol", .preset = "tcp", .set = set_protocol, .offset = IN_SERVICE(service.protocol),
	 .expected = "tcp or udp"},
	{.name = "port", .required = true, .set = set_port, .offset = IN_SERVICE(service.port), .min = 1,
	 .max = UINT16_MAX, .expected = "1 to 65535"},
	{.name = "grant_time", .preset = "30", .set = keyword_set_u32, .offset = IN_SERVICE(grant_s), .min = 1, .max = DAY_S,
	 .expected = "1 to 86400 seconds"},
	{.name = "single_use", .preset = "false", .set = keyword_set_bool, .offset = IN_SERVICE(single_use),
	 .expected = "true, false, yes or no"},
	{.name = "open", .list = true, .set = set_hook, .offset = IN_SERVICE(open_hook), .expected = HOOK_EXPECTED},
	{.name = "close", .list = true, .set = set_hook, .offset = IN_SERVICE(close_hook), .expected = HOOK_EXPECTED},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void *make_services(void *target, size_t count)
{
	struct config *config = target;

	config->services = calloc(count + 1, sizeof(*config->services));
	if (config->services != NULL)
		config->service_count = count;
	return config->services;
}

static int set_service_name(const char *title, void *item)
{
	struct config_service *service = item;
	int rc = name_check_service(title);

	if (rc == 0)
		strcpy(service->service.name, title);
	return rc;
}

static const struct keyword_section service_section = {
    .name = "service",
    .keywords = service_keywords,
    .count = COUNT(service_keywords),
    .max = PROFILE_SERVICES_MAX,
    .expected = "a name of 1 to 15 of a-z 0-9 -",
    .make = make_services,
    .size = sizeof(struct config_service),
    .set_title = set_service_name,
};

static const struct keyword_grammar grammar = {root_keywords, COUNT(root_keywords), &service_section};

/* Hands the configuration over, or frees it. */
static int finish(int rc, struct config *config, struct config **out)
{
	if (rc == 0)
		*out = config;
	else
		config_free(config);
	return rc;
}

int config_parse(const char *name, const char *text, size_t len, const struct log *log, struct config **out)
{
	struct config *config = calloc(1, sizeof(*config));

	*out = NULL;
	if (config == NULL)
		return QK_ERR_NOMEM;
	return finish(keyword_parse(&grammar, name, text, len, log, config), config, out);
}

int config_load(const char *path, const struct log *log, struct config **out)
{
	struct config *config = calloc(1, sizeof(*config));

	*out = NULL;
	if (config == NULL)
		return QK_ERR_NOMEM;
	return finish(keyword_load(&grammar, path, log, config), config, out);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->service_count; i++) {
		keyword_free_vector(config->services[i].open_hook);
		keyword_free_vector(config->services[i].close_hook);
	}
	free(config->services);
	keyword_free_vector(config->interfaces);
	free(config->server_id);
	free(config->host);
	free(config->store);
	free(config->control);
	free(config->grants_dir);
	free(config->user);
	free(config->capture_user);
	free(config->group);
	free(config->table);
	free(config->requests.adapter);
	free(config->requests.country);
	free(config->sms_number);
	free(config->log_target);
	free(config);
}

const struct config_service *config_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (strcmp(config->services[i].service.name, name) == 0)
			return &config->services[i];
	return NULL;
}
