/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the running kernel for what decides the form of its SYNs: sockets, sysctls and the route. Sends nothing. */
#ifndef QKNOCK_SYN_SETTINGS_H
#define QKNOCK_SYN_SETTINGS_H

#include "qknock/peer.h"
#include "qknock/syn_form.h"

/* source: the local address that packets come from. Errors: IO with errno set. */
int syn_settings_read(const struct peer *peer, const struct address *source, struct syn_settings *out);

#endif
