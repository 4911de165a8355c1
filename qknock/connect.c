/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock connect": ssh's ProxyCommand. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknock/client.h"
#include "qknock/fdpass.h"
#include "qknock/interrupt.h"
#include "qknock/knock_report.h"
#include "qknock/knocker.h"
#include "qknock/opening.h"
#include "qknock/relay.h"
#include "qknock/say.h"
#include "qknock/status.h"
#include "qknock/target.h"

struct connecting {
	struct knocker knocker;
	struct target target;
	struct peer to; /* where to connect, which with --host is not where to knock */
	struct opening opening;
};

/* What HOST and PORT mean becomes what --profile, --service and --host would have said. */
static int find_target(struct connecting *c)
{
	struct knock_options *options = &c->knocker.options;

	if (target_find(options, &c->target) != 0)
		return CLIENT_PROFILE;
	if (options->profile == NULL)
		options->profile = c->target.profile;
	options->service = c->target.service;
	if (options->host == NULL)
		options->host = c->target.host;
	return CLIENT_OK;
}

static int find_peers(struct connecting *c)
{
	struct knocker *k = &c->knocker;
	int status = knocker_find(k);

	c->to = k->peer;
	if (status != CLIENT_OK || strcmp(k->options.host, c->target.host) == 0)
		return status;
	return peer_find(c->target.host, k->peer.sa.ss_family, k->options.address, &c->to) == 0 ? CLIENT_OK
												: CLIENT_SEND;
}

static int open_port(struct connecting *c, const struct client *client)
{
	c->opening = (struct opening){.knocker = &c->knocker, .to = &c->to, .port = c->knocker.options.port, .fd = -1};
	int status = opening_run(&c->opening, client);

	if (c->knocker.options.json && !interrupt_caught() && knock_report_opening(&c->opening, status) != 0 &&
	    status == CLIENT_OK)
		status = CLIENT_FAILED;
	return status;
}

static int pass(int fd)
{
	if (fdpass_send(STDOUT_FILENO, fd) == 0)
		return CLIENT_OK;
	say_error("cannot pass the connection over standard output: %s", strerror(errno));
	return CLIENT_FAILED;
}

static int carry(int fd)
{
	const int on = 1;

	/* ssh cannot set these on a pipe; it would on a connection of its own. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	int rc = relay(STDIN_FILENO, STDOUT_FILENO, fd);

	if (rc == 0)
		return CLIENT_OK;
	say_error("the connection broke: %s", rc == QK_ERR_IO ? strerror(errno) : error_text(rc));
	return rc == QK_ERR_IO ? CLIENT_BROKEN : CLIENT_FAILED;
}

static int check_stdout(const struct knock_options *options)
{
	if (!options->fdpass || fdpass_possible(STDOUT_FILENO))
		return CLIENT_OK;
	say_error("--fdpass needs a Unix socket as standard output: is ProxyUseFdpass set to yes?");
	return CLIENT_USAGE;
}

static int run_connect(struct client *client, int argc, char **argv)
{
	struct connecting c = {.knocker = {.raw = -1}, .opening = {.fd = -1}};
	int status = knock_options_parse(&c.knocker.options, KNOCK_VERB_CONNECT, argc, argv);

	if (status == CLIENT_OK)
		status = check_stdout(&c.knocker.options);
	if (status == CLIENT_OK)
		status = find_target(&c);
	interrupt_begin();
	if (status == CLIENT_OK)
		status = find_peers(&c);
	if (status == CLIENT_OK) {
		status_begin();
		status = open_port(&c, client);
	}
	knocker_wipe(&c.knocker);
	interrupt_end();
	if (status == CLIENT_OK)
		status = c.knocker.options.fdpass ? pass(c.opening.fd) : carry(c.opening.fd);
	if (c.opening.fd >= 0)
		close(c.opening.fd);
	return status < 0 ? CLIENT_OK : status;
}

const struct command connect_command = {.name = "connect",
					.summary = "open a port and connect to it, as ssh's ProxyCommand",
					.usage = connect_usage,
					.raw_sockets = true,
					.run = run_connect};
