/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs about users; each returns 0 or the error that the peer is told. */
#ifndef QKNOCKD_CONTROL_USERS_H
#define QKNOCKD_CONTROL_USERS_H

#include "qknockd/control_call.h"

int control_users_add(struct control_call *call);
int control_users_set(struct control_call *call);
int control_users_get(struct control_call *call);
int control_users_unlock(struct control_call *call);
int control_users_delete(struct control_call *call);
int control_users_list(struct control_call *call);
int control_users_profile(struct control_call *call);

#endif
