/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uthash as the daemon uses it: a table that finds no memory says so, where it would end the process else. */
#ifndef QKNOCKD_TABLE_H
#define QKNOCKD_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* To be asked after each HASH_ADD, of the item: without memory it is in no table. */
#define TABLE_HOLDS(item) ((item)->hh.tbl != NULL)

#endif
