/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may change a table's pins, between processes. A run of iptables holds the table's lock shared from the moment
 * that it relies on a pin until it ends; whoever removes pins holds it alone, and xtables' own lock too: then no
 * command is between finding a pin and having its rule in the kernel, and none commits a table of iptables-legacy,
 * which looks all its pins up again.
 */
#ifndef XT_KNOCK_KNOCKLOCK_H
#define XT_KNOCK_KNOCKLOCK_H

/* Directory of the pinned programs in that of the table; the lock is on it. */
#define KNOCKLOCK_DIRECTORY "match"

struct knocklock {
	int directory; /* of the pinned programs */
	int xtables;   /* -1: there is no such lock to hold, or it was held by this process already */
};

/* Waits. Makes the directory. *fd is the directory, closing it unlocks. Errors: BPFFS, TABLE_DIR, KERNEL. */
int knocklock_shared(const char *table, int *fd);

/* Does not wait. Errors: BUSY, NOT_FOUND (no such table), BPFFS, TABLE_DIR, KERNEL. */
int knocklock_alone(const char *table, struct knocklock *lock);
void knocklock_release(struct knocklock *lock);

#endif
