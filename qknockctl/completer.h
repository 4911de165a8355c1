/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknockctl complete": what shells offer, one word a line with its description behind a tab. */
#ifndef QKNOCKCTL_COMPLETER_H
#define QKNOCKCTL_COMPLETER_H

#include "libcore/complete.h"

/* words: all that was typed behind "qknockctl", the last one perhaps empty. Users are asked for from the daemon. Lines
 * ":file" and ":command" have the shell offer what it knows of these. */
int completer_run(const struct complete_command *commands, size_t command_count, char *const *words, size_t count);

#endif
