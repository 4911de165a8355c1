/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A granter with the real store and real hooks; time is made to pass by adding to the clock. */
#ifndef TESTS_UNIT_GRANTER_H
#define TESTS_UNIT_GRANTER_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/granter.h"
#include "tests/unit/grants.h"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
int __real_store_grant_remove(struct store *store, uint64_t grant_id);
int __wrap_store_grant_remove(struct store *store, uint64_t grant_id);

static uint64_t skew_s;
static int remove_error; /* what the store answers instead of removing */
static unsigned removals;

uint64_t __wrap_clock_boot_ns(void)
{
	return __real_clock_boot_ns() + skew_s * CLOCK_NS_PER_S;
}

int __wrap_store_grant_remove(struct store *store, uint64_t grant_id)
{
	removals++;
	return remove_error != 0 ? remove_error : __real_store_grant_remove(store, grant_id);
}

static char lines[32768];

static inline void collect(void *arg, enum log_level level, const char *line)
{
	size_t used = strlen(lines);

	(void)arg;
	snprintf(lines + used, sizeof(lines) - used, "%d %s\n", level, line);
}

static const struct log logger = {collect, NULL, LOG_LEVEL_NOTICE};
static const char *table = "none"; /* for configure */
static struct config *config;
static struct store *store;
static struct hooks *hooks;
static struct granter *granter;

/* Two services whose hooks write a line to base/out each; more: further keywords. */
static inline struct config *configure(const char *directory, const char *services, const char *more)
{
	char text[4096], hook[512];
	struct config *made;
	int len;

	snprintf(hook, sizeof(hook), "%s/hook", base);
	len = snprintf(text, sizeof(text),
		       "#!/bin/sh\necho $1 $QKNOCK_USER $QKNOCK_SERVICE $QKNOCK_ADDRESS $QKNOCK_EXPIRES >>%s/out\n",
		       base);
	write_file(hook, text, (size_t)len);
	assert_int_equal(chmod(hook, 0755), 0);
	len = snprintf(text, sizeof(text), "server_id = gw\ntable = %s\ngrants_dir = %s/%s\n%s\n", table, base,
		       directory, more);
	for (const char *s = services; *s != '\0'; s++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"service %s { port = 1\nopen = {%s, open%c}\nclose = {%s, close%c} }\n",
				*s == 's' || *s == 'S' ? "ssh" : "web", hook, *s, hook, *s);
	assert_int_equal(config_parse("TEST", text, (size_t)len, &logger, &made), 0);
	return made;
}

static inline void start(void)
{
	assert_int_equal(hooks_new(&logger, &hooks), 0);
	assert_int_equal(granter_new(store, hooks, &logger, &granter), 0);
	assert_int_equal(granter_start(granter, config), 0);
}

static inline void stop(void)
{
	granter_free(granter);
	hooks_free(hooks);
}

static inline int set_up(void **state)
{
	char path[256];
	struct store_user user = {.id = "alice", .p = 11, .q = 17, .width_count = 1, .enabled = true};

	if (set_up_base(state) != 0)
		return -1;
	skew_s = 0;
	remove_error = 0;
	removals = 0;
	lines[0] = '\0';
	snprintf(path, sizeof(path), "%s/store", base);
	assert_int_equal(store_open(path, &logger, &store), 0);
	assert_int_equal(store_user_add(store, &user), 0);
	config = configure("grants", "sw", "");
	start();
	return 0;
}

static inline int tear_down(void **state)
{
	stop();
	while (waitpid(-1, NULL, 0) > 0)
		;
	store_close(store);
	config_free(config);
	return tear_down_base(state);
}

/* What the store had to record before the granter may act. */
static inline void consume(const struct store_grant *grant)
{
	struct store_pending pending = {.id = grant->grant.id, .otp.r = 2, .client = grant->grant.client};

	strcpy(pending.user, "alice");
	strcpy(pending.boot_id, grant->grant.boot_id);
	assert_int_equal(store_pending_add(store, &pending), 0);
	assert_int_equal(store_consume(store, pending.id, grant), 0);
}

static inline struct store_grant make(uint64_t id, const char *service, const char *client, unsigned seconds)
{
	struct store_grant g = {.grant = live_grant(id, service, client), .expires_wall_s = 1700000000 + id};

	g.grant.granted_ns = clock_boot_ns();
	g.grant.expires_ns = g.grant.granted_ns + seconds * CLOCK_NS_PER_S;
	return g;
}

static inline struct store_grant give(uint64_t id, const char *service, const char *client, unsigned seconds)
{
	struct store_grant g = make(id, service, client, seconds);

	consume(&g);
	assert_int_equal(granter_add(granter, &g), 0);
	return g;
}

static inline int find_grant(const struct store_grant *g)
{
	struct grant found;
	int rc = grant_find(grants, g->grant.service, &g->grant.client, 0, &found);

	if (rc == 0)
		assert_true(found.id == g->grant.id);
	return rc;
}

static inline void claim(const struct store_grant *g)
{
	struct grant found;

	assert_int_equal(grant_claim(grants, g->grant.service, &g->grant.client, 0, &found), 0);
	assert_true(found.id == g->grant.id);
}

static inline void wait_for_hooks(void)
{
	siginfo_t info;

	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
		hooks_reap(hooks);
}

/* What the hooks have written so far, in all; the same buffer each time. */
static inline const char *hooks_wrote(void)
{
	static char got[4096];
	char path[256];
	ssize_t n = 0;
	int fd;

	wait_for_hooks();
	snprintf(path, sizeof(path), "%s/out", base);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, got, sizeof(got) - 1);
		close(fd);
	}
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static inline void expect_hooks(const char *text)
{
	assert_string_equal(hooks_wrote(), text);
}

static inline int count_one(void *arg, const struct store_grant *grant)
{
	unsigned *count = arg;

	(void)grant;
	(*count)++;
	return 0;
}

static inline unsigned stored(void)
{
	unsigned count = 0;

	assert_int_equal(store_grant_each(store, count_one, &count), 0);
	return count;
}

/* As after SIGKILL: nothing is told to the granter, a new one starts. */
static inline void restart(void)
{
	stop();
	start();
}

static inline void reload(struct config *new)
{
	struct config *old = config;

	config = new;
	assert_int_equal(granter_reload(granter, new), 0);
	config_free(old);
}

#endif
