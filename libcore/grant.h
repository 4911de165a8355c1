/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants as the integrations see them: one small text file per grant,
 * DIR/<service>/<client address>, written by qknockd alone (grantdir.h) and read here with libc alone.
 * Everything fails closed: what cannot be read, parsed or dated is no grant.
 *
 *     qknock-grant 1
 *     id 0123456789abcdef
 *     user alice
 *     logins root backup          accounts that alice may log in to besides her own name; left out if none
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

#define GRANT_TEXT_SIZE 1024
#define GRANT_DIR_DEFAULT RUNSTATEDIR "/qknock/grants"

struct grant {
	uint64_t id; /* random, names this grant in logs, files and the kernel map; never 0 */
	char user[USER_ID_MAX + 1];
	char logins[LOGINS_SIZE];
	char service[SERVICE_NAME_MAX + 1];
	struct address client;
	uint64_t granted_ns; /* CLOCK_BOOTTIME */
	uint64_t expires_ns; /* CLOCK_BOOTTIME */
	char boot_id[CLOCK_BOOT_ID_SIZE];
	bool single_use;
};

/* The file's text, strict in both directions: one grant has one text. Errors: GRANT_FORMAT (format: a field is
 * out of its range; parse: anything but that one text, *g is then zero), SPACE. */
int grant_format(const struct grant *g, char *text, size_t size); /* returns the length */
int grant_parse(struct grant *g, const char *text, size_t len);

/* 0 while granted <= now_ns < expires, in the boot boot_id, else GRANT_EXPIRED; GRANT_AGE when max_age_s is
 * not 0 and the grant was given longer ago than that. */
int grant_check(const struct grant *g, uint64_t now_ns, const char *boot_id, uint32_t max_age_s);

/* Is login the grant's user or one of its logins? */
bool grant_is_for(const struct grant *g, const char *login);

/* Looks the client's live grant up; *g is filled on success only. dir, and the service's directory in it,
 * must be real directories of root (or the caller), not writable by group or others; neither they nor the
 * file may be a symbolic link, and the file is held to the same owner and mode. Errors: SERVICE_NAME, GRANT_DIR,
 * GRANT_NONE, GRANT_FORMAT (also a file that is unsafe or names another service or address), GRANT_EXPIRED,
 * GRANT_AGE, IO (errno tells). A missing service directory is GRANT_NONE, a missing dir GRANT_DIR. */
int grant_find(const char *dir, const char *service, const struct address *client, uint32_t max_age_s, struct grant *g);

/* As grant_find, and takes the grant: of any number of callers, in any number of processes, one gets 0 for
 * one grant id. The file moves to DIR/<service>/.used.<id>, where qknockd finds it until it expires; the caller
 * must be allowed to write there. A grant is taken whether or not it is marked single-use.
 * Errors: as grant_find, with GRANT_USED for a caller that saw the grant and lost the race; who comes later finds
 * GRANT_NONE. */
int grant_claim(const char *dir, const char *service, const struct address *client, uint32_t max_age_s,
		struct grant *g);

/*
 * One login, which may have to show its grant more than once, and in more than one process: PAM's auth and
 * account, the second method that a client tries, a launcher and the server behind it.
 */
struct grant_login {
	const char *name; /* account that is logged in to: the grant must be for it; NULL: any grant will do */
	uint16_t port;	  /* of the client's end of the connection; 0: not known */
	bool claim;	  /* take the grant even if it is not marked single-use */
	bool peek;	  /* take nothing, only say whether there is a grant for this login */
	uint64_t claimed; /* id of the grant that this login took, set by grant_login; 0: none so far */
};

/*
 * As grant_find for a grant that is to be used as often as one likes, as grant_claim for a single-use one. A
 * grant that this same login took stays good for it while it lives. The same login is: who hands in login->claimed,
 * or who holds the same connection (connection.h) as the process that took the grant. Nothing else will do: the
 * address and port of a connection come again after its end, for another host behind the same NAT too, and the
 * process, or its parent, may serve any number of clients. Who took it is noted in DIR/<service>/.claim.<client>;
 * if that fails, or the connection can't be told, later checks of other processes are refused.
 * Errors: as grant_find and grant_claim, and GRANT_USER.
 */
int grant_login(const char *dir, const char *service, const struct address *client, uint32_t max_age_s,
		struct grant_login *login, struct grant *g);

/*
 * The pieces that the writer (grantdir.h) shares.
 */
#define GRANT_MARKER_PREFIX ".used."
#define GRANT_MARKER_SIZE 23 /* ".used.", 16 hexadecimal digits and a NUL */

void grant_marker_name(uint64_t id, char name[static GRANT_MARKER_SIZE]);

/* Who took a grant: a symbolic link to nothing, because its text is written and read in one step. */
#define GRANT_CLAIM_PREFIX ".claim."
#define GRANT_CLAIM_SIZE 53 /* prefix and an address's text with its NUL */

struct grant_claim {
	uint64_t id;	     /* of the grant */
	uint64_t connection; /* of the login (connection.h) */
};

void grant_claim_name(const struct address *client, char name[static GRANT_CLAIM_SIZE]);

/* Reads the note of that name in the service directory fd. Errors: NOT_FOUND, GRANT_FORMAT. */
int grant_claim_read(int fd, const char *name, struct grant_claim *claim);

/* Opens the directory path, below at as openat(2) has it, under the rule of grant_find. Errors: GRANT_DIR, or
 * NOT_FOUND when it does not exist, IO. The caller closes *fd. */
int grant_open_dir(int at, const char *path, int *fd);

/* Reads the file name in the service directory fd under the rule of grant_find. Errors: GRANT_NONE, GRANT_FORMAT, IO.
 */
int grant_read(int fd, const char *name, struct grant *g);

#endif
