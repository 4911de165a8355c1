/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "qknockd/accounts.h"
#include "qknockd/daemon_state.h"
#include "qknockd/localaddr.h"
#include "qknockd/slice.h"
#include "qknockd/storedir.h"

#define END_TIMEOUT_NS (4 * CLOCK_NS_PER_S) /* for the verifier to close its store */
#define START_TIMEOUT_NS (60 * CLOCK_NS_PER_S)

/* --- events --- */

int daemon_watch(const struct daemon *d, int fd, uint32_t what)
{
	struct epoll_event event = {.events = what, .data.fd = fd};

	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
	    (errno == EEXIST && epoll_ctl(d->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0))
		return 0;
	return QK_ERR_IO;
}

/* What the verifier's socket did not take goes when it is writable again. */
void daemon_flush_news(struct daemon *d)
{
	bool left = news_flush(d->news);

	if (left != d->news_left && news_fd(d->news) >= 0)
		daemon_watch(d, news_fd(d->news), left ? EPOLLOUT : 0);
	d->news_left = left;
}

void daemon_tell(struct daemon *d, enum privop_news what, uint64_t value, int fd)
{
	int rc = news_tell(d->news, what, value, fd);

	if (rc != 0) {
		/* Another one will know all that there is to know. */
		log_line(d->log, LOG_LEVEL_ERROR, "the verifier cannot be told, it is ended: %s", error_text(rc));
		child_end(&d->verifier);
	}
	daemon_flush_news(d);
}

static void on_hook_started(void *arg, uint64_t job)
{
	daemon_tell(arg, PRIVOP_HOOK_STARTED, job, -1);
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
	daemon_flush_news(d);
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
	return daemon_watch(d, d->signal_fd, EPOLLIN) != 0 || daemon_watch(d, d->timer_fd, EPOLLIN) != 0 ? QK_ERR_IO
													 : 0;
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
	int rc = accounts_group(d->config, d->log, &gid);

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

	slice_shorten();
	*part = "users";
	if ((rc = accounts_processes(d->config, d->log, &d->verifier_ids, &d->capture_ids)) != 0)
		return rc;
	*part = "event loop";
	if ((rc = open_events(d)) != 0)
		return rc;
	*part = d->store;
	if ((rc = storedir_hand_over(d->store, &d->verifier_ids, d->log, &d->store_lock)) != 0)
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
	if ((rc = daemon_open_captures(d, d->config, &d->captures)) != 0)
		return rc;
	/* Whatever is done from here on may have to be done again while the daemon runs. */
	*part = "capabilities";
	if ((rc = sandbox_reduce_root()) != 0)
		return rc;
	*part = "verifier";
	look_at_addresses(d);
	d->adapter = accounts_adapter(d->config, d->log);
	if ((rc = daemon_start_verifier(d)) != 0)
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
			     .store_lock = -1,
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
			daemon_on_channel(d, &d->verifier);
	}
	child_kill(&d->verifier);
}

void daemon_close(struct daemon *d)
{
	end_verifier(d);
	child_kill(&d->checker);
	captures_free(d->captures);
	captures_free(d->leaving);
	daemon_forget_next(d);
	expected_close(d->expected);
	control_socket_close(d->control);
	hooks_free(d->hooks);
	performer_free(d->performer);
	news_free(d->news);
	close_fd(d->timer_fd);
	close_fd(d->signal_fd);
	close_fd(d->epoll_fd);
	close_fd(d->store_lock);
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
				daemon_tell(d, PRIVOP_RELOAD_WANTED, 0, -1);
			d->reload_wanted = !d->ready;
			break;
		case SIGCHLD:
			daemon_reap(d);
			break;
		default:
			notify_manager("STOPPING=1");
			log_line(d->log, LOG_LEVEL_NOTICE, "stopping on signal %u", info.ssi_signo);
			d->stop = true;
		}
	}
}

/* While this loop turns, and verifier and captures have each said since the last time that theirs do. */
static void feed_watchdog(struct daemon *d)
{
	uint64_t now = clock_boot_ns();

	if (d->watchdog_ns == 0 || !d->ready || now < d->watchdog_next_ns || !d->verifier.alive ||
	    !captures_are_alive(d->captures))
		return;
	notify_manager("WATCHDOG=1");
	d->verifier.alive = false;
	captures_doubt(d->captures);
	d->watchdog_next_ns = now + d->watchdog_ns;
}

static void on_timer(struct daemon *d)
{
	uint64_t expirations;

	if (read(d->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	hooks_tick(d->hooks);
	captures_tick(d->captures);
	child_tick(&d->verifier, d->log);
	child_tick(&d->checker, d->log);
	look_at_addresses(d);
	daemon_reap(d);
	logger_tick(d->logger);
}

static void on_event(struct daemon *d, int fd)
{
	if (fd == d->signal_fd)
		on_signal(d);
	else if (fd == d->timer_fd)
		on_timer(d);
	else if (fd == d->verifier.fd)
		daemon_on_channel(d, &d->verifier);
	else if (fd == d->checker.fd)
		daemon_on_channel(d, &d->checker);
	else if (fd == news_fd(d->news))
		daemon_flush_news(d);
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
	feed_watchdog(d);
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
	notify_manager(DAEMON_READY);
	d->running = true;
	while (!d->stop && rc == 0)
		rc = run_once(d, -1);
	return rc;
}
