/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "libcore/keyword.h"
#include "qknockd/captures.h"
#include "qknockd/checker.h"
#include "qknockd/control_socket.h"
#include "qknockd/hooks.h"
#include "qknockd/localaddr.h"
#include "qknockd/news.h"
#include "qknockd/notify.h"
#include "qknockd/performer.h"
#include "qknockd/sandbox.h"
#include "qknockd/storedir.h"
#include "qknockd/verifier.h"

#define END_TIMEOUT_NS (4 * CLOCK_NS_PER_S) /* for the verifier to close its store */
#define START_TIMEOUT_NS (60 * CLOCK_NS_PER_S)
#define PAUSE_MAX_S 30
#define FEEDS_MAX 64
#define READY "READY=1\nSTATUS=Waiting for knocks."

struct daemon {
	const char *path;
	struct config *config;
	struct config *old;  /* during a reload: what the hooks of grants that end now are in */
	struct config *next; /* found good, and not yet agreed upon */
	struct captures *next_captures;
	uint32_t generation;
	char *store; /* where it was at the start */
	struct logger *logger;
	const struct log *log;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	struct sandbox_ids verifier_ids, capture_ids;
	uid_t adapter, next_adapter;
	struct control_socket *control;
	struct hooks *hooks;
	struct performer *performer;
	struct news *news;
	struct expected_set *expected; /* NULL without filters of the kernel's; plain_reason says why */
	char plain_reason[96];
	struct captures *captures;
	struct captures *leaving; /* those of the configuration before, until they have ended */
	struct child verifier, checker;
	struct address *addresses;
	size_t address_count;
	bool ready;   /* the verifier has said so */
	bool running; /* what ends is started again */
	bool reload_wanted;
	uint32_t restarts, pause_s;
	uint64_t verifier_begun_ns, verifier_next_ns, checker_next_ns;
	sigset_t old_mask;
	int epoll_fd, signal_fd, timer_fd;
	uint64_t started_ns;
	uint64_t watchdog_ns, watchdog_next_ns;
	bool said_no_landlock;
	bool news_left;
	bool stop;
};

/* --- events --- */

static int watch(const struct daemon *d, int fd, uint32_t what)
{
	struct epoll_event event = {.events = what, .data.fd = fd};

	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
	    (errno == EEXIST && epoll_ctl(d->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0))
		return 0;
	return QK_ERR_IO;
}

/* What the verifier's socket did not take goes when it is writable again. */
static void flush_news(struct daemon *d)
{
	bool left = news_flush(d->news);

	if (left != d->news_left && news_fd(d->news) >= 0)
		watch(d, news_fd(d->news), left ? EPOLLOUT : 0);
	d->news_left = left;
}

static void tell(struct daemon *d, enum privop_news what, uint64_t value, int fd)
{
	if (news_tell(d->news, what, value, fd) != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "the verifier cannot be told: %s", strerror(errno));
	flush_news(d);
}

static void on_hook_started(void *arg, uint64_t job)
{
	tell(arg, PRIVOP_HOOK_STARTED, job, -1);
}

/* --- names that are numbers from here on --- */

static int find_user(const struct daemon *d, const char *keyword, const char *name, struct sandbox_ids *ids)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL) {
		log_line(d->log, LOG_LEVEL_ERROR,
			 "%s = %s: there is no such user; make it: adduser --system --group --no-create-home %s",
			 keyword, name, name);
		return QK_ERR_CONFIG;
	}
	if (pw->pw_uid == 0) {
		log_line(d->log, LOG_LEVEL_ERROR, "%s = %s: expected a user other than root", keyword, name);
		return QK_ERR_CONFIG;
	}
	*ids = (struct sandbox_ids){pw->pw_uid, pw->pw_gid};
	return 0;
}

static int find_users(struct daemon *d)
{
	int rc = find_user(d, "user", d->config->user, &d->verifier_ids);

	if (rc == 0)
		rc = find_user(d, "capture_user", d->config->capture_user, &d->capture_ids);
	if (rc == 0 && d->verifier_ids.uid == d->capture_ids.uid) {
		log_line(d->log, LOG_LEVEL_ERROR, "user and capture_user: expected two different users");
		rc = QK_ERR_CONFIG;
	}
	return rc;
}

/* Of an account that does not exist (yet) no process can come. */
static uid_t find_adapter(const struct daemon *d, const struct config *config)
{
	const char *name = config->requests.adapter;
	const struct passwd *pw = name != NULL ? getpwnam(name) : NULL;

	if (name != NULL && pw == NULL)
		log_line(d->log, LOG_LEVEL_WARNING, "requests_adapter %s: there is no such user", name);
	return pw != NULL ? pw->pw_uid : (uid_t)-1;
}

