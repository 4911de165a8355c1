/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verb "status" answers: one table for people, for JSON and for Prometheus. */
#ifndef QKNOCKCTL_DAEMON_H
#define QKNOCKCTL_DAEMON_H

#include "qknockctl/ctl.h"
#include "qknockctl/output.h"

extern const struct output_column daemon_status_columns[];
extern const size_t daemon_status_column_count;

#endif
