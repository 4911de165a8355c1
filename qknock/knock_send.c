/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/knock_send.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknock/say.h"

#define NS_PER_MS UINT64_C(1000000)
#define BUSY_RETRIES 20 /* a queue that is full now is not full a millisecond later */

static void sleep_ns(uint64_t ns)
{
	struct timespec left = {(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

static int random_gap(unsigned gap_ms)
{
	uint64_t ns;
	int rc;

	if (gap_ms == 0)
		return 0;
	rc = crypto_random_below(2 * gap_ms * NS_PER_MS, &ns);
	if (rc == 0)
		sleep_ns(ns);
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

struct progress {
	uint32_t left;	 /* bit i: packet i left this host */
	uint32_t faulty; /* bit i: its failure was said */
};

static int send_set(struct sender *sender, const struct plan *plan, unsigned gap_ms, struct progress *progress,
		    struct knock_outcome *out)
{
	uint8_t order[KNOCK_COUNT_MAX];
	int rc = plan_shuffle(plan->count, order);

	for (unsigned n = 0; rc == 0 && n < plan->count; n++) {
		unsigned i = order[n];

		if (out->sent + out->failed > 0)
			rc = random_gap(gap_ms);
		if (rc == 0)
			rc = send_patiently(sender, i);
		if (rc == 0) {
			out->sent++;
			progress->left |= UINT32_C(1) << i;
		} else if (rc == QK_ERR_IO) {
			if ((progress->faulty & UINT32_C(1) << i) == 0)
				say_failure(plan, i, errno);
			out->failed++;
			progress->faulty |= UINT32_C(1) << i;
			rc = 0;
		}
	}
	return rc;
}

int knock_send(struct sender *sender, const struct plan *plan, unsigned repeat, unsigned gap_ms,
	       struct knock_outcome *out)
{
	struct progress progress = {0};
	uint64_t start = clock_boot_ns();
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (unsigned set = 0; rc == 0 && set < repeat; set++)
		rc = send_set(sender, plan, gap_ms, &progress, out);
	out->distinct = (unsigned)__builtin_popcount(progress.left);
	out->duration_ms = (clock_boot_ns() - start) / NS_PER_MS;
	if (rc != 0)
		say_error("%s", error_text(rc));
	return rc == 0 && out->distinct != plan->count ? QK_ERR_IO : rc;
}
