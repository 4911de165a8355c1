/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "libcore/error.h"

#define BUFFER_SIZE (4 * 1024 * 1024)
#define MESSAGES_MAX 32 /* of one capture at a time */

/* --- the capture's end --- */

int feed_pair(int fds[2])
{
	static const int size = BUFFER_SIZE;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return QK_ERR_IO;
	/* What the host allows will do, too. */
	if (setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static bool send_batch(struct feed_writer *w)
{
	size_t size = offsetof(struct feed_message, records) + w->message.count * sizeof(struct feed_record);
	ssize_t n;

	do
		n = send(w->fd, &w->message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		w->dropped += w->message.count;
	w->message.count = 0;
	return n >= 0 || errno == EAGAIN || errno == ENOBUFS;
}

void feed_write(void *writer, const struct frame_knock *knock)
{
	struct feed_writer *w = writer;
	struct feed_record *record;

	/* Its counters are those of the batch before; feed_flush sends the last ones. */
	if (w->message.count == FEED_BATCH && !send_batch(w))
		return;
	record = &w->message.records[w->message.count++];
	memcpy(record->source, knock->source.b, sizeof(record->source));
	record->word = knock->word;
	record->port = knock->port;
	record->carrier = (uint8_t)knock->carrier;
}

bool feed_flush(struct feed_writer *w, const struct capture_counters *counters)
{
	w->message.counters = *counters;
	w->message.counters.dropped += w->dropped;
	return send_batch(w);
}

/* --- the verifier's end --- */

struct channel {
	int fd;
	struct capture_counters counters;
	struct channel *prev, *next;
};

struct feed {
	int epoll_fd;
	struct channel *channels;
	struct capture_counters ended;
};

int feed_check(const struct feed_message *message, size_t len)
{
	if (len < offsetof(struct feed_message, records) || message->count > FEED_BATCH ||
	    len != offsetof(struct feed_message, records) + message->count * sizeof(struct feed_record))
		return QK_ERR_CONTROL;
	for (uint32_t i = 0; i < message->count; i++)
		if (message->records[i].carrier > FRAME_UDP)
			return QK_ERR_CONTROL;
	return 0;
}

int feed_new(struct feed **out)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	*out = NULL;
	if (feed == NULL)
		return QK_ERR_NOMEM;
	feed->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (feed->epoll_fd < 0) {
		free(feed);
		return QK_ERR_IO;
	}
	*out = feed;
	return 0;
}

static void add_counters(struct capture_counters *sum, const struct capture_counters *more)
{
	sum->seen += more->seen;
	sum->malformed += more->malformed;
	sum->other += more->other;
	sum->dropped += more->dropped;
	sum->plain += more->plain;
}

static void end(struct feed *feed, struct channel *channel)
{
	channel->counters.plain = 0; /* of interfaces that are open */
	add_counters(&feed->ended, &channel->counters);
	DL_DELETE(feed->channels, channel);
	/* The helper has it too: closing alone would leave it in the epoll set. */
	epoll_ctl(feed->epoll_fd, EPOLL_CTL_DEL, channel->fd, NULL);
	close(channel->fd);
	free(channel);
}

void feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	while (feed->channels != NULL)
		end(feed, feed->channels);
	close(feed->epoll_fd);
	free(feed);
}

int feed_add(struct feed *feed, int fd)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = channel};

	if (channel == NULL || epoll_ctl(feed->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		close(fd);
		free(channel);
		return channel == NULL ? QK_ERR_NOMEM : QK_ERR_IO;
	}
	channel->fd = fd;
	DL_APPEND(feed->channels, channel);
	return 0;
}

int feed_fd(const struct feed *feed)
{
	return feed->epoll_fd;
}

/* After a reload a capture that is about to end may still send what came to the ports before. */
static void hand_over(const struct feed_message *message, const struct knock_shape *shape,
		      void (*take)(void *arg, const struct frame_knock *knocks, size_t count), void *arg)
{
	struct frame_knock knocks[FEED_BATCH];
	size_t count = 0;

	for (uint32_t i = 0; i < message->count; i++) {
		const struct feed_record *record = &message->records[i];

		if (record->port < shape->port_first || record->port > shape->port_last)
			continue;
		knocks[count] = (struct frame_knock){
		    .port = record->port, .word = record->word, .carrier = (enum frame_carrier)record->carrier};
		memcpy(knocks[count].source.b, record->source, sizeof(record->source));
		count++;
	}
	take(arg, knocks, count);
}

/* False at the end. */
static bool read_channel(struct channel *channel, const struct knock_shape *shape,
			 void (*take)(void *arg, const struct frame_knock *knocks, size_t count), void *arg)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		struct feed_message message;
		ssize_t n = recv(channel->fd, &message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0 || feed_check(&message, (size_t)n) != 0)
			return false;
		channel->counters = message.counters;
		hand_over(&message, shape, take, arg);
		/* What is not full was the last one, as yet: to be told so by the kernel costs as much as it did. */
		if (message.count < FEED_BATCH)
			break;
	}
	return true;
}

void feed_dispatch(struct feed *feed, const struct knock_shape *shape,
		   void (*take)(void *arg, const struct frame_knock *knocks, size_t count), void *arg)
{
	struct epoll_event events[8];
	int n;

	/* Of one alone it need not be asked which. */
	if (feed->channels != NULL && feed->channels->next == NULL) {
		if (!read_channel(feed->channels, shape, take, arg))
			end(feed, feed->channels);
		return;
	}
	n = epoll_wait(feed->epoll_fd, events, 8, 0);
	for (int i = 0; i < n; i++)
		if (!read_channel(events[i].data.ptr, shape, take, arg))
			end(feed, events[i].data.ptr);
}

void feed_counters(const struct feed *feed, struct capture_counters *out)
{
	const struct channel *channel;

	*out = feed->ended;
	DL_FOREACH(feed->channels, channel)
	add_counters(out, &channel->counters);
}
