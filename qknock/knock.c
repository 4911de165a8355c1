/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "qknock knock": a one-time key line becomes the packets that open a service. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "libcore/sequence.h"
#include "qknock/client.h"
#include "qknock/keyline.h"
#include "qknock/knock_options.h"
#include "qknock/knock_report.h"
#include "qknock/knock_send.h"
#include "qknock/peer.h"
#include "qknock/plan.h"
#include "qknock/profile_store.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/sender.h"

/* All that is secret, in one piece of guarded memory. */
struct vault {
	char line[KEYLINE_SIZE];
	struct otp otp;
	struct plan plan;
};

struct knock {
	struct knock_options options;
	char profile_name[PROFILE_NAME_MAX + 1];
	struct profile profile;
	const struct service *service;
	struct peer peer;
	int raw; /* of the server's family */
	struct vault *vault;
};

static int find_service(struct knock *k)
{
	k->service = profile_service(&k->profile, k->options.service);
	if (k->service != NULL)
		return CLIENT_OK;
	fprintf(stderr, "qknock: profile %s has no service %s, only", k->profile_name, k->options.service);
	for (size_t i = 0; i < k->profile.service_count; i++)
		fprintf(stderr, " %s", k->profile.services[i].name);
	fputc('\n', stderr);
	return CLIENT_PROFILE;
}

static int find_peer(struct knock *k)
{
	const char *host = k->options.host != NULL ? k->options.host : k->profile.host;
	int rc, family = AF_UNSPEC;

	if (host[0] == '\0') {
		say_error("profile %s names no host: say where to knock with --host", k->profile_name);
		return CLIENT_USAGE;
	}
	if (k->options.width != 0) /* a host with both kinds of addresses is knocked at where the hops are */
		family = k->options.width == 8 ? AF_INET : AF_INET6;
	rc = peer_find(host, family, k->options.address, &k->peer);
	if (rc == 0)
		return CLIENT_OK;
	return rc == QK_ERR_ADDRESS ? CLIENT_USAGE : CLIENT_SEND;
}

static int check_width(const struct knock *k)
{
	uint16_t width = k->options.width;
	char text[ADDRESS_TEXT_SIZE];
	bool allowed = false;

	for (size_t i = 0; i < k->profile.width_count; i++)
		allowed = allowed || k->profile.widths[i] == width;
	address_format(&k->peer.client, text);
	if (chain_check_width(&k->peer.client, width) != 0) {
		say_error("--hop %u does not fit the client's address %s: %s", width, text, error_text(QK_ERR_WIDTH));
		return CLIENT_USAGE;
	}
	if (!allowed) {
		say_error(width == 0 ? "profile %s does not allow knocks without hopping: use --hop"
				     : "profile %s does not allow this hop width",
			  k->profile_name);
		return CLIENT_PROFILE;
	}
	if (width != 0 && !k->peer.client_is_local) {
		say_error("hopping needs the client's address to be this host's own, and %s is not: behind NAT use "
			  "--no-hop",
			  text);
		return CLIENT_USAGE;
	}
	return CLIENT_OK;
}

static int refuse_carrier(const struct client *client)
{
	say_error("raw sockets were refused (%s): SYN packets need CAP_NET_RAW. Run it with sudo, or once "
		  "'sudo setcap cap_net_raw+ep \"$(command -v qknock)\"', or use --carrier udp",
		  strerror(client->raw_errno));
	return CLIENT_PRIVILEGE;
}

static int choose_carrier(struct knock *k, const struct client *client)
{
	k->raw = address_is_v4(&k->peer.server) ? client->raw_v4 : client->raw_v6;
	if (k->options.carrier == KNOCK_CARRIER_UDP)
		return CLIENT_OK;
	if (k->raw >= 0 || (k->options.carrier == KNOCK_CARRIER_SYN && k->options.dry_run)) {
		k->options.carrier = KNOCK_CARRIER_SYN;
		return CLIENT_OK;
	}
	/* Datagrams can come from all of an IPv6 prefix, but not from an IPv4 neighbour's address. */
	if (k->options.carrier == KNOCK_CARRIER_SYN || (k->options.width != 0 && address_is_v4(&k->peer.server)))
		return refuse_carrier(client);
	say_verbose("carrier udp, because raw sockets were refused (%s)", strerror(client->raw_errno));
	k->options.carrier = KNOCK_CARRIER_UDP;
	return CLIENT_OK;
}

