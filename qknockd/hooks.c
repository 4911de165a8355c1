/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <utlist.h>

#include "libcore/address.h"
#include "libcore/clock.h"
#include "libcore/error.h"
#include "qknockd/table.h"

#define TIMEOUT_S 30
#define GRACE_NS (5 * CLOCK_NS_PER_S) /* between SIGTERM and SIGKILL */
#define ENVIRONMENT 5

struct key {
	char service[SERVICE_NAME_MAX + 1];
	struct address client;
};

struct job {
	char **argv;
	char *environment[ENVIRONMENT + 1];
	void (*started)(void *arg);
	void *arg;
	struct job *prev, *next; /* in its lane */
};

/* The jobs of one service and address, one of which runs at a time. */
struct lane {
	struct key key;
	struct job *jobs; /* the first one runs if pid is not 0 */
	pid_t pid;
	uint64_t deadline_ns;
	bool terminated, killed;
	UT_hash_handle hh;
	struct lane *prev, *next; /* in waiting or running */
};

struct hooks {
	const struct log *log;
	uint32_t timeout_s;
	struct lane *lanes;
	struct lane *waiting;
	struct lane *running;
	unsigned running_count;
};

int hooks_new(const struct log *log, struct hooks **out)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));

	*out = hooks;
	if (hooks == NULL)
		return QK_ERR_NOMEM;
	hooks->log = log;
	hooks->timeout_s = TIMEOUT_S;
	return 0;
}

static void free_job(struct job *job)
{
	for (char **p = job->argv; p != NULL && *p != NULL; p++)
		free(*p);
	free(job->argv);
	for (size_t i = 0; i < ENVIRONMENT; i++)
		free(job->environment[i]);
	free(job);
}

/* Its first job was counted by the caller if it runs. */
static unsigned free_lane(struct hooks *hooks, struct lane *lane)
{
	struct job *job, *tmp;
	unsigned jobs = 0;

	DL_FOREACH_SAFE(lane->jobs, job, tmp)
	{
		free_job(job);
		jobs++;
	}
	HASH_DEL(hooks->lanes, lane);
	free(lane);
	return jobs;
}

void hooks_free(struct hooks *hooks)
{
	struct lane *lane, *tmp;
	unsigned dropped = 0;

	if (hooks == NULL)
		return;
	dropped -= hooks->running_count;
	HASH_ITER(hh, hooks->lanes, lane, tmp)
	dropped += free_lane(hooks, lane);
	if (dropped > 0)
		log_line(hooks->log, LOG_LEVEL_WARNING, "hooks dropped that were not started: %u", dropped);
	free(hooks);
}

void hooks_set_timeout(struct hooks *hooks, uint32_t seconds)
{
	hooks->timeout_s = seconds;
}

/* Copies. */

static char **copy_vector(char *const *argv)
{
	size_t count = 0;
	char **copy;

	while (argv[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = strdup(argv[i]);
		if (copy[i] == NULL) {
			while (i > 0)
				free(copy[--i]);
			free(copy);
			return NULL;
		}
	}
	return copy;
}

static bool fill_environment(struct job *job, const struct store_grant *grant)
{
	char address[ADDRESS_TEXT_SIZE];
	char text[ENVIRONMENT][128];

	address_format(&grant->grant.client, address);
	snprintf(text[0], sizeof(text[0]), "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	snprintf(text[1], sizeof(text[1]), "QKNOCK_USER=%s", grant->grant.user);
	snprintf(text[2], sizeof(text[2]), "QKNOCK_SERVICE=%s", grant->grant.service);
	snprintf(text[3], sizeof(text[3]), "QKNOCK_ADDRESS=%s", address);
	snprintf(text[4], sizeof(text[4]), "QKNOCK_EXPIRES=%" PRIu64, grant->expires_wall_s);
	for (size_t i = 0; i < ENVIRONMENT; i++) {
		job->environment[i] = strdup(text[i]);
		if (job->environment[i] == NULL)
			return false;
	}
	return true;
}

static struct job *new_job(char *const *argv, const struct store_grant *grant)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->argv = copy_vector(argv);
	if (job->argv != NULL && fill_environment(job, grant))
		return job;
	free_job(job);
	return NULL;
}

static struct lane *lane_of(struct hooks *hooks, const struct store_grant *grant)
{
	struct key key;
	struct lane *lane;

	memset(&key, 0, sizeof(key));
	strcpy(key.service, grant->grant.service);
	key.client = grant->grant.client;
	HASH_FIND(hh, hooks->lanes, &key, sizeof(key), lane);
	if (lane != NULL)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL)
		return NULL;
	lane->key = key;
	HASH_ADD(hh, hooks->lanes, key, sizeof(key), lane);
	if (!TABLE_HOLDS(lane)) {
		free(lane);
		return NULL;
	}
	DL_APPEND(hooks->waiting, lane);
	return lane;
}

/* Running. */

