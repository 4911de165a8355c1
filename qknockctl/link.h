/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to qknockd: one for each call. */
#ifndef QKNOCKCTL_LINK_H
#define QKNOCKCTL_LINK_H

#include "libcore/control.h"
#include "qknockctl/ctl.h"

/* The path of the control socket. Returns an exit code. */
int link_path(struct ctl *ctl, const char **path);

/* Takes one item of an answer; anything but 0 ends the call with that exit code. */
typedef int (*link_each)(void *arg, const struct control_message *item);

/* Sends the request and hands over the items of its answer; each may be NULL. Wipes the request. Errors of the
 * daemon, or that there is none, are said. Returns an exit code. */
int link_call(struct ctl *ctl, struct control_message *request, link_each each, void *arg);

/* As link_call for a verb that lists: all its pages. */
int link_list(struct ctl *ctl, const char *verb, link_each each, void *arg);

/* Says that the command found no such user, or no sheet of that user. */
void link_say_not_found(const struct ctl *ctl, const char *user);

/* Starts a request with user=NAME; CTL_REFUSED, said, when the name can't be a user's. */
int link_user(struct control_message *request, const char *verb, const char *user);

/* Adds a field; a value that can't be one is said. Returns an exit code. */
int link_add(struct control_message *request, const char *name, const char *value);

/* The whole of "is there such a user": OK, REFUSED without a word if not, or another exit code with the reason said. */
int link_user_exists(struct ctl *ctl, const char *user, bool *exists);

#endif
