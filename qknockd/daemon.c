/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/daemon.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/capture.h"
#include "qknockd/control_server.h"
#include "qknockd/engine.h"
#include "qknockd/expected.h"
#include "qknockd/granter.h"
#include "qknockd/hooks.h"
#include "qknockd/requests.h"
#include "qknockd/store.h"

#define TICK_NS CLOCK_NS_PER_S

struct daemon {
	const char *path;
	struct config *config;
	struct logger *logger;
	const struct log *log;
	struct store *store;
	struct hooks *hooks;
	struct granter *granter;
	struct engine *engine;
	struct expected_set *expected; /* NULL without filters of the kernel's; plain_reason says why */
	char plain_reason[96];
	struct capture *capture;
	struct control_server *control;
	struct requests *requests;
	sigset_t old_mask;
	int epoll_fd, signal_fd, timer_fd;
	uint64_t started_ns;
	uint64_t next_tick_ns;
	bool stop;
};

/* --- requests --- */

static void on_request(void *arg, const char *sender, const char *text, const struct control_later *later)
{
	struct daemon *d = arg;
	struct requests_token token = {later->place, later->serial};

	requests_submit(d->requests, sender, text, strlen(text), &token);
}

/* An answer without text is the plain end: the adapter stays silent. */
static void on_request_done(void *arg, const struct requests_token *token, const struct requests_answer *answer)
{
	struct daemon *d = arg;
	struct control_later later = {token->a, token->b};
	struct control_message item;
	bool silent = answer->text[0] == '\0';

	if (!silent && (control_init(&item, "item") != 0 || control_add(&item, "number", answer->number) != 0 ||
			control_add(&item, "reply", answer->text) != 0))
		silent = true;
	control_server_answer(d->control, &later, answer->error, silent ? NULL : &item);
	if (!silent)
		control_wipe(&item);
}

static int unlock(void *arg, const char *user)
{
	const struct daemon *d = arg;

	return requests_unlock(d->requests, user);
}

/* Of an account that does not exist (yet) no process can come. */
static struct control_requests request_settings(const struct daemon *d, const struct config *config)
{
	const char *adapter = config->requests.adapter;
	const struct passwd *pw = adapter != NULL ? getpwnam(adapter) : NULL;

	if (adapter != NULL && pw == NULL)
		log_line(d->log, LOG_LEVEL_WARNING, "requests_adapter %s: there is no such user", adapter);
	return (struct control_requests){.adapter = pw != NULL ? pw->pw_uid : (uid_t)-1,
					 .lock_after = config->requests.lock_after};
}

/* --- reload --- */

/* What is open cannot move while others hold it; say so rather than pretend. */
static void warn_if_moved(const struct daemon *d, const char *what, const char *old, const char *new)
{
	if (strcmp(old, new) != 0)
		log_line(d->log, LOG_LEVEL_WARNING, "%s changes from %s to %s at the next start only", what, old, new);
}

static bool same_capture(const struct config *a, const struct config *b)
{
	size_t i = 0;

	while (a->interfaces[i] != NULL && b->interfaces[i] != NULL && strcmp(a->interfaces[i], b->interfaces[i]) == 0)
		i++;
	return a->interfaces[i] == NULL && b->interfaces[i] == NULL && a->shape.port_first == b->shape.port_first &&
	       a->shape.port_last == b->shape.port_last;
}

static int watch(const struct daemon *d, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : QK_ERR_IO;
}

static int open_capture(struct daemon *d, const struct config *config)
{
	const struct expected_programs *programs = NULL;
	struct capture *capture;
	int rc;

	if (d->expected != NULL) {
		programs = expected_get_programs(d->expected);
		expected_set_ports(d->expected, config->shape.port_first, config->shape.port_last);
	}
	rc = capture_open(config->interfaces, &config->shape, programs, d->log, &capture);
	if (rc != 0)
		return rc;
	rc = watch(d, capture_fd(capture));
	if (rc != 0) {
		capture_close(capture);
		return rc;
	}
	if (d->capture != NULL) {
		/* What the old one has received is part of knocks under way. */
		capture_dispatch(d->capture, engine_packet, d->engine);
		capture_close(d->capture);
	}
	d->capture = capture;
	return 0;
}

