/* SPDX-License-Identifier: GPL-2.0-or-later */
/* knockwrap(8): in the place of a server that only those who knocked may reach. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "knockwrap/environ.h"
#include "knockwrap/launch.h"
#include "knockwrap/options.h"
#include "knockwrap/peer.h"
#include "knockwrap/privileges.h"
#include "knockwrap/program.h"
#include "knockwrap/refuse.h"
#include "knockwrap/report.h"
#include "libcore/error.h"
#include "libcore/grant.h"

/* All that is known about this one connection. */
struct wrap {
	struct options options;
	struct report report;
	struct peer peer;
	struct account account;
	struct grant grant;
	struct environment environment;
	struct fault fault;
};

/* What libc opens for the log must not become the server's input, output or errors. */
static bool guard_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

static enum status status_of_grant(int rc)
{
	switch (rc) {
	case 0:
		return STATUS_OK;
	case QK_ERR_GRANT_NONE:
	case QK_ERR_GRANT_EXPIRED:
	case QK_ERR_GRANT_AGE:
	case QK_ERR_GRANT_USED:
		return STATUS_REFUSED;
	default:
		return STATUS_GRANTS;
	}
}

static enum status look_up(struct wrap *wrap, const struct address *client, uint16_t port, bool peek)
{
	const struct options *options = &wrap->options;
	struct grant_login login = {.port = port, .claim = options->single_use, .peek = peek};
	int rc = grant_login(options->grants, options->service, client, options->max_age_s, &login, &wrap->grant);
	enum status status = status_of_grant(rc);

	if (status == STATUS_GRANTS)
		fault_set(&wrap->fault, status, "%s: %s%s%s", options->grants, error_text(rc),
			  rc == QK_ERR_IO ? ": " : "", rc == QK_ERR_IO ? strerror(errno) : "");
	else if (status != STATUS_OK)
		fault_set(&wrap->fault, status, "%s", error_text(rc));
	return status;
}

static enum status check(struct wrap *wrap)
{
	enum status status = look_up(wrap, &wrap->options.check, 0, wrap->options.peek);

	if (status != STATUS_OK && status != STATUS_REFUSED)
		report_error(&wrap->report, wrap->fault.text);
	return status;
}

/* A reset doesn't wait for the log, and the log not for the end of a silence. */
static void turn_away(const struct wrap *wrap)
{
	const struct options *options = &wrap->options;

	if (options->refusal.reject == REJECT_RESET)
		refuse_reset(wrap->peer.fd);
	report_refused(&wrap->report, options->service, &wrap->peer.address, wrap->fault.text);
	if (options->refusal.reject != REJECT_RESET)
		refuse_peer(wrap->peer.fd, &options->refusal, options->grants, options->service);
}

/* Everything that can be wrong on our side is looked at before a single-use grant is taken. */
static enum status prepare(struct wrap *wrap)
{
	const struct options *options = &wrap->options;
	enum status status = program_check(options->root, options->program[0], &wrap->fault);

	if (status == STATUS_OK && options->user != NULL)
		status = privileges_find(options->user, &wrap->account, &wrap->fault);
	return status;
}

/* Does the grant still have to be taken? */
static bool is_to_take(const struct wrap *wrap)
{
	return wrap->options.single_use || wrap->grant.single_use;
}

static enum status admit(struct wrap *wrap)
{
	enum status status = look_up(wrap, &wrap->peer.address, wrap->peer.port, true);

	if (status == STATUS_OK)
		status = prepare(wrap);
	if (status == STATUS_OK && is_to_take(wrap))
		status = look_up(wrap, &wrap->peer.address, wrap->peer.port, false);
	return status;
}

/* Returns only if the client is not served. */
static enum status serve(struct wrap *wrap)
{
	const struct options *options = &wrap->options;
	const struct account *account = options->user != NULL ? &wrap->account : NULL;
	enum status status = admit(wrap);

	if (status == STATUS_OK)
		status = environ_build(&wrap->environment, environ, options, account, &wrap->peer, &wrap->grant,
				       &wrap->fault);
	if (status != STATUS_OK)
		return status;
	report_passed(&wrap->report, &wrap->peer.address, &wrap->grant);
	return launch(options, &wrap->peer, account, &wrap->environment, &wrap->fault);
}

static enum status run(struct wrap *wrap)
{
	enum status status = peer_find(&wrap->peer, &wrap->fault);

	if (status != STATUS_OK) {
		if (status == STATUS_DESCRIPTOR)
			report_error(&wrap->report, wrap->fault.text);
		return status;
	}
	status = serve(wrap);
	if (status == STATUS_REFUSED) {
		turn_away(wrap);
	} else {
		refuse_reset(wrap->peer.fd);
		report_error(&wrap->report, wrap->fault.text);
	}
	privileges_free(&wrap->account);
	return status;
}

/* A fault in the options: if there is a client, it is refused. */
static enum status refuse_use(struct wrap *wrap, enum status status)
{
	struct fault none;

	if (peer_find(&wrap->peer, &none) == STATUS_OK)
		refuse_reset(wrap->peer.fd);
	report_error(&wrap->report, wrap->fault.text);
	return status;
}

int main(int argc, char **argv)
{
	static struct wrap wrap;
	enum status status;

	if (!guard_standard_descriptors())
		return STATUS_SYSTEM;
	signal(SIGPIPE, SIG_IGN);
	status = options_parse(&wrap.options, argc, argv, OPTIONS_SERVERS_DIR, &wrap.fault);
	report_open(&wrap.report, &wrap.options.report, wrap.options.program != NULL ? wrap.options.program[0] : NULL);
	if (status != STATUS_OK)
		return refuse_use(&wrap, status);
	switch (wrap.options.mode) {
	case OPTIONS_HELP:
		report_print(options_help());
		return STATUS_OK;
	case OPTIONS_VERSION:
		report_print("knockwrap " PACKAGE_VERSION "\n");
		return STATUS_OK;
	case OPTIONS_CHECK:
		return check(&wrap);
	case OPTIONS_LAUNCH:
		break;
	}
	return run(&wrap);
}
