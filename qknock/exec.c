/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock exec": runs a command once its service is open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "qknock/client.h"
#include "qknock/interrupt.h"
#include "qknock/knock_report.h"
#include "qknock/knocker.h"
#include "qknock/opening.h"
#include "qknock/say.h"
#include "qknock/status.h"

/* The connection that proves that the port is open carries nothing and ends before the command begins. */
static int open_service(struct knocker *k, const struct client *client)
{
	struct opening o = {.knocker = k, .to = &k->peer, .port = k->service->port, .fd = -1};
	int status;

	if (k->options.no_wait || k->service->protocol != SERVICE_TCP)
		status = opening_knock_only(&o, client);
	else
		status = opening_run(&o, client);
	if (o.fd >= 0)
		close(o.fd);
	if (k->options.json && !interrupt_caught() && knock_report_opening(&o, status) != 0 && status == CLIENT_OK)
		status = CLIENT_FAILED;
	return status;
}

/* In the place of this process, so that signals, the terminal and the exit status are the command's own. */
static int become(char *const *command)
{
	fflush(NULL);
	execvp(command[0], command);
	int error = errno;

	say_error("%s: %s", command[0], strerror(error));
	return error == ENOENT ? CLIENT_EXEC_NOT_FOUND : CLIENT_EXEC_CANNOT;
}

static int run_exec(struct client *client, int argc, char **argv)
{
	struct knocker k = {.raw = -1};
	int status = knock_options_parse(&k.options, KNOCK_VERB_EXEC, argc, argv);

	interrupt_begin();
	if (status == CLIENT_OK)
		status = knocker_find(&k);
	if (status == CLIENT_OK) {
		status_begin();
		status = open_service(&k, client);
	}
	knocker_wipe(&k);
	interrupt_end();
	if (status < 0)
		return CLIENT_OK;
	return status == CLIENT_OK ? become(k.options.command) : CLIENT_EXEC_BASE + status;
}

const struct command exec_command = {.name = "exec",
				     .summary = "open a service, then run a command",
				     .usage = exec_usage,
				     .raw_sockets = true,
				     .run = run_exec};
