/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: SO_PEERCRED decides who may speak, one table of verbs decides what is done. */
#ifndef QKNOCKD_CONTROL_SERVER_H
#define QKNOCKD_CONTROL_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "libcore/control.h"
#include "libcore/log.h"
#include "qknockd/engine.h"

struct control_server;

/* A client whose answer comes later. */
struct control_later {
	uint64_t place, serial;
};

/* What the configuration says of requests. */
struct control_requests {
	uid_t adapter;	     /* whose processes may hand them in besides root's; (uid_t)-1: nobody's */
	uint32_t lock_after; /* wrong pass-codes that lock a user */
};

/* What the verbs reach beyond the engine. reload and capture counters are the daemon's own. */
struct control_actions {
	struct engine *engine;
	int (*reload)(void *arg);				 /* as SIGHUP; 0 or CONFIG */
	void (*status)(void *arg, struct control_message *item); /* adds the daemon's own fields */
	/* A request for a one-time key; control_server_answer ends it, perhaps before this returns. */
	void (*request)(void *arg, const char *sender, const char *text, const struct control_later *later);
	int (*unlock)(void *arg, const char *user); /* forgets wrong pass-codes; 0, NOT_FOUND, STORE */
	struct control_requests requests;
	void *arg;
};

/* Serves who connects to listen_fd (control_socket.h), which is borrowed as log is. actions is copied. Peers that may
 * do anything are uid 0 and the process's own. Errors, logged: IO; NOMEM. */
int control_server_open(int listen_fd, const struct control_actions *actions, const struct log *log,
			struct control_server **out);
void control_server_close(struct control_server *server);

int control_server_fd(const struct control_server *server); /* for epoll */

/* Accepts, and answers at most one request of each client. Never blocks: a client that does not take its
 * answer is dropped, so is one that says nothing for CONTROL_IDLE_S. When there are CONTROL_CLIENTS_MAX, the most idle
 * one makes room for a new one; if all have just come or asked, the new one waits in the socket's queue. Adapters are
 * at most CONTROL_ADAPTERS_MAX of them; more are told AGAIN. */
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_ADAPTERS_MAX 12
#define CONTROL_IDLE_S 20
#define CONTROL_GRACE_S 1     /* nobody makes room for others sooner after asking or coming */
#define CONTROL_WAITING_MAX 8 /* clients that wait for an answer that comes later; others are told AGAIN */
void control_server_dispatch(struct control_server *server);

/* Ends a request that was to be answered later: an error, or else item (NULL: none) and the end. A client that
 * has gone away meanwhile is no error. */
void control_server_answer(struct control_server *server, const struct control_later *later, int error,
			   const struct control_message *item);

/* What holds from now on. */
void control_server_set_requests(struct control_server *server, const struct control_requests *requests);

/* Drops those who are idle at this time of CLOCK_BOOTTIME; dispatch does it by itself. */
void control_server_sweep(struct control_server *server, uint64_t now_ns);

#endif
