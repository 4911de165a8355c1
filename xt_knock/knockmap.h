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

/* Opens the table's map, making directory, map and pin as needed. *fd is CLOEXEC; the caller closes it.
 * Errors: TABLE_NAME, BPFFS, KERNEL (errno tells). */
int knockmap_open(const char *table, int *fd);

/* As above, but only if it exists: NOT_FOUND otherwise. */
int knockmap_open_existing(const char *table, int *fd);

/* Writes the grant, keeping the use state if the entry is already that of g->id. Errors: KERNEL. */
int knockmap_put(int fd, const struct grant *g);

/* Removes the entry if it is that of g->id. Errors: KERNEL; a missing entry is success. */
int knockmap_remove(int fd, const struct grant *g);

/* Walks all entries: each gets a copy; a non-zero return ends the walk and is returned. each may remove. */
int knockmap_walk(int fd, int (*each)(void *arg, const struct knock_key *key, const struct knock_value *value),
		  void *arg);

#endif
