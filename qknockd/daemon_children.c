/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other processes: what they ask for, and what is done when one ends. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qknockd/checker.h"
#include "qknockd/daemon_state.h"
#include "qknockd/verifier.h"

#define PAUSE_MAX_S 30
#define FEEDS_MAX 64
#define LEFT_MESSAGES_MAX 1024 /* more than fit a socket's buffer */

/* --- what the others ask for --- */

static void set_ready(struct daemon *d, const struct child *child, uint64_t flags)
{
	if ((flags & PRIVOP_NO_LANDLOCK) != 0 && !d->said_no_landlock) {
		log_line(d->log, LOG_LEVEL_WARNING,
			 "this kernel has no Landlock: seccomp and users alone keep the processes apart");
		d->said_no_landlock = true;
	}
	if (child != &d->verifier)
		return;
	d->ready = true;
	if (d->running)
		notify_manager(DAEMON_READY);
	if (d->reload_wanted)
		daemon_tell(d, PRIVOP_RELOAD_WANTED, 0, -1);
	d->reload_wanted = false;
}

static void perform(struct daemon *d, const struct privop_context *context, const struct privop_request *request,
		    struct privop_reply *reply, int *fd)
{
	switch (request->op) {
	case PRIVOP_RELOAD:
		reply->rc = daemon_prepare_reload(d, reply, fd);
		break;
	case PRIVOP_RELOAD_COMMIT:
		reply->rc = daemon_commit_reload(d);
		break;
	case PRIVOP_RELOAD_DONE:
		reply->rc = daemon_end_reload(d, request->value);
		break;
	default:
		performer_do(d->performer, context, request, reply);
	}
}

static int answer(struct daemon *d, const struct child *child, const struct privop_context *context,
		  const union privop_packet *packet, int rc)
{
	struct privop_reply reply = {.rc = rc};
	int fd = -1;

	if (rc == 0)
		perform(d, context, &packet->request, &reply, &fd);
	else
		log_line(d->log, LOG_LEVEL_ERROR, "refused process=%s asked=%s", child->name, privop_name(packet->op));
	/* It waits for nothing else: there is room. */
	rc = privop_send(child->fd, &reply, privop_reply_size(packet->op), fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? (int)packet->op : rc;
}

/* Others than the verifier say who they are, lest they speak for it. */
static void pass_on(const struct daemon *d, struct child *child, const struct privop_log *line)
{
	size_t len = strlen(child->name);
	bool named = strncmp(line->text, child->name, len) == 0 && line->text[len] == ':';

	if (!loglimit_share_take(&child->lines, clock_boot_ns()))
		return;
	if (child->from == PRIVOP_VERIFIER || named)
		log_line(d->log, (enum log_level)line->level, "%s", line->text);
	else
		log_line(d->log, (enum log_level)line->level, "%s: %s", child->name, line->text);
}

/* Returns the operation, PRIVOP_COUNT if there is no message. */
int daemon_take_message(void *arg, struct child *child)
{
	struct daemon *d = arg;
	struct privop_context context = {.config = d->config,
					 .old = d->old,
					 .generation = d->generation,
					 .boot_id = d->boot_id,
					 .now_ns = clock_boot_ns(),
					 .now_wall_s = clock_wall_s()};
	union privop_packet packet;
	int passed, rc;
	long n = privop_receive(child->fd, &packet, sizeof(packet), &passed, MSG_DONTWAIT);

	if (passed >= 0)
		close(passed);
	/* An event that was for a process whose descriptor this one has now. */
	if (n < 0 && errno == EAGAIN)
		return PRIVOP_COUNT;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return QK_ERR_IO;
	rc = n < 0 ? QK_ERR_CONTROL : privop_check(&packet, (size_t)n, child->from, &context);
	if (rc == QK_ERR_CONTROL) {
		log_line(d->log, LOG_LEVEL_ERROR, "refused process=%s sent what is no message, it is ended",
			 child->name);
		return rc;
	}
	if (privop_is_answered(packet.op))
		return answer(d, child, &context, &packet, rc);
	if (packet.op == PRIVOP_LOG)
		pass_on(d, child, &packet.log);
	else if (packet.op == PRIVOP_ALIVE)
		child->alive = true;
	else
		set_ready(d, child, packet.request.value);
	return (int)packet.op;
}

void daemon_on_channel(struct daemon *d, struct child *child)
{
	if (daemon_take_message(d, child) < 0)
		child_end(child);
}

/* --- the other processes --- */

static int watch_child(const struct daemon *d, const struct child *child)
{
	return daemon_watch(d, child->fd, EPOLLIN);
}

/* *fd is for the verifier. */
static int start_checker(struct daemon *d, int *fd)
{
	int rc = checker_start(&d->checker, &d->capture_ids, d->expected, d->log, fd);

	d->checker_next_ns = clock_boot_ns() + CLOCK_NS_PER_S;
	return rc == 0 ? watch_child(d, &d->checker) : rc;
}

/* All that the verifier will ever have is opened here, or comes through the queue of news. */
static int fork_verifier(struct daemon *d, int events[2], int checker)
{
	int keep[FEEDS_MAX + 5], feeds[FEEDS_MAX];
	struct verifier_setup setup = {.path = d->path,
				       .store = d->store,
				       .config = d->config,
				       .generation = d->generation,
				       .ids = d->verifier_ids,
				       .adapter = d->adapter,
				       .control = control_socket_fd(d->control),
				       .events = events[1],
				       .checker = checker,
				       .feeds = feeds,
				       .addresses = d->addresses,
				       .address_count = d->address_count,
				       .expected = d->expected,
				       .plain_reason = d->plain_reason,
				       .started_ns = d->started_ns,
				       .restarts = d->restarts};
	size_t count = 0;

	for (size_t i = 0; i < captures_count(d->captures) && setup.feed_count < FEEDS_MAX; i++)
		if (captures_feed(d->captures, i) >= 0)
			keep[count++] = feeds[setup.feed_count++] = captures_feed(d->captures, i);
	keep[count++] = setup.control;
	keep[count++] = setup.events;
	keep[count++] = setup.checker;
	if (d->expected != NULL)
		keep[count++] = expected_map(d->expected);
	return child_start(&d->verifier, verifier_run, &setup, keep, count, d->log);
}

/* Together with a new process for pass-codes: the old one has lost who asked it. */
int daemon_start_verifier(struct daemon *d)
{
	int events[2], checker;
	int rc;

	child_kill(&d->checker);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) != 0)
		return QK_ERR_IO;
	rc = start_checker(d, &checker);
	if (rc == 0)
		rc = fork_verifier(d, events, checker);
	if (rc == 0)
		rc = watch_child(d, &d->verifier);
	if (checker >= 0)
		close(checker);
	close(events[1]);
	news_attach(d->news, events[0]);
	d->news_left = false;
	d->ready = false;
	d->verifier_begun_ns = clock_boot_ns();
	return rc;
}

