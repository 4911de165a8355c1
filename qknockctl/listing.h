/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ask, and print what comes: the whole of most commands. Both return an exit code; whatever is wrong was said. */
#ifndef QKNOCKCTL_LISTING_H
#define QKNOCKCTL_LISTING_H

#include "qknockctl/link.h"
#include "qknockctl/output.h"

/* All items of a verb that lists; none is what people read when there are none. */
int listing_all(struct ctl *ctl, const char *verb, const struct output_column *columns, size_t count, const char *none);

/* The one item that answers the request. */
int listing_one(struct ctl *ctl, struct control_message *request, const struct output_column *columns, size_t count);

#endif
