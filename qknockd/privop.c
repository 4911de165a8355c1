/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/privop.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/error.h"
#include "libcore/name.h"
#include "qknockd/hooks.h"
#include "qknockd/policy.h"

#define DAY_S UINT64_C(86400)
#define SLACK_S 5 /* between the verifier's look at the clock and ours */

struct operation {
	const char *name;
	unsigned from;
	bool answered;
};

static const struct operation operations[PRIVOP_COUNT] = {
#define X(name, from, answered) {#name, from, answered},
    PRIVOP_TABLE(X)
#undef X
};

const char *privop_name(uint32_t op)
{
	return op < PRIVOP_COUNT ? operations[op].name : "unknown";
}

bool privop_is_answered(uint32_t op)
{
	return op < PRIVOP_COUNT && operations[op].answered;
}

size_t privop_reply_size(uint32_t op)
{
	return op == PRIVOP_PLACE_NEXT ? sizeof(struct privop_reply) : offsetof(struct privop_reply, found);
}

const struct config *privop_config(const struct privop_context *c, uint32_t generation)
{
	if (generation == c->generation)
		return c->config;
	return generation + 1 == c->generation ? c->old : NULL;
}

/* --- checks --- */

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* What all uses of a grant have in common. */
static bool check_grant(const struct privop_grant *g)
{
	struct address client;

	memcpy(client.b, g->client, sizeof(client.b));
	return g->id != 0 && g->single_use <= 1 && is_text(g->boot_id, sizeof(g->boot_id)) &&
	       is_text(g->user, sizeof(g->user)) && is_text(g->logins, sizeof(g->logins)) &&
	       is_text(g->service, sizeof(g->service)) && name_check_service(g->service) == 0 &&
	       policy_check_client(&client) == 0;
}

/* The names that files and commands are told. */
static bool check_names(const struct privop_grant *g)
{
	return name_check_user(g->user) == 0 && name_check_logins(g->logins) == 0;
}

static bool check_put(const struct privop_request *r, const struct privop_context *c)
{
	const struct privop_grant *g = &r->grant;

	return check_grant(g) && check_names(g) && config_service(c->config, g->service) != NULL &&
	       strcmp(g->boot_id, c->boot_id) == 0 && g->expires_ns > g->granted_ns &&
	       g->expires_ns - g->granted_ns <= DAY_S * CLOCK_NS_PER_S &&
	       g->expires_ns <= c->now_ns + (DAY_S + SLACK_S) * CLOCK_NS_PER_S;
}

/* One that nobody gave is to be removed wherever it is found: user and times may be anything. */
static bool check_remove(const struct privop_request *r)
{
	return r->grant.id != 0 && is_text(r->grant.service, sizeof(r->grant.service)) &&
	       name_check_service(r->grant.service) == 0 && is_text(r->grant.boot_id, sizeof(r->grant.boot_id)) &&
	       is_text(r->grant.user, sizeof(r->grant.user)) && is_text(r->grant.logins, sizeof(r->grant.logins)) &&
	       r->grant.single_use <= 1;
}

/* The wall clock may have been set since the grant was given, so that its end there says nothing. */
static bool check_hook(const struct privop_request *r, const struct privop_context *c)
{
	const struct config *config = privop_config(c, r->generation);
	const struct config_service *service;

	if (config == NULL || !check_grant(&r->grant) || !check_names(&r->grant))
		return false;
	service = config_service(config, r->grant.service);
	return service != NULL && ((r->hook == HOOK_OPEN && service->open_hook != NULL) ||
				   (r->hook == HOOK_CLOSE && service->close_hook != NULL));
}

