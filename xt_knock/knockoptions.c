/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/knockoptions.h"

#include <string.h>

void knockoptions_init(struct knockoptions *options)
{
	memset(options, 0, sizeof(*options));
	strcpy(options->table, KNOCKOPTIONS_TABLE_DEFAULT);
}

int knockoptions_check(const struct knockoptions *options)
{
	int rc = name_check_service(options->service);

	return rc != 0 ? rc : name_check_table(options->table);
}

/* Both forms are the same words with another mark before the options' names. */
static void write_words(const struct knockoptions *options, const char *mark, FILE *to)
{
	fprintf(to, "%s %sservice %s", (options->flags & KNOCKOPTIONS_INVERT) != 0 ? " !" : "", mark, options->service);
	if (options->max_age_s != 0)
		fprintf(to, " %smax-age %u", mark, options->max_age_s);
	if ((options->flags & KNOCKOPTIONS_SINGLE_USE) != 0)
		fprintf(to, " %ssingle-use", mark);
	if (strcmp(options->table, KNOCKOPTIONS_TABLE_DEFAULT) != 0)
		fprintf(to, " %sknock-table %s", mark, options->table);
}

void knockoptions_save(const struct knockoptions *options, FILE *to)
{
	write_words(options, "--", to);
}

void knockoptions_print(const struct knockoptions *options, FILE *to)
{
	fputs(" knock", to);
	write_words(options, "", to);
}
