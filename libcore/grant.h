/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants as the integrations see them: one small text file per grant,
 * DIR/<service>/<client address>, written by qknockd alone (grantdir.h) and read here with libc alone.
 * Everything fails closed: what cannot be read, parsed or dated is no grant.
 *
 *     qknock-grant 1
 *     id 0123456789abcdef
 *     user alice
 *     service ssh
 *     address 203.0.113.7
 *     granted 123456789012        CLOCK_BOOTTIME, nanoseconds
 *     expires 153456789012
 *     boot 5f0c6c1e-...           boot that these nanoseconds belong to
 *     single-use yes
 */
#ifndef LIBCORE_GRANT_H
#define LIBCORE_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/clock.h"
#include "libcore/name.h"

#define GRANT_TEXT_SIZE 512
#define GRANT_DIR_DEFAULT RUNSTATEDIR "/qknock/grants"

struct grant {
	uint64_t id; /* random, names this grant in logs, files and the kernel map; never 0 */
	char user[USER_ID_MAX + 1];
	char service[SERVICE_NAME_MAX + 1];
	struct address client;
	uint64_t granted_ns; /* CLOCK_BOOTTIME */
	uint64_t expires_ns; /* CLOCK_BOOTTIME */
	char boot_id[CLOCK_BOOT_ID_SIZE];
	bool single_use;
};

/* The file's text, strict in both directions. Parse errors: GRANT_FORMAT; *g is then zero. */
int grant_format(const struct grant *g, char *text, size_t size); /* length, or SPACE */
int grant_parse(struct grant *g, const char *text, size_t len);

/* 0 while g is live at now_ns of the boot boot_id, else GRANT_EXPIRED; GRANT_AGE when max_age_s is not 0
 * and the grant was written longer ago than that. */
int grant_check(const struct grant *g, uint64_t now_ns, const char *boot_id, uint32_t max_age_s);

/* Looks the client's live grant up; *g is filled on success only. dir, and the service's directory in it,
 * must be real directories of root (or the caller), not writable by group or others; neither they nor the
 * file may be a symbolic link. Errors: SERVICE_NAME, GRANT_DIR, GRANT_NONE, GRANT_FORMAT, GRANT_EXPIRED,
 * GRANT_AGE, IO. A missing service directory is GRANT_NONE, a missing dir GRANT_DIR. */
int grant_find(const char *dir, const char *service, const struct address *client, uint32_t max_age_s,
	       struct grant *g);

/* As grant_find, and takes the grant: of any number of callers, in any number of processes, one gets 0 for
 * one grant. The file moves to DIR/<service>/.used.<id>, where qknockd finds it until it expires.
 * Errors: as grant_find, with GRANT_USED for a caller that lost the race. */
int grant_claim(const char *dir, const char *service, const struct address *client, uint32_t max_age_s,
		struct grant *g);

#endif