/* Nothing changes unless the new file is good and its interfaces can be opened. */
static int reload(void *arg)
{
	struct daemon *d = arg;
	struct config *old = d->config, *config;
	struct control_requests requests;
	int rc = config_load(d->path, d->log, &config);

	if (rc == 0 && !same_capture(old, config)) {
		rc = open_capture(d, config);
		if (rc != 0)
			config_free(config);
	}
	if (rc != 0) {
		log_line(d->log, LOG_LEVEL_ERROR, "reload failed, the old configuration stays: %s", error_text(rc));
		return rc;
	}
	warn_if_moved(d, "store", old->store, config->store);
	warn_if_moved(d, "control", old->control, config->control);
	warn_if_moved(d, "kernel_filter", old->kernel_filter ? "true" : "false",
		      config->kernel_filter ? "true" : "false");
	if (logger_open(d->logger, config->log_target, config->log_level) != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "log %s: %s", config->log_target, strerror(errno));
	hooks_set_timeout(d->hooks, config->hook_timeout_s);
	d->config = config;
	requests_reload(d->requests, config);
	requests = request_settings(d, config);
	control_server_set_requests(d->control, &requests);
	rc = granter_reload(d->granter, config);
	/* Whatever became of that: both must let go of the old configuration. */
	int keys_rc = engine_reload(d->engine, config);

	if (rc == 0)
		rc = keys_rc;
	if (rc != 0)
		log_line(d->log, LOG_LEVEL_ERROR, "reload is incomplete: %s", error_text(rc));
	else
		log_line(d->log, LOG_LEVEL_NOTICE, "configuration %s loaded again", d->path);
	config_free(old);
	return rc;
}

static void add_filter_status(const struct daemon *d, const struct capture_counters *c, struct control_message *item)
{
	bool exact = d->expected != NULL && expected_is_exact(d->expected);
	const char *reason = d->expected == NULL ? d->plain_reason
			     : !exact		 ? expected_reason(d->expected)
			     : c->plain > 0	 ? "not on all interfaces"
						 : NULL;

	control_add(item, "filter", reason == NULL ? "kernel" : "plain");
	control_add(item, "filter-reason", reason == NULL ? "none" : reason);
	control_add_u64(item, "expected", d->expected != NULL ? expected_count(d->expected) : 0);
	control_add_u64(item, "expected-max", d->expected != NULL ? expected_max(d->expected) : 0);
}

static void add_status(void *arg, struct control_message *item)
{
	const struct daemon *d = arg;
	struct requests_counters r;
	struct capture_counters c;

	capture_counters(d->capture, &c);
	requests_counters(d->requests, &r);
	control_add(item, "version", PACKAGE_VERSION);
	control_add_u64(item, "pid", (uint64_t)getpid());
	control_add_u64(item, "uptime", (clock_boot_ns() - d->started_ns) / CLOCK_NS_PER_S);
	control_add_u64(item, "packets-seen", c.seen);
	control_add_u64(item, "packets-malformed", c.malformed);
	control_add_u64(item, "packets-other", c.other);
	control_add_u64(item, "packets-dropped", c.dropped);
	add_filter_status(d, &c, item);
	control_add_u64(item, "requests", r.taken);
	control_add_u64(item, "requests-answered", r.answered);
	control_add_u64(item, "requests-refused", r.refused);
}

/* --- start and stop --- */

static int open_events(struct daemon *d)
{
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
	if (d->epoll_fd < 0 || d->signal_fd < 0 || d->timer_fd < 0)
		return QK_ERR_IO;
	return watch(d, d->signal_fd) != 0 || watch(d, d->timer_fd) != 0 ? QK_ERR_IO : 0;
}

static int open_control(struct daemon *d)
{
	struct control_actions actions = {.engine = d->engine,
					  .reload = reload,
					  .status = add_status,
					  .request = on_request,
					  .unlock = unlock,
					  .requests = request_settings(d, d->config),
					  .arg = d};
	gid_t gid = (gid_t)-1;
	int rc;

	if (d->config->group != NULL) {
		const struct group *group = getgrnam(d->config->group);

		if (group == NULL) {
			log_line(d->log, LOG_LEVEL_ERROR, "group %s does not exist", d->config->group);
			return QK_ERR_CONFIG;
		}
		gid = group->gr_gid;
	}
	rc = control_server_open(d->config->control, gid, &actions, d->log, &d->control);
	if (rc == 0)
		rc = watch(d, control_server_fd(d->control));
	return rc;
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
	if (d->expected != NULL)
		engine_expect(d->engine, d->expected);
	return rc == QK_ERR_NOMEM ? rc : 0;
}

