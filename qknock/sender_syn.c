/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrier syn: SYNs through a raw socket, in the form that the kernel would give them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/say.h"
#include "qknock/secret.h"
#include "qknock/sender.h"
#include "qknock/syn_flow.h"
#include "qknock/syn_form.h"
#include "qknock/syn_settings.h"

struct sender_syn {
	struct sender base;
	int raw;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct syn_form form;
	struct syn_packet packets[PLAN_PACKETS_MAX];
	uint32_t timestamp_offsets[PLAN_PACKETS_MAX];
};

static int send_packet(struct sender *base, unsigned i)
{
	struct sender_syn *s = (struct sender_syn *)base;
	struct syn_packet *packet = &s->packets[i];
	uint8_t bytes[SYN_PACKET_MAX];
	size_t len;
	int rc;

	packet->timestamp = syn_flow_clock() + s->timestamp_offsets[i];
	packet->ip_id++; /* a SYN that is sent again counts on, like the kernel's */
	rc = crypto_random(&packet->flow_label, sizeof(packet->flow_label));
	if (rc != 0)
		return rc;
	len = syn_form_packet(&s->form, packet, bytes);
	if (sendto(s->raw, bytes, len, 0, (struct sockaddr *)&s->to, s->to_len) < 0)
		rc = QK_ERR_IO;
	int saved = errno;
	crypto_wipe(bytes, sizeof(bytes));
	errno = saved;
	return rc;
}

static void free_sender(struct sender *base)
{
	secret_free(base, sizeof(struct sender_syn));
}

static int prepare_packet(struct sender_syn *s, const struct plan *plan, unsigned i, bool random_timestamps)
{
	const struct sequence_packet *from = &plan->packets[i];
	const struct address *source = plan_source(plan, i);
	struct syn_packet *packet = &s->packets[i];
	struct syn_flow flow;
	int rc;

	/* A hop address is not this host's, so that the kernel has no opinion about it. */
	if (plan->width != 0 || !syn_flow_ask(plan->peer, source, from->port, &flow)) {
		rc = syn_flow_draw(random_timestamps, &flow);
		if (rc != 0)
			return rc;
	}
	s->timestamp_offsets[i] = flow.timestamp_offset;
	packet->source = *source;
	packet->destination = plan->peer->server;
	packet->source_port = flow.source_port;
	packet->destination_port = from->port;
	packet->sequence = from->word;
	return crypto_random(&packet->ip_id, sizeof(packet->ip_id));
}

/* So that policy routing by source treats these packets as it treats the host's own from that address. */
static void bind_source(const struct plan *plan, int raw)
{
	const struct peer *peer = plan->peer;

	(void)peer_bind(peer, peer->client_is_local ? &peer->client : &peer->local, raw);
}

static void describe(const struct syn_form *f)
{
	say_verbose("SYN form: %s %u, window %u, MSS %u, SACK %s, time stamps %s, window scale %d, ECN %s",
		    f->v6 ? "hop limit" : "TTL", f->ttl, f->window, f->mss, f->sack ? "yes" : "no",
		    f->timestamps ? "yes" : "no", f->window_scale, (f->flags & ~0x002) != 0 ? "yes" : "no");
}

int sender_syn_new(const struct plan *plan, int raw, struct sender **out)
{
	const struct peer *peer = plan->peer;
	struct sender_syn *s = secret_alloc(sizeof(*s));
	struct syn_settings settings;
	int rc;

	*out = NULL;
	if (s == NULL) {
		say_error("%s", error_text(QK_ERR_NOMEM));
		return QK_ERR_NOMEM;
	}
	s->base = (struct sender){.send = send_packet, .free = free_sender};
	s->raw = raw;
	s->to = peer->sa;
	s->to_len = peer->sa_len;
	rc = syn_settings_read(peer, peer->client_is_local ? &peer->client : &peer->local, &settings);
	if (rc != 0)
		say_error("cannot ask the kernel what its SYNs look like: %s", strerror(errno));
	for (unsigned i = 0; rc == 0 && i < plan->count; i++)
		if ((rc = prepare_packet(s, plan, i, settings.random_timestamps)) != 0)
			say_error("%s", error_text(rc));
	if (rc != 0) {
		free_sender(&s->base);
		return rc;
	}
	syn_form_compute(&settings, &s->form);
	describe(&s->form);
	bind_source(plan, raw);
	*out = &s->base;
	return 0;
}
