/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two clocks. Life times run on CLOCK_BOOTTIME, which no one sets and which counts through suspend;
 * the wall clock only appears in time stamps that people and the protocol carry.
 */
#ifndef LIBCORE_CLOCK_H
#define LIBCORE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_S UINT64_C(1000000000)
#define CLOCK_BOOT_ID_SIZE 37 /* UUID text and its NUL */

uint64_t clock_boot_ns(void); /* nanoseconds since boot */
uint64_t clock_wall_s(void);  /* Unix seconds */

/* Which boot the nanoseconds above belong to. Errors: IO when /proc is not there; id is then empty. */
int clock_boot_id(char id[static CLOCK_BOOT_ID_SIZE]);

#endif
