/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/captures.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/capture.h"
#include "qknockd/feed.h"
#include "qknockd/privop.h"

#define OPEN_TIMEOUT_MS 10000
#define TICK_MS 1000
#define PAUSE_MAX_S 8

struct slot {
	char *name;
	struct child child;
	int feed;	  /* the end to read from: kept for a verifier that comes later; -1: none */
	bool open;	  /* it has said so */
	bool failed;	  /* the last one never was */
	uint64_t next_ns; /* not to be started again before */
	uint64_t begun_ns;
	uint32_t pause_s;
};

struct captures {
	struct captures_owner owner;
	struct knock_shape shape;
	struct slot *slots;
	size_t count;
	bool dismissed;
};

/* --- in the process --- */

struct order {
	const struct captures *captures;
	char *name;
	int feed;
	bool quiet; /* why it cannot be opened was said before */
};

static int say(int channel, enum privop op, uint64_t value, int flags)
{
	struct privop_request request = {.op = op, .value = value};

	return privop_send(channel, &request, sizeof(request), -1, flags);
}

static int shut_off(const struct order *order, const struct child_self *self)
{
	uint64_t flags = 0;
	int rc = sandbox_become(order->captures->owner.ids, self->parent);

	if (rc == 0) {
		rc = sandbox_files(NULL, NULL);
		flags = rc == QK_ERR_NOT_FOUND ? PRIVOP_NO_LANDLOCK : 0;
		rc = rc == QK_ERR_NOT_FOUND ? 0 : rc;
	}
	if (rc == 0)
		rc = sandbox_calls(SANDBOX_CAPTURE);
	if (rc != 0) {
		log_line(&self->log, LOG_LEVEL_ERROR, "capture: cannot give up its privileges: %s", strerror(errno));
		return rc;
	}
	return say(self->fd, PRIVOP_READY, flags, 0);
}

/* False when nobody reads any more. */
static bool pass_on(struct capture *capture, struct feed_writer *writer, uint64_t *reported)
{
	struct capture_counters counters;

	capture_dispatch(capture, feed_write, writer);
	capture_counters(capture, &counters);
	if (writer->message.count == 0 && counters.seen == *reported)
		return true;
	*reported = counters.seen;
	return feed_flush(writer, &counters);
}

/* All that has come until now. */
static void drain(struct capture *capture, struct feed_writer *writer, uint64_t *reported)
{
	uint64_t before;

	do {
		before = *reported;
		if (!pass_on(capture, writer, reported))
			return;
	} while (*reported != before);
}

static int watch_both(const struct capture *capture, int channel)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	event.data.fd = capture_fd(capture);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
		return -1;
	event.data.fd = channel;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, channel, &event) == 0 ? epoll : -1;
}

static void report(struct capture *capture, struct feed_writer *writer)
{
	struct capture_counters counters;

	capture_tick(capture);
	capture_counters(capture, &counters);
	feed_flush(writer, &counters);
}

static int serve(struct capture *capture, struct feed_writer *writer, int epoll, int channel)
{
	uint64_t next = clock_boot_ns() + CLOCK_NS_PER_S, reported = 0;
	bool more = true;

	while (more && capture_is_open(capture)) {
		struct epoll_event events[2];
		int n = epoll_wait(epoll, events, 2, TICK_MS);

		for (int i = 0; i < n; i++) {
			/* The helper says nothing but that it is over. */
			if (events[i].data.fd == channel) {
				drain(capture, writer, &reported);
				return 0;
			}
			more = pass_on(capture, writer, &reported);
		}
		if (clock_boot_ns() >= next) {
			report(capture, writer);
			say(channel, PRIVOP_ALIVE, 0, MSG_DONTWAIT); /* the next one will do, too */
			next = clock_boot_ns() + CLOCK_NS_PER_S;
		}
	}
	report(capture, writer);
	return 0;
}

static int run(void *arg, const struct child_self *self)
{
	const struct order *order = arg;
	char *interfaces[] = {order->name, NULL};
	struct feed_writer *writer = calloc(1, sizeof(*writer));
	struct expected_set *expected = order->captures->owner.expected;
	const struct expected_programs *programs = expected != NULL ? expected_get_programs(expected) : NULL;
	struct log log = self->log;
	struct capture *capture;
	int epoll;

	if (order->quiet && log.level > LOG_LEVEL_ERROR)
		log.level = LOG_LEVEL_ERROR;
	if (writer == NULL || capture_open(interfaces, &order->captures->shape, programs, &log, &capture) != 0)
		return EXIT_FAILURE;
	/* What the filter is told is not this process's to say. */
	if (expected != NULL)
		expected_leave(expected);
	log.level = self->log.level;
	if (order->quiet)
		log_line(&log, LOG_LEVEL_INFO, "capture: listening interface=%s", order->name);
	writer->fd = order->feed;
	epoll = watch_both(capture, self->fd);
	capture_seal(capture);
	if (epoll < 0 || shut_off(order, self) != 0)
		return EXIT_FAILURE;
	return serve(capture, writer, epoll, self->fd);
}

/* --- in the helper --- */

static void close_feed(struct slot *slot)
{
	if (slot->feed >= 0)
		close(slot->feed);
	slot->feed = -1;
}

static int start(struct captures *c, struct slot *slot)
{
	struct order order = {.captures = c, .name = slot->name, .quiet = slot->failed};
	int fds[2], keep[5];
	size_t count = 1;
	int rc = feed_pair(fds);

	if (rc != 0)
		return rc;
	order.feed = keep[0] = fds[1];
	if (c->owner.expected != NULL) {
		keep[count++] = expected_get_programs(c->owner.expected)->ethernet;
		keep[count++] = expected_get_programs(c->owner.expected)->network;
	}
	rc = child_start(&slot->child, run, &order, keep, count, c->owner.log);
	close(fds[1]);
	slot->feed = fds[0];
	slot->open = false;
	slot->begun_ns = clock_boot_ns();
	if (rc != 0)
		close_feed(slot);
	return rc;
}

