/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knocker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libcore/chain.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "libcore/sequence.h"
#include "qknock/hops.h"
#include "qknock/key.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/sender.h"

struct knocker_vault {
	struct otp otp;
	struct plan plan;
};

static int find_service(struct knocker *k)
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

static const char *host_of(const struct knocker *k)
{
	return k->options.host != NULL ? k->options.host : k->profile.host;
}

static int find_peer(struct knocker *k)
{
	const char *host = host_of(k);
	int rc, family = AF_UNSPEC;

	if (host[0] == '\0') {
		say_error("profile %s names no host: say where to knock with --host", k->profile_name);
		return CLIENT_USAGE;
	}
	if (k->options.width != 0 &&
	    k->options.width != HOPS_AUTO) /* a host with both kinds of addresses is knocked at where the hops are */
		family = k->options.width == 8 ? AF_INET : AF_INET6;
	rc = peer_find(host, family, k->options.address, &k->peer);
	if (rc == 0)
		return CLIENT_OK;
	return rc == QK_ERR_ADDRESS ? CLIENT_USAGE : CLIENT_SEND;
}

static bool allows_width(const struct knocker *k, uint16_t width)
{
	for (size_t i = 0; i < k->profile.width_count; i++)
		if (k->profile.widths[i] == width)
			return true;
	return false;
}

