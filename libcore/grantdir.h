/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer's side of the grants directory (grant.h): qknockd alone calls this. */
#ifndef LIBCORE_GRANTDIR_H
#define LIBCORE_GRANTDIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcore/grant.h"

struct grantdir;

/* Opens dir, making it and missing parents (mode 0750, group gid unless (gid_t)-1); refuses an unsafe one as
 * grant_find does. Errors: GRANT_DIR, IO, NOMEM. The directory is looked up again by each call below, so that
 * one removed meanwhile is made again. The caller closes. */
int grantdir_open(const char *path, gid_t group, struct grantdir **out);
void grantdir_close(struct grantdir *dir);

/* Writes by temporary file, fsync-free (the store is what lasts) and rename; replaces an older grant of the
 * same service and address. Errors: GRANT_DIR, IO, SPACE. */
int grantdir_write(struct grantdir *dir, const struct grant *g);

/* Writes the .used marker instead, for a grant that was claimed in another directory. Errors: as above. */
int grantdir_write_used(struct grantdir *dir, const struct grant *g);

/* Removes the file, or its .used marker and the note of who took it, when it still is that of g->id. NOT_FOUND is not
 * an error here. */
int grantdir_remove(struct grantdir *dir, const struct grant *g);

/* Calls each for every well-formed file, used says that it was claimed; malformed ones and leftovers of an
 * interrupted write are unlinked. each returns 0 to go on; anything else ends the walk and is returned. */
int grantdir_walk(struct grantdir *dir, int (*each)(void *arg, const struct grant *g, bool used), void *arg);

#endif
