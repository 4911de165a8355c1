/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/performer.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "libcore/error.h"
#include "qknockd/place.h"

/* A hook that waits for its start. */
struct job {
	struct performer *performer;
	uint64_t id;
	bool forgotten; /* by whom it was asked for */
	bool *at_once;	/* while it is asked for: set when it was started */
	struct job *prev, *next;
};

/* What a walk found and the verifier has not fetched yet. */
struct found {
	struct privop_found *items;
	size_t count, room, given;
};

struct performer {
	struct hooks *hooks;
	performer_started *started;
	void *arg;
	struct place *places[PRIVOP_PLACES];
	struct found found[PRIVOP_PLACES];
	struct job *jobs;
	unsigned job_count;
};

int performer_new(struct hooks *hooks, performer_started *started, void *arg, const struct log *log,
		  struct performer **out)
{
	struct performer *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (p == NULL)
		return QK_ERR_NOMEM;
	p->hooks = hooks;
	p->started = started;
	p->arg = arg;
	rc = place_new_directory(PLACE_FILES_MAX, log, &p->places[PRIVOP_DIRECTORY]);
	if (rc == 0)
		rc = place_new_table(log, &p->places[PRIVOP_TABLE_PLACE]);
	if (rc != 0) {
		performer_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

static void clear_found(struct found *found)
{
	free(found->items);
	*found = (struct found){.items = NULL};
}

void performer_free(struct performer *p)
{
	struct job *job, *tmp;

	if (p == NULL)
		return;
	for (int i = 0; i < PRIVOP_PLACES; i++) {
		clear_found(&p->found[i]);
		place_free(p->places[i]);
	}
	DL_FOREACH_SAFE(p->jobs, job, tmp)
	free(job);
	free(p);
}

void performer_forget(struct performer *p)
{
	struct job *job;

	for (int i = 0; i < PRIVOP_PLACES; i++) {
		clear_found(&p->found[i]);
		place_close(p->places[i]);
	}
	DL_FOREACH(p->jobs, job)
	job->forgotten = true;
}

/* --- places --- */

static int take_note(void *arg, const struct grant *g, uint64_t used)
{
	struct found *found = arg;
	struct privop_found *item;

	if (found->count == found->room) {
		size_t room = found->room == 0 ? PRIVOP_FOUND_MAX : found->room * 2;
		struct privop_found *more = reallocarray(found->items, room, sizeof(*more));

		if (more == NULL)
			return QK_ERR_NOMEM;
		found->items = more;
		found->room = room;
	}
	item = &found->items[found->count++];
	*item =
	    (struct privop_found){.id = g->id, .granted_ns = g->granted_ns, .expires_ns = g->expires_ns, .used = used};
	memcpy(item->client, g->client.b, sizeof(item->client));
	memcpy(item->service, g->service, sizeof(item->service));
	return 0;
}

static void give(struct found *found, struct privop_reply *reply)
{
	size_t left = found->count - found->given;

	reply->count = (uint32_t)(left < PRIVOP_FOUND_MAX ? left : PRIVOP_FOUND_MAX);
	if (reply->count > 0)
		memcpy(reply->found, found->items + found->given, reply->count * sizeof(*reply->found));
	found->given += reply->count;
	if (reply->count == 0)
		clear_found(found);
}

static int set(struct performer *p, uint32_t i, const struct config *config)
{
	return i == PRIVOP_DIRECTORY ? place_set(p->places[i], config->grants_dir, config->group)
				     : place_set(p->places[i], config->table, NULL);
}

/* What a place that is not open cannot do. */
static int write_to(struct place *place, const struct privop_request *request)
{
	struct store_grant grant;

	if (!place_is_open(place))
		return QK_ERR_DENIED;
	privop_unpack(&request->grant, &grant);
	return request->op == PRIVOP_PLACE_REMOVE ? place_remove(place, &grant.grant)
						  : place_put(place, &grant.grant, request->value);
}

/* The table first: who has knocked waits for the port, and the file is there before a program that looks for it
 * could have been started. Each half stands for itself. */
static void put_both(const struct performer *p, const struct privop_request *request, struct privop_reply *reply)
{
	reply->put[PRIVOP_TABLE_PLACE] = write_to(p->places[PRIVOP_TABLE_PLACE], request);
	reply->put[PRIVOP_DIRECTORY] = write_to(p->places[PRIVOP_DIRECTORY], request);
}

static int walk(struct performer *p, uint32_t i)
{
	clear_found(&p->found[i]);
	return place_is_open(p->places[i]) ? place_walk(p->places[i], take_note, &p->found[i]) : QK_ERR_DENIED;
}

static int open_place(struct place *place)
{
	place_close(place);
	return place_is_nowhere(place) ? QK_ERR_DENIED : place_open(place);
}

/* --- hooks --- */

static void on_started(void *arg)
{
	struct job *job = arg;
	struct performer *p = job->performer;

	if (job->at_once != NULL)
		*job->at_once = true;
	else if (!job->forgotten)
		p->started(p->arg, job->id);
	DL_DELETE(p->jobs, job);
	p->job_count--;
	free(job);
}

static int run_hook(struct performer *p, const struct privop_context *context, const struct privop_request *request,
		    bool *at_once)
{
	const struct config *config = privop_config(context, request->generation);
	const struct config_service *service = config_service(config, request->grant.service);
	struct store_grant grant;
	struct job *job;
	int rc;

	if (p->job_count >= PERFORMER_HOOKS_MAX)
		return QK_ERR_AGAIN;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return QK_ERR_NOMEM;
	*job = (struct job){.performer = p, .id = request->value, .at_once = at_once};
	DL_APPEND(p->jobs, job);
	p->job_count++;
	privop_unpack(&request->grant, &grant);
	rc = hooks_run(p->hooks, request->hook == HOOK_OPEN ? service->open_hook : service->close_hook, &grant,
		       on_started, job);
	if (rc != 0)
		on_started(job);
	else if (!*at_once)
		job->at_once = NULL; /* it waits: the news will tell */
	return rc;
}

void performer_do(struct performer *p, const struct privop_context *context, const struct privop_request *request,
		  struct privop_reply *reply)
{
	struct place *place = p->places[request->place % PRIVOP_PLACES];
	bool at_once = false;

	switch (request->op) {
	case PRIVOP_PLACE_SET:
		reply->rc = set(p, request->place, context->config);
		break;
	case PRIVOP_PLACE_OPEN:
		reply->rc = open_place(place);
		break;
	case PRIVOP_PLACE_CLOSE:
		place_close(place);
		break;
	case PRIVOP_PLACE_CURRENT:
		reply->count = place_is_open(place) && place_is_current(place);
		break;
	case PRIVOP_PLACE_PUT:
	case PRIVOP_PLACE_REMOVE:
		reply->rc = write_to(place, request);
		break;
	case PRIVOP_PLACE_PUT_BOTH:
		put_both(p, request, reply);
		break;
	case PRIVOP_PLACE_WALK:
		reply->rc = walk(p, request->place);
		break;
	case PRIVOP_PLACE_NEXT:
		give(&p->found[request->place], reply);
		break;
	case PRIVOP_PLACE_RECOVERED:
		place_recovered(place);
		break;
	case PRIVOP_RUN_HOOK:
		reply->rc = run_hook(p, context, request, &at_once);
		reply->count = at_once;
		break;
	default:
		reply->rc = QK_ERR_DENIED;
	}
}