static void report(const struct hooks *hooks, enum log_level level, const struct lane *lane, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report(const struct hooks *hooks, enum log_level level, const struct lane *lane, const char *format, ...)
{
	char address[ADDRESS_TEXT_SIZE];
	char what[128];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	address_format(&lane->key.client, address);
	log_line(hooks->log, level, "hook %s service=%s address=%s command=%s", what, lane->key.service, address,
		 lane->jobs->argv[0]);
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	return posix_spawnattr_setflags(attributes,
					POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int add_actions(posix_spawn_file_actions_t *actions)
{
	int rc = posix_spawn_file_actions_addchdir_np(actions, "/");

	for (int fd = 0; rc == 0 && fd < 3; fd++)
		rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return rc == 0 ? posix_spawn_file_actions_addclosefrom_np(actions, 3) : rc;
}

/* Returns an errno. */
static int spawn(const struct job *job, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawnattr_init(&attributes);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = set_attributes(&attributes);
		if (rc == 0)
			rc = add_actions(&actions);
		if (rc == 0)
			rc = posix_spawn(pid, job->argv[0], &actions, &attributes, job->argv, job->environment);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* The first job of a lane in neither list is done with. */
static void finish_job(struct hooks *hooks, struct lane *lane)
{
	struct job *job = lane->jobs;

	DL_DELETE(lane->jobs, job);
	free_job(job);
	lane->pid = 0;
	lane->terminated = lane->killed = false;
	if (lane->jobs != NULL)
		DL_APPEND(hooks->waiting, lane);
	else
		free_lane(hooks, lane);
}

static void start_job(struct hooks *hooks, struct lane *lane)
{
	struct job *job = lane->jobs;
	int rc = spawn(job, &lane->pid);

	DL_DELETE(hooks->waiting, lane);
	if (rc == 0) {
		lane->deadline_ns = clock_boot_ns() + hooks->timeout_s * CLOCK_NS_PER_S;
		DL_APPEND(hooks->running, lane);
		hooks->running_count++;
		report(hooks, LOG_LEVEL_DEBUG, lane, "pid=%ld", (long)lane->pid);
	} else {
		report(hooks, LOG_LEVEL_ERROR, lane, "error=\"%s\"", strerror(rc));
	}
	if (job->started != NULL)
		job->started(job->arg);
	if (rc != 0)
		finish_job(hooks, lane);
}

static void start_waiting(struct hooks *hooks)
{
	while (hooks->waiting != NULL && hooks->running_count < HOOKS_PARALLEL)
		start_job(hooks, hooks->waiting);
}

int hooks_run(struct hooks *hooks, char *const *argv, const struct store_grant *grant, void (*started)(void *arg),
	      void *arg)
{
	struct lane *lane;
	struct job *job;

	if (argv == NULL) {
		if (started != NULL)
			started(arg);
		return 0;
	}
	job = new_job(argv, grant);
	if (job == NULL)
		return QK_ERR_NOMEM;
	lane = lane_of(hooks, grant);
	if (lane == NULL) {
		free_job(job);
		return QK_ERR_NOMEM;
	}
	job->started = started;
	job->arg = arg;
	DL_APPEND(lane->jobs, job);
	start_waiting(hooks);
	return 0;
}

static void report_end(const struct hooks *hooks, const struct lane *lane, const siginfo_t *info)
{
	enum log_level level = info->si_code == CLD_EXITED && info->si_status == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;

	if (info->si_pid == 0)
		report(hooks, level, lane, "status=unknown");
	else
		report(hooks, level, lane, "%s=%d", info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
}

void hooks_reap(struct hooks *hooks)
{
	struct lane *lane, *tmp;
	siginfo_t info;
	bool ended;

	DL_FOREACH_SAFE(hooks->running, lane, tmp)
	{
		memset(&info, 0, sizeof(info));
		/* Not reaped yet, its id is still its group's alone: what it left behind can be killed safely. */
		ended = waitid(P_PID, (id_t)lane->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ? errno == ECHILD
												: info.si_pid != 0;
		if (!ended)
			continue;
		if (lane->terminated && info.si_pid != 0)
			kill(-lane->pid, SIGKILL);
		waitpid(lane->pid, NULL, WNOHANG);
		report_end(hooks, lane, &info);
		DL_DELETE(hooks->running, lane);
		hooks->running_count--;
		finish_job(hooks, lane);
	}
	start_waiting(hooks);
}

void hooks_tick(struct hooks *hooks)
{
	uint64_t now = clock_boot_ns();
	struct lane *lane;

	DL_FOREACH(hooks->running, lane)
	{
		if (now < lane->deadline_ns || lane->killed)
			continue;
		if (!lane->terminated)
			report(hooks, LOG_LEVEL_WARNING, lane, "timeout=yes pid=%ld", (long)lane->pid);
		kill(-lane->pid, lane->terminated ? SIGKILL : SIGTERM);
		lane->killed = lane->terminated;
		lane->terminated = true;
		lane->deadline_ns = now + GRACE_NS;
	}
}
