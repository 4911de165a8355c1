/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qknockd without its ears, for tests of qknockctl that need no root: store, engine, granter and control socket are
 * the real ones, packets there are none. "ctl_daemon CONFIG" gives alice, dan and erin a grant each for every
 * service, says "ready" and serves until standard input ends.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/control_server.h"
#include "qknockd/control_socket.h"
#include "qknockd/requests.h"
#include "tests/unit/checker.h"

static void write_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s %s\n", log_level_name(level), line);
}

static const struct log logger = {.write = write_line, .level = LOG_LEVEL_INFO};

static struct config *config;
static struct engine *engine;
static struct requests *requests;
static struct control_server *server;

static void check(const char *what, int err)
{
	if (err == 0)
		return;
	fprintf(stderr, "ctl_daemon: %s: %s\n", what, error_text(err));
	exit(1);
}

/* As a knock would: a user, a key, and its consumption. */
static void seed(struct store *store, const char *name, uint64_t number)
{
	struct store_user user = {.p = 11, .q = 17 + number, .widths = {0}, .width_count = 1, .enabled = true};
	struct store_pending pending = {.replies = 1};
	struct store_grant grant = {.expires_wall_s = clock_wall_s() + 3600};

	snprintf(user.id, sizeof(user.id), "%s", name);
	check("user", store_user_add(store, &user));
	for (size_t i = 0; i < config->service_count; i++) {
		pending.id = grant.grant.id = number * 100 + i + 1;
		strcpy(pending.user, user.id);
		strcpy(grant.grant.user, user.id);
		strcpy(grant.grant.service, config->services[i].service.name);
		grant.grant.granted_ns = clock_boot_ns();
		grant.grant.expires_ns = grant.grant.granted_ns + 3600 * CLOCK_NS_PER_S;
		check("boot id", clock_boot_id(grant.grant.boot_id));
		address_parse(&grant.grant.client, "192.0.2.0");
		grant.grant.client.b[15] = (uint8_t)number;
		check("key", store_pending_add(store, &pending));
		check("consume", store_consume(store, pending.id, &grant));
	}
	check("seed", store_user_delete(store, user.id));
}

static int reload(void *arg)
{
	struct control_requests settings = {.adapter = (uid_t)-1};
	struct config *fresh;
	int err = config_load(arg, &logger, &fresh);

	if (err == 0)
		err = granter_reload(engine_granter(engine), fresh);
	if (err == 0)
		err = engine_reload(engine, fresh);
	if (err == 0) {
		requests_reload(requests, fresh);
		settings.lock_after = fresh->requests.lock_after;
		control_server_set_requests(server, &settings);
		config_free(config);
		config = fresh;
	}
	return err;
}

static void status(void *arg, struct control_message *item)
{
	(void)arg;
	check("status", control_add(item, "version", PACKAGE_VERSION));
	check("status", control_add_u64(item, "uptime", 3723));
}

static void request(void *arg, const char *sender, const char *text, const struct control_later *later)
{
	const struct requests_token token = {later->place, later->serial};

	(void)arg;
	requests_submit(requests, sender, text, strlen(text), &token);
}

static void request_done(void *arg, const struct requests_token *token, const struct requests_answer *answer)
{
	const struct control_later later = {token->a, token->b};
	struct control_message item;

	(void)arg;
	check("answer", control_init(&item, "item"));
	check("answer", control_add(&item, "number", answer->number));
	check("answer", control_add(&item, "reply", answer->text));
	control_server_answer(server, &later, answer->error, answer->text[0] != '\0' ? &item : NULL);
}

static int unlock(void *arg, const char *user)
{
	(void)arg;
	return requests_unlock(requests, user);
}

int main(int argc, char **argv)
{
	struct control_actions actions = {.reload = reload,
					  .status = status,
					  .request = request,
					  .unlock = unlock,
					  .requests = {.adapter = (uid_t)-1},
					  .arg = argv[1]};
	struct pollfd fds[3] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};
	struct control_socket *control;
	struct granter *granter;
	pid_t checker;
	struct hooks *hooks;
	struct store *store;

	if (argc != 2)
		return 2;
	check("config", config_load(argv[1], &logger, &config));
	check("store", store_open(config->store, &logger, &store));
	seed(store, "alice", 1);
	seed(store, "dan", 2);
	seed(store, "erin", 3);
	check("hooks", hooks_new(&logger, &hooks));
	check("granter", granter_new(store, hooks, &logger, &granter));
	check("granter", granter_start(granter, config));
	check("engine", engine_new(config, store, granter, &logger, &engine));
	check("requests", requests_new(engine, config, request_done, NULL, &logger, &requests));
	check("requests", requests_attach(requests, checker_start(&checker)));
	actions.engine = engine;
	actions.requests.lock_after = config->requests.lock_after;
	check("control", control_socket_open(config->control, (gid_t)-1, &logger, &control));
	check("control", control_server_open(control_socket_fd(control), &actions, &logger, &server));
	puts("ready");
	fflush(stdout);
	fds[1].fd = control_server_fd(server);
	fds[2].fd = requests_fd(requests);
	while (poll(fds, 3, -1) >= 0 && fds[0].revents == 0) {
		control_server_dispatch(server);
		requests_dispatch(requests);
	}
	control_server_close(server);
	control_socket_close(control);
	requests_free(requests);
	engine_free(engine);
	granter_free(granter);
	hooks_free(hooks);
	store_close(store);
	config_free(config);
	return 0;
}
