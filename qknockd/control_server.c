/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/control_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/control_verbs.h"

#define SWEEP_S 1

/* What an event is about: a client's index, or one of these. */
#define EVENT_LISTEN CONTROL_CLIENTS_MAX
#define EVENT_TIMER (CONTROL_CLIENTS_MAX + 1)
#define EVENTS_MAX (CONTROL_CLIENTS_MAX + 2)

struct client {
	int fd; /* -1: nobody */
	unsigned peer;
	uint64_t last_ns; /* when it last asked */
	uint64_t serial;  /* tells it from those who had the place before */
	bool waiting;	  /* for an answer that comes later */
};

struct control_server {
	int epoll_fd, listen_fd, timer_fd;
	bool paused; /* not accepting, until the next sweep */
	bool full;   /* because there was no place: until there is one */
	struct control_actions actions;
	const struct log *log;
	uint64_t last_serial;
	struct client clients[CONTROL_CLIENTS_MAX];
};

/* --- clients --- */

static void drop(struct client *client)
{
	close(client->fd); /* takes it out of the epoll set too */
	client->fd = -1;
	client->waiting = false;
}

static int watch(struct control_server *s, int fd, uint32_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* A place for such a peer: a free one, or that of the most idle client, so that a stuck one locks nobody out. Those who
 * wait are not idle, and those who have just come are given the time to ask. An adapter takes no administrator's place,
 * and adapters together not all of them. NULL: there is none now. */
static struct client *find_room(struct control_server *s, unsigned peer)
{
	uint64_t latest = clock_boot_ns() - CONTROL_GRACE_S * CLOCK_NS_PER_S;
	struct client *unused = NULL, *idlest = NULL;
	bool adapter = peer == CONTROL_PEER_ADAPTER;
	size_t adapters = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &s->clients[i];

		if (client->fd < 0) {
			unused = client;
			continue;
		}
		adapters += client->peer == CONTROL_PEER_ADAPTER;
		if (!client->waiting && client->last_ns <= latest &&
		    (!adapter || client->peer == CONTROL_PEER_ADAPTER) &&
		    (idlest == NULL || client->last_ns < idlest->last_ns))
			idlest = client;
	}
	return unused != NULL && (!adapter || adapters < CONTROL_ADAPTERS_MAX) ? unused : idlest;
}

/* Never blocks: an answer that does not fit the socket's buffer costs the client its connection. */
static int send_to(void *arg, const struct control_message *m)
{
	char packet[CONTROL_MESSAGE_MAX];
	const int *fd = arg;
	size_t len = control_encode(m, packet);
	ssize_t n = send(*fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	crypto_wipe(packet, len);
	return n == (ssize_t)len ? 0 : -1;
}

static unsigned peer_of(const struct control_server *s, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return 0;
	if (cred.uid == 0 || cred.uid == geteuid())
		return CONTROL_PEER_ADMIN;
	return cred.uid == s->actions.requests.adapter ? CONTROL_PEER_ADAPTER : 0;
}

static void turn_away(int fd, int error)
{
	struct control_message m;

	if (control_init_error(&m, error, NULL) == 0)
		send_to(&fd, &m);
	close(fd);
}

/* One who may do nothing is told so and gets no place. */
static void admit(struct control_server *s, int fd)
{
	unsigned peer = peer_of(s, fd);
	struct client *client = find_room(s, peer);

	if (peer == 0 || client == NULL) {
		turn_away(fd, peer == 0 ? QK_ERR_DENIED : QK_ERR_AGAIN);
		return;
	}
	if (client->fd >= 0)
		drop(client);
	*client = (struct client){.fd = fd, .peer = peer, .last_ns = clock_boot_ns(), .serial = ++s->last_serial};
	if (watch(s, fd, (uint32_t)(client - s->clients)) != 0)
		drop(client);
}

/* The listening socket would stay readable and the daemon busy. */
static void pause_accepting(struct control_server *s, bool full)
{
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->listen_fd, NULL) == 0) {
		s->paused = true;
		s->full = full;
	}
}

static void resume_accepting(struct control_server *s)
{
	if (s->paused && watch(s, s->listen_fd, EVENT_LISTEN) == 0)
		s->paused = false;
}

/* As soon as somebody has gone, or is idle for long enough: the timer brings us here every second. */
static void resume_if_room(struct control_server *s)
{
	if (s->paused && s->full && find_room(s, CONTROL_PEER_ADMIN) != NULL)
		resume_accepting(s);
}

static void accept_clients(struct control_server *s)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		int fd;

		/* Whoever has no place yet waits in the kernel. */
		if (find_room(s, CONTROL_PEER_ADMIN) == NULL) {
			pause_accepting(s, true);
			return;
		}
		fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			admit(s, fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED) {
			log_line(s->log, LOG_LEVEL_WARNING, "control cannot accept: %s", strerror(errno));
			pause_accepting(s, false);
			return;
		}
	}
}

