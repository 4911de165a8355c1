/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The eBPF match program as the kernel holds it. Its name, which the kernel keeps for us, says what it is:
 *
 *     kn<a|k><version, 4 hex digits><identity, 8 hex digits>
 *
 * identity is a hash of the path that it was pinned at; by it all programs that ever were at that path are found,
 * also those that are pinned no more and live on in rules. version tells builds of the program apart. The letter:
 * k is kept although no rule uses it ("kernel load"), a is not.
 */
#ifndef XT_KNOCK_KNOCKPROG_H
#define XT_KNOCK_KNOCKPROG_H

#include <stdbool.h>
#include <stdint.h>

#include "xt_knock/knockoptions.h"

struct knockprog_info {
	uint32_t id;
	uint32_t map_id;
	uint32_t identity;
	bool is_current; /* of this build */
	bool is_kept;
};

/* FNV-1a of the path. */
uint32_t knockprog_identity(const char *path);

/* Loads the program for these options. *fd is CLOEXEC, the caller closes it. Errors: KERNEL. */
int knockprog_load(const struct knockoptions *options, int map_fd, uint32_t identity, bool kept, int *fd);

/* Errors: KERNEL; NOT_FOUND for a program that is not ours. */
int knockprog_describe(int fd, struct knockprog_info *info);

/* How many programs of ours are loaded that each accepts. Errors: KERNEL. */
int knockprog_count(bool (*each)(void *arg, const struct knockprog_info *info), void *arg, unsigned *count);

#endif
