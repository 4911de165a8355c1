/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the program of a rule's options is pinned, which is what the rule in the kernel names:
 *
 *     /sys/fs/bpf/qknock/<table>/match/<service>[_age<seconds>][_once][_not]
 *
 * The same options are always the same path, so that rules compare equal, and the path says the options, so that
 * a rule can be listed as it was written. "_" is in no service's name and bpf file systems forbid ".".
 */
#ifndef XT_KNOCK_KNOCKPIN_H
#define XT_KNOCK_KNOCKPIN_H

#include <stdbool.h>
#include <stddef.h>

#include "xt_knock/knockoptions.h"
#include "xt_knock/knockprog.h"

#define KNOCKPIN_NAME_SIZE 64
#define KNOCKPIN_PATH_SIZE 128

/* The options are checked ones. */
void knockpin_name(const struct knockoptions *options, char name[static KNOCKPIN_NAME_SIZE]);
void knockpin_path(const struct knockoptions *options, char path[static KNOCKPIN_PATH_SIZE]);

/* The reverse, strict. Errors: NOT_FOUND for any other text. */
int knockpin_parse_name(const char *table, const char *name, struct knockoptions *options);
int knockpin_parse_path(const char *path, struct knockoptions *options);

/* Sees to it that a program of this build, looking at the table's present map, is pinned for the options; makes the
 * map as well. kept: not to be collected. *lock is the table's lock (knocklock_shared) from before the pin was
 * looked for: the caller closes it when its rule is in the kernel. Errors: SERVICE_NAME, TABLE_NAME, BPFFS,
 * TABLE_DIR, KERNEL. */
int knockpin_ensure(const struct knockoptions *options, bool kept, int *lock);

/* Puts a fresh program in the place of the one that is pinned; the path leads to one of the two at any moment.
 * Errors: KERNEL. */
int knockpin_replace(const struct knockoptions *options, int map_fd, bool kept);

/* Errors: KERNEL; NOT_FOUND if nothing or nothing of ours is pinned. */
int knockpin_describe(const struct knockoptions *options, struct knockprog_info *info);

/* The table's pins from an open directory, sorted by path. strays: also removes what an interrupted
 * knockpin_replace left; only with the table locked alone. The caller frees *list. Errors: KERNEL, NOMEM. */
int knockpin_list(int directory, const char *table, bool strays, struct knockoptions **list, size_t *count);

#endif
