/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-m knock" for iptables and ip6tables, legacy and nft. In the kernel the rule is one of xt_bpf that names a pinned
 * program, hence the alias; libipt_bpf.c turns such rules back into "-m knock" where they are listed.
 */
#include <errno.h>
#include <linux/netfilter/xt_bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xtables.h>

#include "libcore/error.h"
#include "xt_knock/knockcollect.h"
#include "xt_knock/knockmap.h"
#include "xt_knock/knockoptions.h"
#include "xt_knock/knockpin.h"

enum { O_SERVICE, O_MAX_AGE, O_SINGLE_USE, O_TABLE };

/* "--table" would be understood as iptables' own. */
static const struct xt_option_entry knock_opts[] = {
    {.name = "service", .id = O_SERVICE, .type = XTTYPE_STRING, .flags = XTOPT_MAND | XTOPT_INVERT},
    {.name = "max-age", .id = O_MAX_AGE, .type = XTTYPE_UINT32, .min = 1},
    {.name = "single-use", .id = O_SINGLE_USE, .type = XTTYPE_NONE},
    {.name = "knock-table", .id = O_TABLE, .type = XTTYPE_STRING},
    XTOPT_TABLEEND,
};

/* Tables whose pins this run relies on, locked until it ends. */
struct held {
	struct held *next;
	int lock;
	char table[SERVICE_NAME_MAX + 1];
};

static struct held *held_tables;

static void knock_help(void)
{
	printf("knock match options:\n"
	       "[!] --service NAME       match if the source address holds a live grant for this service\n"
	       "    --max-age SECONDS    ... that is not older\n"
	       "    --single-use         ... that no other connection has used\n"
	       "    --knock-table NAME   table of grants (default: " KNOCKOPTIONS_TABLE_DEFAULT ")\n");
}

static void copy_name(char to[static SERVICE_NAME_MAX + 1], const struct xt_option_call *cb,
		      int (*check)(const char *name))
{
	if (check(cb->arg) != 0)
		xtables_error(PARAMETER_PROBLEM,
			      "knock: bad value for option \"--%s\": \"%s\" is not 1 to %d of a-z 0-9 -",
			      cb->entry->name, cb->arg, SERVICE_NAME_MAX);
	strcpy(to, cb->arg);
}

static void knock_parse(struct xt_option_call *cb)
{
	struct knockoptions *options = cb->udata;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_SERVICE:
		copy_name(options->service, cb, name_check_service);
		if (cb->invert)
			options->flags |= KNOCKOPTIONS_INVERT;
		break;
	case O_MAX_AGE:
		options->max_age_s = cb->val.u32;
		break;
	case O_SINGLE_USE:
		options->flags |= KNOCKOPTIONS_SINGLE_USE;
		break;
	case O_TABLE:
		copy_name(options->table, cb, name_check_table);
		break;
	}
}

static void __attribute__((noreturn)) fail(int rc, const struct knockoptions *options)
{
	if (rc == QK_ERR_BPFFS)
		xtables_error(PARAMETER_PROBLEM,
			      "knock: no bpf file system on " KNOCKMAP_BPFFS " (mount -t bpf bpf " KNOCKMAP_BPFFS ")");
	xtables_error(PARAMETER_PROBLEM, "knock: can't set up table \"%s\" in the kernel: %s%s", options->table,
		      rc == QK_ERR_KERNEL ? strerror(errno) : error_text(rc),
		      rc == QK_ERR_KERNEL && errno == EPERM ? " (you must be root)" : "");
}

/* The lock is kept, or dropped if this run holds the table's already. */
static void hold(const char *table, int lock)
{
	struct held *held;

	for (held = held_tables; held != NULL; held = held->next)
		if (strcmp(held->table, table) == 0) {
			close(lock);
			return;
		}
	held = xtables_calloc(1, sizeof(*held));
	held->lock = lock;
	strcpy(held->table, table);
	held->next = held_tables;
	held_tables = held;
}

/* iptables-translate only prints; it must work without root and leave nothing behind. */
static bool is_translation(void)
{
	return strstr(xt_params->program_name, "translate") != NULL;
}

static void knock_check(struct xt_fcheck_call *cb)
{
	struct knockoptions *options = cb->udata;
	struct xt_bpf_info_v1 *info = cb->data;
	int lock, rc;

	if ((cb->xflags & (1 << O_SERVICE)) == 0)
		return; /* xtables says what is missing */
	if (options->table[0] == '\0')
		strcpy(options->table, KNOCKOPTIONS_TABLE_DEFAULT);
	/* All of it, fd as well: -C and -D compare every byte up to the kernel's pointer. */
	memset(info, 0, sizeof(*info));
	info->mode = XT_BPF_MODE_PATH_PINNED;
	knockpin_path(options, info->path);
	if (is_translation())
		return;
	rc = knockpin_ensure(options, false, &lock);
	if (rc != 0)
		fail(rc, options);
	hold(options->table, lock);
}

/* At the end of the run its rules are in the kernel or were refused; -C, -D and a failure leave pins of no use. */
static void __attribute__((destructor)) knock_collect(void)
{
	struct held *held;

	while ((held = held_tables) != NULL) {
		held_tables = held->next;
		close(held->lock);
		knockcollect(held->table);
		free(held);
	}
}

static struct xtables_match knock_match = {
    .version = XTABLES_VERSION,
    .name = "knock",
    .real_name = "bpf",
    .revision = 1,
    .ext_flags = XTABLES_EXT_ALIAS,
    .family = NFPROTO_UNSPEC,
    .size = XT_ALIGN(sizeof(struct xt_bpf_info_v1)),
    .userspacesize = XT_ALIGN(offsetof(struct xt_bpf_info_v1, filter)),
    .help = knock_help,
    .x6_parse = knock_parse,
    .x6_fcheck = knock_check,
    .x6_options = knock_opts,
    .udata_size = sizeof(struct knockoptions),
};

static void __attribute__((constructor)) knock_register(void)
{
	xtables_register_match(&knock_match);
}
