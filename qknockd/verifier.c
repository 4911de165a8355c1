/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/verifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/crypto.h"
#include "libcore/error.h"
#include "qknockd/control_server.h"
#include "qknockd/engine.h"
#include "qknockd/feed.h"
#include "qknockd/granter.h"
#include "qknockd/remote.h"
#include "qknockd/requests.h"
#include "qknockd/store.h"

#define TICK_NS CLOCK_NS_PER_S
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct verifier {
	const struct verifier_setup *setup;
	struct config *config;
	struct log log;
	pid_t helper;
	uid_t adapter;
	struct store *store;
	struct remote *remote;
	struct granter *granter;
	struct engine *engine;
	struct feed *feed;
	struct control_server *control;
	struct requests *requests;
	struct address *addresses; /* as far as they have come */
	size_t address_count;
	int epoll_fd, timer_fd;
	uint64_t next_tick_ns;
	uint64_t armed_ns; /* what the timer waits for; 0: for nothing */
	uint64_t sandbox;  /* PRIVOP_NO_* */
	bool stop;
};

/* --- requests --- */

static void on_request(void *arg, const char *sender, const char *text, const struct control_later *later)
{
	struct verifier *v = arg;
	struct requests_token token = {later->place, later->serial};

	requests_submit(v->requests, sender, text, strlen(text), &token);
}

/* An answer without text is the plain end: the adapter stays silent. */
static void on_request_done(void *arg, const struct requests_token *token, const struct requests_answer *answer)
{
	struct verifier *v = arg;
	struct control_later later = {token->a, token->b};
	struct control_message item;
	bool silent = answer->text[0] == '\0';

	if (!silent && (control_init(&item, "item") != 0 || control_add(&item, "number", answer->number) != 0 ||
			control_add(&item, "reply", answer->text) != 0))
		silent = true;
	control_server_answer(v->control, &later, answer->error, silent ? NULL : &item);
	if (!silent)
		control_wipe(&item);
}

static int unlock(void *arg, const char *user)
{
	const struct verifier *v = arg;

	return requests_unlock(v->requests, user);
}

static struct control_requests request_settings(const struct verifier *v)
{
	return (struct control_requests){.adapter = v->adapter, .lock_after = v->config->requests.lock_after};
}

/* --- reload --- */

/* The same text as the helper found good. */
static int parse_again(struct verifier *v, struct config **out)
{
	char *text;
	size_t len;
	int rc = remote_reload(v->remote, &text, &len, &v->adapter);

	*out = NULL;
	if (rc == 0)
		rc = config_parse(v->setup->path, text, len, &v->log, out);
	free(text);
	return rc;
}

/* Nothing changes unless the helper has found the new file good and could open its interfaces. */
static int reload(void *arg)
{
	struct verifier *v = arg;
	struct config *old = v->config, *config;
	struct control_requests requests;
	uid_t adapter = v->adapter;
	int rc, keys_rc;

	rc = parse_again(v, &config);
	if (rc == 0)
		rc = remote_commit(v->remote);
	if (rc != 0) {
		config_free(config);
		v->adapter = adapter;
		return rc;
	}
	v->config = config;
	v->log.level = config->log_level;
	requests_reload(v->requests, config);
	requests = request_settings(v);
	control_server_set_requests(v->control, &requests);
	rc = granter_reload(v->granter, config);
	remote_use_new(v->remote);
	/* Whatever became of that: both must let go of the old configuration. */
	keys_rc = engine_reload(v->engine, config);
	if (rc == 0)
		rc = keys_rc;
	remote_reloaded(v->remote, rc);
	config_free(old);
	return rc;
}

static void add_filter_status(const struct verifier *v, const struct capture_counters *c, struct control_message *item)
{
	const struct expected_set *expected = v->setup->expected;
	bool exact = expected != NULL && expected_is_exact(expected);
	const char *reason = expected == NULL ? v->setup->plain_reason
			     : !exact	      ? expected_reason(expected)
			     : c->plain > 0   ? "not on all interfaces"
					      : NULL;

	control_add(item, "filter", reason == NULL ? "kernel" : "plain");
	control_add(item, "filter-reason", reason == NULL ? "none" : reason);
	control_add_u64(item, "expected", expected != NULL ? expected_count(expected) : 0);
	control_add_u64(item, "expected-max", expected != NULL ? expected_max(expected) : 0);
}

