/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qknockctl kernel ...: needs no daemon, because it is for the time before the firewall is restored. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcore/error.h"
#include "qknockctl/ctl.h"
#include "qknockctl/output.h"
#include "xt_knock/knockkernel.h"

/* --table, else the configuration's. */
static int find_table(struct ctl *ctl, const char **table)
{
	int code;

	*table = ctl->options[CTL_TABLE];
	if (*table != NULL)
		return CTL_OK;
	code = ctl_config(ctl, false);
	if (code != CTL_OK)
		return code;
	*table = ctl->config->table;
	if (*table != NULL)
		return CTL_OK;
	ctl_error("%s: the configuration names no table; --table does", ctl->command);
	return CTL_REFUSED;
}

static int say(const struct ctl *ctl, const char *table, int err)
{
	if (err == QK_ERR_KERNEL && errno == EPERM)
		ctl_error("%s: table %s: %s: root is needed", ctl->command, table, error_text(err));
	else if (err == QK_ERR_KERNEL)
		ctl_error("%s: table %s: %s: %s", ctl->command, table, error_text(err), strerror(errno));
	else if (err == QK_ERR_BUSY)
		ctl_error("%s: table %s is in use by rules: remove these first, or --force", ctl->command, table);
	else if (err == QK_ERR_NOT_FOUND)
		ctl_error("%s: there is no table %s", ctl->command, table);
	else
		ctl_error("%s: table %s: %s", ctl->command, table, error_text(err));
	return CTL_REFUSED;
}

/* Without names: one for each service of the configuration. */
int kernel_load(struct ctl *ctl, int argc, char **argv)
{
	const char **names = NULL;
	size_t count = (size_t)argc;
	const char *table;
	int err, code = find_table(ctl, &table);

	if (code == CTL_OK && argc == 0)
		code = ctl_config(ctl, false);
	if (code != CTL_OK)
		return code;
	if (argc == 0)
		count = ctl->config->service_count;
	names = calloc(count + 1, sizeof(*names));
	if (names == NULL)
		return CTL_REFUSED;
	for (size_t i = 0; i < count; i++)
		names[i] = argc > 0 ? argv[i] : ctl->config->services[i].service.name;
	err = knockkernel_load(table, names, count);
	free(names);
	if (err != 0)
		return say(ctl, table, err);
	if (ctl->json)
		puts("{}");
	return CTL_OK;
}

int kernel_unload(struct ctl *ctl, int argc, char **argv)
{
	const char *table;
	int err, code = find_table(ctl, &table);

	(void)argc;
	(void)argv;
	if (code != CTL_OK)
		return code;
	err = knockkernel_unload(table, ctl->options[CTL_FORCE] != NULL);
	if (err != 0)
		return say(ctl, table, err);
	if (ctl->json)
		puts("{}");
	return CTL_OK;
}

/* --- show --- */

/* What a rule says after "-m knock", without the table, which is the same for all. */
static void rule_text(const struct knockoptions *options, char *text, size_t size)
{
	char age[32] = "";

	if (options->max_age_s > 0)
		snprintf(age, sizeof(age), " --max-age %" PRIu32, options->max_age_s);
	snprintf(text, size, "%s--service %s%s%s", options->flags & KNOCKOPTIONS_INVERT ? "! " : "", options->service,
		 age, options->flags & KNOCKOPTIONS_SINGLE_USE ? " --single-use" : "");
}

/* The walk fills the map in before it comes to the first pin. */
struct show {
	const char *table;
	struct knockkernel_map map;
	bool has_heading;
};

static void print_heading(struct show *show)
{
	if (!show->has_heading)
		printf("table %s: map %" PRIu32 ", %" PRIu32 " of %" PRIu32 " grants\n", show->table, show->map.id,
		       show->map.entries, show->map.max_entries);
	show->has_heading = true;
}

static int print_pin(void *arg, const struct knockkernel_pin *pin)
{
	char rule[128];

	print_heading(arg);
	rule_text(&pin->options, rule, sizeof(rule));
	printf("  %-40s  program %" PRIu32 "%s%s\n", rule, pin->program_id, pin->programs > 1 ? ", in use" : "",
	       pin->is_kept ? ", kept" : "");
	return 0;
}

static int collect_pin(void *arg, const struct knockkernel_pin *pin)
{
	const struct knockoptions *o = &pin->options;
	json_t *object = json_pack("{s:s, s:I, s:b, s:b, s:s, s:I, s:b, s:b}", "service", o->service, "max_age",
				   (json_int_t)o->max_age_s, "single_use", (o->flags & KNOCKOPTIONS_SINGLE_USE) != 0,
				   "invert", (o->flags & KNOCKOPTIONS_INVERT) != 0, "path", pin->path, "program_id",
				   (json_int_t)pin->program_id, "in_use", pin->programs > 1, "kept", pin->is_kept);

	return json_array_append_new(arg, object) == 0 ? 0 : QK_ERR_NOMEM;
}

static int show_json(const char *table)
{
	struct knockkernel_map map;
	json_t *pins = json_array(), *all;
	int err = pins != NULL ? knockkernel_show(table, &map, collect_pin, pins) : QK_ERR_NOMEM;

	if (err != 0) {
		json_decref(pins);
		return err;
	}
	all = json_pack("{s:s, s:{s:I, s:I, s:I}, s:o}", "table", table, "map", "id", (json_int_t)map.id, "entries",
			(json_int_t)map.entries, "max_entries", (json_int_t)map.max_entries, "pins", pins);
	if (all == NULL)
		return QK_ERR_NOMEM;
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return 0;
}

static int show_text(const char *table)
{
	struct show show = {.table = table};
	int err = knockkernel_show(table, &show.map, print_pin, &show);

	if (err == 0)
		print_heading(&show);
	return err;
}

int kernel_show(struct ctl *ctl, int argc, char **argv)
{
	const char *table;
	int err, code = find_table(ctl, &table);

	(void)argc;
	(void)argv;
	if (code != CTL_OK)
		return code;
	err = ctl->json ? show_json(table) : show_text(table);
	return err != 0 ? say(ctl, table, err) : CTL_OK;
}