static int find_group(const struct daemon *d, gid_t *gid)
{
	const struct group *group;

	*gid = (gid_t)-1;
	if (d->config->group == NULL)
		return 0;
	group = getgrnam(d->config->group);
	if (group == NULL) {
		log_line(d->log, LOG_LEVEL_ERROR, "group %s does not exist", d->config->group);
		return QK_ERR_CONFIG;
	}
	*gid = group->gr_gid;
	return 0;
}

/* --- captures --- */

static int take_message(void *arg, struct child *child);

static void on_capture_started(void *arg, int feed)
{
	struct daemon *d = arg;

	for (size_t i = 0; i < captures_count(d->captures); i++)
		if (captures_channel(d->captures, i) >= 0)
			watch(d, captures_channel(d->captures, i), EPOLLIN);
	tell(d, PRIVOP_FEED, 0, feed);
}

static int open_captures(struct daemon *d, const struct config *config, struct captures **out)
{
	struct captures_owner owner = {.message = take_message,
				       .started = on_capture_started,
				       .arg = d,
				       .log = d->log,
				       .ids = &d->capture_ids,
				       .expected = d->expected};
	int rc;

	if (d->expected != NULL)
		expected_set_ports(d->expected, config->shape.port_first, config->shape.port_last);
	rc = captures_new(config, &owner, out);
	for (size_t i = 0; rc == 0 && i < captures_count(*out); i++)
		if (captures_channel(*out, i) >= 0)
			rc = watch(d, captures_channel(*out, i), EPOLLIN);
	return rc;
}

static bool same_capture(const struct config *a, const struct config *b)
{
	size_t i = 0;

	while (a->interfaces[i] != NULL && b->interfaces[i] != NULL && strcmp(a->interfaces[i], b->interfaces[i]) == 0)
		i++;
	return a->interfaces[i] == NULL && b->interfaces[i] == NULL && a->shape.port_first == b->shape.port_first &&
	       a->shape.port_last == b->shape.port_last;
}

/* The new ones are open. What the old ones have received is part of knocks under way: they pass it on and end. */
static void replace_captures(struct daemon *d)
{
	captures_free(d->leaving);
	d->leaving = d->captures;
	d->captures = d->next_captures;
	d->next_captures = NULL;
	for (size_t i = 0; i < captures_count(d->captures); i++)
		if (captures_feed(d->captures, i) >= 0)
			tell(d, PRIVOP_FEED, 0, captures_feed(d->captures, i));
	captures_dismiss(d->leaving);
}

/* --- reload --- */

/* What is open cannot move while others hold it; say so rather than pretend. */
static void warn_if_moved(const struct daemon *d, const char *what, const char *old, const char *new)
{
	if (strcmp(old, new) != 0)
		log_line(d->log, LOG_LEVEL_WARNING, "%s changes from %s to %s at the next start only", what, old, new);
}

static void forget_next(struct daemon *d)
{
	if (d->next == NULL)
		return;
	if (d->expected != NULL)
		expected_set_ports(d->expected, d->config->shape.port_first, d->config->shape.port_last);
	captures_free(d->next_captures);
	d->next_captures = NULL;
	config_free(d->next);
	d->next = NULL;
}

