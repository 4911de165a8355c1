/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/opening.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknock/connector.h"
#include "qknock/interrupt.h"
#include "qknock/say.h"
#include "qknock/status.h"

#define NS_PER_MS UINT64_C(1000000)

/* Long enough for an answer from another continent. One that comes later is still seen after the key was typed. */
#define PROBE_NS (250 * NS_PER_MS)

/* Pauses between sets while the port stays shut; each is twice the one before. */
#define RESEND_NS CLOCK_NS_PER_S

struct attempt {
	struct opening *o;
	struct connector *connector;
	bool proven_shut; /* that a connection comes about then tells that the knock was taken */
	uint64_t started_ns;
	uint64_t complete_ns; /* when one whole set had left; 0: not yet */
};

static void show_progress(const struct attempt *a, const struct knock_outcome *so_far)
{
	unsigned count = knocker_count(a->o->knocker);

	if (a->complete_ns == 0)
		status_show("qknock: sent %u/%u", so_far->distinct, count);
	else
		status_show("qknock: sent %u/%u, waiting for port %u (%" PRIu64 " s)", so_far->distinct, count,
			    a->o->port, (clock_boot_ns() - a->complete_ns) / CLOCK_NS_PER_S);
}

/* true: connected, or interrupted. */
static bool wait_until(struct attempt *a, uint64_t until_ns)
{
	return connector_wait(a->connector, until_ns) == 0 || interrupt_caught();
}

static void note_complete_set(struct attempt *a, const struct knock_outcome *so_far)
{
	if (a->complete_ns != 0 || so_far->distinct != knocker_count(a->o->knocker))
		return;
	a->complete_ns = clock_boot_ns();
	connector_hasten(a->connector);
}

static bool pause_between(void *context, const struct knock_outcome *so_far, uint64_t ns)
{
	struct attempt *a = context;

	if (a->proven_shut)
		note_complete_set(a, so_far);
	show_progress(a, so_far);
	return wait_until(a, clock_boot_ns() + ns);
}

/* Once a second for the sake of the line on the terminal. */
static bool wait_showing(struct attempt *a, uint64_t until_ns)
{
	bool over = false;

	while (!over && clock_boot_ns() < until_ns) {
		uint64_t next = clock_boot_ns() + CLOCK_NS_PER_S;

		show_progress(a, &a->o->outcome);
		over = wait_until(a, next < until_ns ? next : until_ns);
	}
	return over;
}

static int send_until_open(struct attempt *a)
{
	const struct knock_options *options = &a->o->knocker->options;
	const struct knock_watch watch = {.pause = pause_between, .context = a};
	uint64_t end, pause_ns = RESEND_NS;
	int status = knocker_send(a->o->knocker, options->repeat, &watch, &a->o->outcome);

	if (status != CLIENT_OK || wait_until(a, 0))
		return status;
	note_complete_set(a, &a->o->outcome);
	end = a->complete_ns + options->timeout_s * CLOCK_NS_PER_S;
	for (;;) {
		uint64_t next = clock_boot_ns() + pause_ns;

		if (wait_showing(a, next < end ? next : end))
			return CLIENT_OK;
		if (clock_boot_ns() >= end)
			return CLIENT_CLOSED;
		pause_ns *= 2;
		status = knocker_send(a->o->knocker, 1, &watch, &a->o->outcome);
		if (status != CLIENT_OK)
			return status;
	}
}

/* What the attempts to connect met, and what that may mean. */
static void explain(const struct opening *o)
{
	const struct knocker *k = o->knocker;
	char server[ADDRESS_TEXT_SIZE], client[ADDRESS_TEXT_SIZE];
	bool udp = k->options.carrier == KNOCK_CARRIER_UDP;

	address_format(&o->to->server, server);
	address_format(&k->peer.client, client);
	say_error("port %u of %s did not open within %u s", o->port, server, k->options.timeout_s);
	say_hint("Tried: the knock for %s as %s (%u packets, %s), then %u connections.", k->service->name, client,
		 o->outcome.sent, udp ? "udp" : "syn", o->attempts);
	if (o->error != 0)
		say_hint("The last of these that was answered met: %s.", strerror(o->error));
	say_hint("Likely causes:");
	if (o->error == ECONNREFUSED) {
		say_hint("- nothing listens on that port of the server");
		say_hint("- the knock opened nothing, and the server's firewall rejects instead of dropping");
		return;
	}
	say_hint("- the server sees another address than %s (NAT): use --address", client);
	say_hint("- the key was used or revoked meanwhile");
	say_hint("- a firewall on the way drops the packets: try --carrier %s", udp ? "syn" : "udp");
	if (k->options.width != 0)
		say_hint("- the network lets only assigned addresses pass, not those of hops: try --no-hop");
	say_hint("- qknockd does not run there");
	if (knocker_line(k) != 0)
		say_hint("- line %u of the sheet was used or skipped: take the next one", knocker_line(k));
}

/* Whether the port answers already. The attempt goes on while the key is asked for. */
static bool probe(struct attempt *a)
{
	connector_try(a->connector);
	return wait_until(a, clock_boot_ns() + PROBE_NS);
}

static int prepare_knock(struct opening *o, const struct client *client)
{
	int status = knocker_check(o->knocker, client);

	return status == CLIENT_OK ? knocker_read_key(o->knocker) : status;
}

static int knock_and_wait(struct attempt *a, const struct client *client)
{
	struct opening *o = a->o;
	int status = prepare_knock(o, client);

	if (status != CLIENT_OK || wait_until(a, 0)) /* the port answered while the key was typed, which stays unused */
		return status;
	status = knocker_open(o->knocker);
	if (status != CLIENT_OK)
		return status;
	o->knocked = true;
	a->started_ns = clock_boot_ns();
	return send_until_open(a);
}

static void finish(struct attempt *a, int status)
{
	struct opening *o = a->o;

	o->fd = connector_take(a->connector);
	o->opened = o->fd >= 0;
	o->attempts = connector_attempts(a->connector);
	o->error = connector_error(a->connector);
	o->wait_ms = o->knocked ? (clock_boot_ns() - a->started_ns) / NS_PER_MS : 0;
	status_clear();
	if (status == CLIENT_CLOSED)
		explain(o);
	if (o->fd < 0)
		return;
	if (o->knocked)
		status_done("qknock: sent %u/%u, port %u open after %" PRIu64 " ms", o->outcome.distinct,
			    knocker_count(o->knocker), o->port, o->wait_ms);
	else
		say_verbose("port %u answers without a knock", o->port);
}

int opening_run(struct opening *o, const struct client *client)
{
	struct attempt a = {.o = o};
	int status = CLIENT_OK;

	o->fd = -1;
	if (connector_new(o->to, o->port, &a.connector) != 0) {
		say_error("%s", error_text(QK_ERR_NOMEM));
		return CLIENT_FAILED;
	}
	a.proven_shut = !o->knocker->options.always_knock;
	if (!a.proven_shut || !probe(&a))
		status = knock_and_wait(&a, client);
	finish(&a, status);
	connector_free(a.connector);
	return status == CLIENT_OK && o->fd < 0 ? CLIENT_FAILED : status;
}

int opening_knock_only(struct opening *o, const struct client *client)
{
	int status = prepare_knock(o, client);

	o->fd = -1;
	if (status == CLIENT_OK)
		status = knocker_open(o->knocker);
	o->knocked = status == CLIENT_OK;
	if (status == CLIENT_OK)
		status = knocker_send(o->knocker, o->knocker->options.repeat, NULL, &o->outcome);
	return status == CLIENT_OK && interrupt_caught() ? CLIENT_FAILED : status;
}
