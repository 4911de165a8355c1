/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP while there are secrets in memory: the signal is noted, whatever waits returns early, the
 * secrets are wiped, and only then the process dies of it, so that a shell sees what it was.
 */
#ifndef QKNOCK_INTERRUPT_H
#define QKNOCK_INTERRUPT_H

#include <stdbool.h>

/* Signals that were ignored stay so. System calls return EINTR: loops over it have to look at interrupt_caught. */
void interrupt_begin(void);

/* Gives the signals their earlier meaning and raises the one that came meanwhile. */
void interrupt_end(void);

bool interrupt_caught(void);

#endif
