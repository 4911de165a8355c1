/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcore/chain.h"
#include "libcore/conftext.h"
#include "libcore/control.h"
#include "libcore/decimal.h"
#include "libcore/error.h"
#include "libcore/grant.h"
#include "libcore/number.h"
#include "libcore/profile.h"

#define FILE_SIZE_MAX (256 * 1024)
#define LIST_MAX 64 /* elements of a list */
#define DAY_S 86400
#define HIDDEN "\001" /* name of the option that carries the reader; conftext lets no one write it */

struct value {
	unsigned line; /* 0: a default */
	char text[];
};

struct values {
	struct value *items[LIST_MAX];
	size_t count;
};

struct reader {
	const char *name; /* of the file */
	const struct log *log;
	bool failed;
	bool nomem;
};

struct keyword;
/* Checks the values and stores them into target, a struct config or config_service. Returns 0 or CONFIG, when
 * the caller says what was expected; NOMEM. */
typedef int set_fn(const struct keyword *keyword, const struct values *values, void *target);

struct keyword {
	const char *name;
	bool list;
	const char *preset; /* what stands for a missing keyword, list elements separated by blanks; NULL: nothing */
	bool required;
	set_fn *set;
	size_t offset; /* of the member set */
	uint32_t min, max;
	int (*check)(const char *text); /* 0 if the text will do */
	const char *expected;
};

static void fault(struct reader *reader, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct reader *reader, unsigned line, const char *format, ...)
{
	char text[896];
	va_list ap;

	reader->failed = true;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (line != 0)
		log_line(reader->log, LOG_LEVEL_ERROR, "%s:%u: %s", reader->name, line, text);
	else
		log_line(reader->log, LOG_LEVEL_ERROR, "%s: %s", reader->name, text);
}

/* Checks of texts. */

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

/* Setters. */

static void *member(const struct keyword *keyword, void *target)
{
	return (char *)target + keyword->offset;
}

static int set_text(const struct keyword *keyword, const struct values *values, void *target)
{
	char **out = member(keyword, target);

	if (keyword->check(values->items[0]->text) != 0)
		return QK_ERR_CONFIG;
	*out = strdup(values->items[0]->text);
	return *out != NULL ? 0 : QK_ERR_NOMEM;
}

static int set_table(const struct keyword *keyword, const struct values *values, void *target)
{
	return strcmp(values->items[0]->text, "none") == 0 ? 0 : set_text(keyword, values, target);
}

static int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	return decimal_parse_u32(text, min, max, out) ? 0 : QK_ERR_CONFIG;
}

static int set_u32(const struct keyword *keyword, const struct values *values, void *target)
{
	return parse_number(values->items[0]->text, keyword->min, keyword->max, member(keyword, target));
}

static int set_port(const struct keyword *keyword, const struct values *values, void *target)
{
	uint16_t *out = member(keyword, target);
	uint32_t n = 0;
	int rc = parse_number(values->items[0]->text, keyword->min, keyword->max, &n);

	*out = (uint16_t)n;
	return rc;
}

static int set_count(const struct keyword *keyword, const struct values *values, void *target)
{
	uint8_t *out = member(keyword, target);
	uint32_t n = 0;
	int rc = parse_number(values->items[0]->text, keyword->min, keyword->max, &n);

	*out = (uint8_t)n;
	return rc;
}

static int set_knock_ports(const struct keyword *keyword, const struct values *values, void *target)
{
	return knock_ports_parse(values->items[0]->text, member(keyword, target));
}

static int set_widths(const struct keyword *keyword, const struct values *values, void *target)
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

static int set_protocol(const struct keyword *keyword, const struct values *values, void *target)
{
	return service_protocol_parse(values->items[0]->text, member(keyword, target));
}

static int set_bool(const struct keyword *keyword, const struct values *values, void *target)
{
	const char *text = values->items[0]->text;
	bool *out = member(keyword, target);

	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ? 0 : QK_ERR_CONFIG;
}

static int set_log_level(const struct keyword *keyword, const struct values *values, void *target)
{
	return log_level_parse(values->items[0]->text, member(keyword, target));
}

static int set_vector(const struct keyword *keyword, const struct values *values, void *target)
{
	char ***out = member(keyword, target);

	*out = calloc(values->count + 1, sizeof(**out));
	if (*out == NULL)
		return QK_ERR_NOMEM;
	for (size_t i = 0; i < values->count; i++) {
		(*out)[i] = strdup(values->items[i]->text);
		if ((*out)[i] == NULL)
			return QK_ERR_NOMEM;
	}
	return 0;
}