/* Sealed, so that it cannot change between two looks at it. */
static int seal_text(const char *text, size_t len)
{
	int fd = memfd_create("qknock.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) == (ssize_t)len &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The first half: is the new file good, and can what it names be opened? */
static int prepare_reload(struct daemon *d, struct privop_reply *reply, int *fd)
{
	char *text;
	size_t len;
	int rc = keyword_read(d->path, d->log, &text, &len);

	notify_manager("RELOADING=1");
	forget_next(d);
	if (rc == 0)
		rc = config_parse(d->path, text, len, d->log, &d->next);
	if (rc == 0 && !same_capture(d->config, d->next))
		rc = open_captures(d, d->next, &d->next_captures);
	if (rc == 0) {
		*fd = seal_text(text, len);
		rc = *fd < 0 ? QK_ERR_IO : 0;
	}
	free(text);
	if (rc != 0) {
		forget_next(d);
		notify_manager(READY);
		log_line(d->log, LOG_LEVEL_ERROR, "reload failed, the old configuration stays: %s", error_text(rc));
		return rc;
	}
	d->next_adapter = find_adapter(d, d->next);
	reply->adapter = d->next_adapter;
	reply->generation = d->generation + 1;
	return 0;
}

/* The second: the verifier has understood the same text. */
static int commit_reload(struct daemon *d)
{
	if (d->next == NULL)
		return QK_ERR_DENIED;
	config_free(d->old);
	d->old = d->config;
	d->config = d->next;
	d->next = NULL;
	d->adapter = d->next_adapter;
	d->generation++;
	warn_if_moved(d, "store", d->store, d->config->store);
	warn_if_moved(d, "control", d->old->control, d->config->control);
	warn_if_moved(d, "kernel_filter", d->old->kernel_filter ? "true" : "false",
		      d->config->kernel_filter ? "true" : "false");
	warn_if_moved(d, "user", d->old->user, d->config->user);
	warn_if_moved(d, "capture_user", d->old->capture_user, d->config->capture_user);
	if (logger_open(d->logger, d->config->log_target, d->config->log_level) != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "log %s: %s", d->config->log_target, strerror(errno));
	hooks_set_timeout(d->hooks, d->config->hook_timeout_s);
	if (d->next_captures != NULL)
		replace_captures(d);
	return 0;
}

static int end_reload(struct daemon *d, uint64_t error)
{
	if (error != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "reload is incomplete: %s",
			 error_text(error < 1000 ? -(int)error : QK_ERR_CONTROL));
	else
		log_line(d->log, LOG_LEVEL_NOTICE, "configuration %s loaded again", d->path);
	notify_manager(READY);
	config_free(d->old);
	d->old = NULL;
	return 0;
}

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
		notify_manager(READY);
	if (d->reload_wanted)
		tell(d, PRIVOP_RELOAD_WANTED, 0, -1);
	d->reload_wanted = false;
}

static void perform(struct daemon *d, const struct privop_context *context, const struct privop_request *request,
		    struct privop_reply *reply, int *fd)
{
	switch (request->op) {
	case PRIVOP_RELOAD:
		reply->rc = prepare_reload(d, reply, fd);
		break;
	case PRIVOP_RELOAD_COMMIT:
		reply->rc = commit_reload(d);
		break;
	case PRIVOP_RELOAD_DONE:
		reply->rc = end_reload(d, request->value);
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
	rc = privop_send(child->fd, &reply, sizeof(reply), fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? (int)packet->op : rc;
}

/* Returns the operation. */
static int take_message(void *arg, struct child *child)
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
	long n = privop_receive(child->fd, &packet, sizeof(packet), &passed, 0);

	if (passed >= 0)
		close(passed);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return QK_ERR_IO;
	rc = n < 0 ? QK_ERR_CONTROL : privop_check(&packet, (size_t)n, child->from, &context);
	if (rc == QK_ERR_CONTROL) {
		log_line(d->log, LOG_LEVEL_ERROR, "refused process=%s sent what is no message, it is ended",
			 child->name);
		if (child->pid > 0)
			kill(child->pid, SIGKILL);
		return rc;
	}
	if (privop_is_answered(packet.op))
		return answer(d, child, &context, &packet, rc);
	if (packet.op == PRIVOP_LOG)
		log_line(d->log, (enum log_level)packet.log.level, "%s", packet.log.text);
	else
		set_ready(d, child, packet.request.value);
	return (int)packet.op;
}

static void on_channel(struct daemon *d, struct child *child)
{
	if (take_message(d, child) < 0)
		child_dismiss(child);
}

/* --- the other processes --- */

static int watch_child(const struct daemon *d, const struct child *child)
{
	return watch(d, child->fd, EPOLLIN);
}

/* *fd is for the verifier. */
static int start_checker(struct daemon *d, int *fd)
{
	int rc = checker_start(&d->checker, &d->capture_ids, d->log, fd);

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

/* Together with a new process for pass-codes: answers of the old one would be taken for those to other questions. */
static int start_verifier(struct daemon *d)
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
	forget_next(d);
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
		if (now >= d->verifier_next_ns && start_verifier(d) != 0)
			plan_verifier(d);
	} else if (d->checker.pid == 0 && now >= d->checker_next_ns && start_checker(d, &fd) == 0) {
		tell(d, PRIVOP_CHECKER, 0, fd);
		close(fd);
	}
}

/* What it said before it died is still to be read. */
static void read_out(struct daemon *d, struct child *child)
{
	struct pollfd fd = {.fd = child->fd, .events = POLLIN};

	while (child->fd >= 0 && poll(&fd, 1, 0) > 0)
		on_channel(d, child);
}

static void reap(struct daemon *d)
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

/* --- the host's addresses --- */

static void look_at_addresses(struct daemon *d)
{
	struct address *list;
	size_t count;

	if (localaddr_list(&list, &count) != 0)
		return;
	if (count == d->address_count && memcmp(list, d->addresses, count * sizeof(*list)) == 0) {
		free(list);
		return;
	}
	free(d->addresses);
	d->addresses = list;
	d->address_count = count;
	if (news_tell_addresses(d->news, list, count) != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "the verifier cannot be told: %s", error_text(QK_ERR_NOMEM));
	flush_news(d);
}

/* --- start and stop --- */

static int open_events(struct daemon *d)
{
	const struct itimerspec second = {.it_value.tv_sec = 1, .it_interval.tv_sec = 1};
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &d->old_mask);
	signal(SIGPIPE, SIG_IGN);
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	d->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (d->epoll_fd < 0 || d->signal_fd < 0 || d->timer_fd < 0 ||
	    timerfd_settime(d->timer_fd, 0, &second, NULL) != 0)
		return QK_ERR_IO;
	return watch(d, d->signal_fd, EPOLLIN) != 0 || watch(d, d->timer_fd, EPOLLIN) != 0 ? QK_ERR_IO : 0;
}