static bool check_request(const struct privop_request *r, const struct privop_context *c)
{
	switch (r->op) {
	case PRIVOP_PLACE_SET:
	case PRIVOP_PLACE_OPEN:
	case PRIVOP_PLACE_CLOSE:
	case PRIVOP_PLACE_CURRENT:
	case PRIVOP_PLACE_WALK:
	case PRIVOP_PLACE_NEXT:
	case PRIVOP_PLACE_RECOVERED:
		return r->place < PRIVOP_PLACES;
	case PRIVOP_PLACE_PUT:
		return r->place < PRIVOP_PLACES && check_put(r, c);
	case PRIVOP_PLACE_PUT_BOTH:
		return r->place == 0 && r->value == 0 && check_put(r, c);
	case PRIVOP_PLACE_REMOVE:
		return r->place < PRIVOP_PLACES && check_remove(r);
	case PRIVOP_RUN_HOOK:
		return check_hook(r, c);
	default:
		return true;
	}
}

int privop_check(const union privop_packet *packet, size_t len, unsigned from, const struct privop_context *context)
{
	if (len < sizeof(packet->op) || packet->op >= PRIVOP_COUNT || (operations[packet->op].from & from) == 0)
		return QK_ERR_CONTROL;
	if (packet->op == PRIVOP_LOG)
		return len == sizeof(packet->log) && packet->log.level <= LOG_LEVEL_DEBUG &&
			       is_text(packet->log.text, sizeof(packet->log.text))
			   ? 0
			   : QK_ERR_CONTROL;
	if (len != sizeof(packet->request))
		return QK_ERR_CONTROL;
	return check_request(&packet->request, context) ? 0 : QK_ERR_DENIED;
}

/* --- forms --- */

void privop_pack(const struct store_grant *grant, struct privop_grant *p)
{
	const struct grant *g = &grant->grant;

	memset(p, 0, sizeof(*p));
	p->id = g->id;
	p->granted_ns = g->granted_ns;
	p->expires_ns = g->expires_ns;
	p->expires_wall_s = grant->expires_wall_s;
	memcpy(p->client, g->client.b, sizeof(p->client));
	memcpy(p->boot_id, g->boot_id, sizeof(p->boot_id));
	memcpy(p->user, g->user, sizeof(p->user));
	memcpy(p->logins, g->logins, sizeof(p->logins));
	memcpy(p->service, g->service, sizeof(p->service));
	p->single_use = g->single_use;
}

void privop_unpack(const struct privop_grant *p, struct store_grant *grant)
{
	struct grant *g = &grant->grant;

	memset(grant, 0, sizeof(*grant));
	g->id = p->id;
	g->granted_ns = p->granted_ns;
	g->expires_ns = p->expires_ns;
	grant->expires_wall_s = p->expires_wall_s;
	memcpy(g->client.b, p->client, sizeof(p->client));
	memcpy(g->boot_id, p->boot_id, sizeof(p->boot_id));
	memcpy(g->user, p->user, sizeof(p->user));
	memcpy(g->logins, p->logins, sizeof(p->logins));
	memcpy(g->service, p->service, sizeof(p->service));
	g->single_use = p->single_use == 1;
}

/* --- sockets --- */

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int privop_send(int fd, const void *message, size_t size, int passed, int flags)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = size};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	union control control = {.room = {0}};
	ssize_t n;

	if (passed >= 0) {
		control.header = (struct cmsghdr){
		    .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	do
		n = sendmsg(fd, &m, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size ? 0 : QK_ERR_IO;
}

long privop_receive(int fd, void *message, size_t size, int *passed, int flags)
{
	struct iovec part = {.iov_base = message, .iov_len = size};
	union control control;
	/* Not CMSG_SPACE: its padding would be room for a second descriptor. */
	struct msghdr m = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
	const struct cmsghdr *header;
	ssize_t n;

	*passed = -1;
	do
		n = recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	header = CMSG_FIRSTHDR(&m);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(passed, CMSG_DATA(header), sizeof(*passed));
	if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return n;
	if (*passed >= 0)
		close(*passed);
	*passed = -1;
	errno = EMSGSIZE;
	return -1;
}