static int set_interfaces(const struct keyword *keyword, const struct values *values, void *target)
{
	for (size_t i = 0; i < values->count; i++) {
		const char *text = values->items[i]->text;

		if (!only_of(text, IFNAMSIZ - 1, "._-:@") || (strcmp(text, "any") == 0 && values->count > 1))
			return QK_ERR_CONFIG;
		for (size_t k = 0; k < i; k++)
			if (strcmp(values->items[k]->text, text) == 0)
				return QK_ERR_CONFIG;
	}
	return set_vector(keyword, values, target);
}

static int set_hook(const struct keyword *keyword, const struct values *values, void *target)
{
	return check_path(values->items[0]->text) == 0 ? set_vector(keyword, values, target) : QK_ERR_CONFIG;
}

/* The grammar. */

#define IN_CONFIG(m) offsetof(struct config, m)
#define IN_SERVICE(m) offsetof(struct config_service, m)
#define HOOK_EXPECTED "a program's absolute path and its arguments, {\"/path\", \"argument\"}"
#define PATH_EXPECTED "an absolute path without . and .. in it or a slash at its end"

/* clang-format off */
static const struct keyword root_keywords[] = {
	{.name = "server_id", .required = true, .set = set_text, .offset = IN_CONFIG(server_id),
	 .check = name_check_server, .expected = "1 to 64 printable ASCII characters without blanks"},
	{.name = "host", .set = set_text, .offset = IN_CONFIG(host), .check = profile_check_host,
	 .expected = "a host name or numeric address of up to 253 characters"},
	{.name = "interfaces", .list = true, .preset = "any", .set = set_interfaces, .offset = IN_CONFIG(interfaces),
	 .expected = "different names of interfaces, or any alone"},
	{.name = "knock_ports", .preset = "8800-8899", .set = set_knock_ports, .offset = IN_CONFIG(shape),
	 .expected = "FIRST-LAST within 1-65535, 64 ports or more"},
	{.name = "count", .preset = "12", .set = set_count, .offset = IN_CONFIG(shape.count), .min = KNOCK_COUNT_MIN,
	 .max = KNOCK_COUNT_MAX, .expected = "12 to 32 packets"},
	{.name = "widths", .list = true, .preset = "0 8 64", .set = set_widths,
	 .expected = "different hop widths out of 0, 8 and 64"},
	{.name = "validity", .preset = "120", .set = set_u32, .offset = IN_CONFIG(validity_s), .min = 1, .max = DAY_S,
	 .expected = "1 to 86400 seconds"},
	{.name = "hook_timeout", .preset = "30", .set = set_u32, .offset = IN_CONFIG(hook_timeout_s), .min = 1,
	 .max = 3600, .expected = "1 to 3600 seconds"},
	{.name = "store", .preset = LOCALSTATEDIR "/lib/qknock/qknock.db", .set = set_text, .offset = IN_CONFIG(store),
	 .check = check_path, .expected = PATH_EXPECTED},
	{.name = "control", .preset = CONTROL_SOCKET_DEFAULT, .set = set_text, .offset = IN_CONFIG(control),
	 .check = check_socket_path, .expected = PATH_EXPECTED ", 107 characters at most"},
	{.name = "grants_dir", .preset = GRANT_DIR_DEFAULT, .set = set_text, .offset = IN_CONFIG(grants_dir),
	 .check = check_path, .expected = PATH_EXPECTED},
	{.name = "group", .set = set_text, .offset = IN_CONFIG(group), .check = check_group,
	 .expected = "the name of a group"},
	{.name = "table", .preset = "default", .set = set_table, .offset = IN_CONFIG(table), .check = name_check_table,
	 .expected = "none, or 1 to 15 of a-z 0-9 -"},
	{.name = "requests_adapter", .set = set_text, .offset = IN_CONFIG(requests.adapter), .check = check_group,
	 .expected = "the name of a user"},
	{.name = "requests_country", .set = set_text, .offset = IN_CONFIG(requests.country),
	 .check = number_check_country, .expected = "a country code of 1 to 3 digits, as 44"},
	{.name = "requests_per_hour", .preset = "12", .set = set_u32, .offset = IN_CONFIG(requests.per_number_hour),
	 .min = 1, .max = 3600, .expected = "1 to 3600 requests of one number or user"},
	{.name = "requests_per_minute", .preset = "60", .set = set_u32, .offset = IN_CONFIG(requests.per_minute),
	 .min = 1, .max = 600, .expected = "1 to 600 requests of all together"},
	{.name = "requests_lock_after", .preset = "10", .set = set_u32, .offset = IN_CONFIG(requests.lock_after),
	 .min = 1, .max = 1000, .expected = "1 to 1000 wrong pass-codes"},
	{.name = "requests_private_addresses", .preset = "true", .set = set_bool,
	 .offset = IN_CONFIG(requests.allow_private_addresses), .expected = "true, false, yes or no"},
	{.name = "log", .preset = "syslog", .set = set_text, .offset = IN_CONFIG(log_target), .check = check_log,
	 .expected = "syslog, stderr or " PATH_EXPECTED},
	{.name = "log_level", .preset = "info", .set = set_log_level, .offset = IN_CONFIG(log_level),
	 .expected = "error, warning, notice, info or debug"},
};

