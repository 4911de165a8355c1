/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store of any size for bench_load, filled past the store's interface, which would commit each row. */
#ifndef BENCH_LOAD_STORE_H
#define BENCH_LOAD_STORE_H

#include "libcore/name.h"

struct load_store {
	char dir[64];
	char store[80];
	char grants[80];
};

/* The first pending users have a key; grants are for service ssh, each for an address of its own. Ends the program
 * with a message if it cannot. */
void load_store_make(struct load_store *s, unsigned users, unsigned pending, unsigned grants);
void load_store_remove(const struct load_store *s);

void load_user_name(unsigned number, char name[static USER_ID_MAX + 1]);

#endif
