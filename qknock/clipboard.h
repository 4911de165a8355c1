/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that prints the clipboard. */
#ifndef QKNOCK_CLIPBOARD_H
#define QKNOCK_CLIPBOARD_H

/* An argument vector in static storage for the session that the environment tells of (WAYLAND_DISPLAY, DISPLAY) and
 * the programs that are in PATH; NULL when there is none. */
char *const *clipboard_find(void);

#endif
