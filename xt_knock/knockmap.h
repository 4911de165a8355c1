/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's table of grants: a pinned BPF hash map that "-m knock" reads and qknockd writes.
 * Raw bpf(2), no libbpf. Pins: /sys/fs/bpf/qknock/<table>/grants. The map is made when missing, shared by
 * whoever comes second (EEXIST), and never unpinned while rules may exist.
 */
#ifndef XT_KNOCK_KNOCKMAP_H
#define XT_KNOCK_KNOCKMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/grant.h"
#include "xt_knock/knock_bpf.h"

#define KNOCKMAP_BPFFS "/sys/fs/bpf"
#define KNOCKMAP_ROOT KNOCKMAP_BPFFS "/qknock"
#define KNOCKMAP_PATH_SIZE 128

/* Opens the table's map, making directory (0700), map and pin (0600) as needed. *fd is CLOEXEC; the caller closes
 * it. A caller who may not make maps leaves nothing behind. Errors: TABLE_NAME, BPFFS, TABLE_DIR (one that is not
 * root's alone), KERNEL (errno tells; EINVAL for a pin that is no such map). *fd is then -1. */
int knockmap_open(const char *table, int *fd);

/* As above, but only if it exists: NOT_FOUND otherwise. */
int knockmap_open_existing(const char *table, int *fd);

/* Whether fd is still the map that new rules of this table would look at: false after "kernel unload". */
bool knockmap_is_current(const char *table, int fd);

/* Writes the grant. An entry that already is that of g->id is left as it is: a grant never changes under its id,
 * and whatever is written over it could undo a claim that the match makes at that moment. Errors: KERNEL. */
int knockmap_put(int fd, const struct grant *g);

/* As above for a grant that comes from another table, where its entry's use state was used. */
int knockmap_put_used(int fd, const struct grant *g, uint64_t used);

/* Removes the entry if it is that of g->id. Errors: KERNEL; a missing entry is success. */
int knockmap_remove(int fd, const struct grant *g);

/* Walks all entries: each gets a copy; a non-zero return ends the walk and is returned. each may remove.
 * Errors: KERNEL. */
int knockmap_walk(int fd, int (*each)(void *arg, const struct knock_key *key, const struct knock_value *value),
		  void *arg);

/* For the other files of this folder: opens KNOCKMAP_ROOT/<table>[/<sub>] after checking that every step is a
 * directory of root alone, making what is missing if make is set. Errors: BPFFS, TABLE_DIR, NOT_FOUND, KERNEL. */
int knockmap_open_directory(const char *table, const char *sub, bool make, int *fd);

#endif