/* Nothing is lost with it: keys and grants are in the store, packets wait in the captures' sockets. */
static void plan_verifier(struct daemon *d)
{
	uint64_t now = clock_boot_ns();

	performer_forget(d->performer);
	news_attach(d->news, -1);
	daemon_forget_next(d);
	config_free(d->old);
	d->old = NULL;
	d->restarts++;
	if (d->ready && now - d->verifier_begun_ns > PAUSE_MAX_S * CLOCK_NS_PER_S)
		d->pause_s = 0;
	d->ready = false;
	notify_manager("READY=1\nSTATUS=The verifier has died, another one is being started.");
	d->verifier_next_ns = now + d->pause_s * CLOCK_NS_PER_S;
	d->pause_s = d->pause_s == 0 ? 1 : d->pause_s * 2;
	if (d->pause_s > PAUSE_MAX_S)
		d->pause_s = PAUSE_MAX_S;
}

static void restart_what_is_due(struct daemon *d)
{
	uint64_t now = clock_boot_ns();
	int fd;

	if (d->stop || !d->running)
		return;
	if (d->verifier.pid == 0) {
		if (now >= d->verifier_next_ns && daemon_start_verifier(d) != 0)
			plan_verifier(d);
	} else if (d->checker.pid == 0 && now >= d->checker_next_ns && start_checker(d, &fd) == 0) {
		daemon_tell(d, PRIVOP_CHECKER, 0, fd);
		close(fd);
	}
}

/* What it said before it died is still to be read; no more than that, since it may have given its end away. */
static void read_out(struct daemon *d, struct child *child)
{
	struct pollfd fd = {.fd = child->fd, .events = POLLIN};

	for (int i = 0; i < LEFT_MESSAGES_MAX && child->fd >= 0 && poll(&fd, 1, 0) > 0; i++)
		daemon_on_channel(d, child);
}

void daemon_reap(struct daemon *d)
{
	hooks_reap(d->hooks);
	captures_reap(d->captures);
	if (d->leaving != NULL)
		captures_reap(d->leaving);
	if (d->leaving != NULL && captures_are_gone(d->leaving)) {
		captures_free(d->leaving);
		d->leaving = NULL;
	}
	if (child_reap(&d->checker, d->stop, d->log))
		d->checker_next_ns = clock_boot_ns() > d->checker_next_ns ? 0 : d->checker_next_ns;
	if (child_has_ended(&d->verifier)) {
		read_out(d, &d->verifier);
		child_reap(&d->verifier, d->stop, d->log);
		plan_verifier(d);
	}
	restart_what_is_due(d);
}
