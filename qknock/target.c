/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknock/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcore/address.h"
#include "libcore/error.h"
#include "qknock/say.h"

enum rank { RANK_NONE, RANK_NAME, RANK_HOST, RANK_SERVER_ID };

static size_t length_without_dot(const char *host)
{
	size_t len = strlen(host);

	return len > 0 && host[len - 1] == '.' ? len - 1 : len;
}

static bool same_host(const char *a, const char *b)
{
	size_t len = length_without_dot(a);
	struct address x, y;

	if (len == length_without_dot(b) && strncasecmp(a, b, len) == 0)
		return len > 0;
	return address_parse(&x, a) == 0 && address_parse(&y, b) == 0 && address_equal(&x, &y);
}

unsigned target_rank(const struct profile *profile, const char *name, const char *host)
{
	if (strcmp(name, host) == 0)
		return RANK_NAME;
	if (same_host(profile->host, host))
		return RANK_HOST;
	return same_host(profile->server_id, host) ? RANK_SERVER_ID : RANK_NONE;
}

/* The tcp services of the profile that can be meant; *found is one of them. */
static unsigned count_services(const struct profile *profile, const struct knock_options *options,
			       const struct service **found)
{
	unsigned count = 0;

	*found = NULL;
	for (size_t i = 0; i < profile->service_count; i++) {
		const struct service *s = &profile->services[i];

		if (s->protocol != SERVICE_TCP ||
		    (options->service != NULL ? strcmp(s->name, options->service) != 0 : s->port != options->port))
			continue;
		*found = s;
		count++;
	}
	return count;
}

static int say_service(const struct profile *profile, const char *name, const struct knock_options *options,
		       unsigned count)
{
	char list[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < profile->service_count && used < sizeof(list); i++) {
		const struct service *s = &profile->services[i];

		used += (size_t)snprintf(list + used, sizeof(list) - used, " %s (%s %u)", s->name,
					 service_protocol_name(s->protocol), s->port);
	}
	if (options->service != NULL)
		say_error("profile %s has no tcp service %s, only%s", name, options->service, list);
	else
		say_error("profile %s has %s on port %u: choose one with --service; there are%s", name,
			  count == 0 ? "no tcp service" : "several tcp services", options->port, list);
	return QK_ERR_NOT_FOUND;
}

/* What the profile, once chosen, says about host and service. */
static int conclude(const struct profile *profile, const char *name, const struct knock_options *options,
		    struct target *out)
{
	const struct service *service;
	unsigned rank = target_rank(profile, name, options->target);
	unsigned count = count_services(profile, options, &service);
	bool named = (rank == RANK_NAME || rank == RANK_SERVER_ID) && profile->host[0] != '\0';

	if (count != 1)
		return say_service(profile, name, options, count);
	strcpy(out->service, service->name);
	snprintf(out->host, sizeof(out->host), "%s", named ? profile->host : options->target);
	say_verbose("profile %s, service %s, host %s", name, out->service, out->host);
	return 0;
}

static int say_none(const struct knock_options *options)
{
	say_error("no profile is for host %s; 'qknock profiles' lists them, --profile chooses one", options->target);
	return QK_ERR_NOT_FOUND;
}

/* Of several profiles that are meant equally, those count that have the service. */
static int choose(const struct knock_options *options, const struct profile_names *names, struct profile *chosen,
		  char name[static PROFILE_NAME_MAX + 1])
{
	unsigned best = RANK_NONE, rivals = 0;
	bool best_serves = false;

	for (size_t i = 0; i < names->count; i++) {
		char loaded[PROFILE_NAME_MAX + 1];
		const struct service *service;
		struct profile profile;

		if (profile_store_load(names->name[i], &profile, loaded) != 0)
			continue; /* which was said */
		unsigned rank = target_rank(&profile, loaded, options->target);
		bool serves = count_services(&profile, options, &service) > 0;

		if (rank == RANK_NONE || (best_serves && !serves))
			continue;
		if (best == RANK_NONE || serves > best_serves || rank < best) {
			rivals = 0;
		} else if (rank == best) {
			rivals++;
			continue;
		} else {
			continue;
		}
		best = rank;
		best_serves = serves;
		*chosen = profile;
		memcpy(name, loaded, sizeof(loaded));
	}
	if (best == RANK_NONE)
		return say_none(options);
	if (rivals == 0)
		return 0;
	say_error("%u profiles are for host %s; choose one with --profile ('qknock profiles' lists them)", rivals + 1,
		  options->target);
	return QK_ERR_NOT_FOUND;
}

int target_find(const struct knock_options *options, struct target *out)
{
	struct profile_names names;
	struct profile profile;
	int rc;

	memset(out, 0, sizeof(*out));
	if (options->profile != NULL) {
		rc = profile_store_load(options->profile, &profile, out->profile);
		return rc == 0 ? conclude(&profile, out->profile, options, out) : rc;
	}
	rc = profile_store_list(&names);
	if (rc != 0)
		return rc;
	rc = choose(options, &names, &profile, out->profile);
	free(names.name);
	return rc == 0 ? conclude(&profile, out->profile, options, out) : rc;
}