static int open_parts(struct daemon *d, const char **part)
{
	int rc;

	*part = "event loop";
	if ((rc = open_events(d)) != 0)
		return rc;
	*part = d->config->store;
	if ((rc = store_open(d->config->store, d->log, &d->store)) != 0)
		return rc;
	*part = "hooks";
	if ((rc = hooks_new(d->log, &d->hooks)) != 0)
		return rc;
	hooks_set_timeout(d->hooks, d->config->hook_timeout_s);
	*part = "grants";
	if ((rc = granter_new(d->store, d->hooks, d->log, &d->granter)) != 0 ||
	    (rc = granter_start(d->granter, d->config)) != 0)
		return rc;
	*part = "pending keys";
	if ((rc = engine_new(d->config, d->store, d->granter, d->log, &d->engine)) != 0)
		return rc;
	*part = "filter";
	if ((rc = open_filter(d)) != 0)
		return rc;
	*part = "requests";
	if ((rc = requests_new(d->engine, d->config, on_request_done, d, d->log, &d->requests)) != 0 ||
	    (rc = watch(d, requests_fd(d->requests))) != 0)
		return rc;
	*part = "capture";
	if ((rc = open_capture(d, d->config)) != 0)
		return rc;
	*part = d->config->control;
	return open_control(d);
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
	d->path = path;
	d->config = config;
	d->logger = logger;
	d->log = logger_log(logger);
	d->epoll_fd = d->signal_fd = d->timer_fd = -1;
	d->started_ns = clock_boot_ns();
	rc = open_parts(d, &part);
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

void daemon_close(struct daemon *d)
{
	if (d->control != NULL)
		control_server_close(d->control);
	if (d->capture != NULL)
		capture_close(d->capture);
	requests_free(d->requests);
	engine_free(d->engine);
	expected_close(d->expected);
	if (d->granter != NULL)
		granter_free(d->granter);
	if (d->hooks != NULL)
		hooks_free(d->hooks);
	if (d->store != NULL)
		store_close(d->store);
	close_fd(d->timer_fd);
	close_fd(d->signal_fd);
	close_fd(d->epoll_fd);
	config_free(d->config);
	free(d);
}

/* --- the loop --- */

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(d);
			break;
		case SIGCHLD:
			hooks_reap(d->hooks);
			break;
		default:
			log_line(d->log, LOG_LEVEL_NOTICE, "stopping on signal %u", info.ssi_signo);
			d->stop = true;
		}
	}
}

/* The engine's next event or the next whole tick, whichever comes first. */
static void arm_timer(const struct daemon *d)
{
	uint64_t event = engine_next_event(d->engine);
	uint64_t when = event != 0 && event < d->next_tick_ns ? event : d->next_tick_ns;
	struct itimerspec spec = {
	    .it_value = {.tv_sec = (time_t)(when / CLOCK_NS_PER_S), .tv_nsec = (long)(when % CLOCK_NS_PER_S)}};

	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_timer(struct daemon *d)
{
	uint64_t now = clock_boot_ns(), expirations;

	if (read(d->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	engine_tick(d->engine);
	if (now >= d->next_tick_ns) {
		capture_tick(d->capture);
		hooks_tick(d->hooks);
		d->next_tick_ns = now + TICK_NS;
	}
}

static void on_event(struct daemon *d, int fd)
{
	if (fd == d->signal_fd)
		on_signal(d);
	else if (fd == d->timer_fd)
		on_timer(d);
	else if (fd == control_server_fd(d->control))
		control_server_dispatch(d->control);
	else if (fd == requests_fd(d->requests))
		requests_dispatch(d->requests);
	else if (fd == capture_fd(d->capture))
		capture_dispatch(d->capture, engine_packet, d->engine);
}

int daemon_run(struct daemon *d)
{
	log_line(d->log, LOG_LEVEL_NOTICE, "ready version=%s configuration=%s", PACKAGE_VERSION, d->path);
	d->next_tick_ns = clock_boot_ns() + TICK_NS;
	while (!d->stop) {
		struct epoll_event events[8];
		int n;

		arm_timer(d);
		n = epoll_wait(d->epoll_fd, events, 8, -1);
		if (n < 0 && errno != EINTR)
			return QK_ERR_IO;
		for (int i = 0; i < n; i++)
			on_event(d, events[i].data.fd);
	}
	return 0;
}
