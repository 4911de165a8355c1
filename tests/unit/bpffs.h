/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bpf file system of the test's own: nothing is left on the host's, however the test ends. */
#ifndef TESTS_UNIT_BPFFS_H
#define TESTS_UNIT_BPFFS_H

#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>

#include "xt_knock/knockmap.h"

/* False where that takes more privilege than there is. */
static inline bool bpffs_own(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("bpf", KNOCKMAP_BPFFS, "bpf", 0, NULL) == 0;
}

#endif
