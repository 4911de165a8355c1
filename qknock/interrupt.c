/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[SIGNALS];
static volatile sig_atomic_t caught;

static void note(int signo)
{
	caught = signo;
}

void interrupt_begin(void)
{
	const struct sigaction noting = {.sa_handler = note}; /* no SA_RESTART */

	caught = 0;
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], &noting, &before[i]);
		if (before[i].sa_handler == SIG_IGN)
			sigaction(signals[i], &before[i], NULL);
	}
}

void interrupt_end(void)
{
	int signo = caught;

	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	caught = 0;
	if (signo != 0)
		raise(signo);
}

bool interrupt_caught(void)
{
	return caught != 0;
}
