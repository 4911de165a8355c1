/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two things that qknock may need privileges for, done before it reads anything: opening raw sockets, and
 * giving up what allowed that.
 */
#ifndef QKNOCK_PRIVILEGE_H
#define QKNOCK_PRIVILEGE_H

#include "qknock/client.h"

/* Opens a raw socket of each family; one that is refused stays -1 and client->raw_errno says why. */
void privilege_open_raw(struct client *client);

/* Gives up all capabilities, in sudo(8) also root: the invoking user's id, groups and HOME are taken. Then no core
 * dump and no debugger of the same user can see what this process holds. 0, or DENIED when something stayed. */
int privilege_drop(void);

#endif