static const struct keyword service_keywords[] = {
	{.name = "protocol", .preset = "tcp", .set = set_protocol, .offset = IN_SERVICE(service.protocol),
	 .expected = "tcp or udp"},
	{.name = "port", .required = true, .set = set_port, .offset = IN_SERVICE(service.port), .min = 1,
	 .max = UINT16_MAX, .expected = "1 to 65535"},
	{.name = "grant_time", .preset = "30", .set = set_u32, .offset = IN_SERVICE(grant_s), .min = 1, .max = DAY_S,
	 .expected = "1 to 86400 seconds"},
	{.name = "single_use", .preset = "false", .set = set_bool, .offset = IN_SERVICE(single_use),
	 .expected = "true, false, yes or no"},
	{.name = "open", .list = true, .set = set_hook, .offset = IN_SERVICE(open_hook), .expected = HOOK_EXPECTED},
	{.name = "close", .list = true, .set = set_hook, .offset = IN_SERVICE(close_hook), .expected = HOOK_EXPECTED},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What libconfuse calls. */

static struct reader *reader_of(cfg_t *cfg)
{
	return (struct reader *)cfg_getopt(cfg, HIDDEN)->simple_value.ptr;
}

/* The keywords that would have been right instead. */
static void list_names(cfg_t *cfg, char *names, size_t size)
{
	size_t used = 0;

	for (const cfg_opt_t *opt = cfg->opts; opt->name != NULL && used < size; opt++)
		if (strcmp(opt->name, HIDDEN) != 0)
			used += (size_t)snprintf(names + used, size - used, "%s%s", used != 0 ? ", " : "", opt->name);
}

static void __attribute__((format(printf, 2, 0))) report(cfg_t *cfg, const char *format, va_list ap)
{
	char text[256];
	char names[512] = "";

	vsnprintf(text, sizeof(text), format, ap);
	if (strncmp(format, "no such option", strlen("no such option")) == 0)
		list_names(cfg, names, sizeof(names));
	fault(reader_of(cfg), (unsigned)cfg->line, "%s%s%s", text, names[0] != '\0' ? "; expected one of " : "", names);
}

/* libconfuse lets "section|option" reach into another section. */
static bool is_option_of(const cfg_t *cfg, const cfg_opt_t *opt)
{
	for (const cfg_opt_t *own = cfg->opts; own->name != NULL; own++)
		if (own == opt)
			return true;
	return false;
}

/* Keeps a value with its line for later. libconfuse forgets that an option was given before; the option's
 * comment, not used otherwise, remembers the line. */
static int keep_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct reader *reader = reader_of(cfg);
	size_t size = strlen(text) + 1;
	struct value *value = malloc(sizeof(*value) + size);
	char line[16];

	if (value == NULL) {
		reader->nomem = true;
		return -1;
	}
	value->line = (unsigned)cfg->line;
	memcpy(value->text, text, size);
	*(void **)result = value;
	if (!is_option_of(cfg, opt))
		fault(reader, value->line, "expected %s inside of its section", opt->name);
	if (opt->nvalues == 1) {
		if (opt->comment != NULL)
			fault(reader, value->line, "%s is given again, expected it once (line %s)", opt->name,
			      opt->comment);
		snprintf(line, sizeof(line), "%u", value->line);
		cfg_opt_setcomment(opt, line);
	}
	return 0;
}

