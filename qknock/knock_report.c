/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knock_report.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "libcore/error.h"
#include "qknock/knocker.h"
#include "qknock/opening.h"
#include "qknock/say.h"

static bool is_udp(const struct knock_report *r)
{
	return r->options->carrier == KNOCK_CARRIER_UDP;
}

static void print_packet(const struct knock_report *r, unsigned number, unsigned i)
{
	const struct sequence_packet *packet = &r->plan->packets[i];
	char source[ADDRESS_TEXT_SIZE], server[ADDRESS_TEXT_SIZE];
	int width = address_is_v4(&packet->source) ? 15 : 39;

	address_format(plan_source(r->plan, i), source);
	address_format(&r->plan->peer->server, server);
	printf("%-4u %-*s  %-*s  %-8s  * \u2192 %u%s", number, width, source, width, server, is_udp(r) ? "UDP" : "TCP",
	       packet->port, is_udp(r) ? "" : " [SYN]");
	if (r->options->show_words)
		printf(" %s=0x%08" PRIx32, is_udp(r) ? "Word" : "Seq", packet->word);
	putchar('\n');
}

static void print_table(const struct knock_report *r, const uint8_t *order)
{
	int width = address_is_v4(&r->plan->peer->server) ? 15 : 39;

	printf("%-4s %-*s  %-*s  %-8s  %s\n", "No.", width, "Source", width, "Destination", "Protocol", "Info");
	for (unsigned n = 0; n < r->plan->count; n++)
		print_packet(r, n + 1, order[n]);
}

/* What both reports begin with; NULL when there is no memory. */
static json_t *summary(const struct knock_report *r)
{
	char server[ADDRESS_TEXT_SIZE], client[ADDRESS_TEXT_SIZE];
	json_t *object;

	address_format(&r->plan->peer->server, server);
	address_format(&r->plan->peer->client, client);
	object =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "profile", r->profile, "service", r->service->name, "server",
		      server, "client", client, "carrier", is_udp(r) ? "udp" : "syn", "hop_width", (int)r->plan->width);
	if (object != NULL && r->plan->line != 0)
		json_object_update_new(object, json_pack("{s:i, s:i}", "sheet_line", (int)r->plan->line, "sheet_lines",
							 (int)r->plan->lines));
	return object;
}

/* Takes the reference; NULL is no memory. */
static int print_json(json_t *object, FILE *out)
{
	int rc = object != NULL && json_dumpf(object, out, JSON_INDENT(2)) == 0 ? 0 : QK_ERR_NOMEM;

	if (rc == 0)
		putc('\n', out);
	else
		say_error("%s", error_text(rc));
	json_decref(object);
	return rc;
}

static json_t *packet_json(const struct knock_report *r, unsigned i)
{
	const struct sequence_packet *packet = &r->plan->packets[i];
	char source[ADDRESS_TEXT_SIZE];
	json_t *object;

	address_format(plan_source(r->plan, i), source);
	object = json_pack("{s:s, s:i}", "source", source, "port", (int)packet->port);
	if (r->options->show_words)
		json_object_set_new(object, "word", json_integer(packet->word));
	return object;
}

static int print_packets_json(const struct knock_report *r, const uint8_t *order)
{
	json_t *object = summary(r), *packets = json_array();

	for (unsigned n = 0; n < r->plan->count; n++)
		json_array_append_new(packets, packet_json(r, order[n]));
	if (json_object_set_new(object, "packets", packets) != 0) {
		json_decref(object);
		object = NULL;
	}
	return print_json(object, stdout);
}

int knock_report_packets(const struct knock_report *report)
{
	uint8_t order[PLAN_PACKETS_MAX];
	int rc = plan_order(report->plan, order);

	if (rc != 0) {
		say_error("%s", error_text(rc));
		return rc;
	}
	if (report->options->json)
		return print_packets_json(report, order);
	print_table(report, order);
	return 0;
}

static json_t *outcome_json(unsigned count, const struct knock_outcome *outcome)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:I}", "count", (int)count, "distinct", (int)outcome->distinct, "sent",
			 (int)outcome->sent, "failed", (int)outcome->failed, "duration_ms",
			 (json_int_t)outcome->duration_ms);
}

int knock_report_outcome(const struct knock_report *report, const struct knock_outcome *outcome)
{
	char server[ADDRESS_TEXT_SIZE], client[ADDRESS_TEXT_SIZE];

	if (report->options->json) {
		json_t *object = summary(report);

		if (object != NULL)
			json_object_update_new(object, outcome_json(report->plan->count, outcome));
		return print_json(object, stdout);
	}
	if (say_get_level() == SAY_QUIET)
		return 0;
	address_format(&report->plan->peer->server, server);
	address_format(&report->plan->peer->client, client);
	printf("Knocked at %s for %s as %s: %u of %u packets sent", server, report->service->name, client,
	       outcome->distinct, report->plan->count);
	if (report->plan->width != 0)
		printf(", hopping over %u bits", report->plan->width);
	if (report->plan->line != 0)
		printf(", with line %u of %u of the sheet", report->plan->line, report->plan->lines);
	printf(" (%s, %" PRIu64 " ms)\n", is_udp(report) ? "udp" : "syn", outcome->duration_ms);
	return 0;
}

/* The knock itself, or null when none was needed. */
static json_t *knock_json(const struct opening *o)
{
	json_t *object;

	if (!o->knocked)
		return json_null();
	const struct knock_report report = knocker_report(o->knocker);

	object = summary(&report);
	json_object_update_new(object, outcome_json(report.plan->count, &o->outcome));
	return object;
}

int knock_report_opening(const struct opening *o, int status)
{
	const struct knocker *k = o->knocker;
	char server[ADDRESS_TEXT_SIZE], client[ADDRESS_TEXT_SIZE];

	address_format(&o->to->server, server);
	address_format(&k->peer.client, client);
	return print_json(json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:i, s:I, s:i, s:o}", "profile", k->profile_name,
				    "service", k->service->name, "server", server, "port", (int)o->port, "client",
				    client, "open", o->opened, "attempts", (int)o->attempts, "wait_ms",
				    (json_int_t)o->wait_ms, "exit_code", status, "knock", knock_json(o)),
			  stderr);
}
