/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/connector.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknock/interrupt.h"

#define NS_PER_MS UINT64_C(1000000)

/* With these a port that opens is met after at most a third of the time that passed, and never later than 250 ms; the
 * oldest of 8 attempts is then 2 s old, which is more than any round trip takes. */
#define ATTEMPTS_MAX 8
#define INTERVAL_FIRST (15 * NS_PER_MS)
#define INTERVAL_MAX (250 * NS_PER_MS)
#define NEVER UINT64_MAX

struct connector {
	struct peer peer;
	struct sockaddr_storage to;
	int fds[ATTEMPTS_MAX]; /* oldest first */
	unsigned count;
	unsigned attempts;
	int error;
	int connected; /* -1: none */
	uint64_t next_ns;
	uint64_t interval_ns;
};

int connector_new(const struct peer *to, uint16_t port, struct connector **out)
{
	struct connector *c = calloc(1, sizeof(*c));

	*out = c;
	if (c == NULL)
		return QK_ERR_NOMEM;
	c->peer = *to;
	c->to = to->sa;
	peer_set_port(&c->to, port);
	c->connected = -1;
	c->next_ns = NEVER;
	return 0;
}

static void forget(struct connector *c, unsigned i)
{
	c->count--;
	memmove(&c->fds[i], &c->fds[i + 1], (c->count - i) * sizeof(c->fds[0]));
}

static void drop(struct connector *c, unsigned i)
{
	close(c->fds[i]);
	forget(c, i);
}

void connector_free(struct connector *c)
{
	if (c == NULL)
		return;
	while (c->count > 0)
		drop(c, c->count - 1);
	if (c->connected >= 0)
		close(c->connected);
	free(c);
}

/* A socket on its way; -1 with errno if it did not even set out. */
static int start(const struct connector *c)
{
	const struct peer *peer = &c->peer;
	int fd = socket(c->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if ((!peer->client_is_local || address_equal(&peer->client, &peer->local) ||
	     peer_bind(peer, &peer->client, fd) == 0) &&
	    (connect(fd, (const struct sockaddr *)&c->to, peer->sa_len) == 0 || errno == EINPROGRESS))
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void connector_try(struct connector *c)
{
	int fd = start(c);

	c->attempts++;
	if (fd < 0) {
		c->error = errno;
		return;
	}
	if (c->count == ATTEMPTS_MAX)
		drop(c, 0);
	c->fds[c->count++] = fd;
}

void connector_hasten(struct connector *c)
{
	connector_try(c);
	c->interval_ns = INTERVAL_FIRST;
	c->next_ns = clock_boot_ns() + c->interval_ns;
}

static void try_when_due(struct connector *c)
{
	if (clock_boot_ns() < c->next_ns)
		return;
	connector_try(c);
	c->interval_ns += c->interval_ns / 2;
	if (c->interval_ns > INTERVAL_MAX)
		c->interval_ns = INTERVAL_MAX;
	c->next_ns = clock_boot_ns() + c->interval_ns;
}

/* poll(2) says that something happened to attempt i. */
static void conclude(struct connector *c, unsigned i)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fds[i], SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		c->connected = c->fds[i];
		forget(c, i); /* transferred */
	} else {
		c->error = error;
		drop(c, i);
	}
}

/* Sleeps until something happens or until_ns, and looks at what did. */
static void look(struct connector *c, uint64_t until_ns)
{
	struct pollfd fds[ATTEMPTS_MAX];
	uint64_t now = clock_boot_ns(), ns = until_ns > now ? until_ns - now : 0;
	const struct timespec patience = {(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)};

	for (unsigned i = 0; i < c->count; i++)
		fds[i] = (struct pollfd){.fd = c->fds[i], .events = POLLOUT};
	if (ppoll(fds, c->count, &patience, NULL) <= 0)
		return;
	for (unsigned i = c->count; i-- > 0;) /* from the end, since what is concluded leaves the list */
		if (fds[i].revents != 0 && c->connected < 0)
			conclude(c, i);
}

int connector_wait(struct connector *c, uint64_t until_ns)
{
	while (c->connected < 0 && !interrupt_caught()) {
		try_when_due(c);
		look(c, until_ns < c->next_ns ? until_ns : c->next_ns);
		if (clock_boot_ns() >= until_ns)
			break;
	}
	return c->connected >= 0 ? 0 : QK_ERR_AGAIN;
}

int connector_take(struct connector *c)
{
	int fd = c->connected, flags = fd >= 0 ? fcntl(fd, F_GETFL) : 0;

	c->connected = -1;
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

unsigned connector_attempts(const struct connector *c)
{
	return c->attempts;
}

int connector_error(const struct connector *c)
{
	return c->error;
}
