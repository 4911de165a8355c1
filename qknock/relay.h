/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries bytes both ways between a pair of descriptors and a connection, for a ProxyCommand that passes none.
 * Each direction has a bounded buffer: who does not read holds up who writes, and the other direction goes on. The end
 * of one direction is handed on (shutdown, or closing out), and the relay ends when both have ended.
 */
#ifndef QKNOCK_RELAY_H
#define QKNOCK_RELAY_H

/* in is what is read, out what is written to and closed in the end (unless it is the same socket as in), connection a
 * stream socket. That the reader of out went away ends the relay and is no error.
 * Errors: IO with errno set (the connection broke, or in or out did), NOMEM. SIGPIPE is ignored from now on. */
int relay(int in, int out, int connection);

#endif
