/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket's place in the file system: made by root, served by a process without privileges. */
#ifndef QKNOCKD_CONTROL_SOCKET_H
#define QKNOCKD_CONTROL_SOCKET_H

#include <sys/types.h>

#include "libcore/log.h"

struct control_socket;

/* Makes the socket (mode 0660, group gid unless (gid_t)-1), and its directory (0750) if that alone is missing;
 * replaces a dead socket, refuses to replace one that answers or a file that is none. Errors, logged: IO, EXISTS;
 * NOMEM. */
int control_socket_open(const char *path, gid_t group, const struct log *log, struct control_socket **out);
void control_socket_close(struct control_socket *socket); /* unlinks it, if it still is this one */

int control_socket_fd(const struct control_socket *socket); /* listening, non-blocking; the socket's own */

#endif
