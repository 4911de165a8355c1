/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock complete": what shells offer, one word a line with its description behind a tab. */
#ifndef QKNOCK_COMPLETER_H
#define QKNOCK_COMPLETER_H

#include <stddef.h>

#include "qknock/client.h"

/* words: all that was typed behind "qknock", the last one perhaps empty. Lines ":file", ":command" and ":host" have the
 * shell offer what it knows of these. */
int completer_run(const struct command *const *commands, size_t command_count, char *const *words, size_t count);

#endif
