/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/complete.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64
#define OPERANDS_MAX 8
#define SIGNATURES_MAX 8
#define PIECE_SIZE 64
#define DESCRIPTION_SIZE 128

struct option_entry {
	char name[PIECE_SIZE];
	char letter;		      /* 0: none */
	char placeholder[PIECE_SIZE]; /* empty: takes no value */
	char description[DESCRIPTION_SIZE];
};

struct signature {
	char operands[OPERANDS_MAX][PIECE_SIZE];
	size_t count;
	bool repeats; /* the last one */
};

struct grammar {
	struct option_entry options[OPTIONS_MAX];
	size_t option_count;
	struct signature signatures[SIGNATURES_MAX];
	size_t signature_count;
};

static void copy(char *out, size_t size, const char *text, size_t len)
{
	snprintf(out, size, "%.*s", (int)len, text);
}

static struct option_entry *find_option(struct grammar *g, const char *name)
{
	for (size_t i = 0; i < g->option_count; i++)
		if (strcmp(g->options[i].name, name) == 0 ||
		    (name[0] == '-' && name[1] != '\0' && name[1] == g->options[i].letter && name[2] == '\0'))
			return &g->options[i];
	return NULL;
}

static struct option_entry *add_option(struct grammar *g, const char *name, size_t len)
{
	char text[PIECE_SIZE];
	struct option_entry *option;

	copy(text, sizeof(text), name, len);
	option = find_option(g, text);
	if (option != NULL || g->option_count == OPTIONS_MAX)
		return option;
	option = &g->options[g->option_count++];
	strcpy(option->name, text);
	return option;
}

/* One word of a signature. *pending is the option whose value comes next. */
static void take_piece(struct grammar *g, struct signature *s, const char *piece, size_t len, bool closed,
		       struct option_entry **pending)
{
	if (len > 2 && piece[0] == '-' && piece[1] == '-') {
		*pending = add_option(g, piece, len);
	} else if (*pending != NULL) {
		copy((*pending)->placeholder, PIECE_SIZE, piece, len);
		*pending = NULL;
	} else if (piece[0] != '-' && s->count < OPERANDS_MAX) {
		copy(s->operands[s->count++], PIECE_SIZE, piece, len);
	}
	if (closed)
		*pending = NULL;
}

/* Up to the end of the line. An option's value stands in the same brackets; "a|--b" are two alternatives. */
static void parse_signature(struct grammar *g, const char *text, struct signature *s)
{
	struct option_entry *pending = NULL;
	size_t end = strcspn(text, "\n"), at = 0;

	while (at < end) {
		size_t len;

		at += strspn(text + at, " [");
		len = strcspn(text + at, " \n]");
		for (size_t i = 1; i + 2 < len; i++)
			if (strncmp(text + at + i, "|--", 3) == 0)
				len = i;
		if (len > 3 && strncmp(text + at + len - 3, "...", 3) == 0) {
			s->repeats = true;
			len -= 3;
		}
		if (len > 0 && at < end && text[at] != '|' && strncmp(text + at, "OPTIONS", 7) != 0)
			take_piece(g, s, text + at, len, text[at + len] == ']' || text[at + len] == '|', &pending);
		at += len;
		at += strspn(text + at, "]|.");
	}
}