static int open_hands(struct daemon *d)
{
	int rc = hooks_new(d->log, &d->hooks);

	if (rc != 0)
		return rc;
	hooks_set_timeout(d->hooks, d->config->hook_timeout_s);
	rc = performer_new(d->hooks, on_hook_started, d, d->log, &d->performer);
	return rc == 0 ? news_new(&d->news) : rc;
}

static int open_control(struct daemon *d)
{
	gid_t gid;
	int rc = find_group(d, &gid);

	return rc == 0 ? control_socket_open(d->config->control, gid, d->log, &d->control) : rc;
}

/* Without it a stranger's packet costs more, and that is all. */
static int open_filter(struct daemon *d)
{
	int rc = 0;

	if (!d->config->kernel_filter)
		strcpy(d->plain_reason, "kernel_filter is false");
	else
		rc = expected_open(EXPECTED_MAX, d->log, &d->expected);
	if (rc == QK_ERR_KERNEL)
		snprintf(d->plain_reason, sizeof(d->plain_reason), "the kernel refuses: %s", strerror(errno));
	if (d->plain_reason[0] != '\0')
		log_line(d->log, d->config->kernel_filter ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
			 "filter: all that could be knocks leaves the kernel: %s", d->plain_reason);
	return rc == QK_ERR_NOMEM ? rc : 0;
}

static int await_verifier(struct daemon *d);

static int open_parts(struct daemon *d, const char **part)
{
	int rc;

	*part = "users";
	if ((rc = find_users(d)) != 0)
		return rc;
	*part = "event loop";
	if ((rc = open_events(d)) != 0)
		return rc;
	*part = d->store;
	if ((rc = storedir_hand_over(d->store, &d->verifier_ids, d->log)) != 0)
		return rc;
	*part = "hooks";
	if ((rc = clock_boot_id(d->boot_id)) != 0 || (rc = open_hands(d)) != 0)
		return rc;
	*part = d->config->control;
	if ((rc = open_control(d)) != 0)
		return rc;
	*part = "filter";
	if ((rc = open_filter(d)) != 0)
		return rc;
	*part = "capture";
	if ((rc = open_captures(d, d->config, &d->captures)) != 0)
		return rc;
	/* Whatever is done from here on may have to be done again while the daemon runs. */
	*part = "capabilities";
	if ((rc = sandbox_reduce_root()) != 0)
		return rc;
	*part = "verifier";
	look_at_addresses(d);
	d->adapter = find_adapter(d, d->config);
	if ((rc = start_verifier(d)) != 0)
		return rc;
	return await_verifier(d);
}

