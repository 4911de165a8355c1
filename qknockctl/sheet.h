/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sheets of one-time keys, for paper or as JSON. */
#ifndef QKNOCKCTL_SHEET_H
#define QKNOCKCTL_SHEET_H

#include "qknockctl/ctl.h"

/* "issue --count": prints a new sheet of the user. Returns a code of enum ctl_exit; whatever is wrong was said. */
int sheet_issue(struct ctl *ctl, const char *user);

#endif