/* "  -f, --file FILE   what it is for" */
static void parse_option_line(struct grammar *g, const char *line)
{
	const char *at = line + strspn(line, " "), *gap;
	struct option_entry *option;
	char letter = '\0';
	size_t len;

	if (at[0] == '-' && at[1] != '-' && at[2] == ',') {
		letter = at[1];
		at += 4;
	}
	if (strncmp(at, "--", 2) != 0)
		return;
	len = strcspn(at, " \n");
	option = add_option(g, at, len);
	if (option == NULL)
		return;
	option->letter = letter;
	at += len;
	if (at[0] == ' ' && at[1] != ' ') {
		at++;
		copy(option->placeholder, PIECE_SIZE, at, strcspn(at, " \n"));
	}
	gap = strstr(at, "  ");
	if (gap != NULL && gap < at + strcspn(at, "\n")) {
		gap += strspn(gap, " ");
		copy(option->description, DESCRIPTION_SIZE, gap, strcspn(gap, "\n"));
	}
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

/* All of --help: signatures first, options below. */
static void parse_help(const struct complete *c, const struct complete_command *command, struct grammar *g)
{
	char prefix[2 * PIECE_SIZE];
	const char *line = command->help;

	snprintf(prefix, sizeof(prefix), "%s %s", c->program, command->name);
	for (; *line != '\0'; line = next_line(line)) {
		const char *at = line;

		if (strncmp(at, "Usage:", 6) == 0)
			at += 6;
		at += strspn(at, " ");
		if (strncmp(at, prefix, strlen(prefix)) == 0 && g->signature_count < SIGNATURES_MAX)
			parse_signature(g, at + strlen(prefix), &g->signatures[g->signature_count++]);
		else if (line[0] == ' ' && at[0] == '-')
			parse_option_line(g, line);
	}
}

static void parse_grammar(const struct complete *c, const struct complete_command *command, struct grammar *g)
{
	memset(g, 0, sizeof(*g));
	for (const char *line = c->common; *line != '\0'; line = next_line(line))
		parse_option_line(g, line);
	if (command == NULL)
		return;
	if (command->help != NULL)
		parse_help(c, command, g);
	if (command->signature != NULL)
		parse_signature(g, command->signature, &g->signatures[g->signature_count++]);
}

/* Where the operands among the words begin; options and their values are passed over. */
static size_t next_operand(struct grammar *g, char *const *words, size_t count, size_t at)
{
	while (at < count && words[at][0] == '-' && strcmp(words[at], "--") != 0) {
		const struct option_entry *option = find_option(g, words[at]);

		at += option != NULL && option->placeholder[0] != '\0' ? 2 : 1;
	}
	return at;
}

/* Is it the first word of a command's name, or the only one? */
static bool begins(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 && (name[len] == '\0' || name[len] == ' ');
}

/* The command that the words name, *at behind it; NULL while that is still open. */
static const struct complete_command *find_command(const struct complete *c, struct grammar *common, char *const *words,
						   size_t count, size_t *at)
{
	size_t first = next_operand(common, words, count, 0), second;

	for (size_t i = 0; first < count && i < c->count; i++) {
		const char *blank = strchr(c->commands[i].name, ' ');

		if (!begins(c->commands[i].name, words[first]))
			continue;
		second = next_operand(common, words, count, first + 1);
		*at = blank != NULL ? second + 1 : first + 1;
		if (blank == NULL || (second < count && strcmp(blank + 1, words[second]) == 0))
			return &c->commands[i];
	}
	return NULL;
}

/* First words, or the second ones of those that begin with the word before. */
static void offer_commands(const struct complete *c, const char *first)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *name = c->commands[i].name, *blank = strchr(name, ' ');
		size_t len = blank != NULL ? (size_t)(blank - name) : strlen(name);
		char word[PIECE_SIZE];

		if (first != NULL) {
			if (blank != NULL && begins(name, first))
				c->offer(c->arg, blank + 1, c->commands[i].summary);
			continue;
		}
		copy(word, sizeof(word), name, len);
		if (i == 0 || blank == NULL || !begins(c->commands[i - 1].name, word))
			c->offer(c->arg, word, blank != NULL ? NULL : c->commands[i].summary);
	}
}

static void offer_options(const struct complete *c, const struct grammar *g)
{
	for (size_t i = 0; i < g->option_count; i++)
		c->offer(c->arg, g->options[i].name,
			 g->options[i].description[0] != '\0' ? g->options[i].description : NULL);
}

static bool is_literal(const char *operand)
{
	return islower((unsigned char)operand[0]);
}

/* The operands before it that are words by themselves are those that were typed? */
static bool fits(const struct signature *s, char *const *operands, size_t count)
{
	for (size_t i = 0; i < count && i < s->count; i++)
		if (is_literal(s->operands[i]) && strcmp(s->operands[i], operands[i]) != 0)
			return false;
	return true;
}

static void offer_operand(const struct complete *c, const struct complete_command *command, const struct grammar *g,
			  char *const *operands, size_t index, char *const *words, size_t count)
{
	for (size_t i = 0; i < g->signature_count; i++) {
		const struct signature *s = &g->signatures[i];
		size_t which = index < s->count ? index : s->count - 1;

		if (s->count == 0 || (index >= s->count && !s->repeats) || !fits(s, operands, index))
			continue;
		if (is_literal(s->operands[which]))
			c->offer(c->arg, s->operands[which], NULL);
		else
			c->offer_values(c->arg, command->name, NULL, s->operands[which], words, count);
	}
}

/* What is behind the command, up to the word that is typed. */
static void offer_arguments(const struct complete *c, const struct complete_command *command, struct grammar *g,
			    char *const *words, size_t count, size_t at)
{
	char *operands[OPERANDS_MAX] = {NULL};
	const struct option_entry *option = NULL;
	size_t index = 0;

	for (at = next_operand(g, words, count, at); at < count; at = next_operand(g, words, count, at + 1)) {
		if (strcmp(words[at], "--") == 0) {
			c->offer_values(c->arg, command->name, NULL, "COMMAND", words, count);
			return;
		}
		if (index < OPERANDS_MAX)
			operands[index++] = words[at];
	}
	if (count > 0)
		option = find_option(g, words[count - 1]);
	if (option != NULL && option->placeholder[0] != '\0')
		c->offer_values(c->arg, command->name, option->name, option->placeholder, words, count);
	else if (words[count][0] == '-')
		offer_options(c, g);
	else
		offer_operand(c, command, g, operands, index, words, count);
}

void complete(const struct complete *c, char *const *words, size_t count)
{
	const struct complete_command *command;
	struct grammar g;
	size_t at = 0, first;

	count--;
	parse_grammar(c, NULL, &g);
	command = find_command(c, &g, words, count, &at);
	first = next_operand(&g, words, count, 0);
	parse_grammar(c, command, &g);
	if (command != NULL)
		offer_arguments(c, command, &g, words, count, at);
	else if (count > 0 && find_option(&g, words[count - 1]) != NULL &&
		 find_option(&g, words[count - 1])->placeholder[0] != '\0')
		c->offer_values(c->arg, "", words[count - 1], find_option(&g, words[count - 1])->placeholder, words,
				count);
	else if (words[count][0] == '-')
		offer_options(c, &g);
	else
		offer_commands(c, first < count ? words[first] : NULL);
}
