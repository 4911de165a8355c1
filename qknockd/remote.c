/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/table.h"

/* A hook whose start the helper has not told yet. */
struct job {
	uint64_t id;
	void (*started)(void *arg);
	void *arg;
	UT_hash_handle hh;
};

struct at {
	struct remote *remote;
	uint32_t place;
};

struct remote {
	int call, events;
	uint32_t generation; /* of the configuration whose hooks are run */
	uint32_t new_generation;
	uint64_t last_job;
	struct job *jobs;
	struct at places[PRIVOP_PLACES];
};

int remote_new(int call, int events, uint32_t generation, struct remote **out)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	*out = remote;
	if (remote == NULL)
		return QK_ERR_NOMEM;
	remote->call = call;
	remote->events = events;
	remote->generation = generation;
	for (uint32_t i = 0; i < PRIVOP_PLACES; i++)
		remote->places[i] = (struct at){remote, i};
	return 0;
}

void remote_free(struct remote *remote)
{
	struct job *job, *tmp;

	if (remote == NULL)
		return;
	HASH_ITER(hh, remote->jobs, job, tmp)
	{
		HASH_DEL(remote->jobs, job);
		free(job);
	}
	free(remote);
}

/* --- asking --- */

/* Without the helper nothing can be granted or logged: there is no way to go on. */
static int ask(struct remote *remote, const struct privop_request *request, struct privop_reply *reply, int *passed)
{
	int fd = -1;

	if (privop_send(remote->call, request, sizeof(*request), -1, 0) != 0 ||
	    privop_receive(remote->call, reply, sizeof(*reply), &fd, 0) != (long)privop_reply_size(request->op))
		_exit(EXIT_FAILURE);
	if (passed != NULL)
		*passed = fd;
	else if (fd >= 0)
		close(fd);
	return reply->rc;
}

static int ask_simple(struct remote *remote, enum privop op, uint64_t value)
{
	struct privop_request request = {.op = op, .value = value};
	struct privop_reply reply;

	return ask(remote, &request, &reply, NULL);
}

static void tell(struct remote *remote, enum privop op, uint64_t value)
{
	struct privop_request request = {.op = op, .value = value};

	if (privop_send(remote->call, &request, sizeof(request), -1, 0) != 0)
		_exit(EXIT_FAILURE);
}

void remote_ready(struct remote *remote, uint64_t flags)
{
	tell(remote, PRIVOP_READY, flags);
}

void remote_alive(struct remote *remote)
{
	tell(remote, PRIVOP_ALIVE, 0);
}

/* --- places --- */

static int ask_place(const struct place *place, enum privop op, const struct grant *g, uint64_t used,
		     struct privop_reply *reply)
{
	const struct at *at = place_arg(place);
	struct privop_request request = {.op = op, .place = at->place, .value = used};
	struct store_grant grant = {.expires_wall_s = 0};

	if (g != NULL) {
		grant.grant = *g;
		privop_pack(&grant, &request.grant);
	}
	return ask(at->remote, &request, reply, NULL);
}

static int open_place(struct place *place)
{
	struct privop_reply reply;

	return ask_place(place, PRIVOP_PLACE_OPEN, NULL, 0, &reply);
}

static void close_place(struct place *place)
{
	struct privop_reply reply;

	ask_place(place, PRIVOP_PLACE_CLOSE, NULL, 0, &reply);
}

static bool is_current(const struct place *place)
{
	struct privop_reply reply;

	return ask_place(place, PRIVOP_PLACE_CURRENT, NULL, 0, &reply) == 0 && reply.count == 1;
}

static int put(struct place *place, const struct grant *g, uint64_t used)
{
	struct privop_reply reply;

	return ask_place(place, PRIVOP_PLACE_PUT, g, used, &reply);
}

/* The helper puts it into the table first. */
static void put_both(struct place *const both[2], const struct grant *g, int rc[2])
{
	struct privop_request request = {.op = PRIVOP_PLACE_PUT_BOTH};
	struct store_grant grant = {.grant = *g};
	struct privop_reply reply;

	const struct at *at = place_arg(both[0]);
	int failed;

	privop_pack(&grant, &request.grant);
	failed = ask(at->remote, &request, &reply, NULL);
	for (int i = 0; i < 2; i++) {
		at = place_arg(both[i]);
		rc[i] = failed != 0 ? failed : reply.put[at->place];
	}
}

static int remove_grant(struct place *place, const struct grant *g)
{
	struct privop_reply reply;

	return ask_place(place, PRIVOP_PLACE_REMOVE, g, 0, &reply);
}

static void unpack_found(const struct privop_found *found, struct grant *g)
{
	*g = (struct grant){.id = found->id, .granted_ns = found->granted_ns, .expires_ns = found->expires_ns};
	memcpy(g->service, found->service, sizeof(g->service));
	g->service[sizeof(g->service) - 1] = '\0';
	memcpy(g->client.b, found->client, sizeof(g->client.b));
}