/* All that can be wrong before a key is asked for. */
static int prepare(struct knock *k, const struct client *client)
{
	int status = CLIENT_OK;

	if (profile_store_load(k->options.profile, &k->profile, k->profile_name) != 0)
		return CLIENT_PROFILE;
	status = find_service(k);
	if (status == CLIENT_OK)
		status = find_peer(k);
	if (status == CLIENT_OK)
		status = check_width(k);
	if (status == CLIENT_OK)
		status = choose_carrier(k, client);
	return status;
}

static int read_key(struct knock *k)
{
	char prompt[512], client[ADDRESS_TEXT_SIZE];
	struct vault *v = k->vault;
	int rc;

	address_format(&k->peer.client, client);
	snprintf(prompt, sizeof(prompt), "One-time key line for %s at %s, issued for %s: ", k->profile.user,
		 k->profile.server_id, client);
	if (keyline_read(&k->options.key, prompt, v->line) != 0)
		return CLIENT_KEY;
	rc = otp_reply_parse(&v->otp, v->line, strlen(v->line));
	if (rc != 0) {
		say_error("malformed key line: %s", error_text(rc));
		return CLIENT_KEY;
	}
	if (!k->options.ignore_age && keyline_check_age(&v->otp, k->profile.validity, clock_wall_s()) != 0)
		return CLIENT_STALE;
	return CLIENT_OK;
}

static int make_plan(struct knock *k)
{
	struct plan *plan = &k->vault->plan;
	struct sequence_input in = {
	    .server_id = k->profile.server_id,
	    .user = k->profile.user,
	    .otp = &k->vault->otp,
	    .service = k->service,
	    .client = k->peer.client,
	    .shape = k->profile.shape,
	    .n_mod = k->profile.n_mod,
	    .width = k->options.width,
	};
	int rc = sequence_derive(&in, plan->packets);

	plan->peer = &k->peer;
	plan->count = k->profile.shape.count;
	plan->width = k->options.width;
	if (rc == 0)
		return CLIENT_OK;
	if (rc == QK_ERR_R)
		say_error("this key line is not for profile %s: %s", k->profile_name, error_text(rc));
	else
		say_error("cannot make the knock: %s", error_text(rc));
	return rc == QK_ERR_R ? CLIENT_KEY : CLIENT_FAILED;
}

static int send_knock(const struct knock *k, const struct knock_report *report)
{
	const struct plan *plan = &k->vault->plan;
	struct knock_outcome outcome;
	struct sender *sender;
	int rc;

	if (k->options.carrier == KNOCK_CARRIER_UDP)
		rc = sender_udp_new(plan, &sender);
	else
		rc = sender_syn_new(plan, k->raw, &sender);
	if (rc != 0)
		return rc == QK_ERR_NOMEM || rc == QK_ERR_CRYPTO ? CLIENT_FAILED : CLIENT_SEND;
	rc = knock_send(sender, plan, k->options.repeat, k->options.gap_ms, &outcome);
	sender->free(sender);
	if (rc == QK_ERR_IO)
		say_error("only %u of %u packets could be sent: this knock opens nothing", outcome.distinct,
			  plan->count);
	if (rc != 0 && rc != QK_ERR_IO)
		return CLIENT_FAILED;
	if (rc == 0 || k->options.json)
		if (knock_report_outcome(report, &outcome) != 0)
			return CLIENT_FAILED;
	return rc == 0 ? CLIENT_OK : CLIENT_SEND;
}

static int act(const struct knock *k)
{
	struct knock_report report = {
	    .options = &k->options, .profile = k->profile_name, .service = k->service, .plan = &k->vault->plan};

	if (k->options.dry_run)
		return knock_report_packets(&report) == 0 ? CLIENT_OK : CLIENT_FAILED;
	return send_knock(k, &report);
}

static int run_knock(struct client *client, int argc, char **argv)
{
	struct knock k = {.raw = -1};
	int status = knock_options_parse(&k.options, argc, argv);

	if (status == CLIENT_OK)
		status = prepare(&k, client);
	if (status == CLIENT_OK && (k.vault = secret_alloc(sizeof(*k.vault))) == NULL) {
		say_error("%s", error_text(QK_ERR_NOMEM));
		status = CLIENT_FAILED;
	}
	if (status == CLIENT_OK)
		status = read_key(&k);
	if (status == CLIENT_OK)
		status = make_plan(&k);
	if (status == CLIENT_OK)
		status = act(&k);
	secret_free(k.vault, sizeof(*k.vault));
	return status < 0 ? CLIENT_OK : status;
}

const struct command knock_command = {
    .name = "knock", .summary = "open a service", .usage = knock_usage, .run = run_knock};
