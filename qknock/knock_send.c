/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knock_send.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/interrupt.h"
#include "qknock/say.h"
#include "qknock/status.h"

#define NS_PER_MS UINT64_C(1000000)
#define ANNOUNCED_MS 20 /* at least, and up to the spread more */
#define ANNOUNCED_SPREAD_MS 40
#define BUSY_RETRIES 20 /* a queue that is full now is not full a millisecond later */

static void sleep_ns(uint64_t ns)
{
	struct timespec left = {(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)};

	while (nanosleep(&left, &left) != 0 && errno == EINTR && !interrupt_caught())
		continue;
}

static bool sleep_showing(void *context, const struct knock_outcome *so_far, uint64_t ns)
{
	const unsigned *count = context;

	status_show("qknock: sent %u/%u", so_far->distinct, *count);
	sleep_ns(ns);
	return interrupt_caught();
}

static int random_gap(unsigned gap_ms, uint64_t *ns)
{
	*ns = 0;
	return gap_ms == 0 ? 0 : crypto_random_below(2 * gap_ms * NS_PER_MS, ns);
}

/* Behind an announcement: the rest means nothing to a verifier that has not dealt with it, and where the kernel ends
 * what is not expected no queue keeps it until then. */
static int add_pause(uint64_t *ns)
{
	uint64_t more;
	int rc = crypto_random_below(ANNOUNCED_SPREAD_MS * NS_PER_MS, &more);

	*ns += ANNOUNCED_MS * NS_PER_MS + more;
	return rc;
}

static int send_patiently(struct sender *sender, unsigned i)
{
	int rc = sender->send(sender, i);

	for (int tries = 0; rc == QK_ERR_IO && tries < BUSY_RETRIES; tries++) {
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			break;
		sleep_ns(NS_PER_MS);
		rc = sender->send(sender, i);
	}
	return rc;
}

static const char *hint(int error)
{
	switch (error) {
	case EPERM:
		return "; a firewall rule of this host refuses it (OUTPUT)";
	case EACCES:
		return "; a route of this host prohibits it";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "; there is no route";
	default:
		return "";
	}
}

static void say_failure(const struct plan *plan, unsigned i, int error)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(plan_source(plan, i), text);
	say_error("packet from %s to port %u: %s%s", text, plan->packets[i].port, strerror(error), hint(error));
}

static int send_packet(struct sender *sender, const struct plan *plan, unsigned i, struct knock_outcome *out)
{
	int rc = send_patiently(sender, i);

	if (rc == 0) {
		out->sent++;
		out->left |= UINT64_C(1) << i;
		out->distinct = (unsigned)__builtin_popcountll(out->left);
	} else if (rc == QK_ERR_IO) {
		if ((out->faulty & UINT64_C(1) << i) == 0)
			say_failure(plan, i, errno);
		out->failed++;
		out->faulty |= UINT64_C(1) << i;
		rc = 0;
	}
	return rc;
}

static int send_set(struct sender *sender, const struct plan *plan, unsigned gap_ms, const struct knock_watch *watch,
		    struct knock_outcome *out, bool *stopped)
{
	uint8_t order[PLAN_PACKETS_MAX];
	int rc = plan_order(plan, order);

	for (unsigned n = 0; rc == 0 && n < plan->count; n++) {
		uint64_t gap;

		rc = random_gap(gap_ms, &gap);
		if (rc == 0 && n == 1 && plan->line != 0)
			rc = add_pause(&gap);
		if (rc == 0 && out->sent + out->failed > 0 && (*stopped = watch->pause(watch->context, out, gap)))
			break;
		if (rc == 0)
			rc = send_packet(sender, plan, order[n], out);
	}
	return rc;
}

int knock_send(struct sender *sender, const struct plan *plan, unsigned repeat, unsigned gap_ms,
	       const struct knock_watch *watch, struct knock_outcome *out)
{
	unsigned count = plan->count;
	const struct knock_watch sleeping = {.pause = sleep_showing, .context = &count};
	uint64_t start = clock_boot_ns();
	bool stopped = false;
	int rc = 0;

	for (unsigned set = 0; rc == 0 && !stopped && set < repeat; set++)
		rc = send_set(sender, plan, gap_ms, watch != NULL ? watch : &sleeping, out, &stopped);
	out->duration_ms += (clock_boot_ns() - start) / NS_PER_MS;
	if (rc != 0)
		say_error("%s", error_text(rc));
	return rc == 0 && !stopped && out->distinct != plan->count ? QK_ERR_IO : rc;
}