/* The helper takes note of all that is there before it hands out the first, so that each may remove. */
static int walk(struct place *place, int (*each)(void *arg, const struct grant *g, uint64_t used), void *arg)
{
	struct privop_reply reply;
	struct grant g;
	int rc = ask_place(place, PRIVOP_PLACE_WALK, NULL, 0, &reply);

	while (rc == 0) {
		rc = ask_place(place, PRIVOP_PLACE_NEXT, NULL, 0, &reply);
		if (rc != 0 || reply.count == 0)
			break;
		for (uint32_t i = 0; rc == 0 && i < reply.count && i < PRIVOP_FOUND_MAX; i++) {
			unpack_found(&reply.found[i], &g);
			rc = each(arg, &g, reply.found[i].used);
		}
	}
	return rc;
}

static int set_place(struct place *place)
{
	struct privop_reply reply;

	return ask_place(place, PRIVOP_PLACE_SET, NULL, 0, &reply);
}

static void recovered(struct place *place)
{
	struct privop_reply reply;

	ask_place(place, PRIVOP_PLACE_RECOVERED, NULL, 0, &reply);
}

static const struct place_operations operations = {
    .name = "helper",
    .open = open_place,
    .close = close_place,
    .is_current = is_current,
    .put = put,
    .put_both = put_both,
    .remove = remove_grant,
    .walk = walk,
    .set = set_place,
    .recovered = recovered,
};

/* --- hooks --- */

static struct job *new_job(struct remote *remote, void (*started)(void *arg), void *arg)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	*job = (struct job){.id = ++remote->last_job, .started = started, .arg = arg};
	HASH_ADD(hh, remote->jobs, id, sizeof(job->id), job);
	if (!TABLE_HOLDS(job)) {
		free(job);
		return NULL;
	}
	return job;
}

static void drop_job(struct remote *remote, struct job *job)
{
	HASH_DEL(remote->jobs, job);
	free(job);
}

static void end_job(struct remote *remote, struct job *job)
{
	if (job->started != NULL)
		job->started(job->arg);
	drop_job(remote, job);
}

static int run_hook(void *arg, enum hook_kind kind, char *const *argv, const struct store_grant *grant,
		    void (*started)(void *arg), void *started_arg)
{
	struct remote *remote = arg;
	struct privop_request request = {.op = PRIVOP_RUN_HOOK, .hook = kind, .generation = remote->generation};
	struct privop_reply reply;
	struct job *job;
	int rc;

	if (argv == NULL) {
		if (started != NULL)
			started(started_arg);
		return 0;
	}
	job = new_job(remote, started, started_arg);
	if (job == NULL)
		return QK_ERR_NOMEM;
	request.value = job->id;
	privop_pack(grant, &request.grant);
	rc = ask(remote, &request, &reply, NULL);
	if (rc != 0)
		drop_job(remote, job);
	else if (reply.count == 1)
		end_job(remote, job);
	return rc;
}

static void hook_started(struct remote *remote, uint64_t id)
{
	struct job *job;

	HASH_FIND(hh, remote->jobs, &id, sizeof(id), job);
	if (job != NULL)
		end_job(remote, job);
}

int remote_outside(struct remote *remote, struct granter_outside *out)
{
	int rc = place_new(&operations, &remote->places[PRIVOP_DIRECTORY], NULL, &out->directory);

	if (rc == 0)
		rc = place_new(&operations, &remote->places[PRIVOP_TABLE_PLACE], NULL, &out->table);
	if (rc != 0) {
		place_free(out->directory);
		return rc;
	}
	out->run_hook = run_hook;
	out->arg = remote;
	return 0;
}

/* --- what comes unasked --- */

int remote_event(struct remote *remote, struct privop_event *event, int *fd)
{
	long n = privop_receive(remote->events, event, sizeof(*event), fd, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return QK_ERR_AGAIN;
	if (n != (long)sizeof(*event))
		return QK_ERR_IO;
	if (event->news == PRIVOP_HOOK_STARTED)
		hook_started(remote, event->value);
	return 0;
}

/* --- reload --- */

static int read_text(int fd, char **text, size_t *len)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return QK_ERR_IO;
	*text = malloc((size_t)st.st_size + 1);
	if (*text == NULL)
		return QK_ERR_NOMEM;
	if (pread(fd, *text, (size_t)st.st_size, 0) != st.st_size) {
		free(*text);
		*text = NULL;
		return QK_ERR_IO;
	}
	*len = (size_t)st.st_size;
	return 0;
}

int remote_reload(struct remote *remote, char **text, size_t *len, uid_t *adapter)
{
	struct privop_request request = {.op = PRIVOP_RELOAD};
	struct privop_reply reply;
	int fd;
	int rc = ask(remote, &request, &reply, &fd);

	*text = NULL;
	if (rc == 0) {
		remote->new_generation = reply.generation;
		*adapter = (uid_t)reply.adapter;
		rc = read_text(fd, text, len);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

int remote_commit(struct remote *remote)
{
	return ask_simple(remote, PRIVOP_RELOAD_COMMIT, 0);
}

void remote_use_new(struct remote *remote)
{
	remote->generation = remote->new_generation;
}

void remote_reloaded(struct remote *remote, int rc)
{
	ask_simple(remote, PRIVOP_RELOAD_DONE, (uint64_t) - (int64_t)rc);
}
