/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs about sheets of one-time keys; each returns 0 or the error that the peer is told. */
#ifndef QKNOCKD_CONTROL_SHEETS_H
#define QKNOCKD_CONTROL_SHEETS_H

#include "qknockd/control_call.h"

int control_sheets_issue(struct control_call *call);
int control_sheets_list(struct control_call *call);
int control_sheets_revoke(struct control_call *call);

#endif
