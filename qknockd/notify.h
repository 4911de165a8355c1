/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager is told (sd_notify(3), the plain protocol): nothing where nobody asks. */
#ifndef QKNOCKD_NOTIFY_H
#define QKNOCKD_NOTIFY_H

#include <stdint.h>

/* Lines as "READY=1\nSTATUS=...", to the socket that $NOTIFY_SOCKET names. Errors: none that anyone could mend. */
void notify_manager(const char *lines);

/* Between two "WATCHDOG=1", half of what $WATCHDOG_USEC allows this process; 0: nobody wants any. */
uint64_t notify_watchdog_ns(void);

#endif
