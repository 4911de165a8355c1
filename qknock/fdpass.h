/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands a connection to the program at the other end of a Unix socket, as ssh's ProxyUseFdpass wants it. */
#ifndef QKNOCK_FDPASS_H
#define QKNOCK_FDPASS_H

#include <stdbool.h>

/* Whether descriptors can be sent through it at all. */
bool fdpass_possible(int through);

/* One byte that carries fd, which stays open here. Errors: IO with errno set. */
int fdpass_send(int through, int fd);

#endif