int daemon_open(const char *path, struct config *config, struct logger *logger, struct daemon **out)
{
	struct daemon *d = calloc(1, sizeof(*d));
	const char *part = "";
	int rc;

	*out = NULL;
	if (d == NULL) {
		config_free(config);
		return QK_ERR_NOMEM;
	}
	*d = (struct daemon){.path = path,
			     .config = config,
			     .logger = logger,
			     .log = logger_log(logger),
			     .verifier = CHILD_NONE("verifier", PRIVOP_VERIFIER),
			     .checker = CHILD_NONE("pass-codes", PRIVOP_HASHER),
			     .epoll_fd = -1,
			     .signal_fd = -1,
			     .timer_fd = -1,
			     .started_ns = clock_boot_ns(),
			     .watchdog_ns = notify_watchdog_ns(),
			     .store = strdup(config->store)};
	rc = d->store != NULL ? open_parts(d, &part) : QK_ERR_NOMEM;
	if (rc != 0) {
		log_line(d->log, LOG_LEVEL_ERROR, "can't start: %s: %s", part, error_text(rc));
		daemon_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* It closes its store when the news end, and may ask for this and that until then. */
static void end_verifier(struct daemon *d)
{
	uint64_t end = clock_boot_ns() + END_TIMEOUT_NS;

	d->stop = true;
	if (d->news != NULL)
		news_attach(d->news, -1);
	while (d->verifier.fd >= 0 && clock_boot_ns() < end) {
		struct pollfd fd = {.fd = d->verifier.fd, .events = POLLIN};

		if (poll(&fd, 1, 100) > 0)
			on_channel(d, &d->verifier);
	}
	child_kill(&d->verifier);
}

void daemon_close(struct daemon *d)
{
	end_verifier(d);
	child_kill(&d->checker);
	captures_free(d->captures);
	captures_free(d->leaving);
	forget_next(d);
	expected_close(d->expected);
	control_socket_close(d->control);
	hooks_free(d->hooks);
	performer_free(d->performer);
	news_free(d->news);
	close_fd(d->timer_fd);
	close_fd(d->signal_fd);
	close_fd(d->epoll_fd);
	config_free(d->old);
	config_free(d->config);
	free(d->addresses);
	free(d->store);
	free(d);
}

/* --- the loop --- */

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			/* Between two verifiers: the next one does it. */
			if (d->ready)
				tell(d, PRIVOP_RELOAD_WANTED, 0, -1);
			d->reload_wanted = !d->ready;
			break;
		case SIGCHLD:
			reap(d);
			break;
		default:
			notify_manager("STOPPING=1");
			log_line(d->log, LOG_LEVEL_NOTICE, "stopping on signal %u", info.ssi_signo);
			d->stop = true;
		}
	}
}

/* While this loop turns and there is a verifier. */
static void feed_watchdog(struct daemon *d)
{
	uint64_t now = clock_boot_ns();

	if (d->watchdog_ns == 0 || !d->ready || now < d->watchdog_next_ns)
		return;
	notify_manager("WATCHDOG=1");
	d->watchdog_next_ns = now + d->watchdog_ns;
}

static void on_timer(struct daemon *d)
{
	uint64_t expirations;

	if (read(d->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	hooks_tick(d->hooks);
	captures_tick(d->captures);
	look_at_addresses(d);
	reap(d);
	logger_tick(d->logger);
	feed_watchdog(d);
}

static void on_event(struct daemon *d, int fd)
{
	if (fd == d->signal_fd)
		on_signal(d);
	else if (fd == d->timer_fd)
		on_timer(d);
	else if (fd == d->verifier.fd)
		on_channel(d, &d->verifier);
	else if (fd == d->checker.fd)
		on_channel(d, &d->checker);
	else if (fd == news_fd(d->news))
		flush_news(d);
	else if (d->captures != NULL)
		captures_dispatch(d->captures, fd);
	if (d->next_captures != NULL)
		captures_dispatch(d->next_captures, fd);
}

static int run_once(struct daemon *d, int timeout_ms)
{
	struct epoll_event events[8];
	int n = epoll_wait(d->epoll_fd, events, 8, timeout_ms);

	if (n < 0 && errno != EINTR)
		return QK_ERR_IO;
	for (int i = 0; i < n; i++)
		on_event(d, events[i].data.fd);
	return 0;
}

/* The first one has to come up. */
static int await_verifier(struct daemon *d)
{
	uint64_t end = clock_boot_ns() + START_TIMEOUT_NS;

	while (!d->ready && !d->stop && d->restarts == 0 && clock_boot_ns() < end)
		if (run_once(d, 100) != 0)
			return QK_ERR_IO;
	return d->ready ? 0 : QK_ERR_IO;
}

int daemon_run(struct daemon *d)
{
	int rc = 0;

	log_line(d->log, LOG_LEVEL_NOTICE, "ready version=%s configuration=%s", PACKAGE_VERSION, d->path);
	notify_manager(READY);
	d->running = true;
	while (!d->stop && rc == 0)
		rc = run_once(d, -1);
	return rc;
}