static void add_status(void *arg, struct control_message *item)
{
	const struct verifier *v = arg;
	struct requests_counters r;
	struct capture_counters c;

	feed_counters(v->feed, &c);
	requests_counters(v->requests, &r);
	control_add(item, "version", PACKAGE_VERSION);
	control_add_u64(item, "pid", (uint64_t)v->helper);
	control_add_u64(item, "uptime", (clock_boot_ns() - v->setup->started_ns) / CLOCK_NS_PER_S);
	control_add_u64(item, "packets-seen", c.seen);
	control_add_u64(item, "packets-malformed", c.malformed);
	control_add_u64(item, "packets-other", c.other);
	control_add_u64(item, "packets-dropped", c.dropped);
	add_filter_status(v, &c, item);
	control_add_u64(item, "requests", r.taken);
	control_add_u64(item, "requests-answered", r.answered);
	control_add_u64(item, "requests-refused", r.refused);
	control_add(item, "sandbox", (v->sandbox & PRIVOP_NO_LANDLOCK) != 0 ? "seccomp" : "landlock seccomp");
	control_add_u64(item, "verifier-restarts", v->setup->restarts);
}

/* --- what comes from the helper --- */

static void take_addresses(struct verifier *v, const struct privop_event *event)
{
	size_t count = event->count < PRIVOP_ADDRESSES_MAX ? event->count : PRIVOP_ADDRESSES_MAX;
	struct address *more = reallocarray(v->addresses, v->address_count + count + 1, sizeof(*more));

	if (more == NULL)
		return;
	v->addresses = more;
	memcpy(more + v->address_count, event->addresses, count * sizeof(*more));
	v->address_count += count;
	if (event->value != 0)
		return;
	/* Out of memory, the old ones are better than none. */
	if (engine_set_own_addresses(v->engine, v->addresses, v->address_count) != 0)
		log_line(&v->log, LOG_LEVEL_WARNING, "the host's addresses have changed: %s", error_text(QK_ERR_NOMEM));
	v->address_count = 0;
}

static void take_event(struct verifier *v, const struct privop_event *event, int fd)
{
	if (event->news == PRIVOP_RELOAD_WANTED)
		reload(v);
	else if (event->news == PRIVOP_ADDRESSES)
		take_addresses(v, event);
	else if (event->news == PRIVOP_FEED && fd >= 0)
		feed_add(v->feed, fd);
	else if (event->news == PRIVOP_CHECKER && fd >= 0)
		requests_attach(v->requests, fd);
	else if (fd >= 0)
		close(fd);
}

static void on_events(struct verifier *v)
{
	struct privop_event event;
	int fd, rc;

	while ((rc = remote_event(v->remote, &event, &fd)) == 0)
		take_event(v, &event, fd);
	if (rc == QK_ERR_IO)
		v->stop = true;
}

/* --- start --- */

