/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary grants directory and live grants to put into it, for the tests of grants. */
#ifndef TESTS_UNIT_GRANTS_H
#define TESTS_UNIT_GRANTS_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/grant.h"

static char base[64];	 /* made by the set-up, removed with all in it by the tear-down */
static char grants[128]; /* base/grants */

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int set_up_base(void **state)
{
	(void)state;
	umask(022);
	strcpy(base, "/tmp/qknock-unit.XXXXXX");
	if (mkdtemp(base) == NULL)
		return -1;
	snprintf(grants, sizeof(grants), "%s/grants", base);
	return 0;
}

static int tear_down_base(void **state)
{
	(void)state;
	remove_tree(base);
	return 0;
}

static inline struct grant live_grant(uint64_t id, const char *service, const char *client)
{
	struct grant g = {.id = id, .user = "alice", .single_use = true};

	snprintf(g.service, sizeof(g.service), "%s", service);
	assert_int_equal(address_parse(&g.client, client), 0);
	assert_int_equal(clock_boot_id(g.boot_id), 0);
	g.granted_ns = clock_boot_ns() - CLOCK_NS_PER_S;
	g.expires_ns = g.granted_ns + 60 * CLOCK_NS_PER_S;
	return g;
}

static inline void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static inline bool exists(const char *directory, const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &st) == 0;
}

#endif
