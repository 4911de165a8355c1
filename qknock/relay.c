/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"

#define BUFFER_SIZE (128 * 1024)

/* One direction. */
struct flow {
	int from, to;
	bool to_socket;
	size_t piece; /* the most to write at once */
	char *buffer;
	size_t start, end; /* what is in it */
	bool ended;	   /* nothing more comes */
	bool done;	   /* and that has been handed on */
};

/* A write that poll(2) calls possible may still block for want of room for all of it. O_NONBLOCK would be switched on
 * for everyone who shares the descriptor, a shell's terminal for instance; one that is opened anew is ours alone.
 * Where that fails, pieces of PIPE_BUF never block. */
static void open_output(struct flow *flow, int out)
{
	char path[sizeof("/proc/self/fd/") + 12];
	struct stat st;
	int fd;

	flow->to = out;
	flow->piece = BUFFER_SIZE;
	if (fstat(out, &st) != 0)
		return;
	flow->to_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return; /* sockets have MSG_DONTWAIT, files don't block */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		flow->piece = PIPE_BUF;
		return;
	}
	flow->to = fd;
	close(out);
}

static bool wait_is_over(int error)
{
	return error != EAGAIN && error != EWOULDBLOCK && error != EINTR;
}

/* Called when something is there to be read, so that it doesn't block. */
static int take(struct flow *flow)
{
	ssize_t n = read(flow->from, flow->buffer, BUFFER_SIZE);

	if (n < 0)
		return wait_is_over(errno) ? QK_ERR_IO : 0;
	flow->start = 0;
	flow->end = (size_t)n;
	flow->ended = n == 0;
	return 0;
}

static int give(struct flow *flow)
{
	const char *bytes = flow->buffer + flow->start;
	size_t len = flow->end - flow->start;
	ssize_t n;

	if (flow->to_socket)
		n = send(flow->to, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(flow->to, bytes, len < flow->piece ? len : flow->piece);
	if (n < 0)
		return wait_is_over(errno) ? QK_ERR_IO : 0;
	flow->start += (size_t)n;
	return 0;
}

static bool is_empty(const struct flow *flow)
{
	return flow->start == flow->end;
}

/* Sockets learn of the end by shutdown(2), because the other direction may need them still. */
static void hand_on_end(struct flow *flow)
{
	if (flow->to_socket) {
		(void)shutdown(flow->to, SHUT_WR);
	} else {
		close(flow->to);
		flow->to = -1;
	}
	flow->done = true;
}

static int advance(struct flow *flow, bool readable, bool writable)
{
	int rc = 0;

	if (flow->done)
		return 0;
	if (readable && is_empty(flow)) {
		rc = take(flow);
		writable = flow->piece == BUFFER_SIZE; /* likely so, and asking costs more than trying */
	}
	if (rc == 0 && writable && !is_empty(flow))
		rc = give(flow);
	if (rc == 0 && flow->ended && is_empty(flow))
		hand_on_end(flow);
	return rc;
}

/* What is waited for: reading into an empty buffer, or writing a full one. Descriptors of which nothing is wanted are
 * left out, since poll(2) would report their hang-ups for ever. */
static void wishes(const struct flow *flow, struct pollfd fds[static 2])
{
	bool reads = !flow->done && is_empty(flow), writes = !flow->done && !is_empty(flow);

	fds[0] = (struct pollfd){.fd = reads ? flow->from : -1, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = writes ? flow->to : -1, .events = POLLOUT};
}

/* The connection no longer takes anything, but what it has brought is still to be handed on. */
static int give_up_sending(struct flow *up, int *broken)
{
	if (errno != EPIPE && errno != ECONNRESET)
		return QK_ERR_IO;
	*broken = errno;
	up->done = true;
	return 0;
}

static int run(struct flow *up, struct flow *down)
{
	struct pollfd fds[4];
	int broken = 0;

	while (!(up->done && down->done)) {
		wishes(up, fds);
		wishes(down, fds + 2);
		if (fds[3].fd < 0 && !down->done)
			fds[3] = (struct pollfd){.fd = down->to}; /* its reader may leave while nothing comes */
		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			return QK_ERR_IO;
		if (advance(up, fds[0].revents != 0, fds[1].revents != 0) != 0 && give_up_sending(up, &broken) != 0)
			return QK_ERR_IO;
		if (fds[3].events == 0 && (fds[3].revents & (POLLERR | POLLHUP)) != 0)
			return 0;
		if (advance(down, fds[2].revents != 0, fds[3].revents != 0) != 0)
			return errno == EPIPE ? 0 : QK_ERR_IO;
	}
	errno = broken;
	return broken == 0 ? 0 : QK_ERR_IO;
}

int relay(int in, int out, int connection)
{
	char *buffers = malloc((size_t)2 * BUFFER_SIZE);
	struct flow up = {.from = in, .to = connection, .to_socket = true, .piece = BUFFER_SIZE, .buffer = buffers};
	struct flow down = {.from = connection};
	int rc;

	if (buffers == NULL)
		return QK_ERR_NOMEM;
	down.buffer = buffers + BUFFER_SIZE;
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves shows as EPIPE */
	open_output(&down, out);
	rc = run(&up, &down);
	int saved = errno;
	if (down.to >= 0 && down.to != in)
		close(down.to);
	free(buffers);
	errno = saved;
	return rc;
}
