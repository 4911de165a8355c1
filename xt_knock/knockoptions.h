/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule says: "-m knock [!] --service NAME [--max-age SECONDS] [--single-use] [--knock-table NAME]".
 * Nothing here knows how the match is done, so that another implementation of it can share the options.
 */
#ifndef XT_KNOCK_KNOCKOPTIONS_H
#define XT_KNOCK_KNOCKOPTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "libcore/name.h"

#define KNOCKOPTIONS_TABLE_DEFAULT "default"

#define KNOCKOPTIONS_INVERT 1u
#define KNOCKOPTIONS_SINGLE_USE 2u

struct knockoptions {
	char service[SERVICE_NAME_MAX + 1];
	char table[SERVICE_NAME_MAX + 1];
	uint32_t max_age_s; /* 0: any */
	uint32_t flags;	    /* KNOCKOPTIONS_* */
};

/* No service yet, the default table. */
void knockoptions_init(struct knockoptions *options);

/* 0, or SERVICE_NAME, TABLE_NAME. */
int knockoptions_check(const struct knockoptions *options);

/* The options as iptables-save writes them: a blank before each word, defaults left out. */
void knockoptions_save(const struct knockoptions *options, FILE *to);

/* The options as "iptables -L" lists them. */
void knockoptions_print(const struct knockoptions *options, FILE *to);

#endif