/* Our grammar as libconfuse's; opts has room for count + 2. */
static void fill_options(struct reader *reader, const struct keyword *keywords, size_t count, cfg_opt_t *opts)
{
	for (size_t i = 0; i < count; i++)
		opts[i] = (cfg_opt_t)CFG_PTR_CB(
		    keywords[i].name, 0, CFGF_NODEFAULT | (keywords[i].list ? CFGF_LIST : CFGF_NONE), keep_value, free);
	opts[count] = (cfg_opt_t)CFG_PTR_CB(HIDDEN, 0, CFGF_NODEFAULT, keep_value, NULL);
	opts[count].simple_value.ptr = (void **)reader;
	opts[count + 1] = (cfg_opt_t)CFG_END();
}

/* From what libconfuse read to struct config. */

static void apply(struct reader *reader, const struct keyword *keyword, const struct values *values, void *target)
{
	const struct value *first = values->items[0];
	int rc = keyword->set(keyword, values, target);

	if (rc == QK_ERR_NOMEM)
		reader->nomem = true;
	else if (rc != 0 && values->count > 1)
		fault(reader, first->line, "%s = {%s, ...}: expected %s", keyword->name, first->text,
		      keyword->expected);
	else if (rc != 0)
		fault(reader, first->line, "%s = %s: expected %s", keyword->name, first->text, keyword->expected);
}

/* Sets what is written in the keyword's table entry. */
static void apply_preset(struct reader *reader, const struct keyword *keyword, void *target)
{
	struct values values = {.count = 0};
	char *copy = strdup(keyword->preset);
	char *rest = copy;

	for (char *word = copy; word != NULL && (word = strsep(&rest, " ")) != NULL;) {
		struct value *value = calloc(1, sizeof(*value) + strlen(word) + 1);

		if (value == NULL)
			break;
		strcpy(value->text, word);
		values.items[values.count++] = value;
	}
	if (values.count > 0 && rest == NULL)
		apply(reader, keyword, &values, target);
	else
		reader->nomem = true;
	for (size_t i = 0; i < values.count; i++)
		free(values.items[i]);
	free(copy);
}

/* whole: the section was read to its end, so that what is missing is missing. */
static void apply_section(struct reader *reader, cfg_t *cfg, const struct keyword *keywords, size_t count, void *target,
			  bool whole)
{
	for (size_t i = 0; i < count; i++) {
		const struct keyword *keyword = &keywords[i];
		cfg_opt_t *opt = cfg_getopt(cfg, keyword->name);
		struct values values = {.count = cfg_opt_size(opt)};

		if (values.count > LIST_MAX) {
			fault(reader, (unsigned)cfg->line, "%s: expected %d elements at most", keyword->name, LIST_MAX);
			continue;
		}
		for (size_t k = 0; k < values.count; k++)
			values.items[k] = cfg_opt_getnptr(opt, (unsigned)k);
		/* A value that could not be kept ended the reading; its place is empty. */
		if (values.count > 0 && values.items[values.count - 1] != NULL)
			apply(reader, keyword, &values, target);
		else if (values.count == 0 && whole && (opt->flags & CFGF_MODIFIED) != 0)
			fault(reader, (unsigned)cfg->line, "%s = {}: expected %s", keyword->name, keyword->expected);
		else if (values.count == 0 && keyword->preset != NULL)
			apply_preset(reader, keyword, target);
		else if (values.count == 0 && keyword->required && whole)
			fault(reader, cfg->title != NULL ? (unsigned)cfg->line : 0, "%s%s%s is missing, expected %s",
			      cfg->title != NULL ? cfg->title : "", cfg->title != NULL ? ": " : "", keyword->name,
			      keyword->expected);
	}
}

static void apply_service(struct reader *reader, cfg_t *section, struct config_service *service, bool whole)
{
	if (name_check_service(section->title) != 0)
		fault(reader, (unsigned)section->line, "service %s: expected a name of 1 to 15 of a-z 0-9 -",
		      section->title);
	else
		strcpy(service->service.name, section->title);
	apply_section(reader, section, service_keywords, COUNT(service_keywords), service, whole);
}

static void apply_all(struct reader *reader, cfg_t *cfg, struct config *config, bool whole)
{
	size_t count = cfg_size(cfg, "service");

	apply_section(reader, cfg, root_keywords, COUNT(root_keywords), config, whole);
	if (count == 0 && whole)
		fault(reader, 0, "no service, expected one section service \"NAME\" {...} or more");
	if (count > PROFILE_SERVICES_MAX)
		fault(reader, 0, "%zu services, expected %d at most", count, PROFILE_SERVICES_MAX);
	config->services = calloc(count + 1, sizeof(*config->services));
	if (config->services == NULL) {
		reader->nomem = true;
		return;
	}
	config->service_count = count;
	for (size_t i = 0; i < count; i++)
		apply_service(reader, cfg_getnsec(cfg, "service", (unsigned)i), &config->services[i], whole);
}