struct peer {
	struct control_server *server;
	struct client *client;
};

static int send_to_peer(void *arg, const struct control_message *m)
{
	const struct peer *peer = arg;

	return send_to(&peer->client->fd, m);
}

/* One at a time for each client, so that answers keep their order. */
static bool defer(void *arg)
{
	const struct peer *peer = arg;
	size_t waiting = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		waiting += peer->server->clients[i].waiting;
	if (peer->client->waiting || waiting >= CONTROL_WAITING_MAX)
		return false;
	peer->client->waiting = true;
	return true;
}

/* Answers one request; false: the client is lost. */
static bool serve(struct control_server *s, struct client *client)
{
	struct peer peer = {s, client};
	const struct control_reply reply = {
	    .send = send_to_peer,
	    .defer = defer,
	    .arg = &peer,
	    .later = {.place = (uint64_t)(client - s->clients), .serial = client->serial},
	};
	char packet[CONTROL_MESSAGE_MAX + 1]; /* one more, so that a longer packet shows */
	struct control_message m;
	ssize_t n = recv(client->fd, packet, sizeof(packet), MSG_DONTWAIT);
	bool kept;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	client->last_ns = clock_boot_ns();
	if (control_parse(&m, packet, (size_t)n) == 0)
		kept = control_verbs_answer(&s->actions, s->log, client->peer, &m, &reply) == 0;
	else
		kept = control_init_error(&m, QK_ERR_CONTROL, NULL) == 0 && send_to(&client->fd, &m) == 0;
	crypto_wipe(packet, (size_t)n);
	control_wipe(&m);
	return kept;
}

void control_server_answer(struct control_server *s, const struct control_later *later, int error,
			   const struct control_message *item)
{
	struct client *client = &s->clients[later->place];
	struct control_message m;
	int lost = 0;

	if (client->fd < 0 || client->serial != later->serial)
		return;
	client->waiting = false;
	if (error == 0 && item != NULL)
		lost = send_to(&client->fd, item);
	if (lost == 0 && (error != 0 ? control_init_error(&m, error, NULL) : control_init(&m, "ok")) == 0)
		lost = send_to(&client->fd, &m);
	if (lost != 0)
		drop(client);
}

void control_server_set_requests(struct control_server *s, const struct control_requests *requests)
{
	s->actions.requests = *requests;
}

void control_server_sweep(struct control_server *s, uint64_t now_ns)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &s->clients[i];

		if (client->fd >= 0 && now_ns > client->last_ns + CONTROL_IDLE_S * CLOCK_NS_PER_S)
			drop(client);
	}
	resume_accepting(s);
}

void control_server_dispatch(struct control_server *s)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	resume_if_room(s);
	n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, 0);
	for (int i = 0; i < n; i++) {
		uint32_t what = events[i].data.u32;
		uint64_t ticks;

		if (what == EVENT_LISTEN)
			accept_clients(s);
		else if (what == EVENT_TIMER && read(s->timer_fd, &ticks, sizeof(ticks)) == sizeof(ticks))
			control_server_sweep(s, clock_boot_ns());
		/* One event of this batch may have dropped the client of another. */
		else if (what < CONTROL_CLIENTS_MAX && s->clients[what].fd >= 0 && !serve(s, &s->clients[what]))
			drop(&s->clients[what]);
	}
	resume_if_room(s);
}

int control_server_fd(const struct control_server *s)
{
	return s->epoll_fd;
}

/* --- opening and closing --- */

static int open_events(struct control_server *s)
{
	const struct itimerspec sweep = {.it_value.tv_sec = SWEEP_S, .it_interval.tv_sec = SWEEP_S};

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll_fd < 0 || s->timer_fd < 0 || timerfd_settime(s->timer_fd, 0, &sweep, NULL) != 0)
		return QK_ERR_IO;
	return watch(s, s->listen_fd, EVENT_LISTEN) != 0 || watch(s, s->timer_fd, EVENT_TIMER) != 0 ? QK_ERR_IO : 0;
}

int control_server_open(int listen_fd, const struct control_actions *actions, const struct log *log,
			struct control_server **out)
{
	struct control_server *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (s == NULL)
		return QK_ERR_NOMEM;
	s->epoll_fd = s->timer_fd = -1;
	s->listen_fd = listen_fd;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		s->clients[i].fd = -1;
	s->actions = *actions;
	s->log = log;
	err = open_events(s);
	if (err != 0) {
		log_line(log, LOG_LEVEL_ERROR, "control cannot be served: %s", strerror(errno));
		control_server_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void control_server_close(struct control_server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (s->clients[i].fd >= 0)
			drop(&s->clients[i]);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s);
}
