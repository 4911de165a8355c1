/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock knock": a one-time key line becomes the packets that open a service. */
#include "qknock/client.h"
#include "qknock/interrupt.h"
#include "qknock/knock_report.h"
#include "qknock/knocker.h"
#include "qknock/status.h"

static int send_knock(struct knocker *k)
{
	const struct knock_report report = knocker_report(k);
	struct knock_outcome outcome = {0};
	int status = knocker_open(k);

	if (status != CLIENT_OK)
		return status;
	status_begin();
	status = knocker_send(k, k->options.repeat, NULL, &outcome);
	status_clear();
	if (interrupt_caught())
		return CLIENT_FAILED;
	if (status == CLIENT_OK || (status == CLIENT_SEND && k->options.json))
		if (knock_report_outcome(&report, &outcome) != 0)
			return CLIENT_FAILED;
	return status;
}

static int show_knock(const struct knocker *k)
{
	const struct knock_report report = knocker_report(k);

	return knock_report_packets(&report) == 0 ? CLIENT_OK : CLIENT_FAILED;
}

static int run_knock(struct client *client, int argc, char **argv)
{
	struct knocker k = {.raw = -1};
	int status = knock_options_parse(&k.options, KNOCK_VERB_KNOCK, argc, argv);

	interrupt_begin();
	if (status == CLIENT_OK)
		status = knocker_find(&k);
	if (status == CLIENT_OK)
		status = knocker_check(&k, client);
	if (status == CLIENT_OK)
		status = knocker_read_key(&k);
	if (status == CLIENT_OK)
		status = k.options.dry_run ? show_knock(&k) : send_knock(&k);
	knocker_wipe(&k);
	interrupt_end();
	return status < 0 ? CLIENT_OK : status;
}

const struct command knock_command = {
    .name = "knock", .summary = "open a service", .usage = knock_usage, .raw_sockets = true, .run = run_knock};
