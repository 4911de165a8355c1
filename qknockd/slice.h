/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How soon a process runs once it is woken up. */
#ifndef QKNOCKD_SLICE_H
#define QKNOCKD_SLICE_H

/*
 * Asks for short turns on the processor: since Linux 6.12 a process that wakes up then need not wait for the end of the
 * turn of another, and gets no more of the processor for it. It is not inherited. What the kernel or the host does not
 * know or allow costs time and nothing else; a process to which somebody has given another class stays in it.
 */
void slice_shorten(void);

#endif