static int read_prepared(struct reader *reader, const char *text, struct config *config)
{
	cfg_opt_t service_opts[COUNT(service_keywords) + 2];
	cfg_opt_t opts[COUNT(root_keywords) + 3];
	bool whole;
	cfg_t *cfg;

	fill_options(reader, service_keywords, COUNT(service_keywords), service_opts);
	fill_options(reader, root_keywords, COUNT(root_keywords), opts);
	opts[COUNT(root_keywords) + 1] =
	    (cfg_opt_t)CFG_SEC("service", service_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	opts[COUNT(root_keywords) + 2] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL)
		return QK_ERR_NOMEM;
	cfg_set_error_function(cfg, report);
	errno = 0;
	whole = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	/* What libconfuse fails at in silence. */
	if (!whole && errno == ENOMEM)
		reader->nomem = true;
	else if (!whole && !reader->failed)
		fault(reader, (unsigned)cfg->line, "expected KEYWORD = VALUE");
	apply_all(reader, cfg, config, whole);
	cfg_free(cfg);
	if (reader->nomem)
		return QK_ERR_NOMEM;
	return reader->failed ? QK_ERR_CONFIG : 0;
}

int config_parse(const char *name, const char *text, size_t len, const struct log *log, struct config **out)
{
	struct reader reader = {.name = name, .log = log};
	struct conftext_fault found;
	struct config *config = calloc(1, sizeof(*config));
	char *copy = malloc(len + 1);
	int rc = QK_ERR_NOMEM;

	*out = NULL;
	if (config == NULL || copy == NULL)
		goto out;
	memcpy(copy, text, len);
	copy[len] = '\0';
	rc = conftext_prepare(copy, len, &found);
	if (rc != 0)
		fault(&reader, found.line, "expected %s", found.expected);
	else
		rc = read_prepared(&reader, copy, config);
	if (rc == 0) {
		*out = config;
		config = NULL; /* transferred */
	}
out:
	config_free(config);
	free(copy);
	return rc;
}

/* Who can write the file decides which commands root runs. */
static int check_file(int fd, const char *path, const struct log *log)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		log_line(log, LOG_LEVEL_ERROR, "%s: expected a file", path);
		return QK_ERR_IO;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
		log_line(log, LOG_LEVEL_ERROR, "%s: anyone may write it, expected mode 0644 or less", path);
		return QK_ERR_CONFIG;
	}
	return 0;
}

/* The caller frees *text. */
static int read_file(int fd, const char *path, const struct log *log, char **text, size_t *len)
{
	ssize_t n;

	*len = 0;
	*text = malloc(FILE_SIZE_MAX + 1);
	if (*text == NULL)
		return QK_ERR_NOMEM;
	while (*len <= FILE_SIZE_MAX && (n = read(fd, *text + *len, FILE_SIZE_MAX + 1 - *len)) != 0) {
		if (n > 0) {
			*len += (size_t)n;
		} else if (errno != EINTR) {
			log_line(log, LOG_LEVEL_ERROR, "%s: %s", path, strerror(errno));
			return QK_ERR_IO;
		}
	}
	if (*len <= FILE_SIZE_MAX)
		return 0;
	log_line(log, LOG_LEVEL_ERROR, "%s: expected %d bytes at most", path, FILE_SIZE_MAX);
	return QK_ERR_CONFIG;
}

int config_load(const char *path, const struct log *log, struct config **out)
{
	char *text = NULL;
	size_t len;
	int rc;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*out = NULL;
	if (fd < 0) {
		log_line(log, LOG_LEVEL_ERROR, "%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	rc = check_file(fd, path, log);
	if (rc == 0)
		rc = read_file(fd, path, log, &text, &len);
	if (rc == 0)
		rc = config_parse(path, text, len, log, out);
	free(text);
	close(fd);
	return rc;
}

static void free_vector(char **vector)
{
	for (char **p = vector; p != NULL && *p != NULL; p++)
		free(*p);
	free(vector);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->service_count; i++) {
		free_vector(config->services[i].open_hook);
		free_vector(config->services[i].close_hook);
	}
	free(config->services);
	free_vector(config->interfaces);
	free(config->server_id);
	free(config->host);
	free(config->store);
	free(config->control);
	free(config->grants_dir);
	free(config->group);
	free(config->table);
	free(config->requests.adapter);
	free(config->requests.country);
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
