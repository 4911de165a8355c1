/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/pamstack.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcore/error.h"

#define DEPTH_MAX 16
#define BLANKS " \t\r\n"

/* What is being read: files may include each other. */
struct reader {
	struct pamstack *stack;
	const char *directory; /* of the service's file */
	const char *type;
	unsigned substack;
	unsigned depth;
};

static int read_file(struct reader *reader, const char *path);

/* --- lines --- */

/* A line, with those that a backslash joins to it, without its comment. False at the end of the file. */
static bool next_line(FILE *file, char text[static PAMSTACK_TEXT_SIZE], unsigned *number)
{
	size_t used = 0;

	text[0] = '\0';
	while (used + 1 < PAMSTACK_TEXT_SIZE && fgets(text + used, (int)(PAMSTACK_TEXT_SIZE - used), file) != NULL) {
		++*number;
		text[used + strcspn(text + used, "#\n")] = '\0';
		used += strlen(text + used);
		if (used == 0 || text[used - 1] != '\\')
			return true;
		text[used - 1] = ' ';
	}
	return used > 0;
}

/* The next word, or the inside of [...], in which "\]" is a bracket. Ends the word; NULL when there is none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);
	char *end;

	if (*word == '\0')
		return NULL;
	if (*word == '[') {
		for (end = ++word; *end != '\0' && (*end != ']' || end[-1] == '\\'); end++)
			;
	} else {
		end = word + strcspn(word, BLANKS);
	}
	*rest = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

static int add_line(struct reader *reader, const char *path, unsigned number, const char *control, const char *module,
		    const char *arguments)
{
	struct pamstack *stack = reader->stack;
	struct pamstack_line *lines = reallocarray(stack->lines, stack->count + 1, sizeof(*lines));
	struct pamstack_line *line;

	if (lines == NULL)
		return QK_ERR_NOMEM;
	stack->lines = lines;
	line = &lines[stack->count++];
	snprintf(line->file, sizeof(line->file), "%s", path);
	line->number = number;
	line->substack = reader->substack;
	snprintf(line->control, sizeof(line->control), "%s", control);
	snprintf(line->module, sizeof(line->module), "%s", module);
	snprintf(line->arguments, sizeof(line->arguments), "%s", arguments + strspn(arguments, BLANKS));
	return 0;
}

static int read_included(struct reader *reader, const char *name)
{
	char path[PATH_MAX];

	if (name[0] == '/')
		return read_file(reader, name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", reader->directory, name) >= sizeof(path))
		return QK_ERR_CONFIG;
	return read_file(reader, path);
}

static int read_substack(struct reader *reader, const char *name)
{
	unsigned outer = reader->substack;
	int err;

	reader->substack = ++reader->stack->substacks;
	err = read_included(reader, name);
	reader->substack = outer;
	return err;
}

static int read_line(struct reader *reader, const char *path, unsigned number, char *text)
{
	char *type = next_word(&text);
	char *control = type != NULL ? next_word(&text) : NULL;
	char *module;

	if (control == NULL)
		return 0;
	if (strcasecmp(type, "@include") == 0)
		return read_included(reader, control);
	/* With '-' before it, a module that isn't there is passed over. */
	if (strcasecmp(type[0] == '-' ? type + 1 : type, reader->type) != 0)
		return 0;
	module = next_word(&text);
	if (module == NULL)
		return 0;
	if (strcasecmp(control, "include") == 0)
		return read_included(reader, module);
	if (strcasecmp(control, "substack") == 0)
		return read_substack(reader, module);
	return add_line(reader, path, number, control, module, text);
}

static int read_file(struct reader *reader, const char *path)
{
	char text[PAMSTACK_TEXT_SIZE];
	unsigned number = 0;
	FILE *file;
	int err = 0;

	snprintf(reader->stack->fault, sizeof(reader->stack->fault), "%s", path);
	if (reader->depth == DEPTH_MAX)
		return QK_ERR_CONFIG;
	file = fopen(path, "re");
	if (file == NULL)
		return QK_ERR_IO;
	reader->depth++;
	while (err == 0 && next_line(file, text, &number))
		err = read_line(reader, path, number, text);
	if (err == 0 && ferror(file))
		err = QK_ERR_IO;
	reader->depth--;
	fclose(file);
	return err;
}

int pamstack_read(struct pamstack *stack, const char *path, const char *type)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
	struct reader reader = {.stack = stack, .directory = directory, .type = type};
	int err;

	memset(stack, 0, sizeof(*stack));
	if (directory == NULL)
		return QK_ERR_NOMEM;
	err = read_file(&reader, path);
	if (err != 0)
		pamstack_free(stack);
	free(directory);
	return err;
}

void pamstack_free(struct pamstack *stack)
{
	int saved = errno;

	free(stack->lines);
	stack->lines = NULL;
	stack->count = 0;
	errno = saved;
}

/* --- meaning --- */

/* The value's action in a list as [...] has it, else the default's; "bad" when neither is there. */
static const char *find_action(const char *list, const char *value, char text[static 16])
{
	const char *wanted[] = {value, "default"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(wanted[i]);

		for (const char *p = list + strspn(list, BLANKS); *p != '\0'; p += strspn(p, BLANKS)) {
			if (strncasecmp(p, wanted[i], len) == 0 && p[len] == '=') {
				snprintf(text, 16, "%.*s", (int)strcspn(p + len + 1, BLANKS), p + len + 1);
				return text;
			}
			p += strcspn(p, BLANKS);
		}
	}
	return "bad";
}

const char *pamstack_action(const struct pamstack_line *line, const char *value, char text[static 16])
{
	static const struct {
		const char *word, *list;
	} words[] = {
	    {"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
	    {"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
	    {"sufficient", "success=done new_authtok_reqd=done default=ignore"},
	    {"optional", "success=ok new_authtok_reqd=ok default=ignore"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(line->control, words[i].word) == 0)
			return find_action(words[i].list, value, text);
	return find_action(line->control, value, text);
}

bool pamstack_is(const struct pamstack_line *line, const char *name)
{
	const char *slash = strrchr(line->module, '/');
	const char *base = slash != NULL ? slash + 1 : line->module;
	size_t len = strlen(name);

	return strncmp(base, name, len) == 0 && (base[len] == '\0' || strcmp(base + len, ".so") == 0);
}
