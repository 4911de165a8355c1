/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/keyword.h"

#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/conftext.h"
#include "libcore/decimal.h"
#include "libcore/error.h"

#define FILE_SIZE_MAX (256 * 1024)
#define HIDDEN "\001" /* name of the option that carries the reader; conftext lets no one write it */

struct reader {
	const char *name; /* of the file */
	const struct log *log;
	bool failed;
	bool nomem;
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

/* Setters. */

void *keyword_member(const struct keyword *keyword, void *target)
{
	return (char *)target + keyword->offset;
}

int keyword_set_text(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	char **out = keyword_member(keyword, target);

	if (keyword->check(values->items[0]->text) != 0)
		return QK_ERR_CONFIG;
	*out = strdup(values->items[0]->text);
	return *out != NULL ? 0 : QK_ERR_NOMEM;
}

int keyword_set_u32(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	return decimal_parse_u32(values->items[0]->text, keyword->min, keyword->max, keyword_member(keyword, target))
		   ? 0
		   : QK_ERR_CONFIG;
}

int keyword_set_bool(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	const char *text = values->items[0]->text;
	bool *out = keyword_member(keyword, target);

	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ? 0 : QK_ERR_CONFIG;
}

int keyword_set_vector(const struct keyword *keyword, const struct keyword_values *values, void *target)
{
	char ***out = keyword_member(keyword, target);

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
	struct keyword_value *value = malloc(sizeof(*value) + size);
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

static void apply(struct reader *reader, const struct keyword *keyword, const struct keyword_values *values,
		  void *target)
{
	const struct keyword_value *first = values->items[0];
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
	struct keyword_values values = {.count = 0};
	char *copy = strdup(keyword->preset);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		struct keyword_value *value = calloc(1, sizeof(*value) + strlen(word) + 1);

		if (value == NULL)
			break;
		strcpy(value->text, word);
		values.items[values.count++] = value;
	}
	if (values.count > 0 && word == NULL)
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
		struct keyword_values values = {.count = cfg_opt_size(opt)};

		if (values.count > KEYWORD_LIST_MAX) {
			fault(reader, (unsigned)cfg->line, "%s: expected %d elements at most", keyword->name,
			      KEYWORD_LIST_MAX);
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

static void apply_titled(struct reader *reader, cfg_t *cfg, const struct keyword_section *section, void *item,
			 bool whole)
{
	if (section->set_title(cfg->title, item) != 0)
		fault(reader, (unsigned)cfg->line, "%s %s: expected %s", section->name, cfg->title, section->expected);
	apply_section(reader, cfg, section->keywords, section->count, item, whole);
}

static void apply_all(struct reader *reader, cfg_t *cfg, const struct keyword_grammar *grammar, void *target,
		      bool whole)
{
	const struct keyword_section *section = grammar->section;
	size_t count;
	char *items;

	apply_section(reader, cfg, grammar->keywords, grammar->count, target, whole);
	if (section == NULL)
		return;
	count = cfg_size(cfg, section->name);
	if (count == 0 && whole)
		fault(reader, 0, "no %s, expected one section %s \"NAME\" {...} or more", section->name, section->name);
	if (count > section->max)
		fault(reader, 0, "%zu %ss, expected %zu at most", count, section->name, section->max);
	items = section->make(target, count);
	if (items == NULL) {
		reader->nomem = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		apply_titled(reader, cfg_getnsec(cfg, section->name, (unsigned)i), section, items + i * section->size,
			     whole);
}

static int read_prepared(struct reader *reader, const struct keyword_grammar *grammar, const char *text, void *target)
{
	const struct keyword_section *section = grammar->section;
	cfg_opt_t section_opts[KEYWORD_TABLE_MAX + 2];
	cfg_opt_t opts[KEYWORD_TABLE_MAX + 3];
	bool whole;
	cfg_t *cfg;

	assert(grammar->count <= KEYWORD_TABLE_MAX && (section == NULL || section->count <= KEYWORD_TABLE_MAX));
	fill_options(reader, grammar->keywords, grammar->count, opts);
	if (section != NULL) {
		fill_options(reader, section->keywords, section->count, section_opts);
		opts[grammar->count + 1] =
		    (cfg_opt_t)CFG_SEC(section->name, section_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		opts[grammar->count + 2] = (cfg_opt_t)CFG_END();
	}
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
	apply_all(reader, cfg, grammar, target, whole);
	cfg_free(cfg);
	if (reader->nomem)
		return QK_ERR_NOMEM;
	return reader->failed ? QK_ERR_CONFIG : 0;
}

int keyword_parse(const struct keyword_grammar *grammar, const char *name, const char *text, size_t len,
		  const struct log *log, void *target)
{
	struct reader reader = {.name = name, .log = log};
	struct conftext_fault found;
	char *copy = malloc(len + 1);
	int rc;

	if (copy == NULL)
		return QK_ERR_NOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	rc = conftext_prepare(copy, len, &found);
	if (rc != 0)
		fault(&reader, found.line, "expected %s", found.expected);
	else
		rc = read_prepared(&reader, grammar, copy, target);
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

int keyword_read(const char *path, const struct log *log, char **text, size_t *len)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = NULL;
	*len = 0;
	if (fd < 0) {
		log_line(log, LOG_LEVEL_ERROR, "%s: %s", path, strerror(errno));
		return QK_ERR_IO;
	}
	rc = check_file(fd, path, log);
	if (rc == 0)
		rc = read_file(fd, path, log, text, len);
	if (rc != 0) {
		free(*text);
		*text = NULL;
	}
	close(fd);
	return rc;
}

int keyword_load(const struct keyword_grammar *grammar, const char *path, const struct log *log, void *target)
{
	char *text;
	size_t len;
	int rc = keyword_read(path, log, &text, &len);

	if (rc == 0)
		rc = keyword_parse(grammar, path, text, len, log, target);
	free(text);
	return rc;
}

void keyword_free_vector(char **vector)
{
	for (char **p = vector; p != NULL && *p != NULL; p++)
		free(*p);
	free(vector);
}