static int check_width(const struct knocker *k)
{
	uint16_t width = k->options.width;
	char text[ADDRESS_TEXT_SIZE];

	address_format(&k->peer.client, text);
	if (chain_check_width(&k->peer.client, width) != 0) {
		say_error("--hop %u does not fit the client's address %s: %s", width, text, error_text(QK_ERR_WIDTH));
		return CLIENT_USAGE;
	}
	if (!allows_width(k, width)) {
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

static int choose_carrier(struct knocker *k, const struct client *client)
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

int knocker_find(struct knocker *k)
{
	int status = CLIENT_OK;

	if (profile_store_load(k->options.profile, &k->profile, k->profile_name) != 0)
		return CLIENT_PROFILE;
	status = find_service(k);
	return status == CLIENT_OK ? find_peer(k) : status;
}

static void explain(const struct knocker *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void explain(const struct knocker *k, const char *format, ...)
{
	va_list args;

	if (!k->options.explain)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void explain_address(const struct knocker *k)
{
	char client[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];

	address_format(&k->peer.client, client);
	address_format(&k->peer.local, local);
	if (k->peer.client_is_local)
		explain(k, "address %s: %s", client,
			k->options.address != NULL ? "as --address says, and this host's own"
						   : "this host's own towards the server");
	else
		explain(k, "address %s: as was said; NAT makes it of this host's own, %s", client, local);
}

static void choose_width(struct knocker *k, const struct client *client)
{
	int raw = address_is_v4(&k->peer.client) ? client->raw_v4 : client->raw_v6;
	struct hops_facts facts;
	struct hops_choice choice;

	if (k->options.width != HOPS_AUTO) {
		explain(k, "hop width %u: as --%s says", k->options.width, k->options.width == 0 ? "no-hop" : "hop");
		return;
	}
	hops_look(&k->peer, raw >= 0 && k->options.carrier != KNOCK_CARRIER_UDP, &facts);
	choice = hops_choose(&facts, &k->profile);
	k->options.width = choice.width;
	explain(k, "hop width %u: %s", choice.width, choice.reason);
	say_verbose("hop width %u: %s", choice.width, choice.reason);
}

static void explain_carrier(const struct knocker *k, bool asked_for, const struct client *client)
{
	const char *name = k->options.carrier == KNOCK_CARRIER_UDP ? "udp" : "syn";

	if (asked_for)
		explain(k, "carrier %s: as --carrier says", name);
	else if (k->options.carrier == KNOCK_CARRIER_SYN)
		explain(k, "carrier syn: raw sockets are to be had");
	else
		explain(k, "carrier udp: raw sockets were refused (%s)", strerror(client->raw_errno));
}

int knocker_check(struct knocker *k, const struct client *client)
{
	bool carrier_given = k->options.carrier != KNOCK_CARRIER_AUTO;
	int status;

	if (k->options.address == NULL && peer_settle_client(host_of(k), &k->peer) != 0)
		return CLIENT_USAGE;
	explain_address(k);
	choose_width(k, client);
	status = check_width(k);
	if (status == CLIENT_OK)
		status = choose_carrier(k, client);
	if (status == CLIENT_OK)
		explain_carrier(k, carrier_given, client);
	return status;
}

static int read_key(struct knocker *k)
{
	const struct key_wanted wanted = {
	    .source = &k->options.key,
	    .profile_name = k->profile_name,
	    .profile = &k->profile,
	    .client = &k->peer.client,
	    .ignore_age = k->options.ignore_age,
	};

	return key_get(&wanted, &k->vault->otp);
}

/* The packets of a sheet's line: with the announcement behind them, and without hopping if its R, which was drawn
 * without the address, would lead to one that packets should not come from. */
static int complete_plan(const struct knocker *k, struct sequence_input *in, struct plan *plan)
{
	if (in->otp->line == 0)
		return 0;
	if (!sequence_hops_well(plan->packets, plan->count, in->width, &k->peer.server) && allows_width(k, 0)) {
		int rc;

		say_warning("with this line packets would come from an address that none should come from: it knocks "
			    "without hopping");
		in->width = plan->width = 0;
		rc = sequence_derive(in, plan->packets);
		if (rc != 0)
			return rc;
	}
	plan->line = in->otp->line;
	plan->lines = in->otp->lines;
	return sequence_announce(in, &plan->packets[plan->count++]);
}

static int make_plan(struct knocker *k)
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
		rc = complete_plan(k, &in, plan);
	if (rc == 0)
		return CLIENT_OK;
	if (rc == QK_ERR_R)
		say_error("this key line is not for profile %s: %s", k->profile_name, error_text(rc));
	else
		say_error("cannot make the knock: %s", error_text(rc));
	return rc == QK_ERR_R ? CLIENT_KEY : CLIENT_FAILED;
}

int knocker_read_key(struct knocker *k)
{
	int status;

	k->vault = secret_alloc(sizeof(*k->vault));
	if (k->vault == NULL) {
		say_error("%s", error_text(QK_ERR_NOMEM));
		return CLIENT_FAILED;
	}
	status = read_key(k);
	return status == CLIENT_OK ? make_plan(k) : status;
}

unsigned knocker_count(const struct knocker *k)
{
	return k->vault->plan.count;
}

unsigned knocker_line(const struct knocker *k)
{
	return k->vault->otp.line;
}

struct knock_report knocker_report(const struct knocker *k)
{
	return (struct knock_report){
	    .options = &k->options, .profile = k->profile_name, .service = k->service, .plan = &k->vault->plan};
}

int knocker_open(struct knocker *k)
{
	const struct plan *plan = &k->vault->plan;
	int rc;

	if (k->options.carrier == KNOCK_CARRIER_UDP)
		rc = sender_udp_new(plan, &k->sender);
	else
		rc = sender_syn_new(plan, k->raw, &k->sender);
	if (rc == 0)
		return CLIENT_OK;
	return rc == QK_ERR_NOMEM || rc == QK_ERR_CRYPTO ? CLIENT_FAILED : CLIENT_SEND;
}

int knocker_send(const struct knocker *k, unsigned repeat, const struct knock_watch *watch,
		 struct knock_outcome *outcome)
{
	const struct plan *plan = &k->vault->plan;
	int rc = knock_send(k->sender, plan, repeat, k->options.gap_ms, watch, outcome);

	if (rc == QK_ERR_IO)
		say_error("only %u of %u packets could be sent: this knock opens nothing", outcome->distinct,
			  plan->count);
	if (rc == 0)
		return CLIENT_OK;
	return rc == QK_ERR_IO ? CLIENT_SEND : CLIENT_FAILED;
}

void knocker_wipe(struct knocker *k)
{
	if (k->sender != NULL)
		k->sender->free(k->sender);
	k->sender = NULL;
	secret_free(k->vault, sizeof(*k->vault));
	k->vault = NULL;
}
