/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockctl/listing.h"

#include "libcore/error.h"

static int take_item(void *arg, const struct control_message *item)
{
	if (output_add(arg, item))
		return CTL_OK;
	ctl_error("%s", error_text(QK_ERR_NOMEM));
	return CTL_REFUSED;
}

static struct output *start(const struct ctl *ctl, const struct output_column *columns, size_t count, const char *none)
{
	struct output *output = output_new(ctl->json, columns, count, none);

	if (output == NULL)
		ctl_error("%s", error_text(QK_ERR_NOMEM));
	return output;
}

int listing_all(struct ctl *ctl, const char *verb, const struct output_column *columns, size_t count, const char *none)
{
	struct output *output = start(ctl, columns, count, none);
	int code = output != NULL ? link_list(ctl, verb, take_item, output) : CTL_REFUSED;

	if (code == CTL_OK)
		output_table(output);
	output_free(output);
	return code;
}

int listing_one(struct ctl *ctl, struct control_message *request, const struct output_column *columns, size_t count)
{
	struct output *output = start(ctl, columns, count, "");
	int code = output != NULL ? link_call(ctl, request, take_item, output) : CTL_REFUSED;

	if (code == CTL_OK)
		output_single(output);
	output_free(output);
	return code;
}
