/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line on the terminal that tells what is going on. It stands on standard error, only if that is a terminal and
 * the level is not quiet, and is overwritten by the next; every message (say.h) wipes it away first.
 */
#ifndef QKNOCK_STATUS_H
#define QKNOCK_STATUS_H

/* Switches it on, if standard error is a terminal. */
void status_begin(void);

/* Replaces the line; it is cut to the terminal's width. */
void status_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last one, in colour if the terminal has any and NO_COLOR is unset or empty; it stays. */
void status_done(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wipes the line away. */
void status_clear(void);

#endif
