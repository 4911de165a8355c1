/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thin front ends: how gammu-smsd and smstools hand a message over, and where they take an answer. */
#ifndef QKNOCKCTL_SMSDAEMON_H
#define QKNOCKCTL_SMSDAEMON_H

#include "qknockctl/smstext.h"

/* From gammu-smsd's environment (runonreceive): all parts of the text together. Errors: NUMBER, REQUEST. */
int smsdaemon_from_gammu(struct smstext *out);

/* From a file of smstools' (eventhandler). Errors: IO with errno set, NUMBER, REQUEST. */
int smsdaemon_from_smstools(struct smstext *out, const char *path);

/* Into the outbox as a complete file, by rename. number is in normal form. Errors: IO with errno set. */
int smsdaemon_to_gammu(const char *outbox, const char *number, const char *text);
int smsdaemon_to_smstools(const char *outgoing, const char *number, const char *text);

#endif