/* One message. The end of the channel shows in SIGCHLD. */
static void take_message(struct captures *c, struct slot *slot)
{
	int op = c->owner.message(c->owner.arg, &slot->child);

	if (op < 0)
		child_end(&slot->child);
	slot->open |= op == PRIVOP_READY;
}

/* Log lines of a capture that opens come before it says that it is ready. */
static void await(struct captures *c, struct slot *slot)
{
	uint64_t end = clock_boot_ns() + OPEN_TIMEOUT_MS * UINT64_C(1000000);

	while (!slot->open && slot->child.fd >= 0 && clock_boot_ns() < end) {
		struct pollfd fd = {.fd = slot->child.fd, .events = POLLIN};

		if (poll(&fd, 1, TICK_MS) > 0)
			take_message(c, slot);
	}
}

static int add_slots(struct captures *c, char *const *interfaces)
{
	size_t count = 0;

	while (interfaces[count] != NULL)
		count++;
	c->slots = calloc(count, sizeof(*c->slots));
	if (c->slots == NULL)
		return QK_ERR_NOMEM;
	for (; c->count < count; c->count++) {
		struct slot *slot = &c->slots[c->count];

		slot->child = (struct child)CHILD_NONE("capture", PRIVOP_CAPTURE);
		slot->feed = -1;
		slot->name = strdup(interfaces[c->count]);
		if (slot->name == NULL)
			return QK_ERR_NOMEM;
	}
	return 0;
}

/* Each has said why not. Without any there is nothing to be done; else those that are missing may come. */
static int check_open(const struct captures *c)
{
	size_t open = 0;

	for (size_t i = 0; i < c->count; i++)
		open += c->slots[i].open;
	if (open == 0)
		return QK_ERR_IO;
	for (size_t i = 0; i < c->count; i++)
		if (!c->slots[i].open)
			log_line(c->owner.log, LOG_LEVEL_NOTICE, "capture: will listen when it can interface=%s",
				 c->slots[i].name);
	return 0;
}

int captures_new(const struct config *config, const struct captures_owner *owner, struct captures **out)
{
	struct captures *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (c == NULL)
		return QK_ERR_NOMEM;
	c->owner = *owner;
	c->shape = config->shape;
	rc = add_slots(c, config->interfaces);
	for (size_t i = 0; rc == 0 && i < c->count; i++)
		rc = start(c, &c->slots[i]);
	for (size_t i = 0; rc == 0 && i < c->count; i++)
		await(c, &c->slots[i]);
	if (rc == 0)
		rc = check_open(c);
	if (rc != 0) {
		captures_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void captures_dismiss(struct captures *c)
{
	c->dismissed = true;
	for (size_t i = 0; i < c->count; i++) {
		child_dismiss(&c->slots[i].child);
		close_feed(&c->slots[i]);
	}
}

bool captures_are_gone(const struct captures *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].child.pid != 0)
			return false;
	return true;
}

void captures_free(struct captures *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++) {
		child_kill(&c->slots[i].child);
		close_feed(&c->slots[i]);
		free(c->slots[i].name);
	}
	free(c->slots);
	free(c);
}

size_t captures_count(const struct captures *c)
{
	return c->count;
}

int captures_channel(const struct captures *c, size_t i)
{
	return c->slots[i].child.fd;
}

int captures_feed(const struct captures *c, size_t i)
{
	return c->slots[i].feed;
}

void captures_dispatch(struct captures *c, int channel)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].child.fd == channel)
			take_message(c, &c->slots[i]);
}

/* Again at once for one that had been there for a while, then after 1, 2, 4 ... seconds. */
static void plan_next(struct slot *slot)
{
	uint64_t now = clock_boot_ns();

	if (slot->open && now - slot->begun_ns > PAUSE_MAX_S * CLOCK_NS_PER_S)
		slot->pause_s = 0;
	slot->next_ns = now + slot->pause_s * CLOCK_NS_PER_S;
	slot->pause_s = slot->pause_s == 0 ? 1 : slot->pause_s * 2;
	if (slot->pause_s > PAUSE_MAX_S)
		slot->pause_s = PAUSE_MAX_S;
}

static void restart(struct captures *c, struct slot *slot)
{
	if (c->dismissed || (strcmp(slot->name, "any") != 0 && if_nametoindex(slot->name) == 0))
		return;
	if (start(c, slot) != 0) {
		log_line(c->owner.log, LOG_LEVEL_ERROR, "capture: cannot start a process interface=%s: %s", slot->name,
			 strerror(errno));
		plan_next(slot);
		return;
	}
	c->owner.started(c->owner.arg, slot->feed);
}

void captures_reap(struct captures *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct slot *slot = &c->slots[i];

		/* It has said itself why it could not open its interface, or lost it. */
		if (!child_reap(&slot->child, true, c->owner.log))
			continue;
		close_feed(slot);
		plan_next(slot);
		slot->failed = !slot->open;
		slot->open = false;
		if (clock_boot_ns() >= slot->next_ns)
			restart(c, slot);
	}
}

void captures_tick(struct captures *c)
{
	for (size_t i = 0; i < c->count; i++) {
		child_tick(&c->slots[i].child, c->owner.log);
		if (c->slots[i].child.pid == 0 && clock_boot_ns() >= c->slots[i].next_ns)
			restart(c, &c->slots[i]);
	}
}

bool captures_are_alive(const struct captures *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].open && !c->slots[i].child.alive)
			return false;
	return true;
}

void captures_doubt(struct captures *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->slots[i].child.alive = false;
}