static int watch(const struct verifier *v, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(v->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : QK_ERR_IO;
}

static int open_loop(struct verifier *v)
{
	v->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	v->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (v->epoll_fd < 0 || v->timer_fd < 0)
		return QK_ERR_IO;
	return watch(v, v->timer_fd) != 0 || watch(v, v->setup->events) != 0 ? QK_ERR_IO : 0;
}

static int open_feed(struct verifier *v)
{
	int rc = feed_new(&v->feed);

	for (size_t i = 0; rc == 0 && i < v->setup->feed_count; i++)
		rc = feed_add(v->feed, v->setup->feeds[i]);
	return rc == 0 ? watch(v, feed_fd(v->feed)) : rc;
}

static int open_granter(struct verifier *v)
{
	struct granter_outside outside;
	int rc = remote_new(v->setup->call, v->setup->events, v->setup->generation, &v->remote);

	if (rc == 0)
		rc = remote_outside(v->remote, &outside);
	if (rc == 0)
		rc = granter_new_outside(v->store, &outside, &v->log, &v->granter);
	return rc == 0 ? granter_start(v->granter, v->config) : rc;
}

static int open_engine(struct verifier *v)
{
	int rc = engine_new(v->config, v->store, v->granter, &v->log, &v->engine);

	if (rc == 0 && v->setup->expected != NULL) {
		expected_set_log(v->setup->expected, &v->log);
		engine_expect(v->engine, v->setup->expected);
	}
	return rc == 0 ? engine_set_own_addresses(v->engine, v->setup->addresses, v->setup->address_count) : rc;
}

static int open_requests(struct verifier *v)
{
	int rc = requests_new(v->engine, v->config, on_request_done, v, &v->log, &v->requests);

	if (rc == 0)
		rc = requests_attach(v->requests, v->setup->checker);
	return rc == 0 ? watch(v, requests_fd(v->requests)) : rc;
}

static int open_control(struct verifier *v)
{
	struct control_actions actions = {.engine = v->engine,
					  .reload = reload,
					  .status = add_status,
					  .request = on_request,
					  .unlock = unlock,
					  .requests = request_settings(v),
					  .arg = v};
	int rc = control_server_open(v->setup->control, &actions, &v->log, &v->control);

	return rc == 0 ? watch(v, control_server_fd(v->control)) : rc;
}

static int open_parts(struct verifier *v, const char **part)
{
	int rc;

	*part = "event loop";
	if ((rc = open_loop(v)) != 0)
		return rc;
	*part = v->setup->store;
	if ((rc = store_open(v->setup->store, &v->log, &v->store)) != 0)
		return rc;
	*part = "grants";
	if ((rc = open_granter(v)) != 0)
		return rc;
	*part = "pending keys";
	if ((rc = open_engine(v)) != 0)
		return rc;
	*part = "requests";
	if ((rc = open_requests(v)) != 0)
		return rc;
	*part = "capture";
	if ((rc = open_feed(v)) != 0)
		return rc;
	*part = v->config->control;
	return open_control(v);
}

/* Before any file of others is out of reach: OpenSSL reads its configuration when it is first used. */
static int warm_up(void)
{
	uint64_t number;

	return crypto_random(&number, sizeof(number));
}

static int directory_of(const char *store, char **out)
{
	*out = strdup(store);
	if (*out == NULL)
		return QK_ERR_NOMEM;
	*strrchr(*out, '/') = '\0';
	if ((*out)[0] == '\0') {
		free(*out);
		*out = NULL; /* the root directory is nobody's own */
		return QK_ERR_STORE;
	}
	return 0;
}

/* All but the system calls, of which opening needs more than serving. */
static int shut_off(struct verifier *v, const struct child_self *self)
{
	char *directory = NULL;
	int rc = warm_up();

	if (rc == 0)
		rc = sandbox_become(&v->setup->ids, self->parent);
	if (rc == 0)
		rc = directory_of(v->setup->store, &directory);
	if (rc == 0)
		rc = sandbox_files(directory, BOOT_ID);
	free(directory);
	if (rc == QK_ERR_NOT_FOUND) {
		v->sandbox |= PRIVOP_NO_LANDLOCK;
		rc = 0;
	}
	return rc;
}

/* --- the loop --- */

/* The engine's next event or the next whole tick, whichever comes first. In a flood this is asked a thousand times a
 * second, and mostly the timer waits for it already. */
static void arm_timer(struct verifier *v)
{
	uint64_t event = engine_next_event(v->engine);
	uint64_t when = event != 0 && event < v->next_tick_ns ? event : v->next_tick_ns;
	struct itimerspec spec = {
	    .it_value = {.tv_sec = (time_t)(when / CLOCK_NS_PER_S), .tv_nsec = (long)(when % CLOCK_NS_PER_S)}};

	if (when != v->armed_ns && timerfd_settime(v->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
		v->armed_ns = when;
}

static void on_timer(struct verifier *v)
{
	uint64_t now = clock_boot_ns(), expirations;

	if (read(v->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	v->armed_ns = 0;
	engine_tick(v->engine);
	if (now < v->next_tick_ns)
		return;
	v->next_tick_ns = now + TICK_NS;
	remote_alive(v->remote);
}

static void on_event(struct verifier *v, int fd)
{
	if (fd == v->timer_fd)
		on_timer(v);
	else if (fd == v->setup->events)
		on_events(v);
	else if (fd == feed_fd(v->feed))
		feed_dispatch(v->feed, &v->config->shape, engine_packets, v->engine);
	else if (fd == control_server_fd(v->control))
		control_server_dispatch(v->control);
	else if (fd == requests_fd(v->requests))
		requests_dispatch(v->requests);
}

static int serve(struct verifier *v)
{
	v->next_tick_ns = clock_boot_ns() + TICK_NS;
	while (!v->stop) {
		struct epoll_event events[8];
		int n;

		arm_timer(v);
		n = epoll_wait(v->epoll_fd, events, 8, -1);
		if (n < 0 && errno != EINTR)
			return QK_ERR_IO;
		for (int i = 0; i < n; i++)
			on_event(v, events[i].data.fd);
	}
	return 0;
}

/* What must not be left undone; the memory goes with the process. */
static void end(struct verifier *v)
{
	control_server_close(v->control);
	engine_free(v->engine); /* wipes the keys */
	store_close(v->store);
}

int verifier_run(void *arg, const struct child_self *self)
{
	struct verifier_setup *setup = arg;
	struct verifier v = {.setup = setup,
			     .config = setup->config,
			     .log = self->log,
			     .helper = self->parent,
			     .adapter = setup->adapter};
	const char *part = "privileges";
	int rc;

	setup->call = self->fd;
	rc = shut_off(&v, self);
	if (rc == 0)
		rc = open_parts(&v, &part);
	if (rc == 0) {
		part = "system calls";
		rc = sandbox_calls(SANDBOX_VERIFIER);
	}
	if (rc != 0) {
		log_line(&v.log, LOG_LEVEL_ERROR, "can't start: %s: %s", part, error_text(rc));
		return EXIT_FAILURE;
	}
	remote_ready(v.remote, v.sandbox);
	rc = serve(&v);
	end(&v);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
